import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import { FakeClock, FakeSinkContext } from '@sluice/sdk/testing'
import type { SinkRun } from '@sluice/sdk/testing'
import { LakeFolder } from './lake-folder.ts'
import { P0, P1, countOf, sinkInto, span } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

const sink = (settings?: RawSettings, context?: FakeSinkContext): SinkRun => sinkInto(folder, settings, context)
const count = (table?: string): Promise<number> => countOf(folder, table)

describe('the table is the truth about offsets', () => {
  test('after a restart of the only table’s sink reading begins behind what it holds, whatever Kafka’s offsets say', async () => {
    const only = { 'table.name': 'orders' }
    const first = sink(only)
    await first.start([P0, P1])
    await first.put([...span(0, 0, 9), ...span(1, 0, 3)])
    await first.flush(true)
    await first.stop()
    expect(await folder.txns('orders')).toEqual({ 'sluice:test::orders:0': 9, 'sluice:test::orders:1': 3 })

    const second = sink(only)
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

  test('where tables follow topics, reading never begins beyond Kafka’s offset, and what the table has is skipped', async () => {
    const first = sink()
    await first.start([P0])
    await first.put(span(0, 0, 9))
    await first.flush(true)
    await first.stop()
    const [behind, ahead] = [sink(), sink()]
    expect(await behind.start([{ ...P0, offset: 2 }])).toEqual([{ ...P0, offset: 2 }])
    await behind.put(span(0, 2, 11))
    await behind.flush(true)
    await behind.stop()
    expect(await count()).toBe(12)
    expect(await ahead.start([{ ...P0, offset: 50 }])).toEqual([{ ...P0, offset: 12 }])
    await ahead.stop()
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
    expect(await again.start([{ ...P0, offset: 3 }])).toEqual([{ ...P0, offset: 3 }])
    await again.put(span(0, 3, 5))
    expect(await again.flush(true)).toEqual([{ ...P0, offset: 6 }])
    await again.stop()
    expect(await count()).toBe(6)
  })
})
