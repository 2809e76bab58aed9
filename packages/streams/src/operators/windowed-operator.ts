import type { NodeTime } from '../record-path/node-times.ts'
import type { CalendarWindows } from '../windows/calendar-windows.ts'
import type { Aggregation } from './aggregator.ts'
import type { NodeScope, Operator } from './operator.ts'

/** What aggregations over any kind of windows are told. */
export interface WindowedAggregateOptions extends Aggregation {
  readonly kind?: string
  readonly prefix?: string
  readonly store: string
  /** Kafka Streams' `EmitStrategy`: each update, or each window once, when its end and its grace have passed. */
  readonly emit: 'update' | 'close'
  /** Read when compiled: whether changes carry old values. */
  readonly table: { readonly sendOldValues: boolean }
  /**
   * The child that gets, as they came, records that are too late for all of their windows. Absent: those are dropped and counted, as
   * each single window is that a record is too late for.
   */
  readonly late?: string
  /** Whether null values are aggregated, as Kafka Streams does in tumbling and session windows. Otherwise they are dropped. */
  readonly aggregatesNulls: boolean
}

/** The time of an aggregation over windows, whose windows are closed when it is so far behind them. */
export function windowTime(
  { emit, store }: Pick<WindowedAggregateOptions, 'emit' | 'store'>,
  behindMs: number,
  scope: NodeScope,
): NodeTime {
  return scope.time(emit === 'close' ? { store, behindMs } : undefined)
}

/** An aggregation over windows, as the topology sees it. */
export function windowedOperator(
  options: Omit<WindowedAggregateOptions, 'aggregatesNulls'> & {
    readonly windows: { readonly kind: string } | CalendarWindows
  },
  compile: Operator['compile'],
): Operator {
  const { kind = 'aggregate', prefix = 'KSTREAM-AGGREGATE-', windows, emit, late, ignoresValues } = options
  return {
    kind,
    prefix,
    changes: 'record',
    details: { windows: windows.kind, emit, ...calendarOf(windows) },
    ...(late === undefined ? {} : { sideChildren: [late] }),
    // Records that are late go on with theirs.
    ...(ignoresValues === true && late === undefined ? { ignores: 'value' } : {}),
    compile,
  }
}

/** What stored windows lie by beside their size. */
function calendarOf(windows: { readonly kind: string } | CalendarWindows): { readonly calendar?: string } {
  return 'zone' in windows ? { calendar: `${windows.unit} in ${windows.zone}` } : {}
}
