import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import type { TaskId } from '../../src/herder/herder.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

const A0: TaskId = { connector: 'a', task: 0 }
let cluster: FakeCluster
let worker: FakeWorker

beforeEach(async () => {
  cluster = new FakeCluster()
  ;[worker] = (await cluster.form(1, {
    automaticRestart: { backoffMs: 1_000, backoffMaxMs: 10_000, healthyAfterMs: 60_000, poisonAfter: 3 },
    stuckAfterMs: 40_000,
  })) as [FakeWorker]
  await cluster.create('a')
})

afterEach(async () => {
  await cluster.stop()
})

/** Fails the task; the milliseconds until it is to be restarted. */
async function fail(trace: string): Promise<number> {
  worker.host.tellTask(A0, 'FAILED', trace)
  await cluster.quiet()
  const shown = cluster.status.task(A0)!
  expect(shown.state).toBe('FAILED')
  expect(shown.trace!.startsWith(trace)).toBe(true)
  const at = /next attempt at (.*)\.$/.exec(shown.trace!)
  return at === null ? Number.NaN : Date.parse(at[1]!) - cluster.clock.now()
}

const isUp = (): boolean => cluster.isRunning('a', 1)

describe('a task that fails', () => {
  test('comes back later and later, up to the cap, and its status tells when', async () => {
    const delays: number[] = []
    for (let attempt = 1; attempt <= 5; attempt++) {
      const failedAt = cluster.clock.now()
      const delayMs = await fail('the database is away')
      delays.push(delayMs)
      await cluster.until(isUp)
      expect(cluster.clock.now() - failedAt).toBeGreaterThanOrEqual(delayMs)
      expect(cluster.clock.now() - failedAt).toBeLessThan(delayMs + 100)
    }
    expect(delays).toEqual([1_000, 4_000, 9_000, 10_000, 10_000])
    expect(cluster.status.log.filter((line) => line === 'task a-0 RESTARTING')).toHaveLength(5)
  })

  test('begins anew after it was healthy for long enough', async () => {
    await fail('the database is away')
    await cluster.until(isUp)
    expect(await fail('the database is away')).toBe(4_000)
    await cluster.until(isUp)
    await cluster.pass(61_000)
    expect(await fail('the database is away')).toBe(1_000)
  })

  test('comes back as its connector says, or not at all', async () => {
    const of = async (config: RawSettings): Promise<string> => {
      await cluster.create('own', 1, config)
      worker.host.tellTask({ connector: 'own', task: 0 }, 'FAILED', 'away')
      await cluster.quiet()
      const { trace } = cluster.status.task({ connector: 'own', task: 0 })!
      const at = /next attempt at (.*)\.$/.exec(trace!)
      const wait = at === null ? 'never' : String(Date.parse(at[1]!) - cluster.clock.now())
      await cluster.given(cluster.leader.deleteConnector('own'))
      await cluster.quiet()
      return wait
    }
    expect(await of({ 'restart.backoff.initial.ms': '7000' })).toBe('7000')
    expect(await of({ 'restart.backoff.max.ms': '300' })).toBe('300')
    expect(await of({ 'restart.enable': 'false' })).toBe('never')
    expect(await of({ 'restart.enable': 'perhaps' })).toBe('1000')
  })

  test('with the same error at the same position stays FAILED after so many times, and says so', async () => {
    for (let times = 1; times < 3; times++) {
      await fail('Cannot read a line (file=orders.csv, line=7)')
      await cluster.until(isUp)
    }
    expect(await fail('Cannot read a line (file=orders.csv, line=7)')).toBeNaN()
    expect(cluster.status.task(A0)?.trace).toContain('Failed 3 times with the same error at the same position')
    await cluster.pass(30_000)
    expect(cluster.status.task(A0)?.state).toBe('FAILED')
    await cluster.given(worker.herder.restartTask(A0))
    await cluster.until(isUp)
    expect(await fail('Cannot read a line (file=orders.csv, line=7)')).toBe(1_000)
  })

  test('with the same error at another position each time is not taken for poison', async () => {
    for (let line = 1; line <= 4; line++) {
      expect(await fail(`Cannot read a line (line=${line})`)).not.toBeNaN()
      await cluster.until(isUp)
    }
  })

  test('and is restarted by hand meanwhile is not restarted a second time', async () => {
    await fail('the database is away')
    await cluster.given(worker.herder.restartTask(A0))
    await cluster.until(isUp)
    cluster.status.log.length = 0
    await cluster.pass(3_000)
    expect(cluster.status.log).toEqual([])
  })

  test('and comes back before its time is left alone; if it fails again, the later time counts', async () => {
    expect(await fail('the database is away')).toBe(1_000)
    await cluster.pass(400)
    worker.host.tellTask(A0, 'RUNNING')
    await cluster.pass(400)
    expect(await fail('the database is away')).toBe(4_000)
    cluster.status.log.length = 0
    await cluster.pass(3_800)
    expect(cluster.status.log).toEqual([])
    worker.host.tellTask(A0, 'RUNNING')
    await cluster.pass(1_000)
    expect(cluster.status.log).toEqual(['task a-0 RUNNING'])
  })

  test('with its cell is left to the host, which brings it back or gives it up', async () => {
    expect(await fail('The cell died')).toBeNaN()
    expect(cluster.status.task(A0)?.trace).toBe('The cell died')
    await cluster.pass(3_000)
    expect(cluster.status.task(A0)?.state).toBe('FAILED')
    worker.host.tellTask(A0, 'RUNNING')
    await cluster.until(isUp)
  })

  test('and is paused when its restart is due comes back when it is resumed', async () => {
    await fail('the database is away')
    await cluster.given(worker.herder.pauseConnector('a'))
    await cluster.pass(3_000)
    expect(cluster.status.task(A0)?.state).toBe('FAILED')
    expect(await fail('and again')).toBe(4_000)
    await cluster.pass(5_000)
    expect(cluster.status.task(A0)?.state).toBe('FAILED')
    await cluster.given(worker.herder.resumeConnector('a'))
    await cluster.until(isUp)
  })

  test('and is paused and resumed before its restart is due comes back when it is', async () => {
    await fail('the database is away')
    await cluster.given(worker.herder.pauseConnector('a'))
    await cluster.given(worker.herder.resumeConnector('a'))
    expect(cluster.status.task(A0)?.state).toBe('FAILED')
    await cluster.pass(1_500)
    await cluster.until(isUp)
  })

  test('and is deleted meanwhile is not restarted', async () => {
    await fail('the database is away')
    await cluster.given(worker.herder.deleteConnector('a'))
    await cluster.pass(3_000)
    expect(worker.host.tasks).toEqual([])
    expect(cluster.status.connectors()).toEqual([])
  })
})

