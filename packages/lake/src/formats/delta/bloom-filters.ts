import type { ParquetElement, ParquetColumn } from '../../parquet/index.ts'
import { physicalSchema } from './column-mapping.ts'
import { parquetColumnsOf } from './columns.ts'
import type { DeltaSchema } from './schema.ts'

/**
 * Of the columns that shall have a bloom filter those that files of that schema have, under the names that the files use; the others
 * wait for a schema that has them. Nested ones by the names that lead to them in the file (`lines.list.element.sku`). A boolean has none.
 */
export function bloomFiltersIn(schema: DeltaSchema, wanted: readonly string[]): string[] {
  if (wanted.length === 0) return []
  const asked = new Set(wanted)
  const seen = leavesOf(parquetColumnsOf(schema, ''))
  const physical = physicalSchema(schema)
  if (physical === schema) return seen.filter((path) => asked.has(path))
  const filed = leavesOf(parquetColumnsOf(physical, ''))
  return filed.filter((_, i) => asked.has(seen[i]!))
}

function leavesOf(columns: readonly ParquetColumn[]): string[] {
  return columns.flatMap((column) => leavesBelow(column.name, column))
}

function leavesBelow(path: string, { type }: ParquetElement): string[] {
  if (type.kind === 'struct') return type.fields.flatMap((field) => leavesBelow(`${path}.${field.name}`, field))
  if (type.kind === 'list') return leavesBelow(`${path}.list.element`, type.element)
  if (type.kind !== 'map') return type.kind === 'boolean' ? [] : [path]
  return [...leavesBelow(`${path}.key_value.key`, type.key), ...leavesBelow(`${path}.key_value.value`, type.value)]
}
