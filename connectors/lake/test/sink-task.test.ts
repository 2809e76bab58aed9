import { randomBytes } from 'node:crypto'
import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { array, date, decimal, primitive, struct, time, timestamp } from '@sluice/sdk'
import type { RawSettings, Schema, SinkRecord, SinkTaskContext, Value } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { FakeClock, FakeSinkContext, SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeSinkTask } from '../src/sink-task.ts'
import { LakeFolder } from './lake-folder.ts'

const orders = struct({ id: primitive('int64'), note: primitive('string', { optional: true }) })
const P0 = { topic: 'orders', partition: 0 }
const P1 = { topic: 'orders', partition: 1 }

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

function sink(settings: RawSettings = {}, context = new FakeSinkContext()): SinkRun {
  return new SinkRun(lakeSink, { 'lake.url': folder.path, ...settings }, context)
}

function order(
  partition: number,
  offset: number,
  value: Value = { id: offset, note: null },
  schema: Schema | null = orders,
): SinkRecord {
  return sinkRecord({ topic: 'orders', partition, offset }, value, schema)
}

const span = (partition: number, from: number, to: number): SinkRecord[] =>
  Array.from({ length: to - from + 1 }, (_, i) => order(partition, from + i))

const count = async (table = 'orders'): Promise<number> =>
  Number((await folder.query(table, 'select count(*) as n from $files'))[0]?.['n'] ?? 0)

describe('the table is the truth about offsets', () => {
  test('after a restart reading begins behind what the table holds, whatever Kafka’s offsets say', async () => {
    const first = sink()
    await first.start([P0, P1])
    await first.put([...span(0, 0, 9), ...span(1, 0, 3)])
    await first.flush(true)
    await first.stop()
    expect(await folder.txns('orders')).toEqual({ 'sluice:test::orders:0': 9, 'sluice:test::orders:1': 3 })

    const second = sink()
    expect(
      await second.start([
        { ...P0, offset: 2 },
        { ...P1, offset: 4 },
      ]),
    ).toEqual([
      { ...P0, offset: 10 },
      { ...P1, offset: 4 },
    ])
    await second.put(span(0, 5, 14))
    await second.flush(true)
    await second.stop()
    expect(await count()).toBe(19)
    expect((await folder.query('orders', 'select count(distinct id) as n from $files'))[0]).toEqual({ n: '15' })
  })

  test('offsets dropped on the way (transforms, transaction markers) count as done', async () => {
    const run = sink()
    await run.start([P0])
    await run.put(span(0, 0, 1))
    expect(await run.task.flush([{ ...P0, offset: 50 }], true)).toEqual([{ ...P0, offset: 50 }])
    expect(await folder.txns('orders')).toEqual({ 'sluice:test::orders:0': 49 })
    await run.stop()
  })

  test('nothing new, no commit: however often it is asked', async () => {
    const run = sink()
    await run.start([P0])
    await run.put(span(0, 0, 4))
    for (let i = 0; i < 3; i++) {
      await run.put([])
      await run.flush(true)
    }
    await run.stop()
    expect(await folder.log('orders')).toHaveLength(2)
    const again = sink()
    await again.start([P0])
    await again.flush(true)
    await again.stop()
    expect(await folder.log('orders')).toHaveLength(2)
  })

  test('a zombie that wakes up after its partition moved on is fenced', async () => {
    const [zombie, owner] = [sink(), sink()]
    await zombie.start([P0])
    await zombie.put(span(0, 0, 4))
    await owner.start([P0])
    await owner.put(span(0, 0, 6))
    await owner.flush(true)
    await expect(zombie.flush(true)).rejects.toMatchObject({ code: 'TABLE_FENCED' })
    await owner.stop()
    await zombie.stop()
    expect(await count()).toBe(7)
  })

  test('a partition leaves with rows uncommitted: the others’ rows are read again, and are there once', async () => {
    const run = sink()
    await run.start([P0, P1])
    await run.put([...span(0, 0, 1), ...span(1, 0, 1)])
    await run.flush(true)
    await run.put([...span(0, 2, 5), ...span(1, 2, 3)])
    await run.close([P1])
    expect(run.context.rewinds).toEqual([{ ...P0, offset: 2 }])
    await run.put(span(0, 2, 7))
    await run.flush(true)
    await run.stop()
    expect(await folder.txns('orders')).toEqual({ 'sluice:test::orders:0': 7, 'sluice:test::orders:1': 1 })
    expect(await count()).toBe(10)
  })

  test('a partition that was with another task for a while goes on where that task left it', async () => {
    const [here, there] = [sink(), sink()]
    await here.start([P0, P1])
    await here.put([...span(0, 0, 1), ...span(1, 0, 1)])
    await here.flush(true)
    await here.close([P1])
    await there.start([P1])
    await there.put(span(1, 2, 8))
    await there.flush(true)
    await there.stop()
    await here.task.open([P1])
    expect(here.context.rewinds).toContainEqual({ ...P1, offset: 9 })
    await here.put([...span(0, 2, 2), ...span(1, 5, 9)])
    await here.flush(true)
    await here.stop()
    expect(await count()).toBe(3 + 10)
  })
})

