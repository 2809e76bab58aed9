import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { RawSettings } from '@sluice/sdk'
import type { TaskId } from '../../src/herder/herder.ts'
import { FakeCluster, type FakeWorker } from './support/fake-cluster.ts'

const A0: TaskId = { connector: 'a', task: 0 }
const WITH_SECRET: RawSettings = { password: '${vault:password}' }
const TTL_MS = 60_000
let cluster: FakeCluster
let worker: FakeWorker

beforeEach(async () => {
  cluster = new FakeCluster()
  ;[worker] = (await cluster.form(1, { automaticRestart: { backoffMs: 1_000 } })) as [FakeWorker]
  Object.assign(cluster.vault, { values: { password: 'old', three: '3', slow: '7000' }, ttlMs: TTL_MS })
})

afterEach(async () => {
  await cluster.stop()
})

/** What has been started in so much time. */
async function startsWithin(ms: number): Promise<readonly string[]> {
  worker.host.calls.length = 0
  await cluster.pass(ms)
  return worker.host.calls.filter((call) => call.startsWith('start '))
}

test('what was taken away while its values were asked for is not started', async () => {
  const asked = Promise.withResolvers<void>()
  const { providers } = cluster
  const resolve = providers.resolve.bind(providers)
  providers.resolve = async (config) => {
    await asked.promise
    return resolve(config)
  }
  const creating = worker.herder.putConnectorConfig('a', { ...WITH_SECRET, name: 'a' }, { mayReplace: false })
  await cluster.given(creating)
  await cluster.quiet()
  await cluster.given(worker.herder.deleteConnector('a'))
  asked.resolve()
  await cluster.quiet()
  expect(worker.host.calls.filter((call) => call.startsWith('start '))).toEqual([])
})

describe('when a value of a config provider runs out', () => {
  test('and is another by then, the connector and its tasks start anew, each time', async () => {
    await cluster.create('a', 2, WITH_SECRET)
    for (const password of ['new', 'newer']) {
      cluster.vault.values['password'] = password
      expect(await startsWithin(TTL_MS / 2)).toEqual([])
      expect((await startsWithin(TTL_MS / 2 + 1_000)).toSorted()).toEqual(['start a', 'start a-0', 'start a-1'])
    }
    expect(cluster.isRunning('a', 2)).toBe(true)
  })

  test('and is still the same, nothing stops, and it is asked for again as long as the provider says', async () => {
    await cluster.create('a', 1, WITH_SECRET)
    expect(await startsWithin(2 * TTL_MS + 1_000)).toEqual([])
    cluster.vault.values['password'] = 'new'
    expect(await startsWithin(TTL_MS + 1_000)).toContain('start a')
  })

  test('nobody starts anew who does not use it, has config.action.reload=none, or was started with the new value', async () => {
    await cluster.create('plain', 1, {})
    await cluster.create('none', 1, { ...WITH_SECRET, 'config.action.reload': 'none' })
    await cluster.create('a', 1, WITH_SECRET)
    cluster.vault.values['password'] = 'new'
    await cluster.given(worker.herder.restartConnector('a'))
    await cluster.given(worker.herder.restartTask(A0))
    expect(await startsWithin(3 * TTL_MS)).toEqual([])
  })

  test('of a connector that was deleted, nothing is started', async () => {
    await cluster.create('a', 1, WITH_SECRET)
    await cluster.given(worker.herder.deleteConnector('a'))
    cluster.vault.values['password'] = 'new'
    expect(await startsWithin(2 * TTL_MS)).toEqual([])
  })

  test('and the provider cannot read, what runs goes on, and it is asked again soon', async () => {
    await cluster.create('a', 1, WITH_SECRET)
    cluster.vault.values['password'] = 'new'
    cluster.vault.error = new Error('sealed')
    expect(await startsWithin(2 * TTL_MS)).toEqual([])
    expect(cluster.isRunning('a', 1)).toBe(true)
    cluster.vault.error = null
    expect(await startsWithin(15_000)).toContain('start a')
  })

  test('at once, it is asked for once a second', async () => {
    cluster.vault.ttlMs = 0
    await cluster.create('a', 1, WITH_SECRET)
    const asked = cluster.vault.asked
    await cluster.pass(10_000)
    // The connector and its task ask at the same time: that is one read.
    expect(cluster.vault.asked - asked).toBeGreaterThanOrEqual(9)
    expect(cluster.vault.asked - asked).toBeLessThanOrEqual(11)
  })

  test('a failed task whose value was the reason comes back with the new one, as if it had never failed', async () => {
    await cluster.create('a', 1, { ...WITH_SECRET, 'restart.enable': 'false' })
    worker.host.tellTask(A0, 'FAILED', 'wrong password')
    cluster.vault.values['password'] = 'new'
    await cluster.pass(TTL_MS / 2)
    expect(cluster.status.task(A0)?.state).toBe('FAILED')
    await cluster.pass(TTL_MS / 2 + 1_000)
    expect(cluster.isRunning('a', 1)).toBe(true)
  })
})

