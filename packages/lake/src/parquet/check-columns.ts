/** Refuses columns that no file can have, all reasons at once. */
import { SchemaError } from '@sluice/sdk'
import { DECIMAL_PRECISION_MAX } from './decimal.ts'
import { isNested, type LeafType, type ParquetColumn, type ParquetElement, type ParquetType } from './schema.ts'

const KINDS: ReadonlySet<string> = new Set<ParquetType['kind']>([
  'boolean',
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'string',
  'binary',
  'date',
  'time',
  'timestamp',
  'decimal',
  'struct',
  'list',
  'map',
])
/** Levels of nesting; other readers give up earlier or later. */
const DEPTH_MAX = 64

export function checkColumns(columns: readonly ParquetColumn[]): void {
  const problems: string[] = []
  if (columns.length === 0) problems.push('there are no columns')
  checkFields(columns, '', 1, problems)
  if (problems.length === 0) return
  throw new SchemaError(`The columns of a Parquet file are wrong: ${problems.join('; ')}`, {
    remedy: 'Give every column a name of its own, and decimals a precision of 1 to 38 with a scale not above it.',
  })
}

/** `outer`: the name of the struct that the fields are of, with a point behind it. */
function checkFields(fields: readonly ParquetColumn[], outer: string, depth: number, problems: string[]): void {
  const names = new Set<string>()
  for (const field of fields) {
    const name = `${outer}${field.name}`
    if (field.name === '')
      problems.push(outer === '' ? 'a column has an empty name' : `a field of "${outer}" has an empty name`)
    if (names.has(field.name)) problems.push(`"${name}" appears twice`)
    names.add(field.name)
    checkElement(field, name, depth, problems)
  }
}

function checkElement({ type, fieldId }: ParquetElement, name: string, depth: number, problems: string[]): void {
  if (fieldId !== undefined && (fieldId | 0) !== fieldId) {
    problems.push(`the field id of "${name}" is ${fieldId}, which is not a 32-bit integer`)
  }
  if (!KINDS.has(type.kind))
    problems.push(`the type of "${name}" is ${JSON.stringify(type.kind)}, which does not exist`)
  else if (!isNested(type)) checkLeaf(type, name, problems)
  else if (depth === DEPTH_MAX) problems.push(`"${name}" is nested more than ${DEPTH_MAX} levels deep`)
  else if (type.kind === 'list') checkElement(type.element, `${name}.element`, depth + 1, problems)
  else if (type.kind === 'map') {
    if (type.key.optional) problems.push(`the keys of "${name}" are optional, and a key is never null`)
    checkElement(type.key, `${name}.key`, depth + 1, problems)
    checkElement(type.value, `${name}.value`, depth + 1, problems)
  } else {
    if (type.fields.length === 0) problems.push(`the struct "${name}" has no fields`)
    checkFields(type.fields, `${name}.`, depth + 1, problems)
  }
}

function checkLeaf(type: LeafType, name: string, problems: string[]): void {
  if ((type.kind === 'time' || type.kind === 'timestamp') && type.unit !== 'ms' && type.unit !== 'us') {
    problems.push(`the unit of "${name}" is ${JSON.stringify(type.unit)}, neither ms nor us`)
  }
  if (type.kind !== 'decimal') return
  const { precision, scale } = type
  if (!Number.isInteger(precision) || precision < 1 || precision > DECIMAL_PRECISION_MAX) {
    problems.push(`the precision of "${name}" is ${precision}, not 1 to ${DECIMAL_PRECISION_MAX}`)
  } else if (!Number.isInteger(scale) || scale < 0 || scale > precision) {
    problems.push(`the scale of "${name}" is ${scale}, not 0 to its precision ${precision}`)
  }
}