describe('commits', () => {
  test('by rows: the worker is asked for a flush, which then commits', async () => {
    const run = sink({ 'flush.size': '10' })
    await run.start([P0])
    await run.put(span(0, 0, 8))
    expect(run.context.commitRequests).toBe(0)
    expect(await run.flush()).toEqual([])
    await run.put(span(0, 9, 12))
    expect(run.context.commitRequests).toBe(1)
    expect(await run.flush()).toEqual([{ ...P0, offset: 13 }])
    await run.put(span(0, 13, 14))
    expect(await run.flush()).toEqual([{ ...P0, offset: 13 }])
    await run.stop()
    expect(await count()).toBe(13)
  })

  test('by age, also when no more records come', async () => {
    const context = new FakeSinkContext(new FakeClock())
    const run = sink({ 'rotate.interval.ms': '1000' }, context)
    await run.start([P0])
    await run.put(span(0, 0, 2))
    ;(context.clock as FakeClock).advance(1000)
    await run.put([])
    expect(context.commitRequests).toBe(1)
    await run.flush()
    expect(await count()).toBe(3)
    await run.stop()
  })

  test('the store refuses for good: the task fails, and after a restart all is there once', async () => {
    const run = sink()
    await run.start([P0])
    await run.put(span(0, 0, 2))
    await run.flush(true)
    await run.put(span(0, 3, 5))
    await rename(join(folder.path, 'orders'), join(folder.path, 'away'))
    await writeFile(join(folder.path, 'orders'), 'in the way')
    await expect(run.flush(true)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retriable: false })
    await run.stop()
    await rm(join(folder.path, 'orders'))
    await rename(join(folder.path, 'away'), join(folder.path, 'orders'))
    const again = sink()
    expect(await again.start([P0])).toEqual([{ ...P0, offset: 3 }])
    await again.put(span(0, 3, 5))
    expect(await again.flush(true)).toEqual([{ ...P0, offset: 6 }])
    await again.stop()
    expect(await count()).toBe(6)
  })
})

describe('a store that is away for a while', () => {
  const settings = lakeSink.settings.parse({ 'lake.url': 'memory:', 'flush.size': '3', 'flush.bytes': '4096' })

  function onStore(store: ObjectStore): SinkRun {
    const connector = {
      ...lakeSink,
      createTask: (_: unknown, context: SinkTaskContext) => new LakeSinkTask(settings, context, store),
    }
    return new SinkRun(connector, { 'lake.url': 'memory:' })
  }

  const long = (offset: number): SinkRecord => order(0, offset, { id: offset, note: randomBytes(2048).toString('hex') })

  async function rowsIn(store: ObjectStore): Promise<number> {
    let rows = 0
    for await (const { path } of listAll(store, 'orders/_delta_log/'))
      for (const line of new TextDecoder().decode(await store.get(path)).split('\n')) {
        const stats = /"numRecords\\":(\d+)/.exec(line)
        if (stats !== null) rows += Number(stats[1])
      }
    return rows
  }

  test('positions stay where they are, the log tells why, and the next flush succeeds', async () => {
    const below = new MemoryStore()
    const run = onStore(new FaultyStore(below, [{ effect: 'refuse', on: 'put', path: /parquet$/ }]))
    await run.start([P0])
    await run.put(span(0, 0, 4))
    expect(await run.flush(true)).toEqual([])
    expect(run.context.logger.lines.map(({ message }) => message)).toContain(
      'A commit did not succeed; it is tried again',
    )
    await run.put([])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 5 }])
    await run.stop()
    expect(await rowsIn(below)).toBe(5)
  })

  test('memory stays bounded: put refuses for now, takes nothing, and reports again what it reported before', async () => {
    const below = new MemoryStore()
    const run = onStore(new FaultyStore(below, [{ effect: 'refuse', on: 'put', path: /parquet$/, times: 3 }]))
    await run.start([P0])
    await run.put([long(0), long(1), long(2)])
    expect(await run.flush()).toEqual([])
    const next = [long(3), order(0, 4, 'bad', null), long(5)]
    await expect(run.put(next)).rejects.toMatchObject({ retriable: true })
    await expect(run.put(next)).rejects.toMatchObject({ retriable: true })
    expect(run.context.reported).toEqual([])
    await run.put(next)
    expect(run.context.reported.map(({ record }) => record.offset)).toEqual([4])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 6 }])
    await run.stop()
    expect(await rowsIn(below)).toBe(5)
  })
})

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

