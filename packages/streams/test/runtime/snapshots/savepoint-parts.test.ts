/** When what instances have given is the whole application at one moment. */
import { beforeEach, expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { MemoryStore } from '@sluice/object-store'
import { Serdes, StreamsBuilder } from '../../../src/index.ts'
import {
  agree,
  AGREED,
  agreedIn,
  putPart,
  putWritten,
  wholeOf,
  writtenIn,
  type SavedTask,
} from '../../../src/runtime/snapshots/savepoint-parts.ts'
import type { PreparedTopics } from '../../../src/runtime/topics/topics.ts'

const OWN = 'app-by-value-repartition'
const text = { key: Serdes.string, value: Serdes.string }
const builder = new StreamsBuilder()
builder
  .stream('in', text)
  .selectKey((_key, value) => value!)
  .groupByKey({ ...text, name: 'by-value' })
  .count({ materialized: { name: 'counts' } })
const topology = builder.build().forApplication('app')
const prepared = {
  topology,
  sources: new Map([
    ['in', 1],
    [OWN, 1],
  ]),
} as unknown as PreparedTopics

let store = new MemoryStore()
/** What the group has committed, and where the application's own topic ends. */
let committed: { topic: string; partition: number; offset: number; metadata: string; leaderEpoch: number }[] = []
let end = 7
beforeEach(() => {
  store = new MemoryStore()
  committed = [at('in', 5, 'x'), at(OWN, 7)]
  end = 7
})

const admin = {
  groups: { offsets: () => Promise.resolve([{ item: 'app', value: committed, error: null }]) },
  listOffsets: (places: readonly { topic: string; partition: number }[]) =>
    Promise.resolve(places.map((place) => ({ ...place, offset: end }))),
}
const kafka = { admin } as unknown as Kafka
const at = (topic: string, offset: number, metadata = '') => ({
  topic,
  partition: 0,
  offset,
  metadata,
  leaderEpoch: -1,
})

function saved(task: string, topic: string, offset: number, metadata = ''): SavedTask {
  return { task, hasState: topic === OWN, sources: [{ topic, partition: 0, offset, metadata }] }
}

const look = async (): Promise<string> => {
  const { tasks, missing } = await wholeOf(store, 'app', prepared, kafka)
  return tasks === null
    ? `missing ${missing.map(({ subtopology }) => subtopology).join()}`
    : tasks.map(({ task, sources }) => `${task}@${sources[0]!.offset}`).join()
}

test('it is when every task is there as it is committed, of whatever instance, and nothing is between them', async () => {
  expect(await look()).toBe('missing 0,1')
  await putPart(store, 'one', [saved('0_0', 'in', 5, 'x')])
  expect(await look()).toBe('missing 1')
  await putPart(store, 'two', [saved('1_0', OWN, 7)])
  expect(await look()).toBe('0_0@5,1_0@7')
})

test('one that has gone on, or counted otherwise, since it was given is missing, until it is given again', async () => {
  await putPart(store, 'one', [saved('0_0', 'in', 5, 'x')])
  await putPart(store, 'two', [saved('1_0', OWN, 6)])
  expect(await look()).toBe('missing 1')
  await putPart(store, 'two', [saved('1_0', OWN, 7)])
  committed = [at('in', 5, 'y'), at(OWN, 7)]
  expect(await look()).toBe('missing 0')
  // It has moved to another instance meanwhile.
  await putPart(store, 'three', [saved('0_0', 'in', 5, 'y')])
  expect(await look()).toBe('0_0@5,1_0@7')
})

test('what is left in a topic of the application is waited for', async () => {
  await putPart(store, 'one', [saved('0_0', 'in', 5, 'x'), saved('1_0', OWN, 7)])
  end = 8
  expect(await look()).toBe('missing ')
})

test('a partition of which nothing was ever committed is where it began', async () => {
  committed = [at(OWN, 7)]
  await putPart(store, 'one', [saved('0_0', 'in', 0), saved('1_0', OWN, 7)])
  expect(await look()).toBe('0_0@0,1_0@7')
})

test('what is agreed on first counts for all', async () => {
  const [first, second] = [[saved('0_0', 'in', 5)], [saved('0_0', 'in', 6)]]
  expect(await agreedIn(store)).toBeNull()
  expect([await agree(store, first), await agree(store, second), await agreedIn(store)]).toEqual([first, first, first])
  await putWritten(store, 'one', { '1_0': 3 })
  await putWritten(store, 'two', { '1_1': 1 })
  expect(await writtenIn(store)).toEqual({ '1_0': 3, '1_1': 1 })
})

test('a part that was changed is not taken for one', async () => {
  await agree(store, [saved('0_0', 'in', 5)])
  await store.put(AGREED, Buffer.from((await store.get(AGREED)).toString().replace('5', '6')))
  await expect(agreedIn(store)).rejects.toMatchObject({ code: 'SNAPSHOT_UNUSABLE' })
})
