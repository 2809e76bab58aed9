/** Tables that are parted, and tables whose columns change: added, made to take null, widened, renamed, dropped. */
import { array, date, map, primitive, struct, timestamp } from '@sluice/sdk'
import { KeptTable } from './kept-table.ts'
import type { LateStore, Row, Said } from './kept-table.ts'
import { digits, id, optional, text, wall } from './types.ts'

export async function parted(store: LateStore): Promise<KeptTable> {
  const schema = struct({
    id,
    region: text,
    day: date(optional),
    at: timestamp(optional),
    price: digits(18, 2),
    flag: primitive('boolean', optional),
    count: primitive('int64', optional),
    note: text,
  })
  const partitionColumns = ['region', 'day', 'at', 'price', 'flag', 'count']
  const table = await KeptTable.make(store, 'parted', schema, { partitionColumns })
  const row = (n: number, region: string | null): readonly [Row, Said] => [
    { id: n, region, day: 20_785, at: 1_795_860_000_123, price: '12.5', flag: n % 2 === 0, count: 9_007_199_254_740_993n, note: `n${n}` }, // prettier-ignore
    { id: String(n), region, day: '2026-11-28', at: '2026-11-28T10:00:00.123000+00:00', price: '12.50', flag: String(n % 2 === 0), count: '9007199254740993', note: `n${n}` }, // prettier-ignore
  ]
  await table.write(row(1, 'eu'), row(2, 'a b/c=d%20:é'), row(3, null), row(4, '__HIVE_DEFAULT_PARTITION__'))
  await table.write(
    [
      { id: 5, note: 'all null' },
      { id: '5', region: null, day: null, at: null, price: null, flag: null, count: null, note: 'all null' },
    ],
    row(6, 'x'.repeat(400)),
  )
  return table
}

/** The other types, the ends of their ranges, and texts that are hard on paths. */
export async function partedWidely(store: LateStore): Promise<KeptTable> {
  const schema = struct({
    id,
    byte: primitive('int8', optional),
    short: primitive('int16', optional),
    int: primitive('int32', optional),
    long: primitive('int64', optional),
    float: primitive('float32', optional),
    double: primitive('float64', optional),
    day: date(optional),
    at: timestamp(optional),
    wall,
    price: digits(38, 10),
    'größe-1': text,
  })
  const partitionColumns = schema.fields.map(({ name }) => name).filter((name) => name !== 'id')
  const properties = { 'delta.checkpointInterval': '1' }
  const table = await KeptTable.make(store, 'parted_widely', schema, { partitionColumns, properties })
  const nothing = Object.fromEntries(schema.fields.map(({ name }) => [name, null]))
  await table.write(
    [
      { id: 1, byte: -128, short: -32768, int: -2147483648, long: -9_223_372_036_854_775_808n, float: -1.5, double: -1e300, day: -719_162, at: -62_135_596_800_000, wall: -62_135_596_800_000, price: `-${'9'.repeat(28)}.${'9'.repeat(10)}`, 'größe-1': '.' }, // prettier-ignore
      { id: '1', byte: '-128', short: '-32768', int: '-2147483648', long: '-9223372036854775808', float: '-1.5', double: '-1e+300', day: '0001-01-01', at: '0001-01-01T00:00:00.000000+00:00', wall: '0001-01-01T00:00:00.000000', price: `-${'9'.repeat(28)}.${'9'.repeat(10)}`, 'größe-1': '.' }, // prettier-ignore
    ],
    [
      { id: 2, byte: 127, short: 32767, int: 2147483647, long: 9_223_372_036_854_775_807n, float: 16_777_216, double: 1e-7, day: 2_932_896, at: 253_402_300_799_999, wall: 253_402_300_799_999, price: '0', 'größe-1': '..' }, // prettier-ignore
      { id: '2', byte: '127', short: '32767', int: '2147483647', long: '9223372036854775807', float: '16777216.0', double: '1e-07', day: '9999-12-31', at: '9999-12-31T23:59:59.999000+00:00', wall: '9999-12-31T23:59:59.999000', price: '0.0000000000', 'größe-1': '..' }, // prettier-ignore
    ],
  )
  const hard = ['a\nb', 'tab\tquote"', "it's", 'back\\slash', '100%', '%41', 'a+b', ' edge ', '𝄞', '{x}[y]^#*?', 'null', 'NaN', 'é/è', 'e\u0301', '<>|&'] // prettier-ignore
  await table.write(
    ...hard.map(
      (word, n) =>
        [
          { id: n + 3, 'größe-1': word },
          { ...nothing, id: String(n + 3), 'größe-1': word },
        ] as const,
    ),
  )
  return table
}