test('a connector that fails comes back as well, and its tasks go on meanwhile', async () => {
  cluster.status.log.length = 0
  worker.host.failConnector('a', 'its listener died')
  await cluster.until(() => cluster.status.connector('a')?.state === 'FAILED')
  expect(cluster.status.connector('a')?.trace).toContain('next attempt at')
  await cluster.until(isUp)
  expect(cluster.status.log.filter((line) => line.startsWith('task'))).toEqual([])
})

test('a running task without a sign of life is restarted; one that gives them is not', async () => {
  cluster.status.log.length = 0
  worker.host.signs.set('a-0', cluster.clock.monotonic())
  await cluster.pass(30_000)
  worker.host.signs.set('a-0', cluster.clock.monotonic())
  await cluster.pass(30_000)
  expect(cluster.status.log).toEqual([])
  await cluster.until(() => cluster.status.log.includes('task a-0 RESTARTING'))
  worker.host.signs.clear()
  await cluster.until(isUp)
})

test('a task that never comes up is restarted as well; one that is paused is silent by right', async () => {
  cluster.scripts.set('b', { taskStart: 'blocks' })
  await cluster.given(worker.herder.putConnectorConfig('b', { name: 'b' }, { mayReplace: false }))
  await cluster.until(() => worker.host.calls.includes('start b-0'))
  await cluster.given(worker.herder.pauseConnector('a'))
  await cluster.until(() => cluster.status.task(A0)?.state === 'PAUSED')
  for (const task of ['a-0', 'b-0']) worker.host.signs.set(task, cluster.clock.monotonic())
  worker.host.calls.length = 0
  await cluster.pass(51_000)
  expect(worker.host.calls).toEqual(['stop b-0', 'start b-0'])
})

test('without the option a failed task stays FAILED, as in Kafka Connect', async () => {
  await cluster.stop()
  cluster = new FakeCluster()
  ;[worker] = (await cluster.form(1)) as [FakeWorker]
  await cluster.create('a')
  expect(await fail('it broke')).toBeNaN()
  expect(cluster.status.task(A0)?.trace).toBe('it broke')
  await cluster.pass(60_000)
  expect(cluster.status.task(A0)?.state).toBe('FAILED')
})
