import { SluiceError } from '@sluice/sdk'
import type { Change } from '../dsl/change.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import type { BufferedChange, SuppressionBuffer, ValueAndTimestamp } from '../state/stores.ts'
import type { Window } from '../windows/window.ts'
import type { Operator, Step } from './operator.ts'
import { enterContext } from './stream-table-join.ts'
import type { TableView } from './table-view.ts'

export interface SuppressOptions {
  /** The buffer: a store of kind `suppression`. */
  readonly buffer: string
  /** A row is let go when its time is this long ago: the limit of `untilTimeLimit`, or the windows' grace (of sessions: gap and grace). */
  readonly delayMs: number
  /** A row's time: its record's, or the end of its window (`untilWindowCloses`). */
  readonly timeOf: 'record' | 'windowEnd'
  /** Deletes of rows that never left the buffer need not be told: `untilWindowCloses` has final results only. */
  readonly dropsTombstones: boolean
  /** Infinity: unbounded. */
  readonly maxRecords: number
  readonly maxBytes: number
  /** When the buffer is full: `emit` lets the earliest go (`emitEarlyWhenFull`), `shutDown` ends the run. */
  readonly whenFull: 'emit' | 'shutDown'
  /** Read when compiled: whether changes carry old values. */
  readonly table: { readonly sendOldValues: boolean }
}

/**
 * Holds the changes of a table back, the latest per key, until their time. Time moves with the records that arrive here. What is let
 * go has the time, headers and position of its own record.
 */
export function suppress(options: SuppressOptions): Operator {
  return {
    kind: 'suppress',
    prefix: 'KTABLE-SUPPRESS-',
    // What has waited has a key of its own.
    changes: 'record',
    details: { delayMs: options.delayMs, timeOf: options.timeOf },
    compile(next, scope) {
      const { node } = scope
      const { delayMs, maxRecords, maxBytes, whenFull } = options
      const ofWindow = options.timeOf === 'windowEnd'
      const buffer = scope.store(options.buffer) as SuppressionBuffer<unknown, unknown>
      const gate = new Gate(options, next, node)
      const time = scope.time()
      const isDue = (): boolean => buffer.minTime <= time.at - delayMs
      const isFull = (): boolean => buffer.numRecords > maxRecords || buffer.sizeBytes > maxBytes
      scope.onTime((timestamp, at) => {
        if (timestamp > time.at) time.at = timestamp
        if (isDue()) gate.letGo(buffer, isDue, at)
      })
      return (key, value, at) => {
        at.node = node
        const { newValue, oldValue } = value as Change<unknown>
        if (at.timestamp > time.at) time.at = at.timestamp
        buffer.put(ofWindow ? (key as Window).end : at.timestamp, key, newValue, oldValue)
        at.keep()
        if (isDue()) gate.letGo(buffer, isDue, at)
        if (!isFull()) return
        if (whenFull === 'emit') gate.letGo(buffer, isFull, at)
        else at.halt = full(buffer, node, options)
      }
    },
  }
}

/** Hands on what the buffer lets go, each change in the context it came with; the task's context is as it was behind it. */
class Gate {
  readonly #options: SuppressOptions
  readonly #next: Step
  readonly #node: string
  #at: RecordContext | null = null

  constructor(options: SuppressOptions, next: Step, node: string) {
    this.#options = options
    this.#next = next
    this.#node = node
  }

  letGo(buffer: SuppressionBuffer<unknown, unknown>, isDue: () => boolean, at: RecordContext): void {
    const { topic, partition, offset, timestamp, headers } = at
    this.#at = at
    at.letGoBegins()
    buffer.evictWhile(isDue, this.#onEvicted)
    at.letGoEnds()
    at.topic = topic
    at.partition = partition
    at.offset = offset
    at.timestamp = timestamp
    at.headers = headers
  }

  readonly #onEvicted = ({ key, newValue, priorValue, context }: BufferedChange<unknown, unknown>): void => {
    if (newValue === null && this.#options.dropsTombstones) return
    const at = this.#at!
    enterContext(at, context)
    at.node = this.#node
    const change: Change<unknown> = {
      newValue,
      // What has been let go before, not what was replaced while it waited: nobody downstream knows of that.
      oldValue: this.#options.table.sendOldValues ? priorValue : null,
      isLatest: true,
    }
    this.#next(key, change, at)
  }
}

/** The rows of a table behind a buffer: of those that wait, what was there before. */
export function suppressedView(parent: TableView, buffer: string): TableView {
  return {
    stores: [...new Set([...parent.stores, buffer])],
    isVersioned: false,
    compile(scope) {
      const rows = parent.compile(scope)
      const waiting = scope.store(buffer) as SuppressionBuffer<unknown, unknown>
      return {
        get(key): ValueAndTimestamp<unknown> | null {
          const prior = waiting.priorValue(key)
          return prior === undefined ? rows.get(key) : prior
        },
      }
    },
  }
}

function full(
  { numRecords, sizeBytes }: SuppressionBuffer<unknown, unknown>,
  node: string,
  { maxRecords, maxBytes }: SuppressOptions,
): SluiceError {
  return new SluiceError('TASK_FAILED', `The buffer of ${node} is full`, {
    place: { node, records: numRecords, bytes: sizeBytes, maxRecords, maxBytes },
    remedy: 'Raise the bound of the buffer, shorten windows and grace, or let it emit early when it is full.',
  })
}
