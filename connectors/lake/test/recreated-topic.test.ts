import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { LakeFolder } from './lake-folder.ts'
import { P0, countOf, sinkInto, span } from './lake-runs.ts'

const FIRST = { ...P0, topicId: 'Ht3PBRVVQ_qyOvhcsWZzcA' }
const SECOND = { ...P0, topicId: 'q5hbnmoHSPq3Kv2Nc1ZHxg' }

let folder: LakeFolder
beforeEach(async () => {
  folder = await LakeFolder.make()
  const run = sinkInto(folder)
  await run.start([FIRST])
  await run.put(span(0, 0, 4))
  await run.flush(true)
  await run.close()
  await run.stop()
})
afterEach(async () => {
  await folder.remove()
})

describe('a topic that was deleted and created again', () => {
  test('is not taken for the one that the table knows: known at once, the task does not open', async () => {
    await expect(sinkInto(folder).start([SECOND])).rejects.toMatchObject({ code: 'TOPIC_RECREATED', retriable: false })
  })

  test('known with the first fetch, nothing of it is committed, and no position is called safe', async () => {
    const run = sinkInto(folder)
    await run.start([P0])
    await run.put(span(0, 0, 9))
    await expect(run.task.flush([{ ...SECOND, offset: 10 }], true)).rejects.toMatchObject({
      code: 'TOPIC_RECREATED',
      place: { table: 'orders', partition: 'orders-0', offset: 4 },
    })
    await run.stop()
    expect(await countOf(folder)).toBe(5)
  })

  test('goes into the same table under another cluster.id', async () => {
    const run = sinkInto(folder, { 'cluster.id': 'second' })
    await run.start([SECOND])
    await run.put(span(0, 0, 2))
    expect(await run.flush(true)).toMatchObject([{ offset: 3 }])
    await run.stop()
    expect(await countOf(folder)).toBe(8)
  })

  test('the same topic goes on, and its id is kept once', async () => {
    const run = sinkInto(folder)
    expect(await run.start([FIRST])).toMatchObject([{ offset: 0 }])
    await run.put(span(0, 0, 6))
    expect(await run.flush(true)).toMatchObject([{ offset: 7 }])
    await run.stop()
    expect(await countOf(folder)).toBe(7)
    const marks = Object.keys(await folder.txns('orders')).filter((appId) => appId.startsWith('topic-of:'))
    expect(marks).toEqual(['topic-of:sluice:test::orders:0'])
  })
})