export async function evolved(store: LateStore): Promise<KeptTable> {
  const table = await KeptTable.make(store, 'evolved', struct({ id, deep: struct({ x: id }, optional) }))
  await table.write([
    { id: 1, deep: { x: 2 } },
    { id: '1', deep: { x: '2' } },
  ])
  await table.accept(struct({ id, deep: struct({ x: primitive('int64', optional), y: text }, optional), more: text }))
  table.change((said) => ({ ...said, deep: { ...(said['deep'] as Said), y: null }, more: null }))
  await table.write([
    { id: 2, deep: { x: null, y: 'y' }, more: 'm' },
    { id: '2', deep: { x: null, y: 'y' }, more: 'm' },
  ])
  return table
}

/** Below lists, of a table with partitions and checkpoints, and columns that come one after another. */
export async function evolvedDeeply(store: LateStore): Promise<KeptTable> {
  const item = struct({ sku: primitive('string') })
  const properties = { 'delta.checkpointInterval': '2' }
  const before = struct({ id, part: primitive('string'), items: array(item) })
  const table = await KeptTable.make(store, 'evolved_deeply', before, { partitionColumns: ['part'], properties })
  await table.write([
    { id: 1, part: 'p', items: [{ sku: 'a' }] },
    { id: '1', part: 'p', items: [{ sku: 'a' }] },
  ])
  const more = struct({ sku: text, count: primitive('int32', optional) }, optional)
  await table.accept(struct({ id, part: text, items: array(more, optional) }))
  table.change((said) => ({ ...said, items: (said['items'] as Said[]).map((one) => ({ ...one, count: null })) }))
  await table.write(
    [
      { id: 2, part: null, items: [null, { sku: null, count: 2 }] },
      { id: '2', part: null, items: [null, { sku: null, count: '2' }] },
    ],
    [
      { id: 3, part: 'q', items: null },
      { id: '3', part: 'q', items: null },
    ],
  )
  const nulls: Row = {}
  for (const n of [4, 5]) {
    const name = `c${n}`
    nulls[name] = null
    await table.accept(struct({ id, ...Object.fromEntries(Object.keys(nulls).map((key) => [key, text])) }), {
      [name]: null,
    })
    const said = { id: String(n), part: null, items: null, ...nulls, [name]: `v${n}` }
    await table.write([{ id: n, [name]: `v${n}` }, said])
  }
  return table
}

export async function evolvedMaps(store: LateStore): Promise<KeptTable> {
  const key = primitive('string')
  const item = struct({ sku: primitive('string') })
  const table = await KeptTable.make(store, 'evolved_maps', struct({ id, by: map(key, item) }))
  await table.write([
    { id: 1, by: new Map([['k', { sku: 'b' }]]) },
    { id: '1', by: { k: { sku: 'b' } } },
  ])
  const more = struct({ sku: text, count: primitive('int32', optional) }, optional)
  await table.accept(struct({ id, by: map(key, more, optional) }))
  table.change((said) => ({ ...said, by: { k: { sku: 'b', count: null } } }))
  await table.write(
    [
      { id: 2, by: new Map([['k', null], ['l', { sku: null, count: 1 }]]) }, // prettier-ignore
      { id: '2', by: { k: null, l: { sku: null, count: '1' } } },
    ],
    [
      { id: 3, by: null },
      { id: '3', by: null },
    ],
  )
  return table
}

export async function mapped(store: LateStore): Promise<KeptTable> {
  const schema = struct({ id, part: text, gone: text, deep: struct({ x: id }, optional) })
  const properties = { 'delta.columnMapping.mode': 'name' }
  const table = await KeptTable.make(store, 'mapped', schema, { properties, partitionColumns: ['part'] })
  await table.write([
    { id: 1, part: 'p', gone: 'g', deep: { x: 2 } },
    { id: '1', part: 'p', gone: 'g', deep: { x: '2' } },
  ])
  await table.table.alter({ kind: 'rename column', column: ['id'], to: 'order id' })
  table.change(({ id: key, ...said }) => ({ 'order id': key, ...said }))
  await table.table.alter({ kind: 'drop column', column: ['gone'] })
  table.change(without('gone'))
  await table.table.alter({ kind: 'rename column', column: ['deep', 'x'], to: 'z' })
  table.change(({ deep, ...said }) => ({ ...said, deep: { z: (deep as Said)['x'] } }))
  await table.write([
    { 'order id': 2, part: null, deep: { z: 3 } },
    { 'order id': '2', part: null, deep: { z: '3' } },
  ])
  return table
}

const without =
  (name: string) =>
  (said: Said): Said =>
    Object.fromEntries(Object.entries(said).filter(([key]) => key !== name))

