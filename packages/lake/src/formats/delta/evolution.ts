/**
 * How a table's schema meets the schema of new rows. What a metaData commit alone may do, without touching a file (PROTOCOL.md
 * and the readers agree on it): add a nullable column, let a column take null, and where the table allows it (`typeWidening`)
 * give a column a wider type; the same inside of structs, lists and maps. Everything else is refused.
 */
import { SluiceError } from '@sluice/sdk'
import { physicalName } from './column-mapping.ts'
import { arrayType, mapType, nestedOf, structType, typeName } from './schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'
import { TYPE_CHANGES, holds, widens, withTypeChange } from './widening.ts'

export interface EvolutionRules {
  /** The table's name, for messages. */
  readonly table: string
  /** Whether columns may get a wider type. */
  readonly canWiden: boolean
}

/**
 * The schema that holds both: the table's columns in their order, then the new ones, nullable because the rows so far have
 * none. The very same object when the table already fits.
 * @throws SluiceError TABLE_SCHEMA naming the column and both types, when rows of that schema cannot go into this table
 */
export function mergeSchemas(table: DeltaSchema, rows: DeltaSchema, rules: EvolutionRules): DeltaSchema {
  const fields = mergeFields(table.fields, rows.fields, '', rules)
  return fields === table.fields ? table : { fields }
}

/** `outer`: the names around these fields, with points behind them. */
function mergeFields(
  table: readonly DeltaField[],
  rows: readonly DeltaField[],
  outer: string,
  rules: EvolutionRules,
): readonly DeltaField[] {
  const incoming = new Map(rows.map((field) => [field.name, field]))
  const known = new Map(table.map((field) => [field.name.toLowerCase(), field.name]))
  let changed = false
  const fields = table.map((field): DeltaField => {
    const place = `${outer}${field.name}`
    const row = incoming.get(field.name)
    if (row === undefined) {
      if (field.nullable) return field
      throw refused(rules, place, 'the rows have no such field, and the column may not be null', MAKE_OPTIONAL)
    }
    const merged = mergeField(field, row, place, rules)
    if (merged !== field) changed = true
    return merged
  })
  for (const field of rows) {
    const twin = known.get(field.name.toLowerCase())
    if (twin === field.name) continue
    const place = `${outer}${field.name}`
    if (twin !== undefined)
      throw refused(
        rules,
        place,
        `the table has a column ${twin}, and Delta does not tell them apart`,
        'Rename the field.',
      )
    fields.push({ ...field, nullable: true })
    changed = true
  }
  return changed ? fields : table
}

function mergeField(column: DeltaField, row: DeltaField, place: string, rules: EvolutionRules): DeltaField {
  let field = column
  const widened = (from: string, to: string, below: string): void => {
    field = withTypeChange(field, from, to, below)
  }
  const type = mergeTypes(column.type, row.type, { place, below: '', rules, widened })
  if (type !== column.type) field = { ...field, type }
  return column.nullable || !row.nullable ? field : { ...field, nullable: true }
}

interface At {
  /** The column as messages name it. */
  readonly place: string
  /** Where below the nearest field: `element`, `value.key`; empty for the field itself. */
  readonly below: string
  readonly rules: EvolutionRules
  /** Notes that a type gets wider. */
  readonly widened: (from: string, to: string, below: string) => void
}

/** The very same type when it holds the rows' type. */
function mergeTypes(column: DeltaType, row: DeltaType, at: At): DeltaType {
  const [table, rows] = [nestedOf(column), nestedOf(row)]
  if (typeof column === 'string' && typeof row === 'string') {
    if (holds(column, row)) return column
    if (!widens(column, row)) throw mismatch(column, row, at)
    if (!at.rules.canWiden)
      throw mismatch(
        column,
        row,
        at,
        'Let the table widen its columns (delta.enableTypeWidening), or convert the field.',
      )
    at.widened(column, row, at.below)
    return row
  }
  if (table?.kind === 'struct' && rows?.kind === 'struct') {
    const fields = mergeFields(table.fields, rows.fields, `${at.place}.`, at.rules)
    return fields === table.fields ? column : structType(fields)
  }
  if (table?.kind === 'array' && rows?.kind === 'array') {
    const element = mergeTypes(table.element, rows.element, below(at, '[]', 'element'))
    const containsNull = table.containsNull || rows.containsNull
    return element === table.element && containsNull === table.containsNull ? column : arrayType(element, containsNull)
  }
  if (table?.kind === 'map' && rows?.kind === 'map') {
    const key = mergeTypes(table.key, rows.key, below(at, '{key}', 'key'))
    const value = mergeTypes(table.value, rows.value, below(at, '{}', 'value'))
    const containsNull = table.containsNull || rows.containsNull
    const isSame = key === table.key && value === table.value && containsNull === table.containsNull
    return isSame ? column : mapType(key, value, containsNull)
  }
  throw mismatch(column, row, at)
}

