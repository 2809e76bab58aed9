/** Records ↔ bytes, with the converters' compiled functions kept for as long as topic and schema stay the same objects. */
import type { ProducerRecord } from '@sluice/kafka'
import { DataError } from '@sluice/sdk'
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
import type { FetchedRecords } from '@sluice/kafka'

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
      const headers = record.headers === null ? null : this.#encodeHeaders(topic, record.headers)
      part = 'key'
      const key = record.key === null && record.keySchema === null ? null : this.#keys.get(topic, record.keySchema)(record.key)
      part = 'value'
      const value = this.#values.get(topic, record.valueSchema)(record.value)
      return { topic, partition: record.partition, key, value, timestamp: record.timestamp, headers }
    } catch (error) {
      throw new ConversionFailure(part, error)
    }
  }

  #encodeHeaders(topic: string, headers: readonly Header[]): RawHeader[] {
    return headers.map(({ key, schema, value }) => ({ key, value: this.#headers.get(topic, schema)(value) }))
  }
}

/** Decodes what was fetched for a sink. */
export class RecordDecoder {
  readonly #converters: Converters

  constructor(converters: Converters) {
    this.#converters = converters
  }

  /** Record `i` of the batch. @throws ConversionFailure */
  decode(topic: string, partition: number, records: FetchedRecords, i: number): SinkRecord {
    let part: Part = 'key'
    try {
      const rawHeaders = records.headers(i)
      const key = this.#converters.key.decode(topic, records.key(i), rawHeaders)
      part = 'value'
      const value = this.#converters.value.decode(topic, records.value(i), rawHeaders)
      part = 'header'
      const headers = rawHeaders === null || rawHeaders.length === 0 ? null : this.#decodeHeaders(topic, rawHeaders)
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

/** Roughly what a record occupies on its way: for queues bounded in bytes. */
export function recordBytes(record: ProducerRecord): number {
  let bytes = 64 + (record.key?.length ?? 0) + (record.value?.length ?? 0)
  if (record.headers !== null) for (const header of record.headers) bytes += header.key.length + (header.value?.length ?? 0) + 8
  return bytes
}

/** A record that is larger than what may be produced. Its value is named by size only. */
export function tooLarge(record: ProducerRecord, bytes: number, bytesMax: number): DataError {
  return new DataError(`A record of about ${bytes} bytes is larger than the ${bytesMax} bytes that may be produced`, {
    code: 'RECORD_TOO_LARGE',
    place: { topic: record.topic },
    remedy: "Raise producer.override.max.request.size together with the topic's max.message.bytes, or divert such records.",
  })
}

/** A record as readable bytes when its own converter failed on it: what dead letters hold of it. */
export function readableBytes(value: ConnectRecord['value']): Uint8Array | null {
  if (value === null) return null
  if (value instanceof Uint8Array) return value
  if (typeof value === 'string') return Buffer.from(value)
  const text = JSON.stringify(value, (_, at: unknown) => {
    if (typeof at === 'bigint') return at.toString()
    if (at instanceof Map) return [...at.entries()]
    if (at instanceof Uint8Array) return Buffer.from(at).toString('base64')
    return at
  })
  return Buffer.from(text)
}
