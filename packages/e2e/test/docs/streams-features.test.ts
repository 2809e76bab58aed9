/** docs/reference/streams-features.md says of each feature whether it is there and which test shows it: that is so, and none is left out. */
import { describe, expect, test } from '@jest/globals'
import { problemOf, readPage, rowsBelow } from '../support/tested-rows.ts'

const page = readPage('reference/streams-features.md')

describe('what processors do', () => {
  const rows = rowsBelow(page, 'What it does', 3)

  test('every feature is there once', () => {
    expect(rows.map(({ cells }) => cells[0])).toEqual(Array.from({ length: 70 }, (_, i) => String(i + 1)))
  })

  test.each(rows.map((row) => [row.cells[1]!, row] as const))('%s', (_, row) => {
    const [, , state = '', , , remark] = row.cells
    expect(['yes', 'partly', 'no']).toContain(state)
    if (state !== 'yes') expect(remark).not.toBe('')
    if (state === 'no') expect(row.file).toBe('')
    else expect(problemOf(row)).toBe('')
  })
})