function below(at: At, sign: string, step: string): At {
  return { ...at, place: `${at.place}${sign}`, below: at.below === '' ? step : `${at.below}.${step}` }
}

/**
 * Whether files written for the columns of `before` may join a table whose schema now is `now`: no column of theirs is gone or
 * of a type that does not hold theirs, and what they lack may be null.
 * @returns the reason why not, or undefined
 */
export function staleness(before: DeltaSchema, now: DeltaSchema): string | undefined {
  return staleFields(before.fields, now.fields, '')
}

function staleFields(before: readonly DeltaField[], now: readonly DeltaField[], outer: string): string | undefined {
  const current = new Map(now.map((field) => [field.name, field]))
  for (const field of before) {
    const after = current.get(field.name)
    const place = `${outer}${field.name}`
    if (after === undefined) return `column ${place} is gone`
    // Dropped and added again, or the whole table replaced: readers would not find the values, and take them for null.
    if (physicalName(after) !== physicalName(field)) return `column ${place} became another one of that name`
    const reason = staleType(field.type, after.type, place, after)
    if (reason !== undefined) return reason
    if (field.nullable && !after.nullable) return `column ${place} may no longer be null`
  }
  const written = new Set(before.map((field) => field.name))
  const missing = now.find((field) => !field.nullable && !written.has(field.name))
  return missing === undefined ? undefined : `column ${outer}${missing.name} must have a value`
}

function staleType(before: DeltaType, now: DeltaType, place: string, field: DeltaField): string | undefined {
  if (typeof before === 'string' && typeof now === 'string') {
    const isWidened = widens(before, now) && field.metadata[TYPE_CHANGES] !== undefined
    return before === now || isWidened ? undefined : `column ${place} became ${now}`
  }
  const [was, is] = [nestedOf(before), nestedOf(now)]
  if (was?.kind === 'struct' && is?.kind === 'struct') return staleFields(was.fields, is.fields, `${place}.`)
  if (was?.kind === 'array' && is?.kind === 'array') {
    if (was.containsNull && !is.containsNull) return `column ${place}[] may no longer be null`
    return staleType(was.element, is.element, `${place}[]`, field)
  }
  if (was?.kind === 'map' && is?.kind === 'map') {
    if (was.containsNull && !is.containsNull) return `column ${place}{} may no longer be null`
    return staleType(was.key, is.key, `${place}{key}`, field) ?? staleType(was.value, is.value, `${place}{}`, field)
  }
  // Types that are not written here have nothing of theirs in the files.
  if (JSON.stringify(before) === JSON.stringify(now)) return undefined
  return `column ${place} became ${typeName({ type: now })}`
}

const MAKE_OPTIONAL = 'Give the field a value, or make the column nullable in the table.'

function mismatch(
  column: DeltaType,
  row: DeltaType,
  { rules, place }: At,
  remedy = 'Convert the field (transform Cast), rename it, or write to a new table.',
): SluiceError {
  const why = `the rows hold ${typeName({ type: row })} and the table ${typeName({ type: column })}`
  return refused(rules, place, why, remedy)
}

function refused({ table }: EvolutionRules, column: string, why: string, remedy: string): SluiceError {
  return new SluiceError('TABLE_SCHEMA', `Rows do not fit the table ${table} in column ${column}: ${why}`, { remedy })
}
