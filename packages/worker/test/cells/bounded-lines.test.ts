import { expect, test } from '@jest/globals'
import { PassThrough } from 'node:stream'
import { readLines } from '../../src/cells/bounded-lines.ts'

const limits = { charsMax: 10, linesPerSecondMax: 5 }
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

function open(): { readonly from: PassThrough; readonly lines: string[] } {
  const from = new PassThrough()
  const lines: string[] = []
  readLines(from, limits, (line) => lines.push(line))
  return { from, lines }
}

test('lines come whole, however their bytes come, and the last one without its end', async () => {
  const { from, lines } = open()
  for (const byte of Buffer.from('eins\r\nzwölf\n\ndrei')) from.write(Buffer.of(byte))
  from.end()
  await settle()
  expect(lines).toEqual(['eins', 'zwölf', '', 'drei'])
})

test('what is too long of a line is left out, and the next one is whole', async () => {
  const { from, lines } = open()
  for (let n = 0; n < 1000; n++) from.write('x'.repeat(1000))
  from.write('\nnext\n')
  await settle()
  expect(lines).toEqual(['x'.repeat(10), 'next'])
})

test('whoever writes too many lines waits', async () => {
  const { from, lines } = open()
  from.write('a\n'.repeat(6))
  await settle()
  from.write('b\n')
  await settle()
  expect(lines).toEqual(Array.from({ length: 6 }, () => 'a'))
  expect(from.isPaused()).toBe(true)
})
