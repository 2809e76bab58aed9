import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Work, WorkAssignment } from '../../src/group/work-assignment.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

let cluster: FakeCluster
let workers: readonly FakeWorker[]

beforeEach(async () => {
  cluster = new FakeCluster()
})

afterEach(async () => {
  for (const { store } of workers) store.isLagging = false
  await cluster.stop()
})

/** The last worker cannot read the config topic; a connector with six tasks is created meanwhile. */
async function lag(): Promise<FakeWorker> {
  const late = workers.at(-1)!
  late.store.isLagging = true
  const config = { 'connector.class': 'FakeSource', 'tasks.max': '6', name: 'a' }
  await cluster.given(workers[0]!.herder.putConnectorConfig('a', config, { mayReplace: false }))
  await cluster.pass(500)
  return late
}

const NOTHING: Work = { connectors: [], tasks: [] }

/** The group decides this, whatever it would have decided. */
function assign({ member, store }: FakeWorker, what: Partial<WorkAssignment>): void {
  member.assigned({
    generation: 99,
    isLeader: true,
    leaderId: member.memberId,
    leaderUrl: member.url,
    configOffset: store.snapshot().offset,
    isMismatch: false,
    revoked: NOTHING,
    assigned: NOTHING,
    delayMs: 0,
    ...what,
  })
}

describe('a worker behind in the config topic', () => {
  beforeEach(async () => {
    workers = await cluster.form(3, { delayMaxMs: 30_000 })
  })

  test('starts nothing of an assignment that it cannot understand yet, and the others work', async () => {
    const late = await lag()
    expect(late.host.tasks).toEqual([])
    expect(workers.slice(0, 2).map(({ host }) => host.tasks.length)).toEqual([2, 2])
  })

  test('reads on, joins again and starts its share when it can', async () => {
    const late = await lag()
    late.store.isLagging = false
    await cluster.until(() => cluster.isRunning('a', 6))
    expect(late.host.tasks).toHaveLength(2)
  })

  test('tries five times with growing pauses, then gives up what it has', async () => {
    await cluster.create('b', 3)
    const late = await lag()
    expect(late.host.tasks).toHaveLength(1)
    const pauses = [600, 750, 1_000, 1_500, 3_000].reduce((sum, ms) => sum + ms)
    await cluster.pass(pauses - 1_000)
    expect(late.host.tasks).toHaveLength(1)
    await cluster.until(() => late.host.tasks.length === 0)
    expect(cluster.status.tasks('b').filter(({ state }) => state === 'UNASSIGNED').length).toBeLessThanOrEqual(1)
    late.store.isLagging = false
    await cluster.until(() => cluster.isRunning('a', 6) && cluster.isRunning('b', 3))
  })

  test('is refused its requests for now', async () => {
    const late = await lag()
    const refused = late.herder.restartConnector('b').then(
      () => null,
      (error: unknown) => error,
    )
    await cluster.pass(91_000)
    expect(await refused).toMatchObject({
      status: 409,
      message:
        'Cannot complete request momentarily due to stale configuration (typically caused by a concurrent config change)',
    })
  })

  test('that leads: everybody waits without work until it has caught up', async () => {
    workers[0]!.store.isLagging = true
    // Another worker has seen a record that the leader has not.
    await workers[1]!.store.putTargetState('x', 'PAUSED')
    workers[1]!.member.requestRejoin('test')
    await cluster.pass(1_000)
    expect(workers[0]!.member.reasons).not.toContain('the leader was behind in the config topic')
    workers[0]!.store.isLagging = false
    await cluster.until(() => workers.every(({ herder }) => herder.isReady))
    await cluster.create('a', 3)
  })
})

test('an assignment made from an older place than ours is not started: we join again', async () => {
  workers = await cluster.form(1)
  await cluster.create('a', 1)
  const [{ member, host }] = workers as [FakeWorker]
  host.calls.length = 0
  member.reasons.length = 0
  assign(workers[0]!, { configOffset: 1, assigned: { connectors: ['b'], tasks: [{ connector: 'b', task: 0 }] } })
  await cluster.quiet()
  expect(member.reasons).toContain('the assignment was made from another place in the config topic')
  expect(host.calls).toEqual([])
})

