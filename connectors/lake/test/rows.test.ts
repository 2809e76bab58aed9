import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { date, decimal, primitive, struct, time, timestamp } from '@sluice/sdk'
import type { RawSettings } from '@sluice/sdk'
import { sinkRecord } from '@sluice/sdk/testing'
import type { FakeSinkContext, SinkRun } from '@sluice/sdk/testing'
import { LakeFolder } from './lake-folder.ts'
import { P0, P1, countOf, order, orders, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const sink = (settings?: RawSettings, context?: FakeSinkContext): SinkRun => sinkInto(folder, settings, context)
const count = (table?: string): Promise<number> => countOf(folder, table)

describe('rows', () => {
  test('every flat type of the platform arrives as what it is', async () => {
    const schema = struct({
      i8: primitive('int8'),
      i16: primitive('int16'),
      i32: primitive('int32'),
      i64: primitive('int64'),
      f32: primitive('float32'),
      f64: primitive('float64'),
      yes: primitive('boolean'),
      text: primitive('string'),
      raw: primitive('bytes'),
      day: date(),
      clock: time(),
      at: timestamp(),
      price: decimal(2),
      none: primitive('string', { optional: true }),
    })
    const run = sink()
    await run.start([P0])
    await run.put([
      order(
        0,
        0,
        {
          i8: -128,
          i16: 32_767,
          i32: -2_147_483_648,
          i64: 9_223_372_036_854_775_807n,
          f32: 1.5,
          f64: 0.1,
          yes: true,
          text: 'Zürich 東京 𝒳',
          raw: new Uint8Array([0, 255]),
          day: -1,
          clock: 3_600_001,
          at: 1_760_000_000_123,
          price: '-12345678901234567890.05',
          none: null,
        },
        schema,
      ),
    ])
    await run.flush(true)
    await run.stop()
    expect(run.context.reported).toEqual([])
    const sql = `select i8, i16, i32, i64, f32, f64, yes, text, hex(raw) as raw, day, clock, epoch_us("at") as "at", typeof("at") as instant, price, "none" from $files`
    expect(await folder.query('orders', sql)).toEqual([
      {
        i8: -128,
        i16: 32_767,
        i32: -2_147_483_648,
        i64: '9223372036854775807',
        f32: 1.5,
        f64: 0.1,
        yes: true,
        text: 'Zürich 東京 𝒳',
        raw: '00FF',
        day: '1969-12-31',
        clock: 3_600_001,
        at: '1760000000123000',
        instant: 'TIMESTAMP WITH TIME ZONE',
        price: '-12345678901234567890.05',
        none: null,
      },
    ])
  })

  test('kafka.coordinates says where each row comes from, in the coordinates before any transform', async () => {
    const run = sink({ 'kafka.coordinates': 'true', 'table.name': 'all/rows' })
    await run.start([P0, P1])
    const moved = { ...order(1, 7), topic: 'elsewhere', partition: 99, offset: 99 }
    await run.put([order(0, 3), moved, { ...order(0, 4), timestamp: null }])
    await run.flush(true)
    await run.stop()
    const sql =
      'select id, _kafka_partition as p, _kafka_offset as o, epoch_ms(_kafka_timestamp) as t from $files order by 2, 3'
    expect(await folder.query('all/rows', sql)).toEqual([
      { id: '3', p: 0, o: '3', t: '1700000000003' },
      { id: '4', p: 0, o: '4', t: null },
      { id: '7', p: 1, o: '7', t: '1700000000007' },
    ])
    expect(await folder.txns('all/rows')).toEqual({ 'sluice:test::orders:0': 4, 'sluice:test::orders:1': 7 })
  })

  test('a table per topic, or one for all', async () => {
    const own = sink({ 'table.name': 'raw/${topic}', 'cluster.id': 'c1' })
    const A = { topic: 'a', partition: 0 }
    const B = { topic: 'b', partition: 0 }
    const records = [A, B].map((partition) =>
      sinkRecord({ ...partition, offset: 0 }, { id: 1, note: partition.topic }, orders),
    )
    await own.start([A, B])
    await own.put(records)
    await own.flush(true)
    await own.stop()
    expect(await folder.query('raw/a', 'select note from $files')).toEqual([{ note: 'a' }])
    expect(await folder.txns('raw/b')).toEqual({ 'sluice:test:c1:b:0': 0 })

    const one = sink({ 'table.name': 'one' })
    await one.start([A, B])
    await one.put(records)
    await one.flush(true)
    await one.stop()
    expect(await count('one')).toBe(2)
    expect(await folder.names()).toEqual(['one', 'raw'])
  })
})

test('values that do not fit are reported with their column and value, rows around them are written', async () => {
  const schema = struct({
    id: primitive('int32'),
    price: decimal(2, { optional: true, parameters: { 'connect.decimal.precision': '5' } }),
  })
  const run = sink()
  await run.start([P0])
  await run.put([
    order(0, 0, { id: 1, price: '999.99' }, schema),
    order(0, 1, { id: 2, price: '1000.00' }, schema),
    order(0, 2, { id: 2_147_483_648, price: null }, schema),
    order(0, 3, { id: null, price: null }, schema),
    order(0, 4, { id: 4, price: null }, schema),
  ])
  await run.flush(true)
  await run.stop()
  expect(await folder.query('orders', 'select id, price from $files order by 1')).toEqual([
    { id: 1, price: '999.99' },
    { id: 4, price: null },
  ])
  expect(run.context.reported.map(({ record, error }) => [record.offset, /price|id/.exec(String(error))?.[0]])).toEqual(
    [
      [1, 'price'],
      [2, 'id'],
      [3, 'id'],
    ],
  )
})
