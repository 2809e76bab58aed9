/**
 * Partition columns: their values stand in the log and in the file's folder, not in the file (PROTOCOL.md, "Partition Value
 * Serialization"). What has no such text is refused, for a reader would take it for something else.
 */
import { createHash } from 'node:crypto'
import { SluiceError, ValueError } from '@sluice/sdk'
import { formatUnscaled, parseUnscaled } from '../../parquet/decimal.ts'
import type { ParquetType } from '../../parquet/index.ts'
import { refuse } from '../../parquet/refuse.ts'
import { wholeRange } from '../../parquet/schema.ts'
import { physicalName } from './column-mapping.ts'
import { parquetTypeOf } from './columns.ts'
import { typeName } from './schema.ts'
import type { DeltaField, DeltaSchema } from './schema.ts'

type Row = Readonly<Record<string, unknown>>

/** The name that Hive, and so everybody, gives the folder of null. */
const NULL_FOLDER = '__HIVE_DEFAULT_PARTITION__'
/** File systems end at 255 bytes for a name; longer values are cut in the folder's name, never in the log. */
const FOLDER_BYTES_MAX = 200
/** Texts remembered per column: rows of one partition come together, and few are under way at a time. */
const TEXTS_MAX = 4096

/** Which partition a row belongs to. Made once per schema. */
export class Partitioner {
  readonly #columns: readonly PartitionColumn[]

  /**
   * @param names the partition columns; none: every row is in the one partition there is
   * @throws SluiceError TABLE_UNSUPPORTED for a column that is not there or whose type has no text
   */
  constructor(schema: DeltaSchema, names: readonly string[], table: string) {
    this.#columns = names.map((name) => new PartitionColumn(columnOf(schema, name, table)))
  }

  /** Whether all rows are in one partition. */
  get isOne(): boolean {
    return this.#columns.length === 0
  }

  /** Whether the row says of all columns what they are. */
  isToldBy(row: Row): boolean {
    return this.#columns.every(({ name }) => Object.hasOwn(row, name))
  }

  /**
   * The partition's folder below the table, `day=2026-11-28/region=eu`; empty when there are no partition columns. Equal for
   * equal values only.
   * @throws ValueError naming the column whose value has no text
   */
  folderOf(row: Row): string {
    const columns = this.#columns
    if (columns.length === 0) return ''
    let folder = columns[0]!.folderOf(row)
    for (let i = 1; i < columns.length; i++) folder += `/${columns[i]!.folderOf(row)}`
    return folder
  }

  /** What the log says of that row's partition. */
  valuesOf(row: Row): Record<string, string | null> {
    return Object.fromEntries(this.#columns.map((column) => [column.key, column.textOf(row)]))
  }
}

class PartitionColumn {
  readonly name: string
  /** What the log calls it. */
  readonly key: string
  readonly #field: DeltaField
  readonly #type: ParquetType
  readonly #folders = new Map<unknown, string>()

  constructor(field: DeltaField) {
    this.name = field.name
    this.key = physicalName(field)
    this.#field = field
    this.#type = parquetTypeOf(field)!
  }

