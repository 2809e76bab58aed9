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
  readonly #decode: () => Value
  #value: Value | undefined

  constructor(schema: Schema | null, scanned: unknown, decode: () => Value) {
    this.schema = schema
    this.scanned = scanned
    this.#decode = decode
  }

  get value(): Value {
    return (this.#value ??= this.#decode())
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
    const json = bytes === null ? undefined : jsonIn(bytes)
    if (json === undefined) return undefined
    const scanned = scan(topic, bytes!, json)
    if (scanned === undefined) return undefined
    return new ScannedValue(json.schema, scanned, () => converter.decode(topic, bytes, headers).value)
  }
}

/** A record with such a value. */
export class ScannedRecord implements SinkRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly keySchema: Schema | null
  readonly key: Value
  readonly valueSchema: Schema | null
  readonly timestamp: number | null
  readonly timestampType: TimestampType
  readonly headers: Headers
  readonly originalTopic: string
  readonly originalPartition: number
  readonly originalOffset: number
  readonly scanned: unknown
  readonly #value: ScannedValue

  /** Record `i` of the batch. */
  constructor(
    topic: string,
    partition: number,
    records: FetchedRecords,
    i: number,
    key: SchemaAndValue,
    value: ScannedValue,
    headers: Headers,
  ) {
    const offset = records.offset(i)
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.keySchema = key.schema
    this.key = key.value
    this.valueSchema = value.schema
    this.timestamp = records.timestamp(i)
    this.timestampType = records.timestampType
    this.headers = headers
    this.originalTopic = topic
    this.originalPartition = partition
    this.originalOffset = offset
    this.scanned = value.scanned
    this.#value = value
  }

  get value(): Value {
    return this.#value.value
  }
}