/** Mapped when it had rows already; a column is dropped and another of its name comes, below lists and maps as well. */
export async function mappedLater(store: LateStore): Promise<KeptTable> {
  const key = primitive('string')
  const before = struct({ id, old: text, items: array(struct({ sku: text }, optional), optional) })
  const table = await KeptTable.make(store, 'mapped_later', before)
  await table.write([
    { id: 1, old: 'o', items: [{ sku: 'a' }, null] },
    { id: '1', old: 'o', items: [{ sku: 'a' }, null] },
  ])
  const { table: delta } = table
  const properties = { 'delta.columnMapping.mode': 'name', 'delta.checkpointInterval': '2' }
  await delta.alter({ kind: 'set properties', properties })
  table.note()
  await delta.alter({ kind: 'drop column', column: ['old'] })
  table.change(without('old'))
  const item = struct({ sku: text, n: primitive('int32', optional) }, optional)
  await table.accept(struct({ id, items: array(item, optional), old: primitive('int64', optional), by: map(key, item, optional) })) // prettier-ignore
  table.change(({ items, ...said }) => ({
    ...said,
    old: null,
    by: null,
    items: (items as (Said | null)[]).map((one) => one && { ...one, n: null }),
  }))
  await table.write([
    { id: 2, old: 7, items: [{ sku: null, n: 1 }], by: new Map([['k', { sku: 's', n: 2 }]]) },
    { id: '2', old: '7', items: [{ sku: null, n: '1' }], by: { k: { sku: 's', n: '2' } } },
  ])
  await delta.alter({ kind: 'rename column', column: ['old'], to: 'größe, {new}; a=b' })
  table.change(({ old, ...said }) => ({ ...said, 'größe, {new}; a=b': old }))
  await table.write([
    { id: 3, 'größe, {new}; a=b': 8 },
    { id: '3', items: null, by: null, 'größe, {new}; a=b': '8' },
  ])
  return table
}

export async function widened(store: LateStore): Promise<KeptTable> {
  const properties = { 'delta.enableTypeWidening': 'true' }
  const before = struct({ id: primitive('int32'), n: primitive('int16', optional) })
  const table = await KeptTable.make(store, 'widened', before, { properties })
  await table.write([
    { id: 1, n: 3 },
    { id: '1', n: '3' },
  ])
  await table.accept(struct({ id, n: primitive('int32', optional) }))
  await table.write([
    { id: 5_000_000_000, n: 70_000 },
    { id: '5000000000', n: '70000' },
  ])
  return table
}

/** Each of the changes that the protocol allows, nested ones too. */
export async function widenedWidely(store: LateStore): Promise<KeptTable> {
  const key = primitive('string')
  const properties = { 'delta.enableTypeWidening': 'true', 'delta.checkpointInterval': '2' }
  const [byte, short, int] = (['int8', 'int16', 'int32'] as const).map((type) => primitive(type, optional))
  const long = primitive('int64', optional)
  const double = primitive('float64', optional)
  const fields = { byte: byte!, short: short!, int: int!, toDouble: int!, toDecimal: int!, f: primitive('float32', optional), d: digits(9, 2), day: date(optional), list: array(short!, optional), by: map(key, int!, optional), deep: struct({ x: int! }, optional) } // prettier-ignore
  const table = await KeptTable.make(store, 'widened_widely', struct({ id, ...fields }), { properties })
  await table.write([
    { id: 1, byte: -1, short: 2, int: 3, toDouble: 4, toDecimal: 5, f: 0.5, d: '1234567.89', day: 20_785, list: [1, null], by: new Map([['k', 6]]), deep: { x: 7 } }, // prettier-ignore
    { id: '1', byte: '-1', short: '2', int: '3', toDouble: '4', toDecimal: '5', f: '0.5', d: '1234567.89', day: '2026-11-28', list: ['1', null], by: { k: '6' }, deep: { x: '7' } }, // prettier-ignore
  ])
  await table.accept(struct({ id, byte: short!, short: int!, int: long, toDouble: double, toDecimal: digits(12, 2), f: double, d: digits(18, 4), day: wall, list: array(int!, optional), by: map(key, long, optional), deep: struct({ x: long }, optional) })) // prettier-ignore
  table.change((said) => ({ ...said, toDouble: '4.0', toDecimal: '5.00', d: '1234567.8900', day: '2026-11-28T00:00:00.000000' })) // prettier-ignore
  await table.write([
    { id: 2, byte: 300, short: 70_000, int: 5_000_000_000, toDouble: 0.25, toDecimal: '0.5', f: 1e300, d: '12345678901234.5678', day: 1, list: [70_000], by: new Map([['k', 5_000_000_000]]), deep: { x: 5_000_000_000 } }, // prettier-ignore
    { id: '2', byte: '300', short: '70000', int: '5000000000', toDouble: '0.25', toDecimal: '0.50', f: '1e+300', d: '12345678901234.5678', day: '1970-01-01T00:00:00.001000', list: ['70000'], by: { k: '5000000000' }, deep: { x: '5000000000' } }, // prettier-ignore
  ])
  return table
}
