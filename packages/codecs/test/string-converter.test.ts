/** Text comes out as it went in, in the charset that was asked for; what has no text is refused. */
import { describe, expect, test } from '@jest/globals'
import { date, decimal, primitive, struct, timestamp } from '@sluice/sdk'
import type { Schema, Value } from '@sluice/sdk'
import { stringConverter } from '@sluice/codecs'
import fc from 'fast-check'

function roundTrip(text: string, encoding: string): Value {
  const converter = stringConverter.create({ 'converter.encoding': encoding }, 'value')
  return converter.decode('t', converter.encoder('t', null)(text)).value
}

describe('StringConverter', () => {
  test.each(['UTF-8', 'utf8', 'UTF-16', 'UTF-16BE', 'UTF-16LE'])('keeps any text in %s', (encoding) =>
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => roundTrip(text, encoding) === text)),
  )

  test('writes a question mark for what the charset lacks, as Java does', () => {
    expect(roundTrip('aé☃😀', 'ISO-8859-1')).toBe('aé??')
    expect(roundTrip('aé☃', 'US-ASCII')).toBe('a??')
    expect(roundTrip('a\ud83d!', 'UTF-8')).toBe('a?!')
  })

  test('marks the byte order of UTF-16, and reads either', () => {
    const converter = stringConverter.create({ 'converter.encoding': 'UTF-16' }, 'value')
    expect(Buffer.from(converter.encoder('t', null)('a')!).toString('hex')).toBe('feff0061')
    expect(converter.decode('t', Buffer.from('fffe6100', 'hex')).value).toBe('a')
  })

  test('takes the charset of its own side where one is given', () => {
    const settings = { 'key.serializer.encoding': 'ISO-8859-1', 'value.serializer.encoding': 'UTF-16BE' }
    const bytes = (side: 'key' | 'value'): string =>
      Buffer.from(stringConverter.create(settings, side).encoder('t', null)('é')!).toString('hex')
    expect(bytes('key')).toBe('e9')
    expect(bytes('value')).toBe('00e9')
  })

  test('refuses a charset it does not have, when it is made', () =>
    expect(() => stringConverter.create({ 'converter.encoding': 'EBCDIC' }, 'key')).toThrow(
      'Unsupported encoding EBCDIC',
    ))

  test('hands out bytes that stay as they are', () => {
    const encoder = stringConverter.create({}, 'value').encoder('t', primitive('string'))
    const kept = Array.from({ length: 5000 }, (_, i) => [encoder(`value ${i}`)!, `value ${i}`] as const)
    expect(kept.filter(([bytes, text]) => Buffer.from(bytes).toString() !== text)).toEqual([])
  })

  test.each<[Schema | null, Value, string]>([
    [primitive('float64'), 100, '100.0'],
    [primitive('float32'), Math.fround(1.1), '1.1'],
    [decimal(2), '12.50', '12.50'],
    [date(), 19_675, 'Tue Nov 14 00:00:00 UTC 2023'],
    [timestamp(), 1_700_000_000_123, 'Tue Nov 14 22:13:20 UTC 2023'],
    [timestamp(), -62_135_596_800_000, 'Mon Jan 03 00:00:00 UTC 1'],
    [timestamp(), -62_135_769_600_001, 'Fri Dec 31 23:59:59 UTC 1'],
    [
      struct({ a: primitive('boolean'), b: primitive('string', { optional: true }) }),
      { a: true, b: null },
      'Struct{a=true}',
    ],
    [null, { a: [1, null, 1.5] }, '{a=[1, null, 1.5]}'],
    [null, 9_007_199_254_740_993n, '9007199254740993'],
  ])('writes the text that Java prints for %p', (schema, value, text) => {
    const bytes = stringConverter.create({}, 'value').encoder('t', schema)(value)
    expect(Buffer.from(bytes!).toString()).toBe(text)
  })

  test('refuses bytes, of which Java would print an address', () => {
    const encoder = stringConverter.create({}, 'value').encoder('t', null)
    expect(() => encoder(new Uint8Array(2))).toThrow('No text for a value of class [B')
  })
})
