/** Rows of pages that name, for what they say, the test that shows it: a file, and a title by its beginning. */
import fs from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '../../../..')

export interface TestedRow {
  readonly cells: readonly string[]
  readonly file: string
  readonly title: string
}

/** A page below `docs/`. */
export function readPage(name: string): string {
  return fs.readFileSync(path.join(ROOT, 'docs', name), 'utf8')
}

/** The rows of the table below that heading, without its head. The title is in the column behind that of the file. */
export function rowsBelow(page: string, heading: string, fileColumn: number): TestedRow[] {
  const section = page.slice(page.indexOf(`## ${heading}`)).split('\n## ')[0]!
  const lines = section.split('\n').filter((line) => line.startsWith('| ') && !/^\| -+ /.test(line))
  return lines.slice(1).map((line) => {
    const cells = line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim())
    return { cells, file: cells[fileColumn]!.replaceAll('`', ''), title: cells[fileColumn + 1]! }
  })
}

/** What is wrong with the test that a row names; empty when it is there. */
export function problemOf({ file, title }: TestedRow): string {
  if (!fs.existsSync(path.join(ROOT, file))) return `there is no ${file}`
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8')
  if (title === '') return 'it names no title'
  const isThere = ["'", '`', '"'].some((quote) => text.includes(quote + title))
  return isThere ? '' : `${file} has no title that begins with "${title}"`
}
