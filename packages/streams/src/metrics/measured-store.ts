import type { Meter, MetricSet, Spread } from '@sluice/kafka'
import type { Clock } from '@sluice/sdk'
import type { TaskStore } from '../state/store-context.ts'
import { wrappedStore } from '../state/wrapped-store.ts'
import { LATENCY_SAMPLE, STORE_OPERATIONS } from './metric-names.ts'

const NAMES = new Map(
  Object.entries(STORE_OPERATIONS).flatMap(([operation, methods]) => methods.map((method) => [method, operation])),
)
const NS_PER_MS = 1e6

interface Operation {
  calls: number
  counted: number
  readonly latency: Spread
  readonly meter: Meter
}

/** The operations of one store: every call is counted, and one of `LATENCY_SAMPLE` timed. */
export class MeasuredStore {
  /** The store to use in place of the one that is measured. */
  readonly store: TaskStore
  readonly set: MetricSet
  readonly #clock: Clock
  readonly #operations = new Map<string, Operation>()

  constructor(store: TaskStore, set: MetricSet, clock: Clock) {
    this.#clock = clock
    this.set = set
    this.store = wrappedStore(store, (name, method) => {
      const operation = NAMES.get(name)
      if (operation === undefined) return method
      const of = this.#operation(operation, set)
      return (...args) => {
        if (of.calls++ % LATENCY_SAMPLE !== 0) return method(...args)
        const startedAt = clock.monotonic()
        const result = method(...args)
        const now = clock.monotonic()
        of.latency.record((now - startedAt) * NS_PER_MS, now)
        return result
      }
    })
  }

  /** What was called since: to be asked now and then, as rates are of the time between. */
  count(): void {
    const now = this.#clock.monotonic()
    for (const of of this.#operations.values()) {
      if (of.calls === of.counted) continue
      of.meter.add(of.calls - of.counted, now)
      of.counted = of.calls
    }
  }

  #operation(name: string, set: MetricSet): Operation {
    let operation = this.#operations.get(name)
    if (operation === undefined) {
      operation = { calls: 0, counted: 0, latency: set.spread(`${name}-latency`), meter: set.meter(name) }
      this.#operations.set(name, operation)
    }
    return operation
  }
}
