import type { Change } from '../dsl/change.ts'
import { made } from '../topology/synchronous.ts'
import type { Aggregation } from './aggregator.ts'
import { NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { Operator } from './operator.ts'
import { isLatest, isTaken, tableStore, type TableOutput } from './table-output.ts'

export interface StreamAggregateOptions extends Aggregation {
  /** `aggregate`, `reduce`, `count`. */
  readonly kind?: string
  /** `KSTREAM-AGGREGATE-` or `KSTREAM-REDUCE-`. */
  readonly prefix?: string
  readonly table: TableOutput
}

/** Aggregates a grouped stream per key. A record without a key or a value is dropped; an aggregate of null deletes the row. */
export function streamAggregate(options: StreamAggregateOptions): Operator {
  const { initializer, aggregator, table } = options
  return {
    kind: options.kind ?? 'aggregate',
    prefix: options.prefix ?? 'KSTREAM-AGGREGATE-',
    changes: 'value',
    ...(options.ignoresValues === true ? { ignores: 'value' } : {}),
    compile(next, scope) {
      const { node } = scope
      const { sendOldValues } = table
      const store = tableStore(scope, table.store!)
      return (key, value, at) => {
        at.node = node
        if (key === null) return scope.drop(at, NULL_KEY)
        if (value === null) return scope.drop(at, NULL_VALUE)
        const { timestamp } = at
        const old = store.get(key)
        const oldValue = old === null ? null : old.value
        const newValue = made(
          'aggregator',
          aggregator(key, value, old === null ? made('initializer', initializer()) : old.value),
        )
        const newTimestamp = old === null || old.timestamp < timestamp ? timestamp : old.timestamp
        const put = store.put(key, newValue, newTimestamp)
        if (!isTaken(put)) return
        at.keep()
        const change: Change<unknown> = {
          newValue,
          oldValue: sendOldValues ? oldValue : null,
          isLatest: isLatest(put),
        }
        at.timestamp = newTimestamp
        next(key, change, at)
        at.timestamp = timestamp
      }
    },
  }
}
