import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { array, primitive, struct } from '@sluice/sdk'
import type { RawSettings, Schema, Value } from '@sluice/sdk'
import type { FakeSinkContext, SinkRun } from '@sluice/sdk/testing'
import { LakeFolder } from './lake-folder.ts'
import { P0, countOf, order, orders, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const sink = (settings?: RawSettings, context?: FakeSinkContext): SinkRun => sinkInto(folder, settings, context)
const count = (table?: string): Promise<number> => countOf(folder, table)

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
    ['a nested struct of nothing', { a: [] }, struct({ a: array(struct({})) }), 'Column "a[]"', 'ReplaceField'],
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
    expect(run.context.dropped.map(({ reason }) => reason)).toEqual(['null-value', 'null-value'])
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
