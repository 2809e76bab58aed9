/**
 * How a table's schema meets the schema of new rows. What a metaData commit alone may do, without touching a file (PROTOCOL.md
 * and the readers agree on it): add a nullable column or field of a struct, and let one take null. Everything else is refused.
 */
import { SluiceError } from '@sluice/sdk'
import { arrayType, decimalOf, mapType, nestedOf, structType, typeName } from './schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'

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
  const fields = mergeFields(table.fields, rows.fields, { table: name, outer: '' })
  return fields === table.fields ? table : { fields }
}

/** Where fields stand, for messages: `outer` is the name of the struct around them with a point behind it. */
interface Place {
  readonly table: string
  readonly outer: string
}

function mergeFields(
  fields: readonly DeltaField[],
  rows: readonly DeltaField[],
  { table, outer }: Place,
): readonly DeltaField[] {
  const incoming = new Map(rows.map((field) => [field.name, field]))
  const known = new Map(fields.map((field) => [field.name.toLowerCase(), field.name]))
  let changed = false
  const merged = fields.map((field): DeltaField => {
    const row = incoming.get(field.name)
    const name = outer + field.name
    if (row === undefined) {
      if (field.nullable) return field
      throw refused(table, name, 'the rows have no such field, and the column may not be null', MAKE_OPTIONAL)
    }
    const type = mergeTypes(field.type, row.type, { table, outer: `${name}.` })
    if (type === undefined)
      throw refused(
        table,
        name,
        `the rows hold ${typeName(row)} and the table ${typeName(field)}`,
        'Convert the field (transform Cast), rename it, or write to a new table.',
      )
    const nullable = field.nullable || row.nullable
    if (type === field.type && nullable === field.nullable) return field
    changed = true
    return { ...field, type, nullable }
  })
  for (const field of rows) {
    const twin = known.get(field.name.toLowerCase())
    if (twin === field.name) continue
    if (twin !== undefined)
      throw refused(
        table,
        outer + field.name,
        `the table has a column ${outer}${twin}, and Delta does not tell them apart`,
        'Rename the field.',
      )
    merged.push({ ...field, nullable: true })
    changed = true
  }
  return changed ? merged : fields
}

/** The type that holds both, the very same as the column's where it does already; undefined: there is none. */
function mergeTypes(column: DeltaType, row: DeltaType, place: Place): DeltaType | undefined {
  const [to, from] = [nestedOf(column), nestedOf(row)]
  if (to === undefined || from === undefined) return fits(row, column) ? column : undefined
  if (to.kind === 'struct' && from.kind === 'struct') {
    const fields = mergeFields(to.fields, from.fields, place)
    return fields === to.fields ? column : structType(fields)
  }
  if (to.kind === 'array' && from.kind === 'array') {
    const element = mergeTypes(to.element, from.element, place)
    const containsNull = to.containsNull || from.containsNull
    if (element === to.element && containsNull === to.containsNull) return column
    return element && arrayType(element, containsNull)
  }
  if (to.kind === 'map' && from.kind === 'map') {
    const [key, value] = [mergeTypes(to.key, from.key, place), mergeTypes(to.value, from.value, place)]
    const containsNull = to.containsNull || from.containsNull
    if (key === to.key && value === to.value && containsNull === to.containsNull) return column
    return key && value && mapType(key, value, containsNull)
  }
  return undefined
}

/**
 * Whether files written for the columns of `before` may join a table whose schema now is `now`: no column of theirs is gone or
 * of another type, and what they lack may be null.
 * @returns the reason why not, or undefined
 */
export function staleness(before: DeltaSchema, now: DeltaSchema): string | undefined {
  return staleFields(before.fields, now.fields, '')
}

function staleFields(before: readonly DeltaField[], now: readonly DeltaField[], outer: string): string | undefined {
  const current = new Map(now.map((field) => [field.name, field]))
  for (const field of before) {
    const name = outer + field.name
    const after = current.get(field.name)
    if (after === undefined) return `column ${name} is gone`
    const reason = staleType(field.type, after.type, name)
    if (reason !== undefined) return reason
    if (field.nullable && !after.nullable) return `column ${name} may no longer be null`
  }
  const written = new Set(before.map((field) => field.name))
  const missing = now.find((field) => !field.nullable && !written.has(field.name))
  return missing === undefined ? undefined : `column ${outer}${missing.name} must have a value`
}

function staleType(before: DeltaType, now: DeltaType, name: string): string | undefined {
  const [from, to] = [nestedOf(before), nestedOf(now)]
  if (from?.kind === 'struct' && to?.kind === 'struct') return staleFields(from.fields, to.fields, `${name}.`)
  if (from?.kind === 'array' && to?.kind === 'array') {
    if (from.containsNull && !to.containsNull) return `column ${name}[] may no longer be null`
    return staleType(from.element, to.element, `${name}[]`)
  }
  if (from?.kind === 'map' && to?.kind === 'map') {
    if (from.containsNull && !to.containsNull) return `column ${name}{} may no longer be null`
    return staleType(from.key, to.key, `${name}{key}`) ?? staleType(from.value, to.value, `${name}{}`)
  }
  const became = typeName({ type: now })
  return typeName({ type: before }) === became ? undefined : `column ${name} became ${became}`
}

const MAKE_OPTIONAL = 'Give the field a value, or make the column nullable in the table.'

function fits(row: DeltaType, column: DeltaType): boolean {
  if (typeof row !== 'string' || typeof column !== 'string') return false
  if (row === column) return true
  // Records have no time without a zone; the table decides what theirs is.
  if (column === 'timestamp_ntz') return row === 'timestamp'
  // Records declare a decimal's scale and seldom its precision: whether the digits fit is seen value by value.
  const [digits, room] = [decimalOf(row), decimalOf(column)]
  if (digits !== undefined && room !== undefined) return digits[1] === room[1]
  return HOLDS[column]?.includes(row) ?? false
}

function refused(table: string, column: string, why: string, remedy: string): SluiceError {
  return new SluiceError('TABLE_SCHEMA', `Rows do not fit the table ${table} in column ${column}: ${why}`, { remedy })
}
