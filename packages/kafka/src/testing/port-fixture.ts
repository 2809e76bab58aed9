import assert from 'node:assert/strict'
import { type RawHeader, type TopicPartition, SluiceError } from '@sluice/sdk'
import type { Kafka, ProducerRecord } from '../port.ts'
import type { OpenKafka } from './port-contract.ts'

/** A record as it was read, with everything about it. */
export interface ReadRecord extends TopicPartition {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly RawHeader[] | null
}

let serial = 0

/** One test's view of a cluster: a client, and topics of its own. The methods may be taken off it. */
export class PortFixture {
  readonly kafka: Kafka
  readonly #open: OpenKafka
  readonly #topics: string[] = []
  readonly #others: Kafka[] = []

  constructor(kafka: Kafka, open: OpenKafka) {
    this.kafka = kafka
    this.#open = open
  }

  /** Creates a topic of a fresh name. */
  readonly topic = async (partitions = 1, configs: Readonly<Record<string, string>> = {}): Promise<string> => {
    const topic = this.freshName()
    assert.deepEqual(await this.kafka.admin.ensureTopics([{ topic, partitions, configs }]), [topic])
    return topic
  }

  /** A name that no other test uses; the topic is deleted at the end if it exists by then. */
  readonly freshName = (): string => {
    const name = `contract-${process.pid}-${Date.now().toString(36)}-${serial++}`
    this.#topics.push(name)
    return name
  }

  /** A client beside the first one. */
  readonly another = async (): Promise<Kafka> => {
    const kafka = await this.#open()
    this.#others.push(kafka)
    return kafka
  }

  /** Everything in the topic, in order per partition. */
  readonly readAll = async (
    topic: string,
    isolation: 'read_uncommitted' | 'read_committed' = 'read_uncommitted',
  ): Promise<ReadRecord[]> => {
    const { admin } = this.kafka
    const [{ partitions: count } = { partitions: 0 }] = await admin.describeTopics([topic])
    const partitions = Array.from({ length: count }, (_, partition) => ({ topic, partition }))
    const ends = await admin.listOffsets(partitions, 'latest')
    const fetcher = this.kafka.fetcher({ isolation })
    fetcher.assign(await admin.listOffsets(partitions, 'earliest'))
    const found: ReadRecord[] = []
    while (ends.some((end) => fetcher.position(end)! < end.offset)) {
      for (const { partition, batches } of await fetcher.poll(1000)) {
        for (const records of batches) {
          for (let i = 0; i < records.count; i++) {
            const [offset, timestamp, headers] = [records.offset(i), records.timestamp(i), records.headers(i)]
            found.push({
              topic,
              partition,
              offset,
              timestamp,
              key: text(records.key(i)),
              value: text(records.value(i)),
              headers,
            })
          }
        }
      }
    }
    await fetcher.close()
    return found
  }

  async dispose(): Promise<void> {
    const created = await this.kafka.admin.describeTopics(this.#topics).catch(() => [])
    if (created.length > 0) await this.kafka.admin.deleteTopics(created.map(({ topic }) => topic))
    for (const kafka of [this.kafka, ...this.#others]) await kafka.close()
  }
}

/** A record with only what matters filled in; keys and values as text. */
export function record(
  topic: string,
  of: { readonly [K in keyof ProducerRecord]?: ProducerRecord[K] | string | null },
): ProducerRecord {
  return {
    topic,
    partition: (of.partition as number | undefined) ?? null,
    key: bytes(of.key),
    value: bytes(of.value),
    timestamp: (of.timestamp as number | undefined) ?? null,
    headers: (of.headers as ProducerRecord['headers'] | undefined) ?? null,
  }
}

/** Asserts that the work is refused with this code. */
export async function assertRefused(
  work: Promise<unknown>,
  code: SluiceError['code'],
  error?: string,
): Promise<SluiceError> {
  const outcome = await work.then(
    () => assert.fail(`was not refused; ${code} was expected`),
    (cause: unknown) => cause,
  )
  assert.ok(outcome instanceof SluiceError, `not an error of ours: ${String(outcome)}`)
  assert.equal(outcome.code, code, outcome.message)
  if (error !== undefined) assert.equal(outcome.place?.['error'], error)
  return outcome
}

function bytes(value: unknown): Uint8Array | null {
  if (value === undefined || value === null) return null
  return typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array)
}

function text(value: Uint8Array | null): string | null {
  return value === null ? null : Buffer.from(value.buffer, value.byteOffset, value.length).toString()
}
