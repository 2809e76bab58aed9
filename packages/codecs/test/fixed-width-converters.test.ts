/** Numbers, booleans and bytes keep their value; bytes of the wrong size are refused. */
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive } from '@sluice/sdk'
import type { Value } from '@sluice/sdk'
import { converterByName, converters } from '@sluice/codecs'

function roundTrip(name: string, value: Value): Value {
  const converter = converterByName(name)!.create({}, 'value')
  return converter.decode('t', converter.encoder('t', null)(value)).value
}

describe('fixed-width converters', () => {
  test.each<[string, Value]>([
    ['ShortConverter', -32_768],
    ['IntegerConverter', 2 ** 31 - 1],
    ['LongConverter', 9_007_199_254_740_991],
    ['LongConverter', -9_007_199_254_740_991],
    ['LongConverter', -1],
    ['LongConverter', 2 ** 32],
    ['LongConverter', -(2 ** 32) - 1],
    ['LongConverter', 2n ** 53n],
    ['LongConverter', -(2n ** 53n)],
    ['LongConverter', -9_223_372_036_854_775_808n],
    ['FloatConverter', 1.5],
    ['DoubleConverter', 0.1],
    ['BooleanConverter', true],
    ['BooleanConverter', false],
    ['ByteArrayConverter', Buffer.from('x')],
    ['LongConverter', null],
    ['BooleanConverter', null],
  ])('%s keeps %p', (name, value) => expect(roundTrip(name, value)).toEqual(value))

  test('numbers of another type become what Java makes of them', () => {
    expect(roundTrip('ShortConverter', 70_000)).toBe(4464)
    expect(roundTrip('IntegerConverter', 1e20)).toBe(2 ** 31 - 1)
    expect(roundTrip('IntegerConverter', -1.9)).toBe(-1)
    expect(roundTrip('LongConverter', Number.NaN)).toBe(0)
  })

  test.each(['ShortConverter', 'LongConverter', 'DoubleConverter', 'BooleanConverter'])(
    '%s refuses three bytes',
    (name) => expect(() => converterByName(name)!.create({}, 'key').decode('t', new Uint8Array(3))).toThrow(DataError),
  )

  test('a boolean is 0 or 1, and nothing else', () =>
    expect(() => converterByName('boolean')!.create({}, 'key').decode('t', Uint8Array.of(2))).toThrow(
      'Failed to deserialize boolean: ',
    ))

  test('values of another kind are refused', () => {
    for (const name of ['ShortConverter', 'BooleanConverter', 'ByteArrayConverter'])
      expect(() => converterByName(name)!.create({}, 'key').encoder('t', null)('x')).toThrow(DataError)
    expect(() => converterByName('bytes')!.create({}, 'key').encoder('t', primitive('string'))('x')).toThrow('STRING')
  })
})

describe('names', () => {
  test('of converters are found: ours, the Java class, its simple name', () => {
    for (const plugin of converters)
      for (const name of [plugin.name, ...plugin.aliases]) expect(converterByName(name)).toBe(plugin)
    expect(converterByName('nope')).toBeUndefined()
  })

  test('are each given once', () => {
    const names = converters.flatMap((plugin) => [plugin.name, ...plugin.aliases])
    expect(new Set(names).size).toBe(names.length)
  })
})
