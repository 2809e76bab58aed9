import type { Change } from '../dsl/change.ts'
import { made } from '../topology/synchronous.ts'
import type { Aggregation, AnyAggregator } from './aggregator.ts'
import { NULL_KEY } from './drop-reasons.ts'
import type { Operator } from './operator.ts'
import { isLatest, isTaken, tableStore, type TableOutput } from './table-output.ts'

export interface TableAggregateOptions extends Aggregation {
  readonly kind?: string
  /** `KTABLE-AGGREGATE-` or `KTABLE-REDUCE-`. */
  readonly prefix?: string
  /** Takes an old value out of the aggregate again. */
  readonly subtractor: AnyAggregator
  readonly table: TableOutput
}

/**
 * Aggregates a regrouped table: the old value is taken out (only of an aggregate that there is), the new one put in. What arrives are
 * the changes that `tableRepartitionMap` made.
 */
export function tableAggregate(options: TableAggregateOptions): Operator {
  const { initializer, aggregator, subtractor, table } = options
  return {
    kind: options.kind ?? 'aggregate',
    prefix: options.prefix ?? 'KTABLE-AGGREGATE-',
    changes: 'record',
    compile(next, scope) {
      const { node } = scope
      const { sendOldValues } = table
      const store = tableStore(scope, table.store!)
      return (key, value, at) => {
        at.node = node
        if (key === null) return scope.drop(at, NULL_KEY)
        const from = value as Change<unknown>
        const { timestamp } = at
        const old = store.get(key)
        let aggregate = old === null ? null : old.value
        let newTimestamp = timestamp
        if (old !== null) {
          if (from.oldValue !== null) aggregate = made('subtractor', subtractor(key, from.oldValue, aggregate))
          if (old.timestamp > timestamp) newTimestamp = old.timestamp
        }
        if (from.newValue !== null) {
          const before = aggregate ?? made('initializer', initializer())
          aggregate = made('aggregator', aggregator(key, from.newValue, before))
        }
        const put = store.put(key, aggregate, newTimestamp)
        if (!isTaken(put)) return
        at.keep()
        const change: Change<unknown> = {
          newValue: aggregate,
          oldValue: sendOldValues && old !== null ? old.value : null,
          isLatest: isLatest(put),
        }
        at.timestamp = newTimestamp
        next(key, change, at)
        at.timestamp = timestamp
      }
    },
  }
}
