import { primitive, SchemaError, struct, withOptional } from '@sluice/sdk'
import type { Schema, StructSchema, StructValue, Value } from '@sluice/sdk'
import type { MadeRecord, RecordMaker } from './record-maker.ts'
import type { RecordRandom } from './record-random.ts'
import type { RowSchema } from './row-schema.ts'
import { withoutSchema } from './schemaless.ts'
import { TableLife, type Visit } from './table-life.ts'

export interface ChangeEventsOptions {
  readonly rows: RowSchema
  readonly random: RecordRandom
  readonly seed: string
  readonly connector: string
  readonly version: string
  readonly topic: string
  readonly task: number
  readonly hasSchemas: boolean
  /** Rows of the table at once, at most. */
  readonly size: number
  /** Of each row between its insert and its delete: on average. */
  readonly updates: number
  readonly hasDeletes: boolean
  readonly hasTombstones: boolean
  readonly startMs: number
  readonly stepMs: number
}

/** So many keys has each task: they are its own, whatever the number of tasks. */
const KEYS_PER_TASK: Readonly<Record<string, number>> = { int32: 100_000_000, int64: 1_000_000_000_000, string: 1e12 }
const INT32_END = 2 ** 31

/** How many tasks have keys of this schema. @throws SchemaError for a schema that has no keys for a table */
export function tasksMaxOf(key: RowSchema['key']): number {
  const type = key === null || key.schema.name !== undefined ? undefined : key.schema.type
  if (type === 'int32') return Math.floor(INT32_END / KEYS_PER_TASK['int32']!)
  if (type === 'int64' || type === 'string') return 9000
  throw new SchemaError('The key of a table of change events has to be a field of type int, long or string', {
    remedy: 'Name one by schema.keyfield.',
  })
}

/** The life of a table with keys, in Debezium's envelope: each event can be made without those before it. */
export class ChangeEvents implements RecordMaker {
  readonly #options: ChangeEventsOptions
  readonly #life: TableLife
  readonly #key: NonNullable<RowSchema['key']>
  readonly #keySchema: Schema | null
  readonly #valueSchema: Schema | null
  readonly #table: string

  constructor(options: ChangeEventsOptions) {
    const { rows, topic, hasSchemas, seed, task, size, updates, hasDeletes } = options
    tasksMaxOf(rows.key)
    this.#options = options
    this.#life = new TableLife({ seed: `${seed} ${task}`, size, updates, hasDeletes })
    this.#key = rows.key!
    this.#keySchema = hasSchemas ? struct({ [this.#key.field]: this.#key.schema }, { name: `${topic}.Key` }) : null
    this.#valueSchema = hasSchemas ? envelopeOf(rows.schema, topic) : null
    this.#table = rows.schema.name?.split('.').at(-1) ?? topic
  }

  make(number: number): MadeRecord {
    const { hasSchemas, hasTombstones } = this.#options
    const visit = this.#life.visit(number)
    const key = { [this.#key.field]: this.#keyOf(visit) }
    const isDelete = visit.op === 'd'
    return {
      keySchema: this.#keySchema,
      key,
      valueSchema: this.#valueSchema,
      value: hasSchemas ? this.#envelope(number, visit) : withoutSchema(this.#envelope(number, visit)),
      hasTombstone: isDelete && hasTombstones,
    }
  }

  #envelope(number: number, visit: Visit): StructValue {
    const { startMs, stepMs } = this.#options
    const ms = startMs + number * stepMs
    return {
      before: visit.op === 'c' ? null : this.#row(visit, visit.version - 1),
      after: visit.op === 'd' ? null : this.#row(visit, visit.version),
      source: this.#source(number, ms),
      op: visit.op,
      ts_ms: ms,
    }
  }

  #source(number: number, ms: number): StructValue {
    const { version, connector, task } = this.#options
    return {
      version,
      connector: 'datagen',
      name: connector,
      ts_ms: ms,
      snapshot: 'false',
      db: 'datagen',
      table: this.#table,
      task,
      position: number,
    }
  }

  /** The row as that version of it is. */
  #row(visit: Visit, version: number): StructValue {
    const { rows, random, task, size } = this.#options
    const row = rows.make(random.at(task, visit.row, version), visit.row + size * version)
    return { ...row, [this.#key.field]: this.#keyOf(visit) }
  }

  #keyOf({ row }: Visit): Value {
    const { schema, prefix, suffix } = this.#key
    const perTask = KEYS_PER_TASK[schema.type]!
    if (row + 1 >= perTask)
      throw new SchemaError(`The keys of task ${this.#options.task} have come to an end after ${row} rows`, {
        remedy: 'Give the table a key of type long.',
      })
    const id = this.#options.task * perTask + row + 1
    return schema.type === 'string' ? `${prefix}${id}${suffix}` : id
  }
}

function envelopeOf(row: StructSchema, topic: string): StructSchema {
  const value = Object.freeze({ ...row, name: row.name ?? `${topic}.Value` })
  const text = primitive('string')
  const source = struct(
    {
      version: text,
      connector: text,
      name: text,
      ts_ms: primitive('int64'),
      snapshot: primitive('string', { optional: true, default: 'false' }),
      db: text,
      table: text,
      task: primitive('int32'),
      position: primitive('int64'),
    },
    { name: 'sluice.datagen.Source' },
  )
  return struct(
    {
      before: withOptional(value, true),
      after: withOptional(value, true),
      source,
      op: text,
      ts_ms: primitive('int64', { optional: true }),
    },
    { name: `${topic}.Envelope` },
  )
}
