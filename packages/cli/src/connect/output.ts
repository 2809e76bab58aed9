/** What commands print: a table for people, JSON and YAML for programs, names for pipes. */
import type { Options, Terminal, Values } from '../command-line/declaration.ts'
import { jsonPathText } from './json-path.ts'

const JSON_PATH = 'jsonpath='

export const outputOptions = {
  output: {
    type: 'text',
    short: 'o',
    value: 'FORMAT',
    choices: ['table', 'wide', 'json', 'yaml', 'name'],
    otherwise: JSON_PATH,
    default: 'table',
    documentation:
      'How it is shown; wide: with more columns; name: names alone; jsonpath={.name}: parts of what json shows',
  },
  'no-headers': { type: 'flag', documentation: 'A table without its headings' },
} as const satisfies Options

export type OutputValues = Values<typeof outputOptions>

export interface Column<R> {
  readonly heading: string
  /** Only in wide tables. */
  readonly isWide?: true
  of(row: R): string | number | null | undefined
}

export interface Listing<R> {
  readonly rows: readonly R[]
  readonly columns: readonly Column<R>[]
  name(row: R): string
  /** For JSON and YAML. */
  readonly document: unknown
}

/** What JSON and YAML, and names, are of a listing; a table is of its rows. */
export async function print<R>(listing: Listing<R>, values: OutputValues, terminal: Terminal): Promise<void> {
  const { output } = values
  if (output === 'json' || output === 'yaml') return terminal.out(await documentText(listing.document, output))
  if (output.startsWith(JSON_PATH)) return terminal.out(jsonPathText(output.slice(JSON_PATH.length), listing.document))
  if (output === 'name') return terminal.out(listing.rows.map((row) => `${plain(listing.name(row))}\n`).join(''))
  terminal.out(tableText(listing, { isWide: output === 'wide', hasHeadings: !values['no-headers'] }))
}

/** Whether what is shown is the document, as a whole or in parts. */
export function isDocument(output: string): boolean {
  return output === 'json' || output === 'yaml' || output.startsWith(JSON_PATH)
}

export async function documentText(document: unknown, format: 'json' | 'yaml'): Promise<string> {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`
  const { stringify } = await import('yaml')
  return stringify(document, { lineWidth: 0 })
}

export function tableText<R>(
  { rows, columns }: Pick<Listing<R>, 'rows' | 'columns'>,
  { isWide, hasHeadings }: { readonly isWide: boolean; readonly hasHeadings: boolean },
): string {
  const shown = columns.filter((column) => isWide || column.isWide !== true)
  const lines = rows.map((row) => shown.map((column) => plain(String(column.of(row) ?? '-')) || '-'))
  if (hasHeadings && lines.length > 0) lines.unshift(shown.map(({ heading }) => heading))
  const widths = shown.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)))
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}

/** Without what a terminal would obey: names and traces are written by others. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}
