/** Names for the columns of a table, made from the headings of a file. */
import { primitive, structOf, type StructSchema } from '@sluice/sdk'
import { schemaContentOf } from '@sluice/streams'

/** A heading of the file and the column it becomes. */
export interface Column {
  readonly heading: string
  readonly name: string
}

/**
 * Names that every table format and SQL engine takes without quotes: lower case, words joined by underscores, nothing but ASCII letters
 * and digits. Accents are taken off; a heading of other signs only becomes `column_<number>`; a name that occurs again gets `_2`.
 */
export function columnsOf(headings: readonly string[]): readonly Column[] {
  const taken = new Set<string>()
  return headings.map((heading, i) => {
    const words = heading
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '_')
      .replace(/^_+|_+$/g, '')
    const base = words === '' ? `column_${i + 1}` : /^[0-9]/.test(words) ? `_${words}` : words
    let name = base
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`
    taken.add(name)
    return { heading, name }
  })
}

/** The same as text, for `schema.content` of the JsonConverter that reads the clean topic. */
export function rowSchemaJsonOf(columns: readonly Column[], name: string): string {
  return schemaContentOf(rowSchemaOf(columns, name))
}

/** A row of texts, each of which may be null: what a CSV file says, and no more. */
export function rowSchemaOf(columns: readonly Column[], name: string): StructSchema {
  const text = primitive('string', { optional: true })
  return structOf(
    columns.map((column) => [column.name, text]),
    { name, version: 1 },
  )
}
