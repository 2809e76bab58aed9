/** Records ↔ bytes, with the converters' compiled functions kept for as long as topic and schema stay the same objects. */
import { inspect } from 'node:util'
import type { FetchedRecords, ProducerRecord } from '@sluice/kafka'
import { DataError, SluiceError } from '@sluice/sdk'
import type {
  ConnectRecord,
  Converter,
  Header,
  Headers,
  RawHeader,
  Schema,
  SinkRecord,
  SourceRecord,
  ValueEncoder,
} from '@sluice/sdk'
import { ScannedRecord, type ValueScanner } from './scanned-value.ts'
import type { Place } from './tolerance.ts'

/** The three converters of a task. */
export interface Converters {
  readonly key: Converter
  readonly value: Converter
  readonly header: Converter
}

/** Which part of a record a converter failed on; the stage's name in dead letters. */
export type Part = 'key' | 'value' | 'header'

/** A converter failed on one record. The loop decides, by the task's tolerance, what becomes of it. */
export class ConversionFailure {
  readonly part: Part
  readonly error: unknown
  constructor(part: Part, error: unknown) {
    this.part = part
    this.error = error
  }
}

/** Encoders of one side: one remembered, the others in a map per schema, for records that alternate. */
class EncoderCache {
  readonly #converter: Converter
  readonly #all = new Map<Schema | null, Map<string, ValueEncoder>>()
  #topic = ''
  #schema: Schema | null | undefined
  #encoder: ValueEncoder | undefined

  constructor(converter: Converter) {
    this.#converter = converter
  }

