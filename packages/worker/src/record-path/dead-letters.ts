import { deadLetter, type FetchedRecords, type ProducerRecord } from '@sluice/kafka'
import { Quarantine, type OriginalRecord } from '@sluice/quality/quarantine'
import {
  connectStage,
  DataError,
  type Clock,
  type Random,
  type RawHeader,
  type SinkRecord,
  type SourceRecord,
  type Stage,
  type TimestampType,
} from '@sluice/sdk'
import { readableBytes, readableHeaders, type Part } from './convert.ts'
import type { DivertedBytes } from './source-context.ts'
import { failedStep } from './transform-chain.ts'

export interface DeadLetterOptions {
  readonly topic: string
  readonly connector: string
  readonly task: number
  /** The connector's class, named where no other part refused the record. */
  readonly className: string
  /** Those of converters and transforms, where they are known. */
  readonly stageClasses?: StageClasses
  /** Whether letters say where they come from and why, or hold the bytes alone. */
  readonly contextHeaders: boolean
  readonly clock: Clock
  readonly random: Random
}

/** The classes that a record passes, as the settings name them. */
export interface StageClasses {
  readonly converters: Readonly<Record<Part, string>>
  /** By alias. */
  readonly transforms: ReadonlyMap<string, string>
}

/** A fetched record as it came. */
export interface FetchedOriginal {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
  readonly timestampType: TimestampType
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RawHeader[] | null
}

/** Record `i` of a fetched batch, as it came. */
export function fetchedOriginal(topic: string, partition: number, batch: FetchedRecords, i: number): FetchedOriginal {
  return {
    topic,
    partition,
    offset: batch.offset(i),
    timestamp: batch.timestamp(i),
    timestampType: batch.timestampType,
    key: batch.key(i),
    value: batch.value(i),
    headers: batch.headers(i),
  }
}

/**
 * Makes the records of a connector's dead letter topic (invariant 4): the original bytes, and two envelopes in headers: the
 * quarantine's (`dq-…`), which says everything, and Kafka Connect's (`__connect.errors.…`), which existing tools read.
 */
export class DeadLetters {
  readonly #options: DeadLetterOptions
  readonly #quarantine: Quarantine

  constructor(options: DeadLetterOptions) {
    const { connector, clock, random } = options
    this.#options = options
    this.#quarantine = new Quarantine({ flow: connector, clock, random })
  }

  /** The same, naming converters and transforms as settings do. */
  naming(stageClasses: StageClasses): DeadLetters {
    return new DeadLetters({ ...this.#options, stageClasses })
  }

  /** Bytes that the source could not read as a record. */
  ofDivertedBytes({ bytes, reason }: DivertedBytes): ProducerRecord {
    const error = new DataError(reason.message, { code: 'SOURCE_DIVERTED', place: reason.place })
    return this.#letter(
      { key: null, value: bytes, headers: null, timestamp: null, origin: null },
      'poll',
      'value',
      error,
      () => this.#quarantine.diverted(bytes, reason),
    )
  }

  /** A polled record that could not be transformed, encoded or produced. It never had bytes: key, value and headers are written readably. */
  ofSourceRecord(record: SourceRecord, stage: Stage, part: Part, error: unknown): ProducerRecord {
    const original: OriginalRecord = {
      key: readableBytes(record.key),
      value: readableBytes(record.value),
      headers: readableHeaders(record.headers),
      timestamp: record.timestamp !== null && record.timestamp >= 0 ? Math.trunc(record.timestamp) : null,
      origin: null,
    }
    return this.#failed(original, stage, part, error)
  }

  /** A fetched record that could not be decoded or transformed. */
  ofFetched(fetched: FetchedOriginal, stage: Stage, part: Part, error: unknown): ProducerRecord {
    return this.#failed(originalOf(fetched), stage, part, error)
  }

  /** A record that the sink itself reported. Without the bytes it came as, key, value and headers are written readably. */
  ofSinkRecord(record: SinkRecord, fetched: FetchedOriginal | null, error: unknown): ProducerRecord {
    return this.#failed(fetched === null ? readableOriginal(record) : originalOf(fetched), 'put', 'value', error)
  }

  #failed(original: OriginalRecord, stage: Stage, part: Part, error: unknown): ProducerRecord {
    return this.#letter(original, stage, part, error, () => this.#quarantine.failed(original, stage, error))
  }

  #letter(
    original: OriginalRecord,
    stage: Stage,
    part: Part,
    error: unknown,
    quarantined: () => { readonly headers: readonly RawHeader[] },
  ): ProducerRecord {
    const { topic, connector, task, contextHeaders } = this.#options
    const className = this.#classOf(stage, part, error) ?? this.#options.className
    if (!contextHeaders)
      return {
        topic,
        partition: null,
        key: original.key,
        value: original.value,
        timestamp: original.timestamp,
        headers: original.headers,
      }
    const { origin } = original
    return deadLetter(
      topic,
      { ...original, headers: quarantined().headers },
      { origin, connector, task, stage: connectStage(stage, part), className, error },
    )
  }

  #classOf(stage: Stage, part: Part, error: unknown): string | undefined {
    const { stageClasses } = this.#options
    if (stage === 'decode' || stage === 'encode') return stageClasses?.converters[part]
    return stage === 'transform' ? stageClasses?.transforms.get(failedStep(error) ?? '') : undefined
  }
}

function readableOriginal(record: SinkRecord): OriginalRecord {
  const {
    timestamp,
    timestampType,
    originalTopic: topic,
    originalPartition: partition,
    originalOffset: offset,
  } = record
  return {
    key: readableBytes(record.key),
    value: readableBytes(record.value),
    headers: readableHeaders(record.headers),
    timestamp,
    origin: { topic, partition, offset, timestamp, timestampType },
  }
}

function originalOf({
  key,
  value,
  headers,
  topic,
  partition,
  offset,
  timestamp,
  timestampType,
}: FetchedOriginal): OriginalRecord {
  return { key, value, headers, timestamp, origin: { topic, partition, offset, timestamp, timestampType } }
}
