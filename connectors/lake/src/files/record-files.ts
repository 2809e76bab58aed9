import { DataError, array, primitive, struct } from '@sluice/sdk'
import type { Headers, Projector, Schema, SinkRecord, Value } from '@sluice/sdk'
import { valueText } from '@sluice/sdk/values'
import type { FileBuilder, FileFormat } from './formats/file-format.ts'

/** What of a record is written, and how. */
export interface RecordFormats {
  readonly values: FileFormat
  /** Null: keys are not written. */
  readonly keys: FileFormat | null
  readonly headers: FileFormat | null
}

export interface FinishedFile {
  readonly path: string
  readonly bytes: Uint8Array
}

/** As Confluent's sink writes headers: a list of texts by key. */
const HEADERS = array(struct({ key: primitive('string'), value: primitive('string', { optional: true }) }))

/** The file of one folder, and those beside it of the same records' keys and headers. */
export class RecordFiles {
  readonly schema: Schema | null
  readonly keySchema: Schema | null
  readonly firstOffset: number
  rows = 0
  readonly #formats: RecordFormats
  readonly #path: string
  readonly #values: FileBuilder
  readonly #keys: FileBuilder | null
  readonly #headers: FileBuilder | null

  /**
   * @param path without an extension
   * @throws DataError, SluiceError TABLE_SCHEMA when no value of the schema can be in such a file
   */
  constructor(formats: RecordFormats, path: string, schema: Schema | null, first: SinkRecord) {
    this.schema = schema
    this.keySchema = first.keySchema
    this.firstOffset = first.originalOffset
    this.#formats = formats
    this.#path = path
    this.#values = formats.values.open(schema)
    this.#keys = formats.keys?.open(first.keySchema) ?? null
    this.#headers = formats.headers?.open(HEADERS) ?? null
  }

  get bytes(): number {
    return this.#values.bytes + (this.#keys?.bytes ?? 0) + (this.#headers?.bytes ?? 0)
  }

  /** @throws DataError; the files are as before then */
  append(record: SinkRecord, project: Projector): void {
    const writeKey = this.#keys === null ? undefined : prepared(this.#keys, keyOf(record))
    const writeHeaders = this.#headers === null ? undefined : prepared(this.#headers, headerTexts(record.headers))
    this.#values.append(project(record.value))
    writeKey?.()
    writeHeaders?.()
    this.rows++
  }

  finish(): FinishedFile[] {
    const { values, keys, headers } = this.#formats
    const files = [{ path: `${this.#path}${values.extension}`, bytes: this.#values.finish() }]
    if (this.#keys !== null) files.push({ path: `${this.#path}.keys${keys!.extension}`, bytes: this.#keys.finish() })
    if (this.#headers !== null)
      files.push({ path: `${this.#path}.headers${headers!.extension}`, bytes: this.#headers.finish() })
    return files
  }
}

function prepared(builder: FileBuilder, value: Value): (() => void) | undefined {
  if (builder.prepare === undefined) throw new TypeError('a format of keys and headers must be able to prepare')
  return builder.prepare(value)
}

function keyOf(record: SinkRecord): Value {
  if (record.key !== null) return record.key
  throw new DataError('The key is null, and store.kafka.keys wants one of each record', {
    place: { topic: record.originalTopic, partition: record.originalPartition, offset: record.originalOffset },
    remedy: 'Give the records keys, or set store.kafka.keys=false.',
  })
}

function headerTexts(headers: Headers): Value {
  return (headers ?? []).map(({ key, value, schema }) => ({
    key,
    value: value === null ? null : valueText(schema, value),
  }))
}
