/** The file source exactly once (KIP-618): each poll of 2,000 lines is a transaction, with its position inside. */
import { bundledPlugins } from '@sluice/cli'
import { connect } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, systemClock, systemRandom, type SourceConnector } from '@sluice/sdk'
import { buildSourceTask, TaskControl, workerSettings, type ExactlyOnce, type WorkerParts } from '@sluice/worker'

/** CPU seconds of this process from nothing to the last line committed, as for the worker that runs at least once. */
export async function throughTransactions(broker: string, file: string, name: string, lines: number): Promise<number> {
  const topic = `bench-${name}-${process.pid}-${Date.now()}`
  const positionTopic = `${topic}.positions`
  const worker = {
    'bootstrap.servers': broker,
    'key.converter': 'StringConverter',
    'value.converter': 'JsonConverter',
    'value.converter.schemas.enable': 'false',
    'header.converter': 'StringConverter',
    'offset.storage.topic': positionTopic,
  }
  const connector = {
    name,
    'connector.class': 'FileStreamSource',
    file,
    topic,
    'batch.size': '2000',
    'topic.creation.default.partitions': '4',
  }
  const started = process.cpuUsage()
  const kafka = await connect({ bootstrapServers: broker })
  try {
    await kafka.admin.ensureTopics([{ topic: positionTopic, partitions: 1, configs: { 'cleanup.policy': 'compact' } }])
    const parts: WorkerParts = {
      worker,
      plugins: await bundledPlugins(worker),
      logger: silentLogger,
      metrics: new MemoryMetrics(),
      clock: systemClock,
      random: systemRandom,
      settings: workerSettings.parse(worker),
      kafka,
      // A file that nobody has read before has no position.
      positions: { position: async () => null, store: async () => undefined, close: async () => undefined },
    }
    const source = parts.plugins.connectors.get('FileStreamSource') as SourceConnector
    const task = await buildSourceTask(parts, source, connector, 0, silentLogger, {
      control: new TaskControl(systemClock),
      events: { stateChanged: () => undefined, topicUsed: () => undefined },
      exactlyOnce: exactlyOnce(name, positionTopic),
    })
    const stop = new AbortController()
    const ended = task.run(stop.signal)
    const isDone = async (): Promise<void> => {
      while (task.progress().produced < lines) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await Promise.race([isDone(), ended])
    stop.abort()
    await ended
  } finally {
    await kafka.close()
  }
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e6
}

function exactlyOnce(connector: string, positionTopic: string): ExactlyOnce {
  return {
    transactionalId: `bench-${connector}-${process.pid}-0`,
    positionTopic,
    positions: {
      records: (positions) =>
        positions.map(({ partition, position }) => ({
          topic: positionTopic,
          partition: null,
          key: Buffer.from(JSON.stringify([connector, partition])),
          value: Buffer.from(JSON.stringify(position)),
          timestamp: null,
          headers: null,
        })),
      committed: () => undefined,
    },
    fence: async () => undefined,
    verify: async () => undefined,
  }
}
