/** docs/reference/lake-features.md says of each feature whether it is there and which test shows it: that is so, and none is left out. */
import { describe, expect, test } from '@jest/globals'
import fs from 'node:fs'
import path from 'node:path'
import { problemOf, readPage, rowsBelow } from '../support/tested-rows.ts'

const ROOT = path.join(import.meta.dirname, '../../../..')
const page = readPage('reference/lake-features.md')

describe('what the lake does', () => {
  const rows = rowsBelow(page, 'What it does', 3)

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
  const rows = rowsBelow(page, 'What a table asks of its readers', 4)

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
