import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { CsvRows } from '../../src/formats/csv.ts'
import { TextBlock } from '../../src/text-block.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', '\r', ' ', 'ü', '😀', ''), maxLength: 6 })

/** A cell as RFC 4180 writes it; quoted where it must be, or because somebody likes quotes. */
function written(cell: string, quoted: boolean): string {
  return quoted || /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
}

test('what RFC 4180 writes is read back cell by cell', () => {
  const table = fc.integer({ min: 2, max: 4 }).chain((width) =>
    fc.array(fc.array(fc.tuple(text, fc.boolean()), { minLength: width, maxLength: width }), {
      minLength: 1,
      maxLength: 8,
    }),
  )
  const property = fc.property(table, fc.constantFrom('\n', '\r\n'), fc.boolean(), (rows, lineEnd, lastLineEnds) => {
    const lines = rows.map((cells) => cells.map(([cell, quoted]) => written(cell, quoted)).join(','))
    const bytes = Buffer.from(lines.join(lineEnd) + (lastLineEnds ? lineEnd : ''))
    const columns = rows[0]!.map((_, i) => `c${i}`)
    const reader = new CsvRows({ delimiter: ',', quote: '"', rowBytesMax: 1000, columns, keyColumn: null })
    const block = new TextBlock(bytes, { final: true, available: bytes.length })
    const read: unknown[] = []
    let lineCount = 0
    while (!block.done) {
      expect(reader.read(block)).toBe('record')
      read.push(reader.value)
      lineCount += reader.lines
      block.moveTo(reader.end, block.byteAt(reader.end))
    }
    expect(read).toEqual(rows.map((cells) => Object.fromEntries(cells.map(([cell], i) => [`c${i}`, cell]))))
    expect(block.byte).toBe(bytes.length)
    expect(lineCount).toBe(bytes.toString().split('\n').length - (lastLineEnds ? 1 : 0))
  })
  fc.assert(property, { numRuns: 500 })
})

test('a row whose end is not in the block is incomplete until the block is the last, or the row too long', () => {
  const bytes = Buffer.from('1,"x\n')
  const options = { delimiter: ',', quote: '"', columns: ['a', 'b'], keyColumn: null }
  const read = (rowBytesMax: number, facts: { final: boolean; available: number }) =>
    new CsvRows({ ...options, rowBytesMax }).read(new TextBlock(bytes, facts))
  expect(read(10, { final: false, available: 10 })).toBe('incomplete')
  expect(read(10, { final: false, available: 11 })).toBe('bad')
  expect(read(10, { final: true, available: 5 })).toBe('bad')
})
