import { expect, test } from '@jest/globals'
import { MetricSet } from '@sluice/kafka'
import { systemClock, type Clock } from '@sluice/sdk'
import { MeasuredStore } from '../../src/metrics/measured-store.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import type { TaskStore } from '../../src/state/store-context.ts'
import type { KeyValueStore } from '../../src/state/stores.ts'
import { storeContract } from '../state/contract.ts'
import { base } from '../state/definitions.ts'
import { TestContext } from '../state/test-context.ts'

/** A store that is measured answers as it does otherwise. */
storeContract('measured', 300, (definition) => {
  const context = new TestContext()
  const made = (): TaskStore => {
    const set = new MetricSet('stream-state-metrics', {}, systemClock)
    return new MeasuredStore(memoryStores(definition, context), set, systemClock).store
  }
  let store = made()
  return Promise.resolve({
    context,
    store: () => store,
    commit: () => store.flush(),
    reopen() {
      store.flush()
      store.close()
      store = made()
      store.restore(context.records())
      return Promise.resolve()
    },
    end() {
      store.close()
      return Promise.resolve()
    },
  })
})

test('every call is counted; the first and then one in 64 is timed, in nanoseconds', () => {
  let looks = 0
  // Each look at the clock takes a millisecond.
  const clock: Clock = { ...systemClock, monotonic: () => looks++ }
  const set = new MetricSet('stream-state-metrics', {}, clock)
  const measured = new MeasuredStore(memoryStores({ kind: 'keyValue', ...base() }, new TestContext()), set, clock)
  const store = measured.store as unknown as KeyValueStore<string, string>
  looks = 0
  for (let i = 0; i < 128; i++) store.put(`key ${i % 2}`, String(i))
  expect(looks).toBe(4)
  expect(store.get('key 1')).toBe('127')
  measured.count()
  const { values } = set.read()
  expect([values['put-total'], values['get-total'], values['put-latency-avg']]).toEqual([128, 1, 1_000_000])
})
