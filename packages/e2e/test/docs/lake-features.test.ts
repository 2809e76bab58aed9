/** docs/reference/lake-features.md says of each feature whether it is there and which test shows it: that is so, and none is left out. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'

const ROOT = path.join(import.meta.dirname, '../../../..')
const page = fs.readFileSync(path.join(ROOT, 'docs/reference/lake-features.md'), 'utf8')

interface Row {
  readonly cells: readonly string[]
  readonly file: string
  readonly title: string
}

/** The rows of the table below that heading, without its head. */
function rowsBelow(heading: string, fileColumn: number): Row[] {
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
function problemOf({ file, title }: Row): string {
  const text = fs.readFileSync(path.join(ROOT, file), 'utf8')
  if (title === '') return 'it names no title'
  const isThere = ["'", '`', '"'].some((quote) => text.includes(quote + title))
  return isThere ? '' : `${file} has no title that begins with "${title}"`
}

describe('what the lake does', () => {
  const rows = rowsBelow('What it does', 3)

  test('every feature is there once', () => {
    expect(rows.map(({ cells }) => cells[0])).toEqual(Array.from({ length: 48 }, (_, i) => String(i + 1)))
  })

  test.each(rows.map((row) => [row.cells[1]!, row] as const))('%s', (_, row) => {
    const [, , state = '', , , remark] = row.cells
    expect(['yes', 'partly', 'no']).toContain(state)
    if (state !== 'yes') expect(remark).not.toBe('')
    if (state === 'no') expect(row.file).toBe('')
    else expect(problemOf(row)).toBe('')
  })
})

describe('what a table asks of its readers', () => {
  const rows = rowsBelow('What a table asks of its readers', 4)

  test.each(rows.map((row) => [row.cells[0]!, row] as const))('%s', (_, row) => {
    expect(problemOf(row)).toBe('')
  })

  test('is said of every feature that the writer takes', () => {
    const source = fs.readFileSync(path.join(ROOT, 'packages/lake/src/formats/delta/protocol.ts'), 'utf8')
    const known = [...source.matchAll(/^ {2}\[\s*'(\w+)',/gm)].map(([, name]) => name!)
    expect(known.length).toBeGreaterThan(8)
    const told = rows.map(({ cells }) => cells[0]).join()
    expect(known.filter((name) => !told.includes(`\`${name}\``))).toEqual([])
  })
})
