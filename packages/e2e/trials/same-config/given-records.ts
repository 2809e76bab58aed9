/** The records that sinks read: good ones, and what goes wrong. */

export interface GivenRecord {
  readonly key: string | Uint8Array | null
  readonly value: string | null
  readonly headers?: readonly (readonly [string, string | null])[]
}

/** Of the records that sinks read; each next one is so much later. */
const FIRST_TIME = 1_709_164_799_000
const STEP_MS = 12_345_678

export function timeOf(i: number): number {
  return FIRST_TIME + i * STEP_MS
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

interface JsonSchema {
  readonly [name: string]: Json
}

function struct(fields: Readonly<Record<string, JsonSchema>>, more: JsonSchema = {}): JsonSchema {
  return {
    type: 'struct',
    optional: false,
    ...more,
    fields: Object.entries(fields).map(([field, schema]) => ({ ...schema, field })),
  }
}

const some = (type: string, more: JsonSchema = {}): JsonSchema => ({ type, optional: true, ...more })
const must = (type: string, more: JsonSchema = {}): JsonSchema => ({ type, optional: false, ...more })
const TIMESTAMP: JsonSchema = must('int64', { name: 'org.apache.kafka.connect.data.Timestamp', version: 1 })
const DECIMAL: JsonSchema = some('bytes', {
  name: 'org.apache.kafka.connect.data.Decimal',
  version: 1,
  parameters: { scale: '2' },
})

function envelope(schema: JsonSchema, payload: Json): string {
  return JSON.stringify({ schema, payload })
}

export function invoices(): GivenRecord[] {
  const schema = struct(
    {
      id: must('int32'),
      customer: struct({
        name: some('string'),
        internal: some('string'),
        address: struct({ city: some('string'), zip: must('string', { default: '0000' }) }, { optional: true }),
      }),
      amount: must('double'),
      quantity: some('int16'),
      paid: some('boolean'),
      iban: must('string'),
      limit: DECIMAL,
      price: DECIMAL,
      created: TIMESTAMP,
      tags: some('array', { items: must('string') }),
    },
    { name: 'warehouse.Invoice', version: 1 },
  )
  const decimals = ['MDk=', '/w==', 'AA==', 'Ajc7XNU=', null]
  const amounts = [10, 0.1, -2.5, 1e10, 1.0e-7, 1024.125]
  return amounts.map((amount, i) => ({
    key: `i${i}`,
    value: envelope(schema, {
      id: i * 1000 - 1,
      customer: {
        name: i % 3 === 0 ? null : `Name ${i} Ünger`,
        internal: 'x',
        address: i % 2 === 0 ? { city: `City ${i}`, zip: '1010' } : { city: null, zip: '2020' },
      },
      amount,
      quantity: i === 1 ? null : i,
      paid: i % 2 === 0,
      iban: `AT${i}`,
      limit: 'AQ==',
      price: decimals[i % decimals.length]!,
      created: timeOf(i),
      tags: i === 2 ? null : ['a', `b${i}`],
    }),
  }))
}

export function clicks(): GivenRecord[] {
  const rows: Json[] = [
    { started: '2024-02-29T23:59:59', ended: 1_709_251_199_999, url: '/' },
    { started: '1969-12-31T23:59:58', ended: 0, url: '/old', depth: { a: [1, 2, { b: null }] } },
    { started: '2038-01-19T03:14:08', ended: 2_147_483_648_000, url: '/späť', agent: null },
    { started: '2024-03-31T02:30:00', ended: -1, url: '/dst' },
    { started: null, ended: 1, big: 9_007_199_254_740_991, small: -0.25 },
  ]
  return [
    ...rows.map((row, i) => ({ key: i === 2 ? null : `k${i}`, value: JSON.stringify(row) })),
    { key: 'gone', value: null },
  ]
}

export function shop(prefix: string): GivenRecord[] {
  return Array.from({ length: 12 }, (_, i) => ({
    key: `${prefix}${i}`,
    value:
      i % 4 === 3 ? null : JSON.stringify({ id: `${prefix}${i}`, n: i, note: `note ${i}`, nested: { note: 'kept' } }),
    headers: [
      ...(i % 3 === 0 ? [] : [['checked', i % 2 === 0 ? 'true' : null] as const]),
      ...(i % 5 === 0 ? [['Audit', 'yes'] as const] : []),
      ['trace', `t-${i}`],
    ],
  }))
}

function long(n: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(n)
  return bytes
}

export function mixedJson(): GivenRecord[] {
  const good = struct({ name: some('string'), age: must('int8') }, { name: 'Person' })
  const values: (string | null)[] = [
    envelope(good, { name: 'Ann', age: 1 }),
    '{"name": "no envelope"}',
    '{this is no JSON}',
    envelope(good, { name: 'Bob', age: 300 }),
    envelope(good, { name: 'Cy' }),
    envelope(good, { age: 'old' }),
    '',
    null,
    'null',
    '[1,2',
    '"text"',
    envelope({ type: 'unheard-of', optional: true }, 1),
    '{"schema": null, "payload": {"free": [1, "two", null]}}',
    '{"schema": {"type": "string"}}',
    envelope(some('string'), 'just text'),
    envelope(must('int64'), 5),
    envelope(must('int64'), null),
    '{"payload": 1, "schema": {"type": "int32", "optional": false}, "more": 1}',
    '\u0000',
    envelope(good, { name: 'Dée', age: 4 }),
  ]
  const keys = [long(5n), null, long(-1n), Buffer.from('short')]
  return values.map((value, i) => ({
    key: keys[i % keys.length]!,
    value,
    headers:
      i % 2 === 0
        ? []
        : [
            ['source', 'app-1'],
            ['n', String(i)],
            ['source', 'again'],
            ['none', null],
            ['list', '[1, 2.5]'],
          ],
  }))
}

export function sensors(): GivenRecord[] {
  const rows: Json[] = [
    { sensor: '1', reading: '20.5', at: '28/02/2024 23:59', ok: 'TRUE', level: 3 },
    { sensor: 'one', reading: 1, at: '28/02/2024 23:59', ok: true, level: 3 },
    { sensor: 2, reading: 'hot', at: '28/02/2024 23:59', ok: true, level: 3 },
    { sensor: 3, reading: 1.25, at: 'yesterday', ok: true, level: 3 },
    { sensor: 4, reading: 1.25, at: '2024-02-28', ok: 'no', level: 3 },
    { sensor: 5, reading: -0.5, at: '1/3/2024 7:05', ok: 0, level: 127 },
    { sensor: 6, reading: 2.5, at: '1/3/2024 7:05', ok: 1, level: 128 },
    { sensor: 7, reading: 2.5, at: '1/3/2024 7:05', ok: true, level: '129' },
    { sensor: { id: 8 }, reading: 2.5, at: '1/3/2024 7:05' },
    { reading: 2.5, at: '1/3/2024 7:05' },
    { sensor: 2_147_483_648, reading: 2.5, at: '1/3/2024 7:05' },
    { sensor: 9, reading: 0.5, at: 1_709_251_199_999, ok: null, level: null },
    { sensor: 10, reading: 0.75, at: null, level: 2 },
    { sensor: 11, reading: 0.75, at: '31/02/2024 25:61', level: 2 },
    [1, 2],
    'text',
    12,
  ]
  const bad = ['{', '', '{"sensor": 1} trailing', 'NaN']
  const headers = [
    ['unit', '°C'],
    ['seq', '17'],
    ['site', null],
  ] as const
  return [
    ...rows.map((row, i) => ({ key: `s${i}`, value: JSON.stringify(row), headers: i % 3 === 0 ? headers : [] })),
    ...bad.map((value, i) => ({ key: i === 0 ? null : 'bad', value })),
    { key: 'gone', value: null, headers },
  ]
}

export function changes(table: 'customers' | 'orders'): GivenRecord[] {
  const row =
    table === 'customers'
      ? struct(
          { id: must('int64'), name: some('string'), email: some('string') },
          { optional: true, name: 'Customer.Value' },
        )
      : struct({ id: must('int64'), total: DECIMAL, at: TIMESTAMP }, { optional: true, name: 'Order.Value' })
  const payload = (i: number): Json =>
    table === 'customers'
      ? { id: i, name: i % 2 === 0 ? `Name ${i}` : null, email: `c${i}@example.com` }
      : { id: i, total: 'MDk=', at: timeOf(i) }
  const change = struct(
    { before: row, after: row, op: must('string'), ts_ms: some('int64') },
    { name: `dbserver1.${table}.Envelope` },
  )
  const key = struct({ id: must('int64') }, { name: `dbserver1.${table}.Key` })
  return Array.from({ length: 9 }, (_, i) => i).flatMap((i) => {
    const isDelete = i % 4 === 3
    const value = envelope(change, {
      before: i % 4 === 2 || isDelete ? payload(i) : null,
      after: isDelete ? null : payload(i),
      op: ['c', 'r', 'u', 'd'][i % 4]!,
      ts_ms: i === 5 ? null : timeOf(i) - 50,
    })
    const ofKey = envelope(key, { id: i })
    return [{ key: ofKey, value }, ...(isDelete ? [{ key: ofKey, value: null }] : [])]
  })
}