describe('when values are not there as work starts', () => {
  /** Once more, with the vault as it is by now. */
  async function startAgain(): Promise<void> {
    await cluster.given(worker.herder.restartConnector('a'))
    await cluster.given(worker.herder.restartTask(A0))
    await cluster.until(() => cluster.isRunning('a', 1))
  }

  test('because the provider cannot read, the work starts anew when it can, and is renewed from then on', async () => {
    await cluster.create('a', 1, { ...WITH_SECRET, 'restart.enable': 'false' })
    cluster.vault.error = new Error('sealed')
    await startAgain()
    worker.host.tellTask(A0, 'FAILED', 'no password')
    expect(await startsWithin(20_000)).toEqual([])
    cluster.vault.error = null
    expect((await startsWithin(11_000)).toSorted()).toEqual(['start a', 'start a-0'])
    expect(cluster.isRunning('a', 1)).toBe(true)
    expect(await startsWithin(TTL_MS + 1_000)).toEqual([])
    cluster.vault.values['password'] = 'new'
    expect(await startsWithin(TTL_MS + 1_000)).toContain('start a')
  })

  test('because the provider is slow, the work goes on when they come, and starts anew when they have become others', async () => {
    await cluster.create('a', 1, WITH_SECRET)
    const opens = Promise.withResolvers<void>()
    cluster.vault.opens = opens.promise
    const { asked } = cluster.vault
    await startAgain()
    expect(await startsWithin(8_000)).toEqual([])
    expect(cluster.vault.asked).toBe(asked + 1)
    cluster.vault.opens = null
    opens.resolve()
    expect(await startsWithin(TTL_MS - 1_000)).toEqual([])
    cluster.vault.values['password'] = 'new'
    expect(await startsWithin(3_000)).toContain('start a')
  })

  test('because a read hangs, no second one is begun, and starts are held up only until that is known', async () => {
    await cluster.create('a', 1, WITH_SECRET)
    cluster.vault.opens = new Promise(() => undefined)
    const { asked } = cluster.vault
    await startAgain()
    expect(await startsWithin(3 * TTL_MS)).toEqual([])
    expect(cluster.vault.asked).toBe(asked + 1)
    const before = cluster.clock.monotonic()
    await cluster.given(worker.herder.restartTask(A0))
    expect(worker.host.calls.at(-1)).toBe('start a-0')
    expect(cluster.clock.monotonic() - before).toBeLessThan(1_000)
  })

  test.each([
    ['hold for ever', {}, null],
    ['are not to be followed', { 'config.action.reload': 'none' }, TTL_MS],
  ])('nothing starts anew for values that %s', async (_, settings, ttlMs) => {
    cluster.vault.ttlMs = ttlMs
    await cluster.create('a', 1, { ...WITH_SECRET, ...settings })
    cluster.vault.error = new Error('sealed')
    await startAgain()
    cluster.vault.error = null
    expect(await startsWithin(TTL_MS)).toEqual([])
  })
})

describe('settings that the herder itself reads', () => {
  test('tasks.max may come from a config provider', async () => {
    await cluster.create('a', 3, { 'tasks.max': '${vault:three}' })
    expect(cluster.topic.entries.find(({ key }) => key === 'connector-a')?.value).toMatchObject({
      'tasks.max': '${vault:three}',
    })
  })

  test('a tasks.max that is no number any more is told, but not what it is, and read again', async () => {
    cluster.vault.values['three'] = 'three'
    const full = { 'connector.class': 'FakeSource', 'tasks.max': '${vault:three}', name: 'a' }
    await cluster.given(worker.herder.putConnectorConfig('a', full, { mayReplace: false }))
    await cluster.until(() => cluster.status.connector('a')?.trace?.includes('tasks.max is "[hidden]"') === true)
    expect(cluster.status.connector('a')?.trace).not.toContain('three')
    cluster.vault.values['three'] = '3'
    await cluster.until(() => cluster.isRunning('a', 3))
  })

  test('so may the back-off of automatic restarts', async () => {
    await cluster.create('a', 1, { 'restart.backoff.initial.ms': '${vault:slow}' })
    worker.host.tellTask(A0, 'FAILED', 'away')
    await cluster.quiet()
    const at = /next attempt at (.*)\.$/.exec(cluster.status.task(A0)!.trace!)!
    expect(Date.parse(at[1]!) - cluster.clock.now()).toBe(7_000)
  })
})
