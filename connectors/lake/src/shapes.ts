import { DataError, SluiceError } from '@sluice/sdk'
import type { Clock, Schema, SinkRecord } from '@sluice/sdk'
import { recordSchemaOf } from '@sluice/lake'
import type { DeltaSchema, JsonLayout } from '@sluice/lake'
import type { FolderTime } from './files/late-records.ts'
import { inferredRows, isObject } from './inferred-shape.ts'
import { layoutOfColumns } from './located-rows.ts'
import { hasNoValue } from './null-values.ts'
import { folderTimeOf } from './record-time-settings.ts'
import { nullShapeOf, rowShapeOf, withAdditions } from './row-shape.ts'
import type { RowShape } from './row-shape.ts'
import type { LakeSettings } from './settings.ts'

/** What is known of a schema: its shape or its refusal, and for which state of which table it was accepted. */
export interface Known {
  readonly shape: RowShape | SluiceError
  readonly accepted: Map<string, DeltaSchema>
}

interface Asked {
  readonly topic: string
  readonly schema: Schema | null
  readonly layout: JsonLayout | undefined
}

/** How records become rows, found once per schema; of records without one, once per table. */
export class Shapes {
  readonly #settings: LakeSettings
  /** One for all schemas: which record is late follows from all that were seen. */
  readonly #timeOf: FolderTime
  readonly #bySchema = new WeakMap<Schema, Known>()
  readonly #inferred = new Map<string, Known>()
  readonly #schemaless: Known
  readonly #null: Known
  /** What was asked for last, for it is asked for again. */
  #lastLayout: Asked | undefined

  constructor(settings: LakeSettings, clock: Clock) {
    this.#settings = settings
    this.#timeOf = folderTimeOf(settings, clock)
    this.#schemaless = knownOf(() => rowShapeOf(null, settings, this.#timeOf))
    this.#null =
      settings['behavior.on.null.values'] === 'write'
        ? knownOf(() => nullShapeOf(settings, this.#timeOf))
        : this.#schemaless
  }

  /**
   * @param run records of one schema; either all their values are null or none is
   * @param table what names the table among all
   * @param held the table's schema, if there is a table
   */
  of(run: readonly SinkRecord[], table: string, held: DeltaSchema | undefined): Known {
    const { valueSchema } = run[0]!
    if (hasNoValue(run[0]!)) return this.#null
    if (valueSchema === null) return this.#ofSchemaless(run, table, held)
    let known = this.#bySchema.get(valueSchema)
    if (known === undefined)
      this.#bySchema.set(valueSchema, (known = knownOf(() => rowShapeOf(valueSchema, this.#settings, this.#timeOf))))
    return known
  }

  /**
   * Where in JSON the fields of a topic's rows are; undefined while that is not known, or where it cannot be.
   * @param tableOf what names the table of a topic among all
   */
  layoutOf(
    topic: string,
    schema: Schema | null,
    tableOf: (topic: string) => string | undefined,
  ): JsonLayout | undefined {
    const last = this.#lastLayout
    if (last?.topic === topic && last.schema === schema) return last.layout
    const known = schema === null ? this.#inferred.get(tableOf(topic) ?? '') : this.#bySchema.get(schema)
    if (known === undefined || known.shape instanceof SluiceError) return undefined
    const layout = known.shape.located?.layout
    this.#lastLayout = { topic, schema, layout }
    return layout
  }

  #ofSchemaless(run: readonly SinkRecord[], table: string, held: DeltaSchema | undefined): Known {
    if (this.#settings['schemaless.records'] === 'refuse') return this.#schemaless
    let known = this.#inferred.get(table)
    if (known !== undefined) return known
    if (!run.some(({ value }) => isObject(value))) return NO_OBJECT
    known = knownOf(() => {
      const { schema, types, rowOf } = inferredRows(run, held === undefined ? undefined : recordSchemaOf(held))
      const fields = schema.fields.map((field) => [field.name, field.schema] as const)
      const shape = withAdditions(fields, rowOf, this.#settings, this.#timeOf, layoutOfColumns(types))
      return {
        ...shape,
        rowOf: (record) => {
          if (isObject(record.value)) return shape.rowOf(record)
          throw noObject(record)
        },
      }
    })
    this.#inferred.set(table, known)
    return known
  }
}

const NO_OBJECT: Known = { shape: noObject(undefined), accepted: new Map() }

function noObject(record: SinkRecord | undefined): DataError {
  return new DataError('The value is no JSON object, and a row needs fields', {
    ...(record === undefined
      ? {}
      : {
          place: {
            topic: record.originalTopic,
            partition: record.originalPartition,
            offset: record.originalOffset,
          },
        }),
    remedy: 'Wrap it with the transform HoistField.',
  })
}

function knownOf(make: () => RowShape): Known {
  try {
    return { shape: make(), accepted: new Map() }
  } catch (error) {
    return { shape: refusalOf(error), accepted: new Map() }
  }
}

/** Why records of a schema cannot be rows. Everything else is not about the records, and goes on. */
export function refusalOf(error: unknown): SluiceError {
  if (error instanceof DataError || (error instanceof SluiceError && error.code === 'TABLE_SCHEMA')) return error
  throw error
}
