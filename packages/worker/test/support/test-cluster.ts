/** A real Kafka for tests: `SLUICE_TEST_KAFKA` names it. Each test has topics of its own. */
import { describe } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { converters } from '@sluice/codecs'
import {
  checkTally,
  connect,
  decodeTally,
  type Kafka,
  type Producer,
  type ProducerRecord,
  type Tally,
} from '@sluice/kafka'
import {
  type Connector,
  type PredicatePlugin,
  type RawHeader,
  type RawSettings,
  type TransformPlugin,
} from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { Plugins } from '../../src/index.ts'
import { text } from './fake-kafka.ts'
import { InlineWorker } from './inline-worker.ts'

export const address: string = process.env['SLUICE_TEST_KAFKA'] ?? ''

if (address === '') console.warn('SLUICE_TEST_KAFKA is not set: the tests of the worker against a broker are skipped')

/** `describe` for tests that need the broker. */
export const onBroker: typeof describe.skip = address === '' ? describe.skip : describe

export interface ReadRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RawHeader[] | null
  readonly timestamp: number
}

/** What a test asks of the broker beside the worker. */
export class TestCluster {
  readonly kafka: Kafka
  readonly #producer: Producer

  private constructor(kafka: Kafka) {
    this.kafka = kafka
    this.#producer = kafka.producer({ requestBytesMax: 4_000_000 })
  }

  static async open(): Promise<TestCluster> {
    return new TestCluster(await connect({ bootstrapServers: address }))
  }

  async close(): Promise<void> {
    await this.#producer.close()
    await this.kafka.close()
  }

  /** A name nobody else has. */
  name(what: string): string {
    return `worker-${what}-${randomUUID().slice(0, 8)}`
  }

  async topic(what: string, partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> {
    const topic = this.name(what)
    await this.kafka.admin.ensureTopics([{ topic, partitions, configs }])
    return topic
  }

  async put(topic: string, records: readonly (Partial<ProducerRecord> | string)[]): Promise<void> {
    await this.#producer.produce(
      records.map((record) => ({
        topic,
        partition: null,
        key: null,
        value: null,
        timestamp: null,
        headers: null,
        ...(typeof record === 'string' ? { value: Buffer.from(record) } : record),
      })),
    )
  }

  /** The end offset of each partition. */
  async ends(topic: string): Promise<readonly number[]> {
    const [found] = await this.kafka.admin.describeTopics([topic])
    if (found === undefined) return []
    const partitions = Array.from({ length: found.partitions }, (_, partition) => ({ topic, partition }))
    const ends = await this.kafka.admin.listOffsets(partitions, 'latest')
    return ends.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)
  }

  async count(topic: string): Promise<number> {
    return (await this.ends(topic)).reduce((sum, end) => sum + end, 0)
  }

  /** Everything that is in the topic now, by partition and offset. */
  async read(
    topic: string,
    isolation: 'read_uncommitted' | 'read_committed' = 'read_uncommitted',
  ): Promise<readonly ReadRecord[]> {
    const ends = await this.ends(topic)
    const records: ReadRecord[] = []
    const fetcher = this.kafka.fetcher({ maxWaitMs: 50, isolation })
    try {
      fetcher.assign(ends.map((_, partition) => ({ topic, partition, offset: 0 })))
      while (ends.some((end, partition) => fetcher.position({ topic, partition })! < end)) {
        for (const { partition, batches } of await fetcher.poll(1000)) {
          for (const batch of batches) {
            for (let i = 0; i < batch.count; i++) {
              const [key, value, headers] = [batch.key(i), batch.value(i), batch.headers(i)]
              records.push({
                topic,
                partition,
                offset: batch.offset(i),
                key,
                value,
                headers,
                timestamp: batch.timestamp(i),
              })
            }
          }
        }
      }
    } finally {
      await fetcher.close()
    }
    return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  async values(topic: string): Promise<readonly string[]> {
    return (await this.read(topic)).map(({ value }) => text(value))
  }

  /** Committed offsets of a sink by partition, with their counts, which add up. */
  async committed(
    connector: string,
    topic: string,
  ): Promise<readonly { partition: number; offset: number; tally: Tally }[]> {
    const partitions = (await this.ends(topic)).map((_, partition) => ({ topic, partition }))
    const found = await this.kafka.groupOffsets(`connect-${connector}`).committed(partitions)
    return found
      .map(({ partition, offset, metadata }) => {
        const tally = decodeTally(metadata)
        checkTally(tally)
        return { partition, offset, tally }
      })
      .toSorted((a, b) => a.partition - b.partition)
  }
}

export interface WorkerOptions {
  readonly plugins?: readonly Connector[]
  readonly transforms?: readonly TransformPlugin[]
  readonly predicates?: readonly PredicatePlugin[]
  readonly connectors: readonly RawSettings[]
  readonly worker?: RawSettings
  readonly logger?: MemoryLogger
}

/** Settings of a worker that stores its positions often. Where, the test says. */
export function workerSettings(more: RawSettings = {}): RawSettings {
  return {
    'bootstrap.servers': address,
    'key.converter': 'StringConverter',
    'value.converter': 'StringConverter',
    'header.converter': 'StringConverter',
    'offset.flush.interval.ms': '20',
    ...more,
  }
}

export function startWorker(options: WorkerOptions): Promise<InlineWorker> {
  const { plugins = [], transforms = [], predicates = [], connectors, worker } = options
  return InlineWorker.start({
    worker: workerSettings(worker),
    connectors,
    plugins: new Plugins({ connectors: plugins, converters, transforms, predicates }),
    logger: options.logger ?? new MemoryLogger(),
  })
}

/** What the worker's first connector failed with. */
export function traceOf(worker: InlineWorker, connector = 0): string | undefined {
  return worker.status()[connector]?.tasks[0]?.trace
}