  get(topic: string, schema: Schema | null): ValueEncoder {
    if (schema === this.#schema && topic === this.#topic && this.#encoder !== undefined) return this.#encoder
    let byTopic = this.#all.get(schema)
    if (byTopic === undefined) {
      // Sources that make a new schema object for each record would fill this for ever.
      if (this.#all.size >= 1000) this.#all.clear()
      this.#all.set(schema, (byTopic = new Map()))
    }
    let encoder = byTopic.get(topic)
    if (encoder === undefined) byTopic.set(topic, (encoder = this.#converter.encoder(topic, schema)))
    this.#topic = topic
    this.#schema = schema
    this.#encoder = encoder
    return encoder
  }
}

/** Encodes what a source polled. */
export class RecordEncoder {
  readonly #keys: EncoderCache
  readonly #values: EncoderCache
  readonly #headers: EncoderCache
  /** Stands for the headers of records that have none, until a converter adds to them. */
  #noHeaders: RawHeader[] = []

  constructor(converters: Converters) {
    this.#keys = new EncoderCache(converters.key)
    this.#values = new EncoderCache(converters.value)
    this.#headers = new EncoderCache(converters.header)
  }

  /** @throws ConversionFailure */
  encode(record: SourceRecord): ProducerRecord {
    const { topic } = record
    let part: Part = 'header'
    try {
      const headers = record.headers === null ? this.#noHeaders : this.#encodeHeaders(topic, record.headers)
      part = 'key'
      const key =
        record.key === null && record.keySchema === null
          ? null
          : this.#keys.get(topic, record.keySchema)(record.key, headers)
      part = 'value'
      const value = this.#values.get(topic, record.valueSchema)(record.value, headers)
      const timestamp = timestampOf(record)
      if (headers.length === 0) return { topic, partition: record.partition, key, value, timestamp, headers: null }
      if (headers === this.#noHeaders) this.#noHeaders = []
      return { topic, partition: record.partition, key, value, timestamp, headers }
    } catch (error) {
      this.#noHeaders = []
      throw new ConversionFailure(part, error)
    }
  }

  #encodeHeaders(topic: string, headers: readonly Header[]): RawHeader[] {
    return headers.map(({ key, schema, value }) => ({ key, value: this.#headers.get(topic, schema)(value) }))
  }
}

/** As in Kafka Connect: −1 stands for none, other times before the epoch are refused. */
function timestampOf({ topic, timestamp }: SourceRecord): number | null {
  if (timestamp === null || timestamp === undefined || timestamp === -1) return null
  if (Number.isSafeInteger(timestamp) && timestamp >= 0) return timestamp
  throw new DataError(`Invalid record timestamp ${timestamp}`, {
    place: { topic },
    remedy: 'Give whole milliseconds since the epoch, or null for the time of sending.',
  })
}

/** Decodes what was fetched for a sink. */
export class RecordDecoder {
  readonly #converters: Converters
  readonly #scanner: ValueScanner | null
  /** Whether a key may be decoded after its value was scanned, when somebody reads it. */
  readonly #isKeyLater: boolean

  /** @param scanner asked for values before their converter; null: none */
  constructor(converters: Converters, scanner: ValueScanner | null = null) {
    this.#converters = converters
    this.#scanner = scanner
    this.#isKeyLater = scanner !== null && converters.key.takesAll === true
  }

  /** Record `i` of the batch. @throws ConversionFailure */
  decode(topic: string, partition: number, records: FetchedRecords, i: number): SinkRecord {
    let part: Part = 'key'
    try {
      const rawHeaders = records.headers(i)
      const keys = this.#converters.key
      const keyNow = this.#isKeyLater ? null : keys.decode(topic, records.key(i), rawHeaders)
      part = 'value'
      const bytes = records.value(i)
      const scanned = this.#scanner === null ? undefined : this.#scanner(topic, bytes, rawHeaders)
      const value = scanned ?? this.#converters.value.decode(topic, bytes, rawHeaders)
      part = 'header'
      const headers = rawHeaders === null || rawHeaders.length === 0 ? null : this.#decodeHeaders(topic, rawHeaders)
      if (scanned !== undefined)
        return new ScannedRecord(topic, partition, records, i, keyNow ?? keys, scanned, headers)
      const key = keyNow ?? keys.decode(topic, records.key(i), rawHeaders)
      const offset = records.offset(i)
      return {
        topic,
        partition,
        offset,
        keySchema: key.schema,
        key: key.value,
        valueSchema: value.schema,
        value: value.value,
        timestamp: records.timestamp(i),
        timestampType: records.timestampType,
        headers,
        originalTopic: topic,
        originalPartition: partition,
        originalOffset: offset,
      }
    } catch (error) {
      throw new ConversionFailure(part, error)
    }
  }

  #decodeHeaders(topic: string, headers: readonly RawHeader[]): Headers {
    return headers.map(({ key, value }) => {
      const decoded = this.#converters.header.decode(topic, value)
      return { key, schema: decoded.schema, value: decoded.value }
    })
  }
}

/** What a batch of one record takes besides key, value and headers, at most; and each header besides its bytes. */
const RECORD_OVERHEAD = 128
const HEADER_OVERHEAD = 10

/** What a record occupies on its way, and no less: for queues bounded in bytes, and for what the producer takes. */
export function recordBytes(record: ProducerRecord): number {
  let bytes = RECORD_OVERHEAD + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  if (record.headers !== null)
    for (const { key, value } of record.headers)
      bytes += HEADER_OVERHEAD + key.length * UTF8_BYTES_MAX + (value?.length ?? 0)
  return bytes
}

/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3

/** A record that is larger than what may be produced. Its value is named by size only. */
export function tooLarge(record: ProducerRecord, bytes: number, bytesMax: number): DataError {
  return new DataError(`A record of about ${bytes} bytes is larger than the ${bytesMax} bytes that may be produced`, {
    code: 'RECORD_TOO_LARGE',
    place: { topic: record.topic },
    remedy:
      "Raise producer.override.max.request.size together with the topic's max.message.bytes, or divert such records.",
  })
}

/** A dead letter that its topic cannot hold. */
export function letterTooLarge(
  letter: ProducerRecord,
  bytes: number,
  bytesMax: number,
  cause: unknown,
  place: Place,
): SluiceError {
  return new SluiceError(
    'RECORD_TOO_LARGE',
    `A record failed, and its dead letter of about ${bytes} bytes is larger than the ${bytesMax} that may be produced`,
    {
      cause,
      place,
      remedy: `Raise producer.override.max.request.size together with max.message.bytes of ${letter.topic}, or take the record out of the source.`,
    },
  )
}

/** A value as readable bytes when its own converter failed on it: what dead letters hold of it. Whatever it is, it never throws. */
export function readableBytes(value: ConnectRecord['value'] | undefined): Uint8Array | null {
  if (value === null || value === undefined) return null
  if (value instanceof Uint8Array) return value
  return Buffer.from(typeof value === 'string' ? value : readableText(value))
}

/** Headers of a record that never had bytes, readable. */
export function readableHeaders(headers: Headers): RawHeader[] | null {
  return headers === null ? null : headers.map(({ key, value }) => ({ key, value: readableBytes(value) }))
}

function readableText(value: unknown): string {
  try {
    // A function of its own `this`, because bytes must be seen before their toJSON has made numbers of them.
    const text = JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key: string, at: unknown) {
      const own = this[key]
      if (own instanceof Uint8Array) return Buffer.from(own).toString('base64')
      if (typeof at === 'bigint') return at.toString()
      return at instanceof Map ? [...at.entries()] : at
    }) as string | undefined
    return text ?? inspect(value)
  } catch {
    return inspect(value)
  }
}
