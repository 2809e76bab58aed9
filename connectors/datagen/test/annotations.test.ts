import { describe, expect, test } from '@jest/globals'
import { datagenSource } from '@sluice/connector-datagen'
import { datagen, oneField, recordsOf, valuesOf } from './datagen-runs.ts'

type Notes = Readonly<Record<string, unknown>>
const of = (type: string, notes: Notes, more: Notes = {}): unknown => ({ type, ...more, 'arg.properties': notes })

/** Lists of lists of numbers. */
function lists(depth: number, length: unknown): unknown {
  return depth === 0 ? 'int' : { type: 'array', items: lists(depth - 1, length), 'arg.properties': { length } }
}

/** What validation says of the schema. */
function problems(schema: string, more: Readonly<Record<string, string>> = {}): string {
  const found = datagenSource.settings.problems(datagen({ 'schema.string': schema, ...more }))
  return found.map(({ setting, message }) => `${setting}: ${message}`).join('\n')
}

describe('numbers', () => {
  test.each([
    ['int', { min: -5, max: 5 }],
    ['long', { min: -(2 ** 40), max: 2 ** 40 }],
    ['long', { min: -(2 ** 60), max: 2 ** 60 }],
    ['float', { min: 2, max: 4 }],
    ['double', { min: -0.5, max: 0.25 }],
  ])('%s of a range are from its begin to below its end', async (type, range) => {
    const values = (await valuesOf(of(type, { range }))) as readonly (number | bigint)[]
    for (const value of values) expect(value >= range.min && value < range.max).toBe(true)
    const spread = Number(values.reduce((a, b) => (a > b ? a : b))) - Number(values.reduce((a, b) => (a < b ? a : b)))
    expect(spread).toBeGreaterThan((range.max - range.min) * 0.85)
  })

  test('of 64 bits are numbers where they are safe, and bigints elsewhere', async () => {
    const values = await valuesOf('long')
    for (const value of values) expect(typeof value).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint')
    expect(values.some((value) => typeof value === 'bigint' && value < 0n)).toBe(true)
  })

  test.each([
    ['int', { start: 0 }, [0, 1, 2, 3, 4, 5]],
    ['long', { start: 10, step: 10 }, [10, 20, 30, 40, 50, 60]],
    ['int', { start: 0, restart: 3 }, [0, 1, 2, 0, 1, 2]],
    ['int', { start: 5, restart: 0, step: -2 }, [5, 3, 1, 4, 2, 5]],
    ['int', { start: 0, restart: 4, initial: 2 }, [2, 3, 0, 1, 2, 3]],
    [
      'int',
      { start: 2_147_483_646 },
      [2_147_483_646, 2_147_483_647, 2_147_483_646, 2_147_483_647, 2_147_483_646, 2_147_483_647],
    ],
    ['double', { start: 0.5, step: 0.25, restart: 1.25 }, [0.5, 0.75, 1, 0.5, 0.75, 1]],
  ])('%s iterate: %j', async (type, iteration, expected) => {
    expect(await valuesOf(of(type, { iteration }), 6)).toEqual(expected)
  })

  test('of 64 bits iterate beyond 2^53 without loss', async () => {
    const values = await valuesOf(of('long', { iteration: { start: 0, step: 2 ** 52 + 1 } }), 5)
    expect(values.map((value) => BigInt(value as number | bigint))).toEqual(
      Array.from({ length: 5 }, (_, n) => BigInt(n) * (2n ** 52n + 1n)),
    )
  })

  test('decimals have the digits of their scale', async () => {
    const type = of('bytes', { range: { min: -2, max: 2 } }, { logicalType: 'decimal', precision: 6, scale: 2 })
    const values = (await valuesOf(type)) as readonly string[]
    for (const value of values) expect(value).toMatch(/^-?[01]\.\d\d$|^-2\.00$/)
    expect(values.some((value) => value.startsWith('-0.'))).toBe(true)
  })

  test('times of day stay within a day', async () => {
    const values = (await valuesOf({ type: 'int', logicalType: 'time-millis' })) as readonly number[]
    for (const value of values) expect(value >= 0 && value < 86_400_000).toBe(true)
  })
})

