import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { TaskId } from '../../src/herder/herder.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'
import type { Script } from './support/fake-host.ts'

const SICK: TaskId = { connector: 'sick', task: 0 }
let cluster: FakeCluster
let worker: FakeWorker

beforeEach(async () => {
  cluster = new FakeCluster()
  ;[worker] = (await cluster.form(1)) as [FakeWorker]
})

afterEach(async () => {
  await cluster.stop()
})

/** Creates the sick one, and does with it whatever makes it block. */
async function fallIll(script: Script): Promise<void> {
  cluster.scripts.set('sick', script)
  await cluster.given(worker.herder.putConnectorConfig('sick', { name: 'sick' }, { mayReplace: false }))
  await cluster.pass(200)
}

describe.each([
  ['start', { start: 'blocks' }],
  ['stop', { stop: 'blocks' }],
  ['taskConfigs', { taskConfigs: 'blocks' }],
  ['the start of a task', { taskStart: 'blocks' }],
  ['the stop of a task', { taskStop: 'blocks' }],
  ['a change of state', { setTargetState: 'blocks' }],
  [
    'every method',
    {
      start: 'blocks',
      stop: 'blocks',
      taskConfigs: 'blocks',
      taskStart: 'blocks',
      taskStop: 'blocks',
      setTargetState: 'blocks',
    },
  ],
] satisfies [string, Script][])('a connector that blocks for ever in %s', (_where, script) => {
  test('does not keep another one from being created, changed, paused, restarted and deleted', async () => {
    await fallIll(script)
    await cluster.create('healthy', 2)
    await cluster.given(worker.herder.pauseConnector('sick'))
    await cluster.given(worker.herder.pauseConnector('healthy'))
    await cluster.until(() => cluster.status.tasks('healthy').every(({ state }) => state === 'PAUSED'))
    await cluster.given(worker.herder.resumeConnector('healthy'))
    await cluster.until(() => cluster.isRunning('healthy', 2))
    void worker.herder.restartConnector('sick')
    await cluster.given(worker.herder.restartTask({ connector: 'healthy', task: 0 }))
    await cluster.until(() => cluster.isRunning('healthy', 2))
    await cluster.given(worker.herder.patchConnectorConfig('healthy', { 'tasks.max': '1' }))
    await cluster.until(() => cluster.isRunning('healthy', 1))
    await cluster.given(worker.herder.deleteConnector('healthy'))
    await cluster.until(() => cluster.status.connector('healthy') === null)
  })

  test('does not keep requests waiting while it is restarted, stopped and deleted', async () => {
    await fallIll(script)
    const asked = [
      worker.herder.restartConnector('sick'),
      worker.herder.restartConnectorAndTasks({ connector: 'sick', onlyFailed: false, includeTasks: true }),
      worker.herder.stopConnector('sick'),
      worker.herder.deleteConnector('sick'),
    ]
    for (const answer of asked) answer.catch(() => undefined)
    const since = cluster.clock.now()
    await cluster.given(worker.herder.healthCheck())
    await cluster.given(worker.herder.putConnectorConfig('b', { name: 'b' }, { mayReplace: false }))
    expect(worker.herder.connectors()).toContain('b')
    expect(cluster.clock.now() - since).toBeLessThan(100)
    await cluster.pass(12_000)
  })

  test('does not keep the worker from shutting down', async () => {
    await fallIll(script)
    await cluster.create('healthy', 1)
    const since = cluster.clock.now()
    await cluster.given(worker.herder.stop())
    expect(cluster.clock.now() - since).toBeLessThan(16_000)
    expect(cluster.status.connector('healthy')?.state).toBe('UNASSIGNED')
  })
})

test('a task that does not stop in time is cancelled, and its status stays as it was', async () => {
  await fallIll({ taskStop: 'blocks' })
  await cluster.until(() => cluster.isRunning('sick', 1))
  cluster.status.log.length = 0
  await cluster.given(worker.herder.stop())
  expect(cluster.status.log).toEqual(['connector sick UNASSIGNED'])
  expect(cluster.status.task(SICK)?.state).toBe('RUNNING')
})

test('a worker whose task hangs gives up the others at once in a rebalance', async () => {
  await fallIll({ taskStop: 'blocks' })
  await cluster.create('healthy', 3)
  const newcomer = await cluster.add()
  await cluster.until(() => newcomer.host.tasks.length === 2)
  await cluster.until(() => cluster.isRunning('healthy', 3))
})

test('others stop at once when one of those that are to stop together still hangs in an earlier stop', async () => {
  await fallIll({ taskStop: 'blocks' })
  await cluster.create('healthy', 2)
  await cluster.until(() => cluster.isRunning('sick', 1))
  void worker.herder.restartTask(SICK)
  await cluster.pass(100)
  cluster.group.protocol = 'default'
  worker.member.requestRejoin('an eager rebalance stops all')
  await cluster.pass(100)
  expect(worker.host.tasks).toEqual([SICK])
  await cluster.pass(15_000)
})

test('a connector that takes for ever to name its tasks is asked again, and its status says so', async () => {
  await fallIll({ taskConfigs: 'blocks' })
  await cluster.pass(60_200)
  expect(cluster.status.connector('sick')).toMatchObject({
    state: 'RUNNING',
    trace: expect.stringMatching(/^Task configs could not be made: .*60000 ms[^]*Next attempt at 2023-11-14T/),
  })
  cluster.scripts.set('sick', {})
  await cluster.until(() => cluster.isRunning('sick', 1))
  expect(cluster.status.connector('sick')?.trace).toBeNull()
})