test('where the config topic grows for ever, work starts all the same', async () => {
  workers = await cluster.form(1)
  const [{ member, host, store }] = workers as [FakeWorker]
  // Whatever we have read when we join, there is more when the assignment comes.
  const snapshot = member.hooks.snapshot.bind(member.hooks)
  member.hooks.snapshot = async () => {
    const made = await snapshot()
    await store.putTargetState('x', 'PAUSED')
    await snapshot()
    return made
  }
  await cluster.given(workers[0]!.herder.putConnectorConfig('a', { name: 'a' }, { mayReplace: false }))
  await cluster.until(() => cluster.isRunning('a', 1))
  expect(host.tasks).toHaveLength(1)
  expect(member.reasons.filter((reason) => reason.includes('another place')).length).toBeGreaterThanOrEqual(3)
})

test('an assignment of a leader that was behind itself: nothing is started, and we join again', async () => {
  workers = await cluster.form(1)
  await cluster.create('a', 1)
  const [{ member, host }] = workers as [FakeWorker]
  host.calls.length = 0
  member.reasons.length = 0
  assign(workers[0]!, { isLeader: false, isMismatch: true })
  await cluster.quiet()
  expect(member.reasons).toEqual(['the leader was behind in the config topic'])
  expect(host.calls).toEqual([])
})

test('in an eager group a worker that is behind leaves, and comes back after a pause', async () => {
  cluster.group.protocol = 'default'
  workers = await cluster.form(2, { unsyncBackoffMs: 20_000 })
  const late = await lag()
  expect(cluster.group.members).not.toContain(late.member)
  late.store.isLagging = false
  await cluster.pass(15_000)
  expect(cluster.group.members).not.toContain(late.member)
  await cluster.until(() => late.host.tasks.length === 3 && cluster.isRunning('a', 6))
  expect(workers[0]!.host.tasks).toHaveLength(3)
})

test('work that was held back is asked for again when its time has come', async () => {
  workers = await cluster.form(1)
  cluster.group.delayMs = 5_000
  workers[0]!.member.requestRejoin('test')
  await cluster.quiet()
  cluster.group.delayMs = 0
  await cluster.pass(4_900)
  expect(workers[0]!.member.reasons).not.toContain('work was held back for a worker that may return')
  await cluster.pass(200)
  expect(workers[0]!.member.reasons).toContain('work was held back for a worker that may return')
})

test('in an eager group everything stops before it is shared out anew', async () => {
  cluster.group.protocol = 'default'
  workers = await cluster.form(2)
  await cluster.create('a', 4)
  cluster.status.log.length = 0
  await cluster.add()
  await cluster.until(() => cluster.isRunning('a', 4) && cluster.workers.at(-1)!.host.tasks.length > 0)
  const stopped = cluster.status.log.filter((line) => /^task .* UNASSIGNED$/.test(line))
  expect(stopped).toHaveLength(4)
})

describe('work that is revoked and does not stop', () => {
  const A0 = { connector: 'a', task: 0 }
  const revoked: Work = { connectors: [], tasks: [A0] }
  let worker: FakeWorker

  beforeEach(async () => {
    cluster.scripts.set('a', { taskStop: 'blocks' })
    workers = await cluster.form(1)
    worker = workers[0]!
    await cluster.create('a', 1)
    // From now on the test decides.
    cluster.group.members.length = 0
    worker.host.calls.length = 0
  })

  test('is told as held until it has stopped or was left behind, and only then another join is asked for', async () => {
    worker.member.reasons.length = 0
    assign(worker, { revoked })
    await cluster.pass(4_000)
    expect(worker.member.hooks.held().tasks).toEqual([A0])
    expect(worker.member.reasons).toEqual([])
    await cluster.pass(1_100)
    expect(worker.member.hooks.held().tasks).toEqual([])
    expect(worker.member.reasons).toEqual(['revoked work has been given up'])
  })

  test('stays here, and starts again, if the next assignment leaves it where it was told to be', async () => {
    assign(worker, { revoked })
    await cluster.pass(500)
    worker.member.hooks.held()
    assign(worker, {})
    await cluster.pass(6_000)
    expect(worker.host.calls).toEqual(['stop a-0', 'start a-0'])
    expect(worker.member.hooks.held().tasks).toEqual([A0])
  })

  test('starts again when it is assigned again while it stops', async () => {
    assign(worker, { revoked })
    await cluster.pass(500)
    assign(worker, { assigned: revoked })
    await cluster.pass(6_000)
    expect(worker.host.calls).toEqual(['stop a-0', 'start a-0'])
  })

  test('does not come up again by a restart that was asked for before', async () => {
    void worker.herder.restartTask(A0)
    await cluster.pass(500)
    assign(worker, { revoked })
    await cluster.pass(6_000)
    expect(worker.host.calls).not.toContain('start a-0')
  })
})
