import { describe, expect, test } from '@jest/globals'
import { linesIn } from '../../src/topics/lines.ts'
import { literalOf, recordIn, recordLine, shownText } from '../../src/topics/record-text.ts'
import { startOf } from '../../src/topics/start.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const place = { topic: 't', partition: 0, offset: 7, timestamp: 1000 }

describe('a record as a line of JSON', () => {
  test.each<[string, Uint8Array | null]>([
    ['text', bytes('a "b"\nü')],
    ['nothing', null],
    ['no text', Buffer.from([0xff, 0x00])],
    ['an empty text', bytes('')],
    ['what looks like bytes', bytes('{"base64":"AA=="}')],
    ['a byte order mark', bytes('\uFEFFa')],
  ])('is read back as the same bytes: %s', (_, value) => {
    const headers = [{ key: 'h', value }]
    const line = recordLine({ ...place, key: value, value, headers }, { key: 'text', value: 'text' })
    expect(line).toMatch(/^[^\n]*\n$/)
    const { key, value: read, headers: readHeaders } = recordIn(line, {})
    for (const found of [key, read, readHeaders[0]!.value])
      expect(found && Buffer.from(found).toString('hex')).toBe(value && Buffer.from(value).toString('hex'))
  })

  test('has JSON as it was written: numbers beyond JavaScript’s, and 1.0', () => {
    const json = '{"id": 12345678901234567890,\n "n": 1.0, "s": "a,}\\"b"}'
    const line = recordLine({ ...place, key: null, value: bytes(json), headers: null }, { key: 'text', value: 'json' })
    const written = '{"id": 12345678901234567890, "n": 1.0, "s": "a,}\\"b"}'
    expect(line).toContain(`"value":${written},`)
    expect(Buffer.from(recordIn(line, {}).value!).toString()).toBe(written)
  })

  test('has what is no JSON, where JSON is said to be, as marked bytes', () => {
    expect(literalOf(bytes('oops'), 'json')).toBe('{"base64":"b29wcw=="}')
  })

  test.each([
    ['{"value":', 'is no JSON'],
    ['[1]', 'is no JSON object'],
    ['{"key":"k"}', 'has no value'],
    ['{"value":"v","partition":-1}', 'no whole number'],
    ['{"value":"v","headers":[{"value":"x"}]}', 'a header without a key'],
  ])('%j is refused with its line', (line, message) => {
    expect(() => recordIn(line, { line: 3 })).toThrow(message)
    expect(() => recordIn(line, { line: 3 })).toThrow('(line=3)')
  })

  test('may say little, and headers as an object', () => {
    expect(recordIn('{"value":"v","headers":{"a":"1"},"timestamp":5}', {})).toMatchObject({
      key: undefined,
      partition: undefined,
      timestamp: 5,
      headers: [{ key: 'a', value: Buffer.from('1') }],
    })
  })
})

test('bytes are shown to people without what a terminal would obey', () => {
  expect(shownText(bytes('a\tb\u001B[2J\n'), 'text')).toBe(String.raw`a` + '\t' + String.raw`b\u001b[2J\u000a`)
  expect(shownText(Buffer.from([0xff]), 'text')).toBe('(base64) /w==')
  expect(shownText(Buffer.from([0xff]), 'hex')).toBe('ff')
  expect(shownText(null, 'text')).toBe('(null)')
})

test('lines are found wherever chunks are cut', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    const all = Buffer.from('eins\r\nzwü\n\nlast')
    for (let i = 0; i < all.length; i += 2) yield all.subarray(i, i + 2)
  }
  const lines: string[] = []
  for await (const line of linesIn(chunks())) lines.push(line)
  expect(lines).toEqual(['eins', 'zwü', '', 'last'])
})

test.each([
  ['beginning', 'beginning'],
  ['end', 'end'],
  ['12', { offset: 12 }],
  ['-10m', { timestamp: 400_000 }],
  ['1970-01-01T00:00:01Z', { timestamp: 1000 }],
])('--from %s is understood', (text, start) => {
  expect(startOf(text, 1_000_000)).toEqual(start)
})

test.each(['', 'start', '-', '1.5', '-5x', '2026-13-99'])('--from %j is wrong usage', (text) => {
  expect(() => startOf(text, 0)).toThrow('which is no place in a topic')
})
