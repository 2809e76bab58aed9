import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { FakeClock, FakeSinkContext } from '@sluice/sdk/testing'
import { primitive, struct } from '@sluice/sdk'
import type { RawSettings, SinkRecord } from '@sluice/sdk'
import { LakeFolder } from './lake-folder.ts'
import { P0, P1, order, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const schema = struct({ id: primitive('int64'), made: primitive('string', { optional: true }) })
const at = (offset: number, iso: string | null, partition = 0): SinkRecord => ({
  ...order(partition, offset, { id: offset, made: iso }, schema),
  timestamp: iso === null ? null : Date.parse(iso),
})
const RECORD = { 'partition.by': 'day()', 'timestamp.extractor': 'Record' }

/** The ids per value of the partition column, as the log has them. */
async function ids(column = 'record_day'): Promise<Record<string, number[]>> {
  const rows = await folder.query(
    'orders',
    `select id, filename from read_parquet($paths, filename = true) order by id`,
  )
  const found: Record<string, number[]> = {}
  for (const action of (await folder.log('orders')).flat()) {
    const { path, partitionValues } = action['add'] ?? {}
    if (path === undefined) continue
    const value = String((partitionValues as Record<string, unknown>)[column])
    const own = rows.filter(({ filename }) => (filename as string).endsWith(decodeURIComponent(path as string)))
    found[value] = [...(found[value] ?? []), ...own.map(({ id }) => Number(id))].toSorted((a, b) => a - b)
  }
  return found
}

async function written(
  settings: RawSettings,
  records: readonly SinkRecord[],
  context = new FakeSinkContext(),
): Promise<FakeSinkContext> {
  const run = sinkInto(folder, settings, context)
  await run.start([P0, P1])
  await run.put(records)
  await run.flush(true)
  await run.stop()
  return context
}

describe('the time of the record parts a table', () => {
  test('by its timestamp in Kafka, in the days of a zone', async () => {
    await written({ ...RECORD, 'partition.timezone': 'Europe/Prague' }, [
      at(0, '2026-11-27T23:30:00Z'),
      at(1, '2026-11-27T22:30:00Z'),
    ])
    expect(await ids()).toEqual({ '2026-11-28': [0], '2026-11-27': [1] })
  })

  test('by a field, in several units at once', async () => {
    const settings = { 'partition.by': 'year(),month(),hour()', 'timestamp.extractor': 'RecordField' }
    const context = await written({ ...settings, 'timestamp.field': 'made' }, [
      at(0, '2026-11-27T23:30:00Z'),
      at(1, null),
    ])
    expect(await ids('record_hour')).toEqual({ '2026-11-27-23': [0] })
    expect(await ids('record_month')).toEqual({ '2026-11': [0] })
    expect(context.reported).toMatchObject([
      { record: { offset: 1 }, error: { code: 'DATA_INVALID', place: { field: 'made' } } },
    ])
  })

  test('by the clock', async () => {
    const clock = new FakeClock({ impatient: true })
    const day = new Date(clock.now()).toISOString().slice(0, '2026-11-28'.length)
    await written({ 'partition.by': 'day()' }, [at(0, null)], new FakeSinkContext(clock))
    expect(await ids()).toEqual({ [day]: [0] })
  })

  test('by words of a language', async () => {
    const settings = { ...RECORD, 'partition.by': 'path()', 'path.format': 'YYYY/MMMM EEEE', locale: 'de' }
    await written(settings, [at(0, '2026-03-01T12:00:00Z')])
    expect(await ids('record_path')).toEqual({ '2026/März Sonntag': [0] })
  })
})

describe('records that come late', () => {
  const records = [
    at(0, '2026-11-28T10:00:00Z'),
    at(1, '2026-11-27T10:00:00Z'),
    at(2, '2026-11-26T10:00:00Z'),
    // Of another partition, which may be as late as it wants.
    at(0, '2026-11-26T10:00:00Z', 1),
  ]
  const DAY = { ...RECORD, 'late.after.ms': String(86_400_000) }

  test.each([
    ['write', { '2026-11-28': [0], '2026-11-27': [1], '2026-11-26': [0, 2] }],
    ['current', { '2026-11-28': [0, 2], '2026-11-27': [1], '2026-11-26': [0] }],
    ['apart', { '2026-11-28': [0], '2026-11-27': [1], null: [2], '2026-11-26': [0] }],
    ['report', { '2026-11-28': [0], '2026-11-27': [1], '2026-11-26': [0] }],
    ['drop', { '2026-11-28': [0], '2026-11-27': [1], '2026-11-26': [0] }],
  ])('%s: each is where it belongs, reported or counted', async (policy, expected) => {
    const { reported, dropped } = await written({ ...DAY, 'late.records': policy }, records)
    expect(await ids()).toEqual(expected)
    const bad = { record: { offset: 2, originalPartition: 0 } }
    expect(reported).toMatchObject(policy === 'report' ? [{ ...bad, error: { code: 'DATA_INVALID' } }] : [])
    expect(dropped).toMatchObject(policy === 'drop' ? [{ ...bad, reason: 'late-record' }] : [])
  })

  test('a record that comes again is not judged again', async () => {
    const run = sinkInto(folder, { ...DAY, 'late.records': 'report' })
    await run.start([P0])
    await run.put(records.slice(0, 2))
    await run.put([at(2, '2026-11-29T10:00:00Z')])
    await run.put(records.slice(0, 2))
    // By the latest time, which what came again did not take back.
    await run.put([at(3, '2026-11-28T09:00:00Z')])
    await run.flush(true)
    await run.stop()
    expect(run.context.reported).toMatchObject([{ record: { offset: 3 } }])
    expect(await ids()).toEqual({ '2026-11-28': [0], '2026-11-27': [1], '2026-11-29': [2] })
  })
})
