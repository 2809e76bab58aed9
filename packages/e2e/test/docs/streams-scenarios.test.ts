/** docs/reference/streams-scenarios.md has each scenario of Kafka Streams' tests, with the test that tries it or the reason why none does. */
import { describe, expect, test } from '@jest/globals'
import { problemOf, readPage, rowsBelow, type TestedRow } from '../support/tested-rows.ts'

const INTEGRATION = 55
const ALL = 63

const page = readPage('reference/streams-scenarios.md')
const rows = ['Integration tests', 'System tests'].map((heading) => rowsBelow(page, heading, 2))

test('every scenario is there, in order', () => {
  const numbers = rows.map((section) => [...new Set(section.map(({ cells }) => Number(cells[0])))])
  expect(numbers).toEqual([numbersFrom(1, INTEGRATION), numbersFrom(INTEGRATION + 1, ALL)])
})

describe('each has a test that is there, or a reason', () => {
  test.each(rows.flat().map((row) => [`${row.cells[0]!}, ${row.cells[1]!}`, row] as const))('%s', (_, row) => {
    if (row.file === '') expect(row.title).toMatch(/\w+ \w+ \w+/)
    else expect(problemOf(named(row))).toBe('')
  })
})

/** Files are below packages/streams, unless they name another package. */
function named(row: TestedRow): TestedRow {
  return row.file.startsWith('packages/') ? row : { ...row, file: `packages/streams/${row.file}` }
}

function numbersFrom(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
