import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { primitive, struct, timestamp } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import { LakeFolder } from './lake-folder.ts'
import { P0, order, sinkInto } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

async function written(settings: Record<string, string>, records: readonly SinkRecord[]): Promise<unknown[]> {
  const run = sinkInto(folder, settings)
  await run.start([P0])
  await run.put(records)
  await run.flush(true)
  await run.stop()
  return run.context.reported.map(({ error }) => (error as Error).message)
}

test('Kafka’s coordinates, key and headers are columns where asked for', async () => {
  const headers = [{ key: 'trace', schema: primitive('string'), value: 'x"y' }]
  const record = { ...order(0, 7), key: Buffer.from([1, 2]), keySchema: primitive('bytes'), headers }
  await written({ 'kafka.columns': 'topic,partition,offset,timestamp,timestamp-type,key,headers' }, [record])
  expect(await folder.query('orders')).toEqual([
    {
      id: '7',
      note: null,
      __topic: 'orders',
      __partition: 0,
      __offset: '7',
      __timestamp: expect.stringContaining('2023-11-14') as unknown,
      __timestamp_type: 'create',
      __key: 'AQI=',
      __headers: '[["trace","x\\"y"]]',
    },
  ])
})

test('a null value is a row of these columns alone, where the others may be null', async () => {
  const optional = struct({ id: primitive('int64', { optional: true }) })
  const settings = { 'kafka.columns': 'offset,key', 'behavior.on.null.values': 'write' }
  const key = { key: 'k', keySchema: primitive('string') }
  expect(
    await written(settings, [
      { ...order(0, 0, { id: 1 }, optional), ...key },
      { ...order(0, 1, null, null), ...key },
    ]),
  ).toEqual([])
  expect(await folder.query('orders', 'select * from $files order by __offset')).toEqual([
    { id: '1', __offset: '0', __key: 'k' },
    { id: null, __offset: '1', __key: 'k' },
  ])
})

describe('partitions of the table', () => {
  const made = struct({ id: primitive('int64'), region: primitive('string'), made: timestamp() })
  const at = (offset: number, region: string, iso: string): SinkRecord =>
    order(0, offset, { id: offset, region, made: Date.parse(iso) }, made)

  test('by field, by time in a zone, and by bucket: the log says the values', async () => {
    const settings = {
      'partition.by': 'region,day(made),hour(made),bucket(4:id)',
      'partition.timezone': 'Europe/Prague',
    }
    expect(
      await written(settings, [
        at(0, 'eu', '2026-11-27T23:30:00Z'),
        at(1, 'us', '2026-11-27T22:30:00Z'),
        at(2, 'eu', '2026-11-27T23:45:00Z'),
      ]),
    ).toEqual([])
    const actions = (await folder.log('orders')).flat()
    const metadata = actions.find((action) => action['metaData'] !== undefined)!['metaData']
    expect(metadata!['partitionColumns']).toEqual(['region', 'made_day', 'made_hour', 'id_bucket'])
    const values = actions.flatMap((action) => (action['add'] === undefined ? [] : [action['add']['partitionValues']]))
    expect(values).toContainEqual(
      expect.objectContaining({ region: 'eu', made_day: '2026-11-28', made_hour: '2026-11-28-00' }),
    )
    expect(values).toContainEqual(
      expect.objectContaining({ region: 'us', made_day: '2026-11-27', made_hour: '2026-11-27-23' }),
    )
    for (const value of values) expect(Number((value as Record<string, string>)['id_bucket'])).toBeLessThan(4)
  })

  test('a field that is not there, or is no time, makes bad records', async () => {
    expect(await written({ 'partition.by': 'day(region)' }, [at(0, 'eu', '2026-11-27T23:30:00Z')])).toEqual([
      expect.stringContaining('region is no time'),
    ])
    expect(await written({ 'partition.by': 'lost' }, [at(0, 'eu', '2026-11-27T23:30:00Z')])).toEqual([
      expect.stringContaining('no field lost'),
    ])
  })
})
