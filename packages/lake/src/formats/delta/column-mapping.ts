/**
 * Columns whose names in the files are not those that people see (PROTOCOL.md, "Column Mapping"): renaming or dropping one is
 * then a matter of the log alone. Each field, nested ones too, has an id and a physical name in its metadata, for ever.
 */
import { SluiceError, ValueError } from '@sluice/sdk'
import { arrayType, mapType, nestedOf, structType } from './schema.ts'
import type { DeltaField, DeltaSchema, DeltaType } from './schema.ts'

export const MAPPING_MODE = 'delta.columnMapping.mode'
const MAX_ID = 'delta.columnMapping.maxColumnId'
const ID = 'delta.columnMapping.id'
const PHYSICAL_NAME = 'delta.columnMapping.physicalName'

type Properties = Readonly<Record<string, string>>

export function isMapped(properties: Properties): boolean {
  return (properties[MAPPING_MODE] ?? 'none') !== 'none'
}

export interface MappedTable {
  readonly schema: DeltaSchema
  readonly properties: Properties
}

/**
 * Gives those fields an id and a physical name that have none. The very same object when all have theirs.
 * @param nameFor a new physical name for a field; the field's own name where files may already hold it
 */
export function withMapping(table: MappedTable, nameFor: (field: DeltaField) => string): MappedTable {
  const first = Math.max(Number(table.properties[MAX_ID] ?? 0), highestId(table.schema.fields))
  let last = first
  const fields = mapFields(table.schema.fields, (field) => {
    if (field.metadata[ID] !== undefined && field.metadata[PHYSICAL_NAME] !== undefined) return field
    const id = field.metadata[ID] ?? ++last
    const physicalName = field.metadata[PHYSICAL_NAME] ?? nameFor(field)
    return { ...field, metadata: { ...field.metadata, [ID]: id, [PHYSICAL_NAME]: physicalName } }
  })
  const maxId = String(last)
  if (fields === table.schema.fields && table.properties[MAX_ID] === maxId) return table
  return { schema: { fields }, properties: { ...table.properties, [MAX_ID]: maxId } }
}

/** The name by which files, statistics and partition values know a column. */
export function physicalName({ name, metadata }: DeltaField): string {
  const physical = metadata[PHYSICAL_NAME]
  return typeof physical === 'string' ? physical : name
}

/** The id of a column in the files' own schemas. */
export function fieldId({ metadata }: DeltaField): number | undefined {
  const id = metadata[ID]
  return typeof id === 'number' ? id : undefined
}

/** The columns under their physical names. The very same object when those are the names. */
export function physicalSchema(schema: DeltaSchema): DeltaSchema {
  const fields = mapFields(schema.fields, (field) => {
    const name = physicalName(field)
    return name === field.name ? field : { ...field, name }
  })
  return fields === schema.fields ? schema : { fields }
}

type Row = Readonly<Record<string, unknown>>

/** Rows by physical names; undefined when these are the names. Made once per schema. */
export function physicalRows(schema: DeltaSchema): ((row: Row) => Row) | undefined {
  return structRenamer(schema.fields)
}

/** An error that names columns as files do, in the names that people know. */
export function underLogicalNames(error: ValueError, schema: DeltaSchema): ValueError {
  let text = error.sentence
  let column = String(error.place?.['column'] ?? '')
  mapFields(schema.fields, (field) => {
    text = text.replaceAll(physicalName(field), field.name)
    column = column.replaceAll(physicalName(field), field.name)
    return field
  })
  return new ValueError(text, { cause: error, place: { ...error.place, column }, ...remedyOf(error) })
}

function remedyOf({ remedy }: ValueError): { readonly remedy?: string } {
  return remedy === undefined ? {} : { remedy }
}

type Renamer = (value: unknown) => unknown

function structRenamer(fields: readonly DeltaField[]): ((row: Row) => Row) | undefined {
  const steps = fields.map((field) => ({ name: field.name, to: physicalName(field), inner: renamerOf(field.type) }))
  if (steps.every(({ name, to, inner }) => name === to && inner === undefined)) return undefined
  return (row) => {
    const renamed: Record<string, unknown> = {}
    for (const { name, to, inner } of steps) {
      const value = row[name]
      renamed[to] = inner === undefined || value === null || value === undefined ? value : inner(value)
    }
    return renamed
  }
}

