/** Source, processor and sink of the quickstart, all in this one process, until every row of the file has landed. */
import path from 'node:path'
import { bundledPlugins } from '@sluice/cli'
import type { Kafka } from '@sluice/kafka'
import birdStrikes, { birdStrikeSchemaJson, birdStrikeSettings } from '@sluice/processor-bird-strikes'
import { MemoryMetrics, silentLogger } from '@sluice/sdk'
import { KafkaStreams, StreamsBuilder, streamsSettings } from '@sluice/streams'
import { StandaloneWorker, type SinkPartitionProgress } from '@sluice/worker'
import { throwFailure } from '../connector-failure.ts'
import { microsSince, PARTITIONS } from './measure.ts'
import type { StrikesFile } from './strikes-file.ts'

const DEADLINE_MS = 180_000
const LOOK_MS = 50

/** µs of CPU per row of the file, from the first poll to the last commit. */
export async function runWholePath(
  kafka: Kafka,
  broker: string,
  { file, rows }: StrikesFile,
  dir: string,
): Promise<number> {
  const name = `bench-path-${path.basename(file, '.csv')}-${process.pid}-${Date.now()}`
  const topics = { raw: `${name}.raw`, clean: `${name}.clean`, quarantine: `${name}.quarantine` }
  await kafka.admin.ensureTopics(Object.values(topics).map((topic) => ({ topic, partitions: PARTITIONS })))
  globalThis.gc?.()
  const before = process.cpuUsage()
  const worker = await startWorker(broker, name, file, topics, dir)
  const stop = new AbortController()
  const streams = processor(kafka, name, topics)
  const running = streams.run({ signal: stop.signal })
  try {
    await Promise.race([
      landed(worker, streams, name, rows),
      running.then(() => Promise.reject(new Error('the processor ended'))),
    ])
  } finally {
    stop.abort()
    await running
    await worker.stop()
  }
  const micros = microsSince(before)
  await kafka.admin.deleteTopics(Object.values(topics))
  return micros / rows
}

type Topics = Readonly<Record<'raw' | 'clean' | 'quarantine', string>>

async function startWorker(
  broker: string,
  name: string,
  file: string,
  topics: Topics,
  dir: string,
): Promise<StandaloneWorker> {
  const worker = {
    'bootstrap.servers': broker,
    'key.converter': 'StringConverter',
    'value.converter': 'JsonConverter',
    'value.converter.schemas.enable': 'false',
    'header.converter': 'StringConverter',
    'offset.storage.file.filename': path.join(dir, `${name}.positions`),
    'offset.flush.interval.ms': '500',
    listeners: 'http://127.0.0.1:0',
  }
  const source = {
    name: `${name}-source`,
    'connector.class': 'file-source',
    file,
    topic: topics.raw,
    format: 'csv',
    'last.line': 'read',
    'key.field': 'Airport Name',
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': topics.quarantine,
    'errors.deadletterqueue.topic.replication.factor': '-1',
    'errors.deadletterqueue.context.headers.enable': 'true',
  }
  const sink = {
    name: `${name}-sink`,
    'connector.class': 'lake',
    topics: topics.clean,
    'lake.url': path.join(dir, 'lake'),
    'table.name': name,
    'kafka.coordinates': 'true',
    'value.converter': 'JsonConverter',
    'value.converter.schema.content': birdStrikeSchemaJson,
    'errors.tolerance': 'all',
    'errors.deadletterqueue.topic.name': topics.quarantine,
    'errors.deadletterqueue.topic.replication.factor': '-1',
    'errors.deadletterqueue.context.headers.enable': 'true',
  }
  return StandaloneWorker.start({
    settings: worker,
    connectors: [source, sink].map((config) => ({ config: { ...config, 'restart.enable': 'false' } })),
    plugins: await bundledPlugins(worker),
    logger: silentLogger,
  })
}

function processor(kafka: Kafka, name: string, topics: Topics): KafkaStreams {
  const builder = new StreamsBuilder()
  const settings = { 'input.topic': topics.raw, 'output.topic': topics.clean, 'quarantine.topic': topics.quarantine }
  birdStrikes.topology(builder, birdStrikeSettings.parse(settings))
  const application = streamsSettings.parse({ 'application.id': `${name}-processor`, 'commit.interval.ms': '500' })
  return new KafkaStreams(builder.build(), application, { kafka, metrics: new MemoryMetrics() })
}

async function landed(worker: StandaloneWorker, streams: KafkaStreams, name: string, rows: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  for (;;) {
    const judged = streams.progress().map(({ tally }) => tally)
    const [sink] = await worker.progress(`${name}-sink`)
    const partitions = (sink?.progress as readonly SinkPartitionProgress[] | undefined | null) ?? []
    const put = partitions.map(({ tally }) => tally)
    const passed = sum(judged.map((tally) => tally.passed))
    if (sum(judged.map((tally) => tally.in)) === rows && sum(put.map((tally) => tally.passed)) === passed) return
    throwFailure(worker)
    if (performance.now() > deadline) throw new Error(`${passed} of ${rows} rows had passed when time was up`)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
