import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { NotAssigned, NotLeader, type RestartRequest, type TaskId } from '../../src/herder/herder.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

const task = (number: number): TaskId => ({ connector: 'a', task: number })
const ask = (onlyFailed: boolean, includeTasks: boolean): RestartRequest => ({
  connector: 'a',
  onlyFailed,
  includeTasks,
})

let cluster: FakeCluster

beforeEach(() => {
  cluster = new FakeCluster()
})

afterEach(async () => {
  await cluster.stop()
})

describe('in one worker', () => {
  let worker: FakeWorker

  beforeEach(async () => {
    ;[worker] = (await cluster.form(1)) as [FakeWorker]
    await cluster.create('a', 2)
    cluster.status.log.length = 0
  })

  test('a connector alone: UNASSIGNED, RUNNING, and its tasks go on', async () => {
    await cluster.given(worker.herder.restartConnector('a'))
    await cluster.until(() => cluster.status.connector('a')?.state === 'RUNNING')
    expect(cluster.status.log).toEqual(['connector a UNASSIGNED', 'connector a RUNNING'])
  })

  test('with tasks: each is UNASSIGNED, RESTARTING, RUNNING, by one record for all workers', async () => {
    const plan = await cluster.given(worker.herder.restartConnectorAndTasks(ask(false, true)))
    expect(plan.connector.state).toBe('RESTARTING')
    await cluster.until(() => cluster.status.log.length === 9)
    await cluster.pass(200)
    expect(cluster.topic.keys().at(-1)).toBe('restart-connector-a')
    for (const what of ['connector a', 'task a-0', 'task a-1'])
      expect(cluster.status.log.filter((line) => line.startsWith(what))).toEqual(
        ['UNASSIGNED', 'RESTARTING', 'RUNNING'].map((state) => `${what} ${state}`),
      )
  })

  test('only failed ones where none has failed: a record, and nothing happens', async () => {
    await cluster.given(worker.herder.restartConnectorAndTasks(ask(true, true)))
    await cluster.pass(200)
    expect(cluster.topic.keys().at(-1)).toBe('restart-connector-a')
    expect(cluster.status.log).toEqual([])
  })

  test('only failed ones: the failed task comes back, the other one goes on', async () => {
    worker.host.tellTask(task(1), 'FAILED', 'it broke')
    await cluster.until(() => cluster.status.task(task(1))?.state === 'FAILED')
    cluster.status.log.length = 0
    await cluster.given(worker.herder.restartConnectorAndTasks(ask(true, true)))
    await cluster.until(() => cluster.isRunning('a', 2))
    expect(cluster.status.log).toEqual(['task a-1 RESTARTING', 'task a-1 RUNNING'])
    expect(cluster.status.task(task(1))?.trace).toBeNull()
  })

  test('a task alone: UNASSIGNED, RUNNING', async () => {
    await cluster.given(worker.herder.restartTask(task(0)))
    await cluster.until(() => cluster.isRunning('a', 2))
    expect(cluster.status.log).toEqual(['task a-0 UNASSIGNED', 'task a-0 RUNNING'])
  })

  test('a stopped connector: shown as RESTARTING, and it stays STOPPED', async () => {
    await cluster.given(worker.herder.stopConnector('a'))
    await cluster.until(() => cluster.status.tasks('a').length === 0)
    const plan = await cluster.given(worker.herder.restartConnectorAndTasks(ask(false, true)))
    expect(plan).toMatchObject({ connector: { state: 'RESTARTING' }, tasks: [] })
    await cluster.until(() => cluster.status.connector('a')?.state === 'STOPPED')
  })

  test.each([
    ['an unknown connector', () => worker.herder.restartConnector('x'), 'Unknown connector: x'],
    [
      'an unknown connector with tasks',
      () => worker.herder.restartConnectorAndTasks({ ...ask(false, true), connector: 'x' }),
      'Unknown connector: x',
    ],
    [
      'a task of an unknown connector',
      () => worker.herder.restartTask({ connector: 'x', task: 0 }),
      'Unknown connector: x',
    ],
    ['an unknown task', () => worker.herder.restartTask(task(7)), 'Unknown task: a-7'],
    ['pausing an unknown connector', () => worker.herder.pauseConnector('x'), 'Unknown connector x'],
    ['stopping an unknown connector', () => worker.herder.stopConnector('x'), 'Unknown connector x'],
    [
      'the status of an unknown connector',
      async () => worker.herder.connectorStatus('x'),
      'No status found for connector x',
    ],
    ['the status of an unknown task', async () => worker.herder.taskStatus(task(7)), 'No status found for task a-7'],
    ['deleting an unknown connector', () => worker.herder.deleteConnector('x'), 'Connector x not found'],
    ['the offsets of an unknown connector', () => worker.herder.connectorOffsets('x'), 'Connector x not found'],
  ] as const)('%s: 404', async (_what, request, message) => {
    await expect(cluster.given<unknown>(request())).rejects.toMatchObject({ status: 404, message })
  })

  test('a restart while it is being deleted starts nothing', async () => {
    const deleted = worker.herder.deleteConnector('a')
    const restarted = worker.herder.restartConnector('a').catch(() => undefined)
    await cluster.given(deleted)
    await cluster.given(restarted)
    await cluster.until(() => cluster.status.connectors().length === 0)
    await cluster.pass(500)
    expect(worker.host.connectors).toEqual([])
    expect(cluster.status.connectors()).toEqual([])
  })
})

