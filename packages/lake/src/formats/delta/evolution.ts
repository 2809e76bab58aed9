/**
 * How a table's schema meets the schema of new rows. What a metaData commit alone may do, without touching a file (PROTOCOL.md
 * and the readers agree on it): add a nullable column, and let a column take null. Everything else is refused.
 */
import { SluiceError } from '@sluice/sdk'
import { decimalOf, typeName } from './schema.ts'
import type { DeltaField, DeltaSchema } from './schema.ts'

/** Each type with those whose every value it holds as well. */
const HOLDS: Readonly<Record<string, readonly string[]>> = {
  short: ['byte'],
  integer: ['byte', 'short'],
  long: ['byte', 'short', 'integer'],
  double: ['float'],
}

/**
 * The schema that holds both: the table's columns in their order, then the new ones, nullable because the rows so far have
 * none. The very same object when the table already fits.
 * @throws SluiceError TABLE_SCHEMA naming the column and both types, when rows of that schema cannot go into this table
 */
export function mergeSchemas(table: DeltaSchema, rows: DeltaSchema, name: string): DeltaSchema {
  const incoming = new Map(rows.fields.map((field) => [field.name, field]))
  const known = new Map(table.fields.map((field) => [field.name.toLowerCase(), field.name]))
  let changed = false
  const fields = table.fields.map((field): DeltaField => {
    const row = incoming.get(field.name)
    if (row === undefined) {
      if (field.nullable) return field
      throw refused(name, field.name, 'the rows have no such field, and the column may not be null', MAKE_OPTIONAL)
    }
    if (!fits(row, field))
      throw refused(
        name,
        field.name,
        `the rows hold ${typeName(row)} and the table ${typeName(field)}`,
        'Convert the field (transform Cast), rename it, or write to a new table.',
      )
    if (field.nullable || !row.nullable) return field
    changed = true
    return { ...field, nullable: true }
  })
  for (const field of rows.fields) {
    const twin = known.get(field.name.toLowerCase())
    if (twin === field.name) continue
    if (twin !== undefined)
      throw refused(
        name,
        field.name,
        `the table has a column ${twin}, and Delta does not tell them apart`,
        'Rename the field.',
      )
    fields.push({ ...field, nullable: true })
    changed = true
  }
  return changed ? { fields } : table
}

/**
 * Whether files written for the columns of `before` may join a table whose schema now is `now`: no column of theirs is gone or
 * of another type, and what they lack may be null.
 * @returns the reason why not, or undefined
 */
export function staleness(before: DeltaSchema, now: DeltaSchema): string | undefined {
  const current = new Map(now.fields.map((field) => [field.name, field]))
  for (const field of before.fields) {
    const after = current.get(field.name)
    if (after === undefined) return `column ${field.name} is gone`
    if (typeName(after) !== typeName(field)) return `column ${field.name} became ${typeName(after)}`
    if (field.nullable && !after.nullable) return `column ${field.name} may no longer be null`
  }
  const written = new Set(before.fields.map((field) => field.name))
  const missing = now.fields.find((field) => !field.nullable && !written.has(field.name))
  return missing === undefined ? undefined : `column ${missing.name} must have a value`
}

const MAKE_OPTIONAL = 'Give the field a value, or make the column nullable in the table.'

function fits(row: DeltaField, column: DeltaField): boolean {
  const [from, to] = [typeName(row), typeName(column)]
  if (from === to) return typeof row.type === 'string' && typeof column.type === 'string'
  // Records declare a decimal's scale and seldom its precision: whether the digits fit is seen value by value.
  const [digits, room] = [decimalOf(row.type), decimalOf(column.type)]
  if (digits !== undefined && room !== undefined) return digits[1] === room[1]
  return HOLDS[to]?.includes(from) ?? false
}

function refused(table: string, column: string, why: string, remedy: string): SluiceError {
  return new SluiceError('TABLE_SCHEMA', `Rows do not fit the table ${table} in column ${column}: ${why}`, { remedy })
}