/** What is of another shape than its type is passed on as it is: the file says what is wrong with it. */
function renamerOf(type: DeltaType): Renamer | undefined {
  const nested = nestedOf(type)
  if (nested?.kind === 'struct') {
    const rename = structRenamer(nested.fields)
    return rename && ((value) => (isPlain(value) ? rename(value) : value))
  }
  if (nested?.kind === 'array') {
    const rename = nullSafe(renamerOf(nested.element))
    return rename && ((value) => (Array.isArray(value) ? value.map(rename) : value))
  }
  if (nested?.kind !== 'map') return undefined
  const [key, rename] = [nullSafe(renamerOf(nested.key)) ?? same, nullSafe(renamerOf(nested.value)) ?? same]
  if (key === same && rename === same) return undefined
  return (value) => {
    if (value instanceof Map) return new Map(Array.from(value, ([k, v]: [unknown, unknown]) => [key(k), rename(v)]))
    if (!isPlain(value)) return value
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, rename(v)]))
  }
}

const same: Renamer = (value) => value

function nullSafe(rename: Renamer | undefined): Renamer | undefined {
  return rename && ((value) => (value === null || value === undefined ? value : rename(value)))
}

function isPlain(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
}

/**
 * The schema with a column, or a field of a struct, under another name.
 * @param path names from the outermost struct inwards
 * @throws SluiceError TABLE_SCHEMA when there is no such column, or one of the new name
 */
export function renameColumn(schema: DeltaSchema, path: readonly string[], to: string): DeltaSchema {
  return editColumn(schema, path, (field, siblings) => {
    if (siblings.some((other) => other !== field && other.name.toLowerCase() === to.toLowerCase()))
      throw refused(path, `there is a column ${to} already`)
    return [{ ...field, name: to }]
  })
}

/** The schema without a column, or a field of a struct. @throws SluiceError TABLE_SCHEMA when it is not there, or the last */
export function dropColumn(schema: DeltaSchema, path: readonly string[]): DeltaSchema {
  return editColumn(schema, path, (_, siblings) => {
    if (siblings.length === 1) throw refused(path, 'no other would be left beside it')
    return []
  })
}

type Edit = (field: DeltaField, siblings: readonly DeltaField[]) => readonly DeltaField[]

function editColumn(schema: DeltaSchema, path: readonly string[], edit: Edit): DeltaSchema {
  return { fields: editFields(schema.fields, path, path, edit) }
}

function editFields(
  fields: readonly DeltaField[],
  path: readonly string[],
  whole: readonly string[],
  edit: Edit,
): readonly DeltaField[] {
  const [name, ...rest] = path
  if (!fields.some((field) => field.name === name)) throw refused(whole, 'there is no such column')
  return fields.flatMap((field) => {
    if (field.name !== name) return [field]
    if (rest.length === 0) return edit(field, fields)
    const nested = nestedOf(field.type)
    if (nested?.kind !== 'struct') throw refused(whole, `${name} is no struct`)
    return [{ ...field, type: structType(editFields(nested.fields, rest, whole, edit)) }]
  })
}

function refused(path: readonly string[], why: string): SluiceError {
  return new SluiceError('TABLE_SCHEMA', `Column ${path.join('.')} cannot be changed: ${why}`, {
    remedy: 'Look at the columns that the table has now.',
  })
}

function highestId(fields: readonly DeltaField[]): number {
  let highest = 0
  mapFields(fields, (field) => {
    highest = Math.max(highest, fieldId(field) ?? 0)
    return field
  })
  return highest
}

/** Outermost first. The very same list when no field changes. */
function mapFields(fields: readonly DeltaField[], change: (field: DeltaField) => DeltaField): readonly DeltaField[] {
  let changed = false
  const mapped = fields.map((field) => {
    const outer = change(field)
    const type = mapFieldsIn(outer.type, change)
    const result = type === outer.type ? outer : { ...outer, type }
    if (result !== field) changed = true
    return result
  })
  return changed ? mapped : fields
}

function mapFieldsIn(type: DeltaType, change: (field: DeltaField) => DeltaField): DeltaType {
  const nested = nestedOf(type)
  if (nested?.kind === 'struct') {
    const fields = mapFields(nested.fields, change)
    return fields === nested.fields ? type : structType(fields)
  }
  if (nested?.kind === 'array') {
    const element = mapFieldsIn(nested.element, change)
    return element === nested.element ? type : arrayType(element, nested.containsNull)
  }
  if (nested?.kind !== 'map') return type
  const [key, value] = [mapFieldsIn(nested.key, change), mapFieldsIn(nested.value, change)]
  return key === nested.key && value === nested.value ? type : mapType(key, value, nested.containsNull)
}
