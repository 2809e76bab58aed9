import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { ConfigStore, SessionKey } from '../../src/storage/config-store.ts'
import { Told } from './told.ts'

const KEY: SessionKey = { key: Buffer.from('secret'), algorithm: 'HmacSHA256', createdAt: 1_700_000_000_000 }

/** What every config store promises. `open` gives one that was not started. */
export function configStoreContract(what: string, open: () => Promise<ConfigStore>): void {
  describe(what, () => {
    let store: ConfigStore
    let told: Told
    beforeEach(async () => {
      store = await open()
      told = new Told()
      await store.start(told)
      await store.claimLeadership()
    })
    afterEach(() => store.stop())

    test('is empty at first', () => {
      const snapshot = store.snapshot()
      expect(snapshot.connectors()).toEqual([])
      expect(snapshot.has('c')).toBe(false)
      expect(snapshot.connectorConfig('c')).toBeUndefined()
      expect(snapshot.targetState('c')).toBe('STARTED')
      expect(snapshot.tasks('c')).toEqual([])
      expect(snapshot.sessionKey).toBeNull()
      expect(snapshot.offset).toBe(-1)
      expect(told.take()).toEqual([])
    })

    test('what was put is in the snapshot, and was told, when the put resolves', async () => {
      await store.putConnector('c', { name: 'c', x: '${file:secret}' }, null)
      expect(store.snapshot().connectorConfig('c')).toEqual({ name: 'c', x: '${file:secret}' })
      expect(told.take()).toEqual(['changed c'])
      await store.putTaskConfigs('c', [{ n: '0' }, { n: '1' }])
      expect(store.snapshot().tasks('c')).toEqual([
        { connector: 'c', task: 0 },
        { connector: 'c', task: 1 },
      ])
      expect(store.snapshot().taskConfig({ connector: 'c', task: 1 })).toEqual({ n: '1' })
      expect(told.take()).toEqual(['tasks c-0 c-1'])
      await store.putTargetState('c', 'PAUSED')
      expect(store.snapshot().targetState('c')).toBe('PAUSED')
      expect(told.take()).toEqual(['target c'])
      await store.putSessionKey(KEY)
      expect(store.snapshot().sessionKey).toEqual(KEY)
      expect(told.take()).toEqual(['key secret'])
      await store.putFencingCount('c', 2)
      expect(store.snapshot().fencingCount('c')).toBe(2)
      await store.putRestartRequest({ connector: 'c', includeTasks: true, onlyFailed: false })
      await store.putLoggerLevel('a.b', 'DEBUG')
      expect(told.take()).toEqual(['restart c true false', 'logger a.b DEBUG'])
    })

    test('what is told is in the snapshot already', async () => {
      const seen: boolean[] = []
      told.onLine = () => seen.push(store.snapshot().has('c') && store.snapshot().targetState('c') === 'STOPPED')
      await store.putConnector('c', { name: 'c' }, 'STOPPED')
      expect(seen).toEqual([true])
    })

    test('a connector that begins in a state has it from its first moment, and that is told once', async () => {
      await store.putConnector('c', { name: 'c' }, 'PAUSED')
      expect(store.snapshot().targetState('c')).toBe('PAUSED')
      expect(told.take()).toEqual(['changed c'])
    })

    test('the same config once more is told again; the same target state is not', async () => {
      await store.putConnector('c', { name: 'c' }, null)
      await store.putConnector('c', { name: 'c' }, null)
      await store.putTargetState('c', 'STARTED')
      await store.putTargetState('c', 'STOPPED')
      await store.putTargetState('c', 'STOPPED')
      expect(told.take()).toEqual(['changed c', 'changed c', 'target c'])
    })

    test('a snapshot stays as it is', async () => {
      await store.putConnector('c', { name: 'c' }, null)
      await store.putTaskConfigs('c', [{ n: '0' }])
      const before = store.snapshot()
      await store.putTargetState('c', 'STOPPED')
      await store.putTaskConfigs('c', [])
      await store.putConnector('d', { name: 'd' }, null)
      await store.removeConnector('c')
      expect(before.connectors()).toEqual(['c'])
      expect(before.targetState('c')).toBe('STARTED')
      expect(before.taskConfigs('c')).toEqual([{ n: '0' }])
      expect(store.snapshot().connectors()).toEqual(['d'])
    })

    test('a smaller set of tasks takes the place of a larger one, an empty one too', async () => {
      await store.putConnector('c', { name: 'c' }, null)
      await store.putTaskConfigs('c', [{ n: '0' }, { n: '1' }, { n: '2' }])
      await store.putTaskConfigs('c', [{ n: 'zero' }])
      expect(store.snapshot().taskConfigs('c')).toEqual([{ n: 'zero' }])
      await store.putTaskConfigs('c', [])
      expect(store.snapshot().tasks('c')).toEqual([])
      expect(store.snapshot().isInconsistent('c')).toBe(false)
      expect(told.take()).toEqual(['changed c', 'tasks c-0 c-1 c-2', 'tasks c-0', 'tasks '])
    })

    test('nothing of a deleted connector is there for the next one of its name but how many producers it fences', async () => {
      await store.putConnector('c', { name: 'c' }, 'PAUSED')
      await store.putTaskConfigs('c', [{ n: '0' }])
      await store.putFencingCount('c', 1)
      await store.removeConnector('c')
      expect(store.snapshot().has('c')).toBe(false)
      expect(store.snapshot().tasks('c')).toEqual([])
      await store.putConnector('c', { name: 'c' }, null)
      const snapshot = store.snapshot()
      expect(snapshot.targetState('c')).toBe('STARTED')
      expect(snapshot.tasks('c')).toEqual([])
      expect(snapshot.appliedConfig('c')).toBeUndefined()
      expect(snapshot.fencingCount('c')).toBe(1)
      expect(told.take()).toEqual(['changed c', 'tasks c-0', 'removed c', 'changed c'])
    })

    test('task configs ask for fencing until its count is written, and tell what they were made from', async () => {
      await store.putConnector('c', { name: 'c', v: '1' }, null)
      expect(store.snapshot().isFencingPending('c')).toBe(false)
      expect(store.snapshot().appliedConfig('c')).toBeUndefined()
      await store.putTaskConfigs('c', [{ n: '0' }])
      expect(store.snapshot().isFencingPending('c')).toBe(true)
      await store.putFencingCount('c', 1)
      expect(store.snapshot().isFencingPending('c')).toBe(false)
      await store.putConnector('c', { name: 'c', v: '2' }, null)
      expect(store.snapshot().appliedConfig('c')).toEqual({ name: 'c', v: '1' })
      await store.putTaskConfigs('c', [{ n: '0' }])
      expect(store.snapshot().isFencingPending('c')).toBe(true)
      expect(store.snapshot().appliedConfig('c')).toEqual({ name: 'c', v: '2' })
    })

    test.each(['with-dashes-1', '__proto__', 'sl/ash é', 'a b"c', '😀'])('a name may be anything: %s', async (name) => {
      const config = Object.fromEntries([
        ['name', name],
        ['__proto__', 'x'],
      ])
      await store.putConnector(name, config, 'PAUSED')
      await store.putTaskConfigs(name, [config])
      const snapshot = store.snapshot()
      expect(snapshot.connectors()).toEqual([name])
      expect(Object.entries(snapshot.connectorConfig(name)!)).toEqual(Object.entries(config))
      expect(snapshot.targetState(name)).toBe('PAUSED')
      expect(snapshot.tasks(name)).toEqual([{ connector: name, task: 0 }])
    })
  })
}
