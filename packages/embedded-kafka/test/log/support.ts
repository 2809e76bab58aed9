import { rmSync } from 'node:fs'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BatchAppender, type CompressionCodec, type SealOptions, readBatches } from '@sluice/kafka-protocol'
import type { ReadResult } from '../../src/broker.ts'
import { BrokerClock } from '../../src/clock.ts'
import type { SegmentLog } from '../../src/log/partition-log.ts'
import { type OpenTopicsOptions, type OpenedTopics, openTopics } from '../../src/topics/open-topics.ts'

export const STORAGES = ['memory', 'files'] as const

const settings: Readonly<Record<string, number>> = {
  'log.retention.check.interval.ms': 300_000,
  'log.cleaner.backoff.ms': 15_000,
  'producer.id.expiration.ms': 86_400_000,
}

/** A broker's topics without a broker. Time stands still until a test moves it. */
export class Bench {
  readonly clock = new BrokerClock()
  readonly said: string[] = []
  readonly dataDir: string | undefined
  readonly #options: Partial<OpenTopicsOptions>
  opened: OpenedTopics

  constructor(storage: (typeof STORAGES)[number], options: Partial<OpenTopicsOptions> = {}) {
    this.clock.freeze()
    this.dataDir = storage === 'files' ? mkdtempSync(join(tmpdir(), 'embedded-kafka-log-')) : undefined
    this.#options = options
    this.opened = this.#open()
  }

  get topics(): OpenedTopics['topics'] {
    return this.opened.topics
  }

  /** The log of a topic's only partition; the topic is made at its first use. */
  log(configs: Readonly<Record<string, string>> = {}, name = 'orders'): SegmentLog {
    const topic = this.topics.get(name) ?? this.topics.create(name, 1, configs)
    return topic.partitions[0]!.log
  }

  restart(how: 'close' | 'abandon' = 'close'): void {
    this.opened[how]()
    this.opened = this.#open()
  }

  end(): void {
    this.opened.close()
    this.clock.stop()
    if (this.dataDir !== undefined) rmSync(this.dataDir, { recursive: true, force: true })
  }

  #open(): OpenedTopics {
    return openTopics({
      dataDir: this.dataDir,
      clock: this.clock,
      setting: (name) => settings[name]!,
      log: (_, message) => void this.said.push(message),
      leaders: { leaderFor: (partition) => (partition % 3) + 1, isAlive: () => true },
      brokerOverride: () => undefined,
      ...this.#options,
    })
  }
}

export interface TestRecord {
  readonly key?: string | null
  readonly value?: string | null
  readonly timestamp?: number
}

/** A batch as a producer sends it. */
export function batchOf(records: readonly TestRecord[], options: SealOptions & { now?: number } = {}): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(1_000_000))
  for (const { key = null, value = null, timestamp = options.now ?? Date.now() } of records) {
    const isIn = appender.append(
      key === null ? null : Buffer.from(key),
      value === null ? null : Buffer.from(value),
      timestamp,
    )
    if (!isIn) throw new Error('The batch is too large for a test')
  }
  return appender.seal(options).slice()
}

export function values(...all: string[]): TestRecord[] {
  return all.map((value) => ({ value }))
}

/** A producer that numbers its batches. */
export class TestProducer {
  readonly producerId: number
  producerEpoch: number
  sequence = 0

  constructor(producerId: number, producerEpoch = 0) {
    this.producerId = producerId
    this.producerEpoch = producerEpoch
  }

  get stamp(): { producerId: number; producerEpoch: number } {
    return { producerId: this.producerId, producerEpoch: this.producerEpoch }
  }

  batch(records: readonly TestRecord[], options: SealOptions = {}): Uint8Array {
    const baseSequence = this.sequence
    this.sequence = (this.sequence + records.length) % 2 ** 31
    return batchOf(records, { ...this.stamp, baseSequence, ...options })
  }

  transactional(...all: string[]): Uint8Array {
    return this.batch(values(...all), { isTransactional: true })
  }
}

export interface SeenRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

/** Every record from an offset on, by as many reads as it takes; control records are left out. */
export function readAll(
  log: SegmentLog,
  from = log.startOffset,
  isCommittedOnly = false,
  bytesMax = 4096,
): SeenRecord[] {
  const seen: SeenRecord[] = []
  let offset = from
  for (;;) {
    const result = log.read({ offset, bytesMax, isAtLeastOne: true, isCommittedOnly })
    const batches = batchesIn(result)
    if (batches.length === 0) return seen
    for (const batch of batches) {
      offset = batch.lastOffset + 1
      if (batch.isControl) continue
      const records = batch.records()
      for (let i = 0; i < records.count; i++) {
        if (records.offset(i) < from) continue
        seen.push({ offset: records.offset(i), key: textOf(records.key(i)), value: textOf(records.value(i)) })
      }
    }
  }
}

export function batchesIn({ records }: Pick<ReadResult, 'records'>): ReturnType<typeof readBatches> {
  return readBatches(Buffer.concat(records))
}

export function valuesOf(seen: readonly SeenRecord[]): (string | null)[] {
  return seen.map(({ value }) => value)
}

export const CODECS: readonly CompressionCodec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}
