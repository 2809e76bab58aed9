import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

let cluster: FakeCluster
let workers: readonly FakeWorker[]

beforeEach(async () => {
  cluster = new FakeCluster()
  cluster.topic.isFencing = true
  workers = await cluster.form(3, { isExactlyOnceSource: true })
})

afterEach(async () => {
  await cluster.stop()
})

const counts = (connector: string): readonly unknown[] =>
  cluster.topic.entries.filter(({ key }) => key === `tasks-fencing-${connector}`).map(({ value }) => value)

test('the first tasks of a source fence nobody; their number is written once, for all of them', async () => {
  await cluster.create('a', 3)
  expect(cluster.fenced).toEqual([])
  expect(counts('a')).toEqual([3])
})

test('a new set of tasks fences the producers of the one before, once, then writes its own number', async () => {
  await cluster.create('a', 3)
  await cluster.given(workers[0]!.herder.patchConnectorConfig('a', { 'tasks.max': '2' }))
  await cluster.until(() => cluster.isRunning('a', 2) && counts('a').length === 2)
  expect(cluster.fenced).toEqual(['a 3'])
  expect(counts('a')).toEqual([3, 2])
})

test('one task before and one task now: its own claim fences, and nobody else is asked', async () => {
  await cluster.create('a', 1)
  await cluster.given(workers[0]!.herder.patchConnectorConfig('a', { x: 'y' }))
  await cluster.until(() => counts('a').length === 2 && cluster.isRunning('a', 1))
  expect(cluster.fenced).toEqual([])
})

test('a restarted task fences nobody: its generation is running', async () => {
  await cluster.create('a', 2)
  const owner = workers.find(({ host }) => host.tasks.length > 0)!
  await cluster.given(owner.herder.restartTask(owner.host.tasks[0]!))
  await cluster.until(() => cluster.isRunning('a', 2))
  expect(cluster.fenced).toEqual([])
  expect(counts('a')).toEqual([2])
})

test('sinks are not fenced', async () => {
  await cluster.create('s', 2, { 'connector.class': 'FakeSink' })
  expect(counts('s')).toEqual([])
})

test('the number is written only after the old producers are fenced, and no task starts before', async () => {
  await cluster.create('a', 3)
  const fenced = Promise.withResolvers<void>()
  cluster.fencing = fenced.promise
  await cluster.given(workers[0]!.herder.patchConnectorConfig('a', { 'tasks.max': '2' }))
  cluster.status.log.length = 0
  await cluster.until(() => cluster.fenced.length === 1)
  await cluster.pass(1_000)
  expect(counts('a')).toEqual([3])
  expect(cluster.status.log.filter((line) => /^task .* RUNNING$/.test(line))).toEqual([])
  // Meanwhile the leader serves others.
  await cluster.create('b', 1)
  fenced.resolve()
  await cluster.until(() => cluster.isRunning('a', 2))
})

test('tasks fail when fencing is refused', async () => {
  await cluster.create('a', 3)
  cluster.fencing = Promise.reject(new Error('not authorized'))
  cluster.fencing.catch(() => undefined)
  await cluster.given(workers[0]!.herder.patchConnectorConfig('a', { 'tasks.max': '2' }))
  await cluster.until(() => cluster.status.tasks('a').every(({ state }) => state === 'FAILED'))
  expect(counts('a')).toEqual([3])
})

test('a task whose settings have changed while it was fencing does not start to write', async () => {
  await cluster.create('a', 2)
  const fenced = Promise.withResolvers<void>()
  cluster.fencing = fenced.promise
  await cluster.given(workers[0]!.herder.patchConnectorConfig('a', { x: '1' }))
  await cluster.until(() => cluster.fenced.length === 1)
  cluster.fencing = Promise.resolve()
  await cluster.given(workers[0]!.herder.patchConnectorConfig('a', { x: '2' }))
  await cluster.pass(200)
  fenced.resolve()
  await cluster.until(() => cluster.isRunning('a', 2))
  for (const { host } of workers) for (const id of host.tasks) expect(host.started(id)?.config['x']).toBe('2')
})

test('a task is not verified any more from the moment that newer settings are in the config topic', async () => {
  await cluster.create('a', 1)
  const { host } = workers.find((worker) => worker.host.tasks.length > 0)!
  const id = { connector: 'a', task: 0 }
  await host.guard.verify(id)
  await workers[0]!.store.putTaskConfigs('a', [{ x: 'y' }])
  await expect(host.guard.verify(id)).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
  await expect(host.guard.verify({ connector: 'b', task: 0 })).rejects.toMatchObject({ code: 'KAFKA_FENCED' })
})

describe('offsets of a stopped source', () => {
  test('are altered after the old tasks were fenced and their number was written', async () => {
    await cluster.create('a', 2)
    await cluster.given(workers[0]!.herder.stopConnector('a'))
    await cluster.until(() => cluster.status.tasks('a').length === 0)
    const offsets = [{ partition: { file: 'a' }, offset: { position: 1 } }]
    await cluster.given(workers[0]!.herder.alterConnectorOffsets('a', offsets))
    expect(cluster.fenced).toEqual(['a 2'])
    expect(counts('a')).toEqual([2, 0])
    await cluster.given(workers[0]!.herder.alterConnectorOffsets('a', null))
    expect(counts('a')).toEqual([2, 0])
  })
})
