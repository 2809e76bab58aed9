import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { SinkRecord, SinkTaskContext } from '@sluice/sdk'
import { FileStore } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FaultyStore } from '@sluice/object-store/testing'
import { SinkRun } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeSinkTask } from '../src/sink-task.ts'
import { LakeFolder } from './lake-folder.ts'
import { P0, sinkInto, span } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

/** As a transform leaves them: every second record goes to another table than its topic's. */
function parted(from: number, to: number): SinkRecord[] {
  return span(0, from, to).map((record) => (record.offset % 2 === 0 ? record : { ...record, topic: 'odd' }))
}

function onStore(store: ObjectStore): SinkRun {
  const createTask = (_: unknown, context: SinkTaskContext): LakeSinkTask =>
    new LakeSinkTask(lakeSink.settings.parse({ 'lake.url': folder.path }), context, store)
  return new SinkRun({ ...lakeSink, createTask }, { 'lake.url': folder.path })
}

const offsetsIn = async (table: string): Promise<number[]> =>
  (await folder.query(table, 'select id from $files order by id')).map((row) => Number(row['id']))

const refusing = (table: string): ObjectStore =>
  new FaultyStore(new FileStore(folder.path), [
    { effect: 'refuse', on: 'putIfAbsent', path: new RegExp(`^${table}/_delta_log/0*1\\.json$`), times: 1000 },
  ])

describe('one topic feeds two tables', () => {
  test.each([
    ['its own first', 'odd'],
    ['the other first', 'orders'],
  ])('killed between the commits of the two, %s: after a restart both have every row once', async (_, lacking) => {
    const killed = onStore(refusing(lacking))
    await killed.start([P0])
    await killed.put(parted(0, 9))
    expect(await killed.flush(true)).toEqual([])
    await killed.stop()
    const held = await Promise.all(['orders', 'odd'].map((table) => offsetsIn(table)))
    expect(held.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([0, 5])

    const next = sinkInto(folder)
    // The group has committed nothing: reading begins there, whatever one of the tables holds.
    expect(await next.start([P0])).toEqual([{ ...P0, offset: 0 }])
    await next.put(parted(0, 12))
    expect(await next.flush(true)).toEqual([{ ...P0, offset: 13 }])
    await next.stop()
    expect(await offsetsIn('orders')).toEqual([0, 2, 4, 6, 8, 10, 12])
    expect(await offsetsIn('odd')).toEqual([1, 3, 5, 7, 9, 11])
  })

  test('the group’s offset is the first that one of the tables lacks', async () => {
    const run = onStore(
      new FaultyStore(new FileStore(folder.path), [
        { effect: 'refuse', on: 'putIfAbsent', path: /^odd\/_delta_log\/0*2\.json$/, times: 1000 },
      ]),
    )
    await run.start([P0])
    await run.put(parted(0, 9))
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 10 }])
    await run.put(parted(10, 15))
    expect(await run.flush(true)).toEqual([{ ...P0, offset: 10 }])
    await run.stop()
  })
})
