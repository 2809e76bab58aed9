import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { NotLeader, type TaskId } from '../../src/herder/herder.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

const A0: TaskId = { connector: 'a', task: 0 }
let cluster: FakeCluster

beforeEach(() => {
  cluster = new FakeCluster()
})

afterEach(async () => {
  await cluster.stop()
})

describe('one worker', () => {
  test('writes a connector, its tasks and their commit in that order, and brings all up', async () => {
    await cluster.form(1)
    await cluster.create('a', 2)
    expect(cluster.topic.keys()).toEqual(['session-key', 'connector-a', 'task-a-0', 'task-a-1', 'commit-a'])
    expect(cluster.status.log).toEqual(['connector a RUNNING', 'task a-0 RUNNING', 'task a-1 RUNNING'])
  })

  test('statuses carry worker, version and the generation they were written in', async () => {
    await cluster.form(1)
    await cluster.create('a')
    expect(cluster.status.task(A0)).toEqual({
      state: 'RUNNING',
      trace: null,
      workerId: 'w1:8083',
      version: '1.0',
      generation: cluster.group.generation,
    })
  })

  test('an equal config is written again, and bounces the connector but not its tasks', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a')
    const config = await worker!.herder.connectorConfig('a')
    const before = cluster.topic.keys().length
    cluster.status.log.length = 0
    const { rebalances } = cluster.group
    await cluster.given(worker!.herder.putConnectorConfig('a', config, { mayReplace: true }))
    await cluster.pass(500)
    expect(cluster.group.rebalances).toBe(rebalances)
    expect(cluster.topic.keys().slice(before)).toEqual(['connector-a'])
    expect(cluster.status.log).toEqual(['connector a UNASSIGNED', 'connector a RUNNING'])
  })

  test('a changed config reaches the tasks by new task configs and one rebalance', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a')
    cluster.status.log.length = 0
    const rebalances = cluster.group.rebalances
    const info = await cluster.given(worker!.herder.patchConnectorConfig('a', { 'batch.size': '7' }))
    expect(info.config['batch.size']).toBe('7')
    expect(info.tasks).toEqual([A0])
    await cluster.until(() => worker!.host.started(A0)?.config['batch.size'] === '7')
    await cluster.pass(500)
    expect(cluster.status.log).toEqual([
      'connector a UNASSIGNED',
      'connector a RUNNING',
      'task a-0 UNASSIGNED',
      'task a-0 RUNNING',
    ])
    expect(cluster.group.rebalances - rebalances).toBe(1)
  })

  test('fewer tasks: the one too many ends, and its status is forgotten', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a', 2)
    await cluster.given(worker!.herder.patchConnectorConfig('a', { 'tasks.max': '1' }))
    await cluster.until(() => cluster.status.tasks('a').length === 1 && cluster.isRunning('a', 1))
    expect(worker!.host.tasks).toEqual([A0])
  })

  test('a deleted connector ends and leaves neither statuses nor topics in use', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a')
    worker!.host.useTopic(A0, 'lines')
    expect(worker!.herder.activeTopics('a')).toEqual(['lines'])
    await cluster.given(worker!.herder.deleteConnector('a'))
    await cluster.until(() => cluster.status.connectors().length === 0)
    expect(cluster.topic.keys().slice(-2)).toEqual(['connector-a gone', 'target-state-a gone'])
    expect(worker!.host.connectors).toEqual([])
    expect(worker!.host.tasks).toEqual([])
    expect(worker!.herder.activeTopics('a')).toEqual([])
    await expect(worker!.herder.connectorInfo('a')).rejects.toMatchObject({
      status: 404,
      message: 'Connector a not found',
    })
  })

  test('a connector created again under its name does not get its old tasks back', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a', 2)
    await cluster.given(worker!.herder.deleteConnector('a'))
    await cluster.until(() => cluster.status.connectors().length === 0)
    cluster.scripts.set('a', { taskConfigs: 'blocks' })
    await cluster.given(worker!.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false }))
    await cluster.until(() => cluster.status.connector('a')?.state === 'RUNNING')
    await cluster.pass(500)
    expect(worker!.host.tasks).toEqual([])
  })

  test('the target state of a creation is written before the connector', async () => {
    const [worker] = await cluster.form(1)
    await cluster.given(
      worker!.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false, targetState: 'STOPPED' }),
    )
    await cluster.until(() => cluster.status.connector('a')?.state === 'STOPPED')
    await cluster.pass(500)
    expect(cluster.topic.keys()).toEqual(['session-key', 'target-state-a', 'connector-a'])
    expect(cluster.status.tasks('a')).toEqual([])
  })

  test('a set of task configs that is not whole shows no tasks, and is made again', async () => {
    cluster.topic.append('connector-a', { 'connector.class': 'FakeSource', 'tasks.max': '2', name: 'a' })
    cluster.topic.append('task-a-1', { id: '1' })
    cluster.topic.append('commit-a', 2)
    await cluster.form(1)
    await cluster.until(() => cluster.isRunning('a', 2))
    expect(cluster.topic.keys().slice(3)).toEqual(['session-key', 'task-a-0', 'task-a-1', 'commit-a'])
  })

  test('a set that is not whole is replaced also by one without tasks', async () => {
    cluster.scripts.set('a', { taskConfigs: () => [] })
    cluster.topic.append('connector-a', { 'connector.class': 'FakeSource', name: 'a' })
    cluster.topic.append('commit-a', 2)
    await cluster.form(1)
    await cluster.until(() => cluster.topic.keys().slice(2).join() === 'session-key,commit-a')
  })

  test('a topic in use is noted once', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a', 2)
    for (const task of [0, 1, 0]) worker!.host.useTopic({ connector: 'a', task }, 'lines')
    expect(cluster.status.log.filter((line) => line.startsWith('topic'))).toEqual(['topic lines of a'])
    await worker!.herder.resetActiveTopics('a')
    expect(worker!.herder.activeTopics('a')).toEqual([])
  })

  test('a connector found at the start is changed in place like any other', async () => {
    const config = { 'connector.class': 'FakeSource', name: 'a' }
    cluster.topic.append('connector-a', config)
    const [worker] = await cluster.form(1)
    await cluster.until(() => cluster.isRunning('a', 1))
    worker!.host.calls.length = 0
    await cluster.given(worker!.herder.putConnectorConfig('a', config, { mayReplace: true }))
    await cluster.pass(500)
    expect(worker!.host.calls).toEqual(['stop a', 'start a'])
  })

  test('restart records from before the start mean nothing', async () => {
    cluster.topic.append('connector-a', { 'connector.class': 'FakeSource', name: 'a' })
    cluster.topic.append('restart-connector-a', { connector: 'a', onlyFailed: false, includeTasks: true })
    const [worker] = await cluster.form(1)
    await cluster.until(() => cluster.isRunning('a', 1))
    expect(worker!.host.calls).not.toContain('stop a')
  })

  test('everything is refused with a reason when it shuts down, and what ran is UNASSIGNED', async () => {
    const [worker] = await cluster.form(1)
    await cluster.create('a')
    const stopping = worker!.herder.stop()
    await expect(worker!.herder.deleteConnector('a')).rejects.toMatchObject({ message: 'Worker is shutting down' })
    await cluster.given(stopping)
    expect(cluster.status.log.slice(-2).toSorted()).toEqual(['connector a UNASSIGNED', 'task a-0 UNASSIGNED'])
    expect(cluster.group.members).toEqual([])
  })

  test('health is a round through the tick; the last stage is known', async () => {
    const [worker] = await cluster.form(1)
    expect(worker!.herder.isReady).toBe(true)
    await cluster.given(worker!.herder.healthCheck())
    expect(worker!.herder.stage()).toMatchObject({ what: 'checking its health', until: cluster.clock.now() })
  })
})

