import { describe, expect, test } from '@jest/globals'
import { Serdes } from '../src/index.ts'

const encode = (serde: typeof Serdes.long, value: unknown): Uint8Array | null =>
  serde.converter.encoder('topic', serde.schema)(value as number)
const decode = (serde: typeof Serdes.long, bytes: Uint8Array | null): unknown =>
  serde.converter.decode('topic', bytes, []).value

describe.each([
  ['long', Serdes.long, 2 ** 63],
  ['integer', Serdes.integer, 2 ** 31],
] as const)('%s', (_name, serde, limit) => {
  test.each([0, 1, -1, 2 ** 31 - 1, -limit])('keeps %d', (value) => {
    expect(Number(decode(serde, encode(serde, value)))).toBe(value)
  })

  test.each([0.5, 19.99, Number.NaN, Number.POSITIVE_INFINITY, limit, -limit * 2])(
    'refuses %d, which would become another number',
    (value) => {
      const refused = { code: 'DATA_INVALID', remedy: expect.stringContaining('Serdes.double') as unknown }
      expect(() => encode(serde, value)).toThrow(expect.objectContaining(refused))
    },
  )

  test('writes no value as no bytes', () => expect(decode(serde, null)).toBeNull())
})

test('a long beyond what a number can tell is written as it was read', () => {
  const snowflake = new Uint8Array(Buffer.from('7fffffffffffff01', 'hex'))
  expect(encode(Serdes.long, decode(Serdes.long, snowflake))).toEqual(snowflake)
})

test('what is no bytes and has no serde says what is missing', () => {
  const encodeBytes = (value: unknown): Uint8Array | null =>
    Serdes.bytes.converter.encoder('out', null)(value as Uint8Array)
  const refused = {
    code: 'DATA_INVALID',
    message: expect.stringContaining('A string was to be written to out') as unknown,
  }
  expect(() => encodeBytes('text')).toThrow(expect.objectContaining(refused))
  expect([encodeBytes(null), encodeBytes(Buffer.from('b'))]).toEqual([null, Buffer.from('b')])
})
