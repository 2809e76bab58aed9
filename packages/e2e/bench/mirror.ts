/**
 * 1,000,000 records of 100 B mirrored from topic to topic, at least once: mirror-source in a standalone worker. Beside it what the client alone
 * takes to fetch and produce them, which is the limit, and Java's MirrorSourceConnector in Java's Connect.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { converters } from '@sluice/codecs'
import { mirrorSource } from '@sluice/connector-mirror'
import { connect, type Kafka } from '@sluice/kafka'
import { silentLogger } from '@sluice/sdk'
import { Plugins, StandaloneWorker } from '@sluice/worker'
import { whyNoApacheKafka } from '../trials/broker-on-trial.ts'
import { ConnectWorkerProcess } from '../trials/connect/connect-worker.ts'
import type { BenchCase } from './bench-case.ts'
import { startEmbedded } from './broker.ts'
import { throwFailure } from './connector-failure.ts'
import { cpuSecondsOfTree } from './process-tree.ts'

const MILLION = 1_000_000
const WARM_UP = 200_000
const VALUE_BYTES = 100
const TOPIC = 'orders'
const PARTITIONS = 3
const FLOW_MS = 300_000
const LOOK_MS = 50

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = await startEmbedded()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-mirror-'))
  const kafka = await connect({ bootstrapServers: broker.address })
  const count = short ? 100_000 : MILLION
  try {
    await fill(kafka, count)
    // Once to warm up, as Java's figures are of a worker that has run before.
    if (!short) await mirrored(kafka, broker.address, folder, 'cold', WARM_UP)
    await copied(kafka, 'warm-up', Math.min(count, WARM_UP))
    const ours = await mirrored(kafka, broker.address, folder, 'ours', count)
    const limit = await copied(kafka, 'by-hand', count)
    const java = await byJava(kafka, broker.address, folder, count)
    return [
      {
        name: `mirror-source, ${count.toLocaleString('en')} records of ${VALUE_BYTES} B`,
        unit: 'CPU-s',
        ours,
        peer: [
          { name: 'fetch and produce alone', value: limit },
          { name: 'MirrorSourceConnector 4.3.1', value: java },
        ],
      },
    ]
  } finally {
    await kafka.close()
    broker.end()
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

async function fill(kafka: Kafka, count: number): Promise<void> {
  await kafka.admin.ensureTopics([{ topic: TOPIC, partitions: PARTITIONS }])
  const producer = kafka.producer()
  const rest = { topic: TOPIC, key: null, timestamp: null, headers: null }
  for (let first = 0; first < count; first += 10_000) {
    const length = Math.min(10_000, count - first)
    await producer.produce(
      Array.from({ length }, (_, n) => ({
        ...rest,
        partition: n % PARTITIONS,
        value: Buffer.alloc(VALUE_BYTES, String(first + n)),
      })),
    )
  }
  await producer.close()
}

function settingsOf(address: string, alias: string): Readonly<Record<string, string>> {
  return {
    'source.cluster.alias': alias,
    'target.cluster.alias': `${alias}-there`,
    'source.cluster.bootstrap.servers': address,
    'target.cluster.bootstrap.servers': address,
    topics: TOPIC,
    'heartbeats.replication.enabled': 'false',
    'replication.factor': '1',
    'offset-syncs.topic.replication.factor': '1',
    'sync.topic.acls.enabled': 'false',
  }
}

/** CPU seconds of this process from the worker's start until all is there. */
async function mirrored(kafka: Kafka, address: string, folder: string, alias: string, count: number): Promise<number> {
  const started = process.cpuUsage()
  const worker = await StandaloneWorker.start({
    settings: {
      'bootstrap.servers': address,
      'key.converter': 'StringConverter',
      'value.converter': 'StringConverter',
      'offset.storage.file.filename': path.join(folder, `${alias}.positions`),
      'offset.flush.interval.ms': '1000',
      listeners: 'http://127.0.0.1:0',
    },
    connectors: [
      {
        config: {
          ...settingsOf(address, alias),
          name: alias,
          'connector.class': 'mirror-source',
          'restart.enable': 'false',
        },
      },
    ],
    plugins: new Plugins({
      connectors: [mirrorSource],
      converters,
      transforms: [],
      predicates: [],
    }),
    logger: silentLogger,
  })
  try {
    await arrived(kafka, `${alias}.${TOPIC}`, count, () => throwFailure(worker))
  } finally {
    await worker.stop()
  }
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e6
}

/** What no mirror can be below: the same fetches and batches, with nothing in between. */
async function copied(kafka: Kafka, topic: string, count: number): Promise<number> {
  await kafka.admin.ensureTopics([{ topic, partitions: PARTITIONS }])
  const fetcher = kafka.fetcher({ isolation: 'read_committed', bytesMax: 1_048_576 })
  const producer = kafka.producer()
  const started = process.cpuUsage()
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition)
  fetcher.assign(partitions.map((partition) => ({ topic: TOPIC, partition, offset: 0 })))
  let last: Promise<unknown> = Promise.resolve()
  for (let seen = 0; seen < count;) {
    for (const { partition, batches } of await fetcher.poll(1000)) {
      for (const batch of batches) {
        seen += batch.count
        const before = last
        last = producer.produce(
          Array.from({ length: batch.count }, (_, i) => ({
            topic,
            partition,
            key: batch.key(i),
            value: batch.value(i),
            timestamp: batch.timestamp(i),
            headers: batch.headers(i),
          })),
        )
        await before
      }
    }
  }
  await last
  const { user, system } = process.cpuUsage(started)
  await fetcher.close()
  await producer.close()
  return (user + system) / 1e6
}

/** CPU seconds of Java's worker; null where there is no Java. */
async function byJava(kafka: Kafka, address: string, folder: string, count: number): Promise<number | null> {
  const why = whyNoApacheKafka()
  if (why !== null) {
    console.log(`  Java's Connect is not here (${why}): not run`)
    return null
  }
  const worker = await ConnectWorkerProcess.start('java', { bootstrap: address, groupId: 'bench-mirror', folder })
  try {
    const bytes = 'org.apache.kafka.connect.converters.ByteArrayConverter'
    const config = {
      ...settingsOf(address, 'java'),
      'connector.class': 'org.apache.kafka.connect.mirror.MirrorSourceConnector',
      'key.converter': bytes,
      'value.converter': bytes,
      'header.converter': bytes,
    }
    const before = cpuSecondsOfTree(worker.pid)
    await worker.must('PUT', '/connectors/java/config', config)
    await arrived(kafka, `java.${TOPIC}`, count)
    return cpuSecondsOfTree(worker.pid) - before
  } finally {
    await worker.end('SIGKILL')
  }
}

async function arrived(kafka: Kafka, topic: string, count: number, look: () => void = () => undefined): Promise<void> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  for (const until = performance.now() + FLOW_MS; performance.now() < until; await sleep(LOOK_MS)) {
    look()
    if ((await kafka.admin.describeTopics([topic])).length === 0) continue
    const ends = await kafka.admin.listOffsets(partitions, 'latest')
    if (ends.reduce((sum, { offset }) => sum + offset, 0) >= count) return
  }
  throw new Error(`${topic} has not come to ${count} records`)
}