describe('three workers', () => {
  let workers: readonly FakeWorker[]

  beforeEach(async () => {
    workers = await cluster.form(3)
  })

  const spread = (): readonly number[] => workers.map(({ host }) => host.tasks.length)

  test('share the tasks, and every task runs once', async () => {
    await cluster.create('a', 6)
    expect(spread()).toEqual([2, 2, 2])
  })

  test('a worker that joins gets its share, and nothing runs twice meanwhile', async () => {
    await cluster.create('a', 8)
    // Starting what runs already throws in the fake host, and two owners would be seen here.
    await cluster.add()
    await cluster.until(() => cluster.workers.at(-1)!.host.tasks.length === 2 && cluster.isRunning('a', 8))
    for (let task = 0; task < 8; task++) expect(cluster.owners({ connector: 'a', task })).toHaveLength(1)
  })

  test('only moved tasks stop when a worker joins', async () => {
    await cluster.create('a', 8)
    for (const { host } of workers) host.calls.length = 0
    await cluster.add()
    await cluster.until(() => cluster.workers.at(-1)!.host.tasks.length === 2 && cluster.isRunning('a', 8))
    expect(workers.flatMap(({ host }) => host.calls).filter((call) => call.startsWith('stop'))).toHaveLength(2)
  })

  test('a worker that leaves in order hands over what it had', async () => {
    await cluster.create('a', 6)
    await cluster.given(workers[1]!.herder.stop())
    await cluster.until(() => spread().join() === '3,0,3' && cluster.isRunning('a', 6))
  })

  test('when the leader dies, another one leads: it claims the right to write, and requests go on', async () => {
    await cluster.create('a', 3)
    cluster.group.expel(workers[0]!.member)
    await cluster.until(() => workers[1]!.store.claims === 1)
    // The dead one does not know, and still has its own.
    await cluster.until(() => spread().reduce((sum, tasks) => sum + tasks) === 4)
    await cluster.given(workers[1]!.herder.putConnectorConfig('b', { name: 'b' }, { mayReplace: false }))
    expect(workers[1]!.herder.connectors()).toEqual(['a', 'b'])
  })

  test.each([
    ['create', (at: FakeWorker) => at.herder.putConnectorConfig('b', { name: 'b' }, { mayReplace: false })],
    ['patch', (at: FakeWorker) => at.herder.patchConnectorConfig('a', { x: 'y' })],
    ['delete', (at: FakeWorker) => at.herder.deleteConnector('a')],
    ['delete of what is not there', (at: FakeWorker) => at.herder.deleteConnector('absent')],
    ['stop', (at: FakeWorker) => at.herder.stopConnector('a')],
    [
      'restart with tasks',
      (at: FakeWorker) => at.herder.restartConnectorAndTasks({ connector: 'a', onlyFailed: false, includeTasks: true }),
    ],
    ['task configs', (at: FakeWorker) => at.herder.putTaskConfigs('a', [], null)],
    ['fencing', (at: FakeWorker) => at.herder.fenceZombies('a', null)],
    ['offsets', (at: FakeWorker) => at.herder.alterConnectorOffsets('a', null)],
  ] as const)('a follower does not %s: it says who leads', async (_what, ask) => {
    await cluster.create('a', 1)
    const refused = await cluster.given(
      ask(workers[1]!).then(
        () => null,
        (error: unknown) => error,
      ),
    )
    expect(refused).toBeInstanceOf(NotLeader)
    expect(refused).toMatchObject({ status: 409, leaderUrl: 'http://w1:8083/' })
  })

  test('any worker pauses and resumes by itself', async () => {
    await cluster.create('a', 3)
    await cluster.given(workers[2]!.herder.pauseConnector('a'))
    await cluster.until(() => cluster.status.tasks('a').every(({ state }) => state === 'PAUSED'))
    expect(cluster.status.connector('a')?.state).toBe('PAUSED')
    const rebalances = cluster.group.rebalances
    await cluster.given(workers[1]!.herder.resumeConnector('a'))
    await cluster.until(() => cluster.isRunning('a', 3))
    expect(cluster.group.rebalances).toBe(rebalances)
  })

  test('stop writes that there are no tasks, then the state; resume brings them back', async () => {
    await cluster.create('a', 3)
    const before = cluster.topic.keys().length
    cluster.status.log.length = 0
    await cluster.given(workers[0]!.herder.stopConnector('a'))
    expect(cluster.topic.keys().slice(before)).toEqual(['commit-a', 'target-state-a'])
    await cluster.until(
      () => cluster.status.connector('a')?.state === 'STOPPED' && cluster.status.tasks('a').length === 0,
    )
    expect(spread()).toEqual([0, 0, 0])
    expect(cluster.status.log.filter((line) => line.endsWith('PAUSED'))).toEqual([])
    await cluster.given(workers[0]!.herder.resumeConnector('a'))
    await cluster.until(() => cluster.isRunning('a', 3))
  })

  test('a connector reconfigured by a follower goes through the leader, signed', async () => {
    await cluster.create('a', 1)
    await cluster.create('b', 1)
    await cluster.create('c', 1)
    const follower = workers.find(({ host }, at) => at > 0 && host.connectors.length > 0)!
    const [connector] = follower.host.connectors
    await cluster.given(workers[0]!.herder.patchConnectorConfig(connector!, { 'tasks.max': '2' }))
    await cluster.until(() => cluster.isRunning(connector!, 2))
  })

  test('a config change while the group rebalances is not lost', async () => {
    await cluster.create('a', 3)
    const joined = cluster.add()
    const patched = workers[0]!.herder.patchConnectorConfig('a', { 'tasks.max': '5' })
    await joined
    await cluster.given(patched)
    await cluster.until(() => cluster.isRunning('a', 5))
    for (let task = 0; task < 5; task++) expect(cluster.owners({ connector: 'a', task })).toHaveLength(1)
  })

  test('a worker that lost its place stops at once and writes nothing about it', async () => {
    await cluster.create('a', 3)
    const { member, host } = workers[2]!
    const [id] = host.tasks
    cluster.status.log.length = 0
    cluster.group.expel(member)
    const losing = member.lose()
    // A task that does not know yet.
    host.speakOf(id!, 'FAILED')
    await cluster.given(losing)
    await cluster.until(() => cluster.isRunning('a', 3))
    expect(cluster.status.log.filter((line) => !line.endsWith('RUNNING'))).toEqual([])
  })

  test('a worker that lost its place takes a new one', async () => {
    await cluster.create('a', 3)
    const { member } = workers[2]!
    cluster.group.expel(member)
    await cluster.given(member.lose())
    await cluster.until(() => workers[2]!.host.tasks.length === 1 && cluster.isRunning('a', 3))
  })

  test('a leader that is one no more is fenced, and does not take the right to write back', async () => {
    cluster.topic.isFencing = true
    workers[0]!.store.claims = 0
    cluster.group.expel(workers[0]!.member)
    await cluster.until(() => workers[1]!.store.claims === 1)
    const claims = cluster.topic.leaderEpoch
    const write = workers[0]!.herder.putConnectorConfig('z', { name: 'z' }, { mayReplace: false })
    // It finds out by its heartbeats at the same time.
    const refused = write.catch((error: unknown) => {
      workers[0]!.member.mayWork = false
      return error
    })
    expect(await cluster.given(refused)).toMatchObject({ status: 500 })
    await cluster.pass(2_000)
    expect(cluster.topic.leaderEpoch).toBe(claims)
    expect(workers[1]!.herder.connectors()).toEqual([])
    workers[0]!.member.mayWork = true
  })

  test('a leader whose place is uncertain writes nothing until it is certain again', async () => {
    workers[0]!.member.mayWork = false
    await cluster.pass(2_000)
    const put = workers[0]!.herder.putConnectorConfig('b', { name: 'b' }, { mayReplace: false })
    await cluster.pass(2_000)
    expect(cluster.topic.keys()).toEqual(['session-key'])
    workers[0]!.member.mayWork = true
    await cluster.given(put)
  })

  test('a leader that was fenced by accident claims the right to write again', async () => {
    cluster.topic.isFencing = true
    cluster.topic.leaderEpoch++
    const put = (): Promise<unknown> => workers[0]!.herder.putConnectorConfig('b', { name: 'b' }, { mayReplace: false })
    const [first, second] = [put(), put()]
    await expect(cluster.given(first)).rejects.toMatchObject({ status: 500 })
    await cluster.given(second)
    expect(workers[0]!.herder.connectors()).toEqual(['b'])
  })
})

test('what was deleted is forgotten as soon as it has stopped, without another rebalance', async () => {
  const [worker] = await cluster.form(1)
  await cluster.create('a', 2)
  // Rebalances that are asked for from the next one on do not come.
  await cluster.given(worker!.herder.deleteConnector('a'))
  worker!.member.requestRejoin = () => undefined
  await cluster.until(() => cluster.status.connectors().length === 0)
})
