import { expect, test } from '@jest/globals'
import { plain, tableText } from '../../src/connect/output.ts'

const columns = [
  { heading: 'NAME', of: ({ name }: { name: string }) => name },
  { heading: 'SIZE', isWide: true, of: () => undefined },
] as const

test('a table has its columns below their headings, and - for what is not known', () => {
  const rows = [{ name: 'a' }, { name: 'longer' }]
  expect(tableText({ rows, columns }, { isWide: true, hasHeadings: true })).toBe('NAME    SIZE\na       -\nlonger  -\n')
  expect(tableText({ rows, columns }, { isWide: false, hasHeadings: false })).toBe('a\nlonger\n')
  expect(tableText({ rows: [], columns }, { isWide: false, hasHeadings: true })).toBe('')
})

test('what a terminal would obey is not written: others choose names and traces', () => {
  expect(plain('a\u001B[31mb\r\nc\u009Bd')).toBe('a [31mb c d')
})