describe('other types', () => {
  test('booleans are as likely true as odds say, or alternate', async () => {
    const isTrue = (await valuesOf(of('boolean', { odds: 0.1 }), 1000)).filter((value) => value === true).length
    expect(Math.abs(isTrue - 100)).toBeLessThan(50)
    expect(await valuesOf(of('boolean', { iteration: { start: false } }), 4)).toEqual([false, true, false, true])
  })

  test('texts have a length, a begin and an end', async () => {
    const values = (await valuesOf(
      of('string', { length: { min: 2, max: 5 }, prefix: '<', suffix: '>' }),
    )) as readonly string[]
    for (const value of values) expect(value).toMatch(/^<[A-Za-z0-9]{2,4}>$/)
    for (const value of (await valuesOf('string')) as readonly string[]) expect(value).toMatch(/^[A-Za-z0-9]{8,15}$/)
  })

  test('a length beside a regex chooses among its texts', async () => {
    const atLeast = (await valuesOf(of('string', { regex: '[a-z]*', length: 10 }))) as readonly string[]
    for (const value of atLeast) expect(value.length).toBeGreaterThanOrEqual(10)
    const within = (await valuesOf(of('string', { regex: '[a-z]*', length: { min: 5, max: 8 } }))) as readonly string[]
    for (const value of within) expect(value).toMatch(/^[a-z]{5,7}$/)
  })

  test('options are all there is, of any type', async () => {
    const cases: readonly (readonly [unknown, readonly unknown[]])[] = [
      [of('string', { options: ['a', 'b'] }), ['a', 'b']],
      [of('int', { options: [1, 2] }), [1, 2]],
      [{ type: 'array', items: 'int', 'arg.properties': { options: [[1], [2, 3]] } }, [[1], [2, 3]]],
      [{ type: 'enum', name: 'E', symbols: ['X', 'Y', 'Z'], 'arg.properties': { options: ['X', 'Z'] } }, ['X', 'Z']],
      [
        {
          type: 'record',
          name: 'R',
          fields: [{ name: 'n', type: 'int' }],
          'arg.properties': { options: [{ n: 1 }, { n: 2 }] },
        },
        [{ n: 1 }, { n: 2 }],
      ],
      [{ type: 'bytes', 'arg.properties': { options: ['\u0001\u00ff'] } }, [Buffer.from([1, 255])]],
    ]
    for (const [type, expected] of cases)
      for (const value of await valuesOf(type, 50)) expect(expected).toContainEqual(value)
  })

  test('lists and maps have a length; keys of maps annotations of their own', async () => {
    const lists = (await valuesOf({
      type: 'array',
      items: 'int',
      'arg.properties': { length: { min: 0, max: 3 } },
    })) as readonly number[][]
    expect(new Set(lists.map(({ length }) => length))).toEqual(new Set([0, 1, 2]))
    const type = { type: 'map', values: 'int', 'arg.properties': { length: 2, keys: { regex: 'k[0-9]{9}' } } }
    for (const map of (await valuesOf(type)) as readonly Map<string, number>[]) {
      expect(map.size).toBe(2)
      for (const key of map.keys()) expect(key).toMatch(/^k\d{9}$/)
    }
  })

  test('unions take one of their types, as likely as is said', async () => {
    const optional = await valuesOf(['null', 'int'], 400)
    expect(optional.filter((value) => value === null).length).toBeGreaterThan(100)
    const rare = await valuesOf(['null', 'int'], 1000, { 'arg.properties': { distribution: { 0: 0.1, 1: 0.9 } } })
    expect(Math.abs(rare.filter((value) => value === null).length - 100)).toBeLessThan(50)
    const never = await valuesOf(['null', 'int'], 100, { 'arg.properties': { position: 1 } })
    expect(never).not.toContain(null)
    const several = await valuesOf(['null', 'int', of('string', { options: ['a'] })], 100)
    expect(several).toContainEqual({ int: null, string: 'a' })
    expect(several).toContain(null)
  })

  test('without schemas maps are objects', async () => {
    const schema = oneField({ type: 'map', values: 'int', 'arg.properties': { length: 1 } })
    const [record] = await recordsOf({ 'schema.string': schema, iterations: '1', 'schemas.enable': 'false' })
    expect(record!.valueSchema).toBeNull()
    expect(Object.keys((record!.value as { readonly f: object }).f)).toHaveLength(1)
  })
})

describe('a schema that no records can be made of is refused, saying where and why', () => {
  test.each([
    ['{', 'is no JSON'],
    ['"int"', 'has to be a record'],
    [oneField(of('int', { ranges: {} })), 'Write range.'],
    [oneField(of('int', { range: { min: 5, max: 5 } })), 'range of the field f of Row'],
    [oneField(of('int', { range: { min: 0, max: 2 ** 40 } })), 'The range of the field f of Row holds nothing'],
    [oneField(of('int', { iteration: { start: 1, restart: 1 } })), 'iteration of the field f of Row'],
    [oneField(of('int', { iteration: { start: 5, restart: 1, step: 1 } })), 'iteration of the field f of Row'],
    [oneField(of('int', { options: ['a'] })), 'The option "a" of the field f of Row is no int32'],
    [oneField(of('int', { options: { file: 'x.json', encoding: 'json' } })), 'options of the field f of Row'],
    [oneField(of('boolean', { odds: 2 })), 'odds of the field f of Row'],
    [oneField(of('string', { length: -1 })), 'length of the field f of Row'],
    [oneField(of('string', { length: 1e9 })), 'length of the field f of Row'],
    [oneField(of('string', { regex: 'a{2}', length: 5 })), 'has the length that is wanted'],
    [oneField(of('string', { regex: '(a' })), 'a ( that nothing closes'],
    [oneField(of('string', { regex: '(?=a)b' })), 'a group that begins with (?'],
    [oneField(['null', 'int'], { 'arg.properties': { position: 2 } }), 'position of the field f of Row'],
    [oneField({ type: 'array', items: of('string', { regex: '[' }) }), 'nothing closes'],
    [
      oneField({ type: 'record', name: 'Own', fields: [{ name: 'next', type: ['null', 'Own'] }] }),
      'itself among its fields',
    ],
    [oneField(lists(3, { min: 0, max: 1000 })), 'characters, bytes or items in'],
    [
      oneField({ type: 'array', items: of('string', { length: 90_000 }), 'arg.properties': { length: 1000 } }),
      'characters, bytes or items in',
    ],
  ])('%s', (schema, words) => {
    expect(problems(schema)).toContain('schema.string: ')
    expect(problems(schema)).toContain(words)
  })

  test('so are a key that is no field, no schema at all, and two of them', () => {
    expect(problems(oneField('int'), { 'schema.keyfield': 'g' })).toContain('has no field g')
    expect(problems('')).toContain('Either quickstart or schema.string')
    expect(problems(oneField('int'), { quickstart: 'users' })).toContain('Either quickstart or schema.string')
  })

  test('change events want a key that can be counted', () => {
    expect(problems(oneField('int'), { 'change.events': 'true' })).toContain('schema.keyfield')
    expect(problems(oneField('double'), { 'change.events': 'true', 'schema.keyfield': 'f' })).toContain(
      'int, long or string',
    )
    expect(problems(oneField('long'), { 'change.events': 'true', 'schema.keyfield': 'f' })).toBe('')
  })
})