  folderOf(row: Row): string {
    const value = row[this.name]
    const known = this.#folders.get(value)
    if (known !== undefined) return known
    const folder = folderName(this.name, this.textOf(row))
    if (this.#folders.size >= TEXTS_MAX) this.#folders.clear()
    this.#folders.set(value, folder)
    return folder
  }

  textOf(row: Row): string | null {
    const value = row[this.name]
    const { name, nullable } = this.#field
    if (value === null || value === undefined) {
      if (nullable) return null
      return refuse({ name, type: this.#type, optional: false }, value)
    }
    return textOf(name, this.#type, value)
  }
}

function columnOf(schema: DeltaSchema, name: string, table: string): DeltaField {
  const field = schema.fields.find((candidate) => candidate.name === name)
  const type = field === undefined ? undefined : parquetTypeOf(field)
  if (field !== undefined && type !== undefined && PARTITION_KINDS.has(type.kind)) return field
  const why = field === undefined ? 'which is no column of it' : `which is of type ${typeName(field)}`
  throw new SluiceError(
    'TABLE_UNSUPPORTED',
    `The table ${table} cannot be written: it is partitioned by ${name}, ${why}`,
    {
      remedy: 'Partition by a column of plain values: text, whole numbers, dates.',
    },
  )
}

/** Bytes have a text in the protocol that readers do not agree upon. */
const PARTITION_KINDS: ReadonlySet<ParquetType['kind']> = new Set<ParquetType['kind']>([
  'boolean',
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'string',
  'date',
  'timestamp',
  'decimal',
])

/** Whether tables may be partitioned by this column. */
export function canPartitionBy(field: DeltaField): boolean {
  const type = parquetTypeOf(field)
  return type !== undefined && PARTITION_KINDS.has(type.kind)
}

function textOf(column: string, type: ParquetType, value: unknown): string {
  const refused = (): never => refuse({ name: column, type, optional: true }, value)
  switch (type.kind) {
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : refused()
    case 'string':
      if (typeof value !== 'string' || !value.isWellFormed()) return refused()
      return value === ''
        ? unsayable(column, 'an empty text', 'a partition value without characters is read as null')
        : value
    case 'float':
    case 'double':
      if (typeof value !== 'number') return refused()
      return Number.isFinite(value) ? String(value) : unsayable(column, String(value), 'it equals nothing')
    case 'decimal': {
      const unscaled = typeof value === 'string' ? parseUnscaled(value, type.precision, type.scale) : undefined
      return unscaled === undefined ? refused() : formatUnscaled(unscaled, type.scale)
    }
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return String(wholeOf(type, value) ?? refused())
    case 'date': {
      const days = wholeOf(type, value) ?? refused()
      return isoText(Number(days) * 86_400_000)?.slice(0, 10) ?? unsayable(column, `day ${days}`, YEARS)
    }
    case 'timestamp': {
      const given = wholeOf(type, value) ?? refused()
      const micros = type.unit === 'ms' ? given * 1000n : given
      const ms = (micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n
      const text = isoText(Number(ms)) ?? unsayable(column, `instant ${given}`, YEARS)
      const digits = `${text.slice(0, 23)}${String(micros - ms * 1000n).padStart(3, '0')}`
      return type.utc ? `${digits}Z` : digits.replace('T', ' ')
    }
    case 'binary':
    case 'time':
    case 'list':
    case 'map':
    case 'struct':
    default:
      return refused()
  }
}

function wholeOf(type: Parameters<typeof wholeRange>[0], value: unknown): bigint | undefined {
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value))) return undefined
  const [low, high] = wholeRange(type)
  const whole = BigInt(value)
  return whole >= low && whole <= high ? whole : undefined
}

const YEARS = 'dates in partitions have a year from 0001 to 9999'

function isoText(ms: number): string | undefined {
  const text = Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : ''
  return text.length === 24 && !text.startsWith('0000') ? text : undefined
}

function unsayable(column: string, what: string, why: string): never {
  throw new ValueError(`Column "${column}", which parts the table, cannot hold ${what}: ${why}`, {
    place: { column },
    remedy: 'Give the field another value before it is written, or partition by another column.',
  })
}

/** What Hive and Spark escape in names of folders, as `%3A`. */
const ESCAPED = /[\p{Cc}"#%'*/:=?\\{}[\]^]/gu

function folderName(column: string, text: string | null): string {
  // A text that reads like the folder of null gets a folder of its own.
  const value = text === null ? NULL_FOLDER : text === NULL_FOLDER ? `%5F${text.slice(1)}` : escape(text)
  const name = `${escape(column)}=${value}`
  if (name.length <= FOLDER_BYTES_MAX / 4 || Buffer.byteLength(name) <= FOLDER_BYTES_MAX) return name
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `${Buffer.from(name)
    .subarray(0, FOLDER_BYTES_MAX - 40)
    .toString()
    .replace(/\ufffd+$/, '')}-${digest}`
}

function escape(text: string): string {
  return text.replace(ESCAPED, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)
}