describe('schemas', () => {
  test('a new field becomes a column; records of the old schema still fit', async () => {
    const wider = struct({
      id: primitive('int64'),
      note: primitive('string', { optional: true }),
      paid: primitive('boolean'),
    })
    const run = sink()
    await run.start([P0])
    await run.put([order(0, 0), order(0, 1, { id: 1, note: 'x', paid: true }, wider), order(0, 2)])
    await run.flush(true)
    await run.stop()
    expect(await folder.query('orders', 'select id, paid from $files order by 1')).toEqual([
      { id: '0', paid: null },
      { id: '1', paid: true },
      { id: '2', paid: null },
    ])
    expect(run.context.reported).toEqual([])
  })

  test('records whose schema contradicts the table are reported by column, the others are written', async () => {
    const contrary = struct({ id: primitive('string') })
    const run = sink()
    await run.start([P0])
    await run.put([order(0, 0), order(0, 1, { id: 'x' }, contrary), order(0, 2)])
    await run.flush(true)
    await run.stop()
    expect(await count()).toBe(2)
    expect(run.context.reported.map(({ record }) => record.offset)).toEqual([1])
    expect(run.context.reported[0]!.error).toMatchObject({ code: 'TABLE_SCHEMA' })
    expect(String(run.context.reported[0]!.error)).toContain('column id: the rows hold string and the table long')
  })

  test.each<[string, Value, Schema | null, string, string]>([
    ['no schema', { id: 1 }, null, 'has no schema', 'value.converter.schema.content'],
    ['no struct', 'text', primitive('string'), 'is of type string', 'HoistField'],
    ['a nested column', { a: [] }, struct({ a: array(primitive('string')) }), 'Column "a"', 'Flatten'],
    [
      'a forbidden name',
      { 'a b': 1 },
      struct({ 'a b': primitive('int32') }),
      'Column "a b"',
      'column.names=underscore',
    ],
    ['a double name', { _kafka_offset: 1 }, struct({ _kafka_offset: primitive('int32') }), '"_kafka_offset"', 'Rename'],
  ])('%s: reported, with column and remedy; the task goes on', async (_, value, schema, sentence, remedy) => {
    const run = sink({ 'kafka.coordinates': 'true' })
    await run.start([P0])
    await run.put([order(0, 0, value, schema), order(0, 1)])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 2 }])
    await run.stop()
    expect(await count()).toBe(1)
    expect(run.context.reported).toHaveLength(1)
    const { error } = run.context.reported[0]!
    expect(error).toMatchObject({ remedy: expect.stringContaining(remedy) })
    expect(String(error)).toContain(sentence)
  })

  test('a topic of nothing but bad records makes no table, and its positions go on', async () => {
    const run = sink()
    await run.start([P0])
    await run.put([order(0, 0, 'x', null), order(0, 1, 'y', null)])
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 2 }])
    expect(run.context.reported).toHaveLength(2)
    expect(await folder.names()).toEqual([])
    await run.stop()
  })

  test('column.names=underscore writes a name that every reader takes', async () => {
    const schema = struct({ 'Speed (kn)': primitive('int32'), plain: primitive('string') })
    const run = sink({ 'column.names': 'underscore' })
    await run.start([P0])
    await run.put([order(0, 0, { 'Speed (kn)': 250, plain: 'x' }, schema)])
    await run.flush(true)
    await run.stop()
    expect(await folder.query('orders')).toEqual([{ Speed__kn_: 250, plain: 'x' }])
  })

  test('two names that become one are refused', async () => {
    const schema = struct({ 'a b': primitive('int32'), 'a,b': primitive('int32') })
    const run = sink({ 'column.names': 'underscore' })
    await run.start([P0])
    await run.put([order(0, 0, { 'a b': 1, 'a,b': 2 }, schema)])
    await run.stop()
    expect(String(run.context.reported[0]?.error)).toContain('Two fields of the value become the column "a_b"')
  })
})

describe('null values', () => {
  const withNull = [order(0, 0), order(0, 1, null, null), order(0, 2, null, orders), order(0, 3)]

  test('fail: the task stops and says what to set', async () => {
    const run = sink()
    await run.start([P0])
    await expect(run.put(withNull)).rejects.toMatchObject({
      code: 'DATA_INVALID',
      place: { topic: 'orders', partition: 0, offset: 1 },
      remedy: expect.stringContaining('behavior.on.null.values=ignore'),
    })
    await run.stop()
  })

  test('ignore: left out and counted', async () => {
    const run = sink({ 'behavior.on.null.values': 'ignore' })
    await run.start([P0])
    await run.put(withNull)
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 4 }])
    await run.stop()
    expect(await count()).toBe(2)
    expect(run.context.metrics.value('sluice_lake_null_values_total', { connector: 'test', task: '0' })).toBe(2)
    expect(run.context.reported).toEqual([])
  })

  test('report: as any bad record', async () => {
    const run = sink({ 'behavior.on.null.values': 'report' })
    await run.start([P0])
    await run.put(withNull)
    await run.flush(true)
    await run.stop()
    expect(await count()).toBe(2)
    expect(run.context.reported.map(({ record }) => record.offset)).toEqual([1, 2])
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
