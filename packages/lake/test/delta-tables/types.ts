/** Tables of every type that a column can be of: usual values, the ends of the ranges, nulls, and nestings. */
import { array, date, decimal, map, primitive, struct, timestamp } from '@sluice/sdk'
import type { Schema } from '@sluice/sdk'
import { KeptTable } from './kept-table.ts'
import type { LateStore } from './kept-table.ts'

export const optional = { optional: true }
export const id = primitive('int64')
export const text = primitive('string', optional)
export const wall = timestamp({ optional: true, parameters: { 'sluice.timestamp.zone': 'none' } })
export const digits = (precision: number, scale: number): Schema =>
  decimal(scale, { optional: true, parameters: { 'connect.decimal.precision': String(precision) } })

export async function everyType(store: LateStore): Promise<KeptTable> {
  const schema = struct({
    id,
    a: primitive('int8', optional),
    b: primitive('int16', optional),
    c: primitive('int32', optional),
    d: primitive('float32', optional),
    e: primitive('float64', optional),
    f: primitive('boolean', optional),
    g: text,
    h: primitive('bytes', optional),
    i: date(optional),
    j: timestamp(optional),
    k: digits(9, 2),
    l: decimal(0, optional),
    m: array(text, optional),
    n: map(primitive('string'), primitive('int32', optional), optional),
    o: struct({ x: primitive('int64'), y: array(struct({ z: text }), optional) }, optional),
  })
  const nothing = Object.fromEntries(schema.fields.map(({ name }) => [name, null]))
  const table = await KeptTable.make(store, 'every_type', schema)
  await table.write(
    [
      { id: 1, a: -128, b: 32767, c: -2147483648, d: 0.5, e: 1e300, f: true, g: 'Zürich €𝄞', h: new Uint8Array([0, 255]), i: -1, j: 1_795_860_000_123, k: '-1234567.89', l: '9'.repeat(38), m: ['a', null, ''], n: new Map([['k', 1], ['l', null]]), o: { x: 7, y: [{ z: null }, { z: 'q' }] } }, // prettier-ignore
      { id: '1', a: '-128', b: '32767', c: '-2147483648', d: '0.5', e: '1e+300', f: 'true', g: 'Zürich €𝄞', h: '00ff', i: '1969-12-31', j: '2026-11-28T10:00:00.123000+00:00', k: '-1234567.89', l: '9'.repeat(38), m: ['a', null, ''], n: { k: '1', l: null }, o: { x: '7', y: [{ z: null }, { z: 'q' }] } }, // prettier-ignore
    ],
    [{ id: 9_223_372_036_854_775_807n }, { ...nothing, id: '9223372036854775807' }],
  )
  return table
}

