/** Values that a sink reads from their bytes itself. They are decoded only when somebody asks for them. */
import type { FetchedRecords } from '@sluice/kafka'
import type {
  Converter,
  Headers,
  RawHeader,
  Schema,
  SchemaAndValue,
  SinkRecord,
  SinkTask,
  TimestampType,
  Value,
} from '@sluice/sdk'

/** What a sink made of a value's bytes, and the value itself for those who want it. */
export class ScannedValue implements SchemaAndValue {
  readonly schema: Schema | null
  readonly scanned: unknown
  readonly #converter: Converter
  readonly #topic: string
  readonly #bytes: Uint8Array
  readonly #headers: readonly RawHeader[] | null
  #value: Value | undefined

  constructor(
    schema: Schema | null,
    scanned: unknown,
    converter: Converter,
    topic: string,
    bytes: Uint8Array,
    headers: readonly RawHeader[] | null,
  ) {
    this.schema = schema
    this.scanned = scanned
    this.#converter = converter
    this.#topic = topic
    this.#bytes = bytes
    this.#headers = headers
  }

  get value(): Value {
    return (this.#value ??= this.#converter.decode(this.#topic, this.#bytes, this.#headers).value)
  }
}

/** Asks the sink. Undefined: the converter is to be asked. */
export type ValueScanner = (
  topic: string,
  bytes: Uint8Array | null,
  headers: readonly RawHeader[] | null,
) => ScannedValue | undefined

/**
 * The scanner of a task; null: its values are decoded.
 * @param isRead whether anything between the converter and the sink reads values
 */
export function valueScanner(task: SinkTask, converter: Converter, isRead: boolean): ValueScanner | null {
  if (isRead || task.scan === undefined || converter.jsonIn === undefined) return null
  const scan = task.scan.bind(task)
  const jsonIn = converter.jsonIn.bind(converter)
  return (topic, bytes, headers) => {
    if (bytes === null) return undefined
    const json = jsonIn(bytes)
    const scanned = json && scan(topic, bytes, json)
    return scanned === undefined ? undefined : new ScannedValue(json!.schema, scanned, converter, topic, bytes, headers)
  }
}

/** A record with such a value. */
export class ScannedRecord implements SinkRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly valueSchema: Schema | null
  readonly timestamp: number | null
  readonly timestampType: TimestampType
  readonly headers: Headers
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: number
  readonly scanned: unknown
  readonly #value: ScannedValue
  readonly #records: FetchedRecords
  readonly #i: number
  #key: SchemaAndValue | Converter

  /**
   * Record `i` of the batch.
   * @param key itself, or what decodes it when it is read
   */
  constructor(
    topic: string,
    partition: number,
    records: FetchedRecords,
    i: number,
    key: SchemaAndValue | Converter,
    value: ScannedValue,
    headers: Headers,
  ) {
    const offset = records.offset(i)
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.valueSchema = value.schema
    this.timestamp = records.timestamp(i)
    this.timestampType = records.timestampType
    this.headers = headers
    this.originalTopic = topic
    this.originalPartition = partition
    this.originalOffset = offset
    this.scanned = value.scanned
    this.#value = value
    this.#records = records
    this.#i = i
    this.#key = key
  }

  get value(): Value {
    return this.#value.value
  }

  get key(): Value {
    return this.#decodedKey.value
  }

  get keySchema(): Schema | null {
    return this.#decodedKey.schema
  }

  get #decodedKey(): SchemaAndValue {
    if ('decode' in this.#key)
      this.#key = this.#key.decode(this.topic, this.#records.key(this.#i), this.#records.headers(this.#i))
    return this.#key
  }
}