describe('in three workers', () => {
  let workers: readonly FakeWorker[]

  beforeEach(async () => {
    workers = await cluster.form(3)
    await cluster.create('a', 3)
    cluster.status.log.length = 0
  })

  test('a connector with its tasks: every worker restarts what it has', async () => {
    for (const { host } of workers) host.calls.length = 0
    await cluster.given(workers[0]!.herder.restartConnectorAndTasks(ask(false, true)))
    await cluster.until(() => cluster.status.log.filter((line) => line.endsWith('RUNNING')).length === 4)
    for (const { host } of workers) expect(host.calls.filter((call) => /^start a-\d/.test(call))).toHaveLength(1)
    expect(cluster.isRunning('a', 3)).toBe(true)
  })

  test('a task: a follower without it names the leader, the leader names the owner, the owner restarts it', async () => {
    const owner = workers.find(({ host }, at) => at > 0 && host.tasks.length > 0)!
    const other = workers.find((worker) => worker !== owner && worker !== workers[0])!
    const [id] = owner.host.tasks
    const refusal = (at: FakeWorker): Promise<unknown> =>
      cluster.given(
        at.herder.restartTask(id!).then(
          () => null,
          (error: unknown) => error,
        ),
      )
    const byFollower = await refusal(other)
    expect(byFollower).toBeInstanceOf(NotLeader)
    expect(byFollower).toMatchObject({ leaderUrl: workers[0]!.url })
    const byLeader = await refusal(workers[0]!)
    expect(byLeader).toBeInstanceOf(NotAssigned)
    expect(byLeader).toMatchObject({ ownerUrl: owner.url })
    await cluster.given(owner.herder.restartTask(id!))
    await cluster.until(() => cluster.isRunning('a', 3))
    expect(cluster.status.log).toEqual([`task a-${id!.task} UNASSIGNED`, `task a-${id!.task} RUNNING`])
  })

  test('a task that is on its way between workers is waited for, and refused when that takes too long', async () => {
    const owner = workers.find(({ host }, at) => at > 0 && host.tasks.length > 0)!
    const [id] = owner.host.tasks
    const { owners } = workers[0]!.member
    workers[0]!.member.owners = new Map()
    const refusal = workers[0]!.herder.restartTask(id!).catch((error: unknown) => error)
    await cluster.pass(1_000)
    workers[0]!.member.owners = owners
    expect(await cluster.given(refusal)).toMatchObject({ ownerUrl: owner.url })
    workers[0]!.member.owners = new Map()
    await expect(cluster.given(workers[0]!.herder.restartTask(id!))).rejects.toMatchObject({ status: 409 })
  })
})
