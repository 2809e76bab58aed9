import { describe, expect, test } from '@jest/globals'
import { linesIn } from '../../src/topics/lines.ts'
import { PLAIN_FORMATS, plainFormat } from '../../src/topics/byte-format.ts'
import { recordIn, recordLine } from '../../src/topics/record-text.ts'
import { startOf } from '../../src/topics/start.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = { key: plainFormat('text'), value: plainFormat('text') }
const place = { topic: 't', partition: 0, offset: 7, timestamp: 1000 }

describe('a record as a line of JSON', () => {
  test.each<[string, Uint8Array | null]>([
    ['text', bytes('a "b"\nü')],
    ['nothing', null],
    ['no text', Buffer.from([0xff, 0x00])],
    ['an empty text', bytes('')],
    ['what looks like bytes', bytes('{"base64":"AA=="}')],
    ['a byte order mark', bytes('\uFEFFa')],
  ])('is read back as the same bytes: %s', async (_, value) => {
    const headers = [{ key: 'h', value }]
    const line = await recordLine({ ...place, key: value, value, headers }, text)
    expect(line).toMatch(/^[^\n]*\n$/)
    const { key, value: read, headers: readHeaders } = await recordIn(line, text, {})
    for (const found of [key, read, readHeaders[0]!.value])
      expect(found && Buffer.from(found).toString('hex')).toBe(value && Buffer.from(value).toString('hex'))
  })

  test('has JSON as it was written: numbers beyond JavaScript’s, and 1.0', async () => {
    const json = '{"id": 12345678901234567890,\n "n": 1.0, "s": "a,}\\"b"}'
    const line = await recordLine(
      { ...place, key: null, value: bytes(json), headers: null },
      { ...text, value: plainFormat('json') },
    )
    const written = '{"id": 12345678901234567890, "n": 1.0, "s": "a,}\\"b"}'
    expect(line).toContain(`"value":${written},`)
    expect(Buffer.from((await recordIn(line, text, {})).value!).toString()).toBe(written)
  })

  test('has what is no JSON, where JSON is said to be, as marked bytes', async () => {
    expect(await plainFormat('json').literal(bytes('oops'))).toBe('{"base64":"b29wcw=="}')
  })

  test.each([
    ['{"value":', 'is no JSON'],
    ['[1]', 'is no JSON object'],
    ['{"key":"k"}', 'has no value'],
    ['{"value":"v","partition":-1}', 'no whole number'],
    ['{"value":"v","headers":[{"value":"x"}]}', 'a header without a key'],
  ])('%j is refused with its line', async (line, message) => {
    await expect(recordIn(line, text, { line: 3 })).rejects.toThrow(message)
    await expect(recordIn(line, text, { line: 3 })).rejects.toThrow('(line=3)')
  })

  test('may say little, and headers as an object', async () => {
    expect(await recordIn('{"value":"v","headers":{"a":"1"},"timestamp":5}', text, {})).toMatchObject({
      key: undefined,
      partition: undefined,
      timestamp: 5,
      headers: [{ key: 'a', value: Buffer.from('1') }],
    })
  })
})

test('bytes are shown to people without what a terminal would obey', async () => {
  const [shown, hex] = [plainFormat('text'), plainFormat('hex')]
  expect(await shown.shown(bytes('a\tb\u001B[2J\n'))).toBe(String.raw`a` + '\t' + String.raw`b\u001b[2J\u000a`)
  expect(await shown.shown(Buffer.from([0xff]))).toBe('(base64) /w==')
  expect(await hex.shown(Buffer.from([0xff]))).toBe('ff')
  expect(await shown.shown(null)).toBe('(null)')
})

describe.each(PLAIN_FORMATS)('%s', (name) => {
  const format = plainFormat(name)
  const given = name === 'json' ? [bytes('{"a":1.0}'), bytes('"text"')] : [bytes('ä'), Buffer.from([0xff, 0])]

  test('reads back what it writes for programs', async () => {
    for (const each of [...given, null]) expect(await format.ofJson(await format.literal(each))).toEqual(each)
  })

  test('takes marked bytes, as what is in no other way to be written', async () => {
    expect(await format.ofJson('{"base64":"/wA="}')).toEqual(Buffer.from([0xff, 0]))
  })
})

test.each([
  ['json', 'oops', 'is no JSON'],
  ['hex', 'abc', 'is no hex'],
  ['base64', 'a', 'is no base64'],
] as const)('as %s %j is refused', async (name, given, reason) => {
  await expect(plainFormat(name).ofText(given)).rejects.toThrow(reason)
})

test('half of a surrogate pair is refused, and not replaced', async () => {
  await expect(plainFormat('text').ofJson(String.raw`"\ud800"`)).rejects.toThrow('surrogate')
  await expect(recordIn(String.raw`{"value":"\ud800"}`, text, { line: 2 })).rejects.toThrow('(line=2)')
})

test('a line that is no UTF-8 is told, and not altered', async () => {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    yield Buffer.from([0x61, 0x0a, 0xff, 0x0a])
  }
  const lines = linesIn(chunks())
  expect((await lines.next()).value).toBe('a')
  await expect(lines.next()).rejects.toThrow('is no UTF-8 (line=2)')
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
