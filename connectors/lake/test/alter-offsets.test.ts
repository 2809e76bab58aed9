import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import type { RawSettings, TopicPartition } from '@sluice/sdk'
import { sinkRecord } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { LakeFolder } from './lake-folder.ts'
import { P0, P1, countOf, orders, sinkInto, span } from './lake-runs.ts'

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
})
afterEach(async () => {
  await folder.remove()
})

/** As the worker asks, with a config as it stands in its topic. */
async function alter(
  wanted: readonly (readonly [TopicPartition, number | null])[],
  more: RawSettings = {},
): Promise<boolean> {
  const raw = { name: 'test', topics: 'orders', 'lake.url': folder.path, ...more }
  return lakeSink.alterOffsets!(lakeSink.settings.parse(raw), new Map(wanted), raw)
}

/** A run of the sink that takes what comes from where it begins up to that offset; answers where it began. */
async function runUpTo(end: number, from: number, settings: RawSettings = {}): Promise<number> {
  const run = sinkInto(folder, settings)
  const [began] = await run.start([{ ...P0, offset: from }])
  await run.put(span(0, began!.offset, end))
  await run.flush(true)
  await run.stop()
  return began!.offset
}

const lane = (partition: number): string => `sluice:test::orders:${partition}`

describe('offsets that an operator sets', () => {
  test('are those that the tables hold: reading begins there, back or forward', async () => {
    await runUpTo(99, 0)
    expect(await alter([[P0, 40]])).toBe(true)
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: 39 })
    expect(await runUpTo(99, 40)).toBe(40)
    expect(await countOf(folder)).toBe(160)
    expect(await alter([[P0, 150]])).toBe(true)
    expect(await runUpTo(199, 150)).toBe(150)
    expect(await countOf(folder)).toBe(210)
    expect((await folder.query('orders', 'select max(id) as last from $files'))[0]).toEqual({ last: '199' })
  })

  test('and forgotten: all is read again, from where Kafka begins, and progress is kept from there on', async () => {
    await runUpTo(99, 0)
    await alter([[P0, null]])
    expect(await runUpTo(99, 20)).toBe(20)
    expect(await countOf(folder)).toBe(180)
    expect(await runUpTo(99, 0)).toBe(0)
    expect(await countOf(folder)).toBe(180)
  })

  test('of one partition leave the others where they are', async () => {
    const run = sinkInto(folder)
    await run.start([P0, P1])
    await run.put([...span(0, 0, 9), ...span(1, 0, 9)])
    await run.flush(true)
    await run.stop()
    await alter([[P1, null]])
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: 9, [lane(1)]: -1 })
    await alter([
      [P0, 5],
      [P1, 3],
    ])
    // What the table does not hold is Kafka's matter.
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: 4, [lane(1)]: -1 })
  })

  test('of all partitions are forgotten also when Kafka has forgotten them before', async () => {
    await runUpTo(9, 0)
    await alter([])
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: -1 })
    await expect(alter([], { topics: undefined as unknown as string })).rejects.toThrow(/topics\.regex/)
  })

  test('let a sink go on with a topic that was made anew', async () => {
    const first = sinkInto(folder)
    await first.start([{ ...P0, topicId: 'Ht3PBRVVQ_qyOvhcsWZzcA' }])
    await first.put(span(0, 0, 9))
    await first.flush(true)
    await first.stop()
    await alter([[P0, null]])
    const anew = sinkInto(folder)
    await anew.start([{ ...P0, topicId: 'q5hbnmoHSPq3Kv2Nc1ZHxg' }])
    await anew.put(span(0, 0, 4))
    await anew.flush(true)
    await anew.stop()
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: 4 })
    expect(await countOf(folder)).toBe(15)
  })

  test('mean nothing to tables that are not there yet', async () => {
    expect(await alter([[P0, 7]])).toBe(true)
    expect(await folder.names()).toEqual([])
  })

  test('are left to Kafka for topics whose records go to no table', async () => {
    await runUpTo(9, 0)
    const routing = { 'topic.pattern': '(?<kind>orders)', 'table.name': '${kind}' }
    const odd = { topic: 'bills', partition: 0 }
    expect(
      await alter(
        [
          [odd, 3],
          [P0, 5],
        ],
        routing,
      ),
    ).toBe(true)
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: 4 })
    await expect(alter([[odd, 3]], { ...routing, transforms: 'route' })).rejects.toThrow(/records of bills/)
  })

  test('move in hundreds of tables by one request, each within a time of its own', async () => {
    const places = Array.from({ length: 300 }, (_, i) => ({ topic: `t${i}`, partition: 0 }))
    const run = sinkInto(folder)
    await run.start(places)
    await run.put(places.map((place) => sinkRecord({ ...place, offset: 0 }, { id: 1, note: null }, orders)))
    await run.flush(true)
    await run.stop()
    const given = jest.spyOn(AbortSignal, 'timeout')
    try {
      expect(await alter(places.map((place) => [place, null]))).toBe(true)
      // To be read, and to be written.
      expect(given).toHaveBeenCalledTimes(2 * places.length)
    } finally {
      given.mockRestore()
    }
    for (const topic of ['t0', 't150', 't299'])
      expect(await folder.txns(topic)).toMatchObject({ [`sluice:test::${topic}:0`]: -1 })
  })

  test('write no entry and no row besides', async () => {
    await runUpTo(9, 0)
    const before = await folder.log('orders')
    await alter([[P0, 5]])
    const [entry, ...more] = (await folder.log('orders')).slice(before.length)
    expect(more).toEqual([])
    expect(entry!.flatMap(Object.keys)).toEqual(['commitInfo', 'txn'])
  })
})

describe('offsets that an operator wants to set are refused, with nothing changed,', () => {
  test('where fields decide about tables', async () => {
    await expect(alter([[P0, 1]], { 'table.name': '${value.id}' })).rejects.toMatchObject({
      code: 'SETTINGS_INVALID',
      remedy: expect.stringContaining('cluster.id'),
    })
  })

  test('where transforms may, and the table of the topic’s name knows nothing of it', async () => {
    const transforms = { transforms: 'route' }
    await expect(alter([[P0, 1]], transforms)).rejects.toThrow(/transforms may have given the records of orders/)
    await runUpTo(9, 0)
    expect(await alter([[P0, 1]], transforms)).toBe(true)
    await expect(
      alter(
        [
          [P0, 5],
          [{ topic: 'other', partition: 0 }, 5],
        ],
        transforms,
      ),
    ).rejects.toThrow(/records of other/)
    expect(await folder.txns('orders')).toMatchObject({ [lane(0)]: 0 })
    expect(await alter([[P1, 1]], { ...transforms, 'table.name': 'orders' })).toBe(true)
  })

  test('below 0', async () => {
    await expect(alter([[P0, -3]])).rejects.toThrow('There is no offset -3')
  })
})
