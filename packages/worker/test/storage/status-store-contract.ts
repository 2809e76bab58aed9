import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { WorkState } from '../../src/herder/herder.ts'
import type { StatusStore, StoredStatus } from '../../src/storage/status-store.ts'

export function status(state: WorkState, generation = 1, workerId = 'w1:8083'): StoredStatus {
  return { state, generation, workerId, trace: state === 'FAILED' ? 'Error: it\n\tat x' : null, version: '1.0' }
}

const ID = { connector: 'c', task: 0 }

/** What every status store promises. `open` gives one that was not started. */
export function statusStoreContract(what: string, open: () => Promise<StatusStore>): void {
  describe(what, () => {
    let store: StatusStore
    beforeEach(async () => {
      store = await open()
      await store.start()
    })
    afterEach(() => store.stop())

    const written = async (): Promise<void> => {
      await store.flush(10_000)
      await store.refresh(10_000)
    }

    test('nothing is known at first', () => {
      expect(store.connector('c')).toBeNull()
      expect(store.task(ID)).toBeNull()
      expect(store.tasks('c')).toEqual([])
      expect(store.connectors()).toEqual([])
      expect(store.topics('c')).toEqual([])
    })

    test('statuses are as they were put, tasks in the order of their numbers', async () => {
      store.putConnector('c', status('RUNNING'))
      store.putTask({ connector: 'c', task: 10 }, status('PAUSED'))
      store.putTask({ connector: 'c', task: 2 }, status('FAILED'))
      store.putTask({ connector: 'd-1', task: 0 }, { ...status('RUNNING'), version: null })
      await written()
      expect(store.connector('c')).toEqual(status('RUNNING'))
      expect(store.tasks('c')).toEqual([
        { id: 2, ...status('FAILED') },
        { id: 10, ...status('PAUSED') },
      ])
      expect(store.task({ connector: 'd-1', task: 0 })).toEqual({ ...status('RUNNING'), version: null })
      expect([...store.connectors()].toSorted()).toEqual(['c', 'd-1'])
    })

    test('DESTROYED forgets one of them', async () => {
      store.putConnector('c', status('RUNNING'))
      store.putTask(ID, status('RUNNING'))
      store.putConnector('c', status('DESTROYED'))
      await written()
      expect(store.connector('c')).toBeNull()
      expect(store.connectors()).toEqual(['c'])
      store.putTask(ID, status('DESTROYED'))
      await written()
      expect(store.connectors()).toEqual([])
    })

    test('a task that runs does not become unassigned by a goodbye of the same or an older generation', async () => {
      store.putTask(ID, status('RUNNING', 5, 'new:8083'))
      store.putTask(ID, status('UNASSIGNED', 4, 'old:8083'))
      store.putTask(ID, status('UNASSIGNED', 5, 'new:8083'))
      await written()
      expect(store.task(ID)?.state).toBe('RUNNING')
      store.putTask(ID, status('UNASSIGNED', 6, 'new:8083'))
      await written()
      expect(store.task(ID)?.state).toBe('UNASSIGNED')
    })

    test('a connector becomes unassigned whatever it was', async () => {
      store.putConnector('c', status('RUNNING', 5))
      store.putConnector('c', status('UNASSIGNED', 4))
      await written()
      expect(store.connector('c')?.state).toBe('UNASSIGNED')
    })

    test('a safe write is left out when another worker has written in a newer generation', async () => {
      store.putTask(ID, status('RUNNING', 5, 'new:8083'))
      store.putConnector('c', status('RUNNING', 5, 'new:8083'))
      await written()
      store.putTaskSafe(ID, status('FAILED', 4, 'old:8083'))
      store.putConnectorSafe('c', status('FAILED', 4, 'old:8083'))
      await written()
      expect(store.task(ID)?.state).toBe('RUNNING')
      expect(store.connector('c')?.state).toBe('RUNNING')
      store.putTask(ID, status('FAILED', 4, 'old:8083'))
      await written()
      expect(store.task(ID)?.state).toBe('FAILED')
    })

    test('a safe write is made by the same worker, in the same generation, or where nothing is known', async () => {
      store.putTaskSafe(ID, status('FAILED', 4, 'old:8083'))
      await written()
      expect(store.task(ID)).toEqual(status('FAILED', 4, 'old:8083'))
      store.putTaskSafe(ID, status('PAUSED', 4, 'new:8083'))
      await written()
      expect(store.task(ID)).toEqual(status('PAUSED', 4, 'new:8083'))
      store.putTaskSafe(ID, status('FAILED', 3, 'new:8083'))
      await written()
      expect(store.task(ID)).toEqual(status('FAILED', 3, 'new:8083'))
    })

    test('the first use of a topic is kept, until the uses are forgotten', async () => {
      store.putTopic({ topic: 't', connector: 'c', task: 1, discoveredAt: 5 })
      store.putTopic({ topic: 't', connector: 'c', task: 2, discoveredAt: 6 })
      store.putTopic({ topic: 'u', connector: 'c', task: 1, discoveredAt: 7 })
      store.putTopic({ topic: 't', connector: 'd', task: 0, discoveredAt: 8 })
      await written()
      expect(store.topics('c').toSorted((a, b) => a.discoveredAt - b.discoveredAt)).toEqual([
        { topic: 't', connector: 'c', task: 1, discoveredAt: 5 },
        { topic: 'u', connector: 'c', task: 1, discoveredAt: 7 },
      ])
      store.removeTopics('c')
      store.putTopic({ topic: 'u', connector: 'c', task: 3, discoveredAt: 9 })
      await written()
      expect(store.topics('c')).toEqual([{ topic: 'u', connector: 'c', task: 3, discoveredAt: 9 }])
      expect(store.topics('d')).toHaveLength(1)
    })

    test('uses that were not read back yet are forgotten too', async () => {
      store.putTopic({ topic: 't', connector: 'c', task: 1, discoveredAt: 5 })
      store.removeTopics('c')
      await written()
      expect(store.topics('c')).toEqual([])
    })
  })
}