/** The least and the greatest of each, in a table of checkpoints after each commit, which repeat them as statistics. */
export async function extremes(store: LateStore): Promise<KeptTable> {
  const schema = struct({
    id,
    byte: primitive('int8', optional),
    short: primitive('int16', optional),
    int: primitive('int32', optional),
    long: primitive('int64', optional),
    float: primitive('float32', optional),
    double: primitive('float64', optional),
    flag: primitive('boolean', optional),
    text,
    bytes: primitive('bytes', optional),
    day: date(optional),
    at: timestamp(optional),
    d1: digits(1, 0),
    d4: digits(4, 4),
    d9: digits(9, 2),
    d10: digits(10, 3),
    d18: digits(18, 18),
    d19: digits(19, 0),
    d38: digits(38, 10),
  })
  const table = await KeptTable.make(store, 'extremes', schema, { properties: { 'delta.checkpointInterval': '1' } })
  const nines = (count: number, scale: number): string =>
    scale === count
      ? `0.${'9'.repeat(scale)}`
      : `${'9'.repeat(count - scale)}${scale === 0 ? '' : `.${'9'.repeat(scale)}`}`
  const decimals = (sign: string): Record<string, string> => ({ d1: `${sign}9`, d4: sign + nines(4, 4), d9: sign + nines(9, 2), d10: sign + nines(10, 3), d18: sign + nines(18, 18), d19: sign + nines(19, 0), d38: sign + nines(38, 10) }) // prettier-ignore
  await table.write(
    [
      { id: -9_223_372_036_854_775_808n, byte: -128, short: -32768, int: -2147483648, long: -9_223_372_036_854_775_808n, float: -3.4028234663852886e38, double: -Number.MAX_VALUE, flag: false, text: '', bytes: new Uint8Array(), day: -719_162, at: -62_135_596_800_000, ...decimals('-') }, // prettier-ignore
      { id: '-9223372036854775808', byte: '-128', short: '-32768', int: '-2147483648', long: '-9223372036854775808', float: '-3.4028234663852886e+38', double: '-1.7976931348623157e+308', flag: 'false', text: '', bytes: '', day: '0001-01-01', at: '0001-01-01T00:00:00.000000+00:00', ...decimals('-') }, // prettier-ignore
    ],
    [
      { id: 2, byte: 127, short: 32767, int: 2147483647, long: 9_223_372_036_854_775_807n, float: 3.4028234663852886e38, double: Number.MAX_VALUE, flag: true, text: '\u{10ffff}'.repeat(40), bytes: new Uint8Array([255]), day: 2_932_896, at: 253_402_300_799_999, ...decimals('') }, // prettier-ignore
      { id: '2', byte: '127', short: '32767', int: '2147483647', long: '9223372036854775807', float: '3.4028234663852886e+38', double: '1.7976931348623157e+308', flag: 'true', text: '\u{10ffff}'.repeat(40), bytes: 'ff', day: '9999-12-31', at: '9999-12-31T23:59:59.999000+00:00', ...decimals('') }, // prettier-ignore
    ],
  )
  const nothing = Object.fromEntries(schema.fields.map(({ name }) => [name, null]))
  await table.write([{ id: 3 }, { ...nothing, id: '3' }])
  // 1582-10-04 is followed by the 15th in the calendar of old, and of old Sparks.
  await table.write(
    [
      {
        id: 4,
        float: Number.NaN,
        double: Number.NEGATIVE_INFINITY,
        text: 'a\0b\n"\\',
        day: -141_428,
        at: -12_219_292_800_001,
      },
      { ...nothing, id: '4', float: 'nan', double: '-inf', text: 'a\0b\n"\\', day: '1582-10-14', at: '1582-10-14T23:59:59.999000+00:00' }, // prettier-ignore
    ],
    [
      { id: 5, float: -0, double: 5e-324, day: -141_427, at: -1 },
      { ...nothing, id: '5', float: '-0.0', double: '5e-324', day: '1582-10-15', at: '1969-12-31T23:59:59.999000+00:00' }, // prettier-ignore
    ],
  )
  return table
}

