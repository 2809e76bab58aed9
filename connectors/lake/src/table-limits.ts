/** Bounds beyond which a table, or one commit to it, costs more than anybody wants who knows: so it is said, or it stops. */
import { SluiceError } from '@sluice/sdk'
import type { Logger, Schema, StructSchema, Value } from '@sluice/sdk'
import { recordSchemaOf } from '@sluice/lake'
import type { DeltaSchema } from '@sluice/lake'

/** From here on each column's share of memory and time is worth a word. */
const COLUMNS_WORTH_A_WORD = 1000

type Row = Readonly<Record<string, Value>>

/**
 * How many columns a table has in its files once it takes those rows, fields of structs each.
 * @param table undefined: it is made for them
 * @throws SluiceError TABLE_SCHEMA when these are more than `table.columns.max`, and more than the table has already
 */
export function checkColumns(rows: StructSchema, table: DeltaSchema | undefined, columnsMax: number): number {
  const leaves = new Set<string>()
  if (table !== undefined) addLeaves(leaves, '', recordSchemaOf(table))
  const held = leaves.size
  addLeaves(leaves, '', rows)
  if (leaves.size <= Math.max(columnsMax, held)) return leaves.size
  throw new SluiceError(
    'TABLE_SCHEMA',
    `The table would have ${leaves.size} columns, and table.columns.max allows ${columnsMax}`,
    {
      remedy:
        'Take fields out that need no column of their own (ReplaceField), make names that are data the keys of a map, or set table.columns.max higher.',
    },
  )
}

/** Says once of a table that it is wide. */
export function warnOfColumns(columns: number, table: string, logger: Logger): boolean {
  if (columns <= COLUMNS_WORTH_A_WORD) return false
  logger.warn(
    'The table has very many columns: each takes memory and time for every file that is open, however few rows are in it (table.columns.max bounds them)',
    { table, columns },
  )
  return true
}

/** Counts the partitions of a table whose rows wait for one commit: each becomes a file of its own. */
export class PartitionCount {
  readonly #max: number
  readonly #seen = new Set<string>()
  #last = ''

  /** @param max `partitions.per.commit.max` */
  constructor(max: number) {
    this.#max = max
  }

  /**
   * @param columns those that part the table
   * @throws SluiceError TABLE_LIMIT before a row of one partition too many is taken
   */
  add(row: Row, columns: readonly string[], table: string): void {
    const partition = columns
      .map((column) => String(row[column] as string | number | bigint | boolean | null))
      .join('\0')
    if (partition === this.#last && this.#seen.size > 0) return
    if (!this.#seen.has(partition)) {
      if (this.#seen.size >= this.#max) throw this.#tooMany(table, columns)
      this.#seen.add(partition)
    }
    this.#last = partition
  }

  clear(): void {
    this.#seen.clear()
  }

  #tooMany(table: string, columns: readonly string[]): SluiceError {
    return new SluiceError(
      'TABLE_LIMIT',
      `Rows of more than ${this.#max} partitions of table ${table} wait for one commit (partitions.per.commit.max)`,
      {
        place: { table, columns: columns.join(', ') },
        remedy:
          'Nothing is lost: they are read again. Part the table by something coarser, such as day() or bucket(16:id), commit more often (rotate.interval.ms, flush.size), or set partitions.per.commit.max higher: each is a file, which takes milliseconds to write and every reader a request.',
      },
    )
  }
}

function addLeaves(leaves: Set<string>, path: string, schema: Schema): void {
  if (schema.type === 'struct') {
    for (const field of schema.fields) addLeaves(leaves, `${path}.${field.name.toLowerCase()}`, field.schema)
  } else if (schema.type === 'array') addLeaves(leaves, `${path}[]`, schema.items)
  else if (schema.type === 'map') {
    leaves.add(`${path}{key}`)
    addLeaves(leaves, `${path}{}`, schema.values)
  } else leaves.add(path)
}
