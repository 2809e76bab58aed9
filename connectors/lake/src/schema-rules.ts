import { SluiceError, structOf } from '@sluice/sdk'
import type { StructSchema } from '@sluice/sdk'
import { deltaSchemaOf } from '@sluice/lake'
import type { DeltaSchema } from '@sluice/lake'

/** `schema.compatibility` of a table: which of its columns may change for records of another schema. */
export type TableSchemaMode = 'EVOLVE' | 'BACKWARD' | 'FORWARD' | 'FULL' | 'NONE'

/**
 * The part of the records' schema that the table is asked to take.
 *
 * | mode | a field without a column | a field that may be null where the column may not |
 * |---|---|---|
 * | EVOLVE | becomes one | relaxes the column |
 * | BACKWARD | becomes one, if it may be null | relaxes the column |
 * | FULL | becomes one, if it may be null | is refused |
 * | FORWARD | is left out | is refused |
 * | NONE | is refused | is refused |
 *
 * @throws SluiceError TABLE_SCHEMA naming the field
 */
export function admitted(rows: StructSchema, table: DeltaSchema, mode: TableSchemaMode): StructSchema {
  if (mode === 'EVOLVE') return rows
  const columns = new Map(table.fields.map((field) => [field.name.toLowerCase(), field]))
  const fields = deltaSchemaOf(rows).fields
  const kept = rows.fields.filter(({ name, schema }, i) => {
    const column = columns.get(name.toLowerCase())
    if (column === undefined) {
      if (mode === 'FORWARD') return false
      if (mode === 'NONE') throw refused(name, mode, 'the table has no such column')
      if (!schema.optional) throw refused(name, mode, 'it must have a value, which the rows before it have not')
      return true
    }
    if (fields[i]!.nullable && !column.nullable && mode !== 'BACKWARD')
      throw refused(name, mode, 'it may be null, and its column may not')
    return true
  })
  return kept.length === rows.fields.length ? rows : structOf(kept.map(({ name, schema }) => [name, schema]))
}

function refused(field: string, mode: TableSchemaMode, why: string): SluiceError {
  return new SluiceError(
    'TABLE_SCHEMA',
    `Field ${JSON.stringify(field)} does not fit the table under schema.compatibility=${mode}: ${why}`,
    {
      remedy: 'Change the table, the records (ReplaceField, Cast), or schema.compatibility.',
    },
  )
}