export async function nestings(store: LateStore): Promise<KeptTable> {
  const int = primitive('int32', optional)
  const key = primitive('string')
  const leaves = struct({ day: date(optional), at: timestamp(optional), price: digits(20, 2), raw: primitive('bytes', optional), ok: primitive('boolean', optional), f: primitive('float32', optional), must: primitive('int64') }, optional) // prettier-ignore
  const schema = struct({
    id,
    aa: array(array(int, optional), optional),
    am: array(map(key, int, optional), optional),
    as: array(struct({ x: int, y: array(text, optional) }, optional), optional),
    ma: map(key, array(int, optional), optional),
    ms: map(key, struct({ x: int }, optional), optional),
    mm: map(key, map(key, int, optional), optional),
    mi: map(primitive('int64'), text, optional),
    md: map(date(), digits(9, 2), optional),
    ss: struct({ s: struct({ t: struct({ u: text }, optional) }, optional) }, optional),
    leaves,
    al: array(leaves, optional),
    firm: array(primitive('int32')),
    firmMap: map(key, primitive('int64')),
  })
  const nothing = Object.fromEntries(schema.fields.map(({ name }) => [name, null]))
  const table = await KeptTable.make(store, 'nestings', schema, { properties: { 'delta.checkpointInterval': '2' } })
  const leaf = { day: 0, at: 0, price: '0.01', raw: new Uint8Array([1]), ok: false, f: 1.5, must: 1 }
  const leafSaid = { day: '1970-01-01', at: '1970-01-01T00:00:00.000000+00:00', price: '0.01', raw: '01', ok: 'false', f: '1.5', must: '1' } // prettier-ignore
  const bare = { day: null, at: null, price: null, raw: null, ok: null, f: null, must: 2 }
  await table.write(
    [
      { id: 1, aa: [[1, null], null, []], am: [new Map([['k', 1]]), null, new Map()], as: [{ x: 1, y: ['q', null] }, null, { x: null, y: null }], ma: new Map([['k', [1, null]], ['n', null]]), ms: new Map([['k', { x: 1 }], ['n', null]]), mm: new Map([['k', new Map([['l', 2], ['n', null]])], ['n', null]]), mi: new Map([[-5n, 'v']]), md: new Map([[20_785, '12.50']]), ss: { s: { t: { u: 'u' } } }, leaves: leaf, al: [leaf, null, bare], firm: [1, 2], firmMap: new Map([['k', 1n]]) }, // prettier-ignore
      { id: '1', aa: [['1', null], null, []], am: [{ k: '1' }, null, []], as: [{ x: '1', y: ['q', null] }, null, { x: null, y: null }], ma: { k: ['1', null], n: null }, ms: { k: { x: '1' }, n: null }, mm: { k: { l: '2', n: null }, n: null }, mi: { '-5': 'v' }, md: { '2026-11-28': '12.50' }, ss: { s: { t: { u: 'u' } } }, leaves: leafSaid, al: [leafSaid, null, { ...bare, must: '2' }], firm: ['1', '2'], firmMap: { k: '1' } }, // prettier-ignore
    ],
    [
      { id: 2, firm: [], firmMap: new Map() },
      // An empty map and an empty list look alike in Arrow.
      { ...nothing, id: '2', firm: [], firmMap: [] },
    ],
  )
  await table.write(
    [
      { id: 3, aa: [], am: [], as: [], ma: new Map(), ms: new Map(), mm: new Map(), mi: new Map(), md: new Map(), ss: { s: null }, leaves: bare, al: [], firm: [], firmMap: new Map() }, // prettier-ignore
      { id: '3', aa: [], am: [], as: [], ma: [], ms: [], mm: [], mi: [], md: [], ss: { s: null }, leaves: { ...bare, must: '2' }, al: [], firm: [], firmMap: [] }, // prettier-ignore
    ],
    [
      { id: 4, ss: { s: { t: null } }, firm: [], firmMap: new Map() },
      { ...nothing, id: '4', ss: { s: { t: null } }, firm: [], firmMap: [] },
    ],
  )
  return table
}

export async function wallClock(store: LateStore): Promise<KeptTable> {
  const table = await KeptTable.make(store, 'wall_clock', struct({ id }))
  await table.write([{ id: 1 }, { id: '1' }])
  const within = { at: null, list: null, deep: null }
  await table.accept(
    struct({ id, at: wall, list: array(wall, optional), deep: struct({ at: wall }, optional) }),
    within,
  )
  const [first, last] = [-62_135_596_800_000, 253_402_300_799_999]
  await table.write(
    [
      { id: 2, at: 1_795_860_000_123, list: [0, null], deep: { at: first } },
      { id: '2', at: '2026-11-28T10:00:00.123000', list: ['1970-01-01T00:00:00.000000', null], deep: { at: '0001-01-01T00:00:00.000000' } }, // prettier-ignore
    ],
    [
      { id: 3, at: last, list: [], deep: { at: null } },
      { id: '3', at: '9999-12-31T23:59:59.999000', list: [], deep: { at: null } },
    ],
  )
  return table
}

/** By every codec, in both versions of pages. */
export async function encodings(store: LateStore): Promise<KeptTable> {
  const schema = struct({ id, word: text, x: primitive('float64', optional), list: array(text, optional) })
  const table = await KeptTable.make(store, 'encodings', schema)
  let next = 0
  for (const [pageVersion, ...codecs] of [
    [1, 'gzip', 'none', 'lz4_raw'],
    [2, 'zstd', 'snappy', 'lz4_raw'],
  ] as const)
    for (const codec of codecs) {
      table.encode({ codec, pageVersion, bloomFilters: ['word'], pageRowsMax: 16, rowGroupRowsMax: 40 })
      await table.write(
        ...Array.from({ length: 50 }, () => {
          const n = next++
          const word = n % 7 === 0 ? null : n % 2 === 0 ? `word ${n % 5}` : `a word of its own, ${n}`
          const list = n % 3 === 0 ? null : Array.from({ length: n % 4 }, (_, i) => (i === 2 ? null : `item ${n % 6}`))
          return [
            { id: n, word, x: n + 0.5, list },
            { id: String(n), word, x: `${n}.5`, list },
          ] as const
        }),
      )
    }
  return table
}
