import type { BufferedContext, BufferedRecord, RecordBuffer } from '../state/stores.ts'
import type { RecordContext } from '../record-path/record-context.ts'
import { made } from '../topology/synchronous.ts'
import { NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { AnyJoiner } from './joiner.ts'
import type { KeySelector } from './select-key.ts'
import type { NodeScope, Operator, Step } from './operator.ts'
import type { TableView, ValueGetter } from './table-view.ts'

export interface StreamTableJoinOptions {
  readonly kind: 'inner' | 'left'
  /** Of the stream's value and the table's, null where a left join finds no row. */
  readonly joiner: AnyJoiner
  readonly tableView: TableView
  /** The record buffer of `Joined.withGracePeriod`: records wait there until rows of their time have had the grace to come. */
  readonly buffer?: string
}

/**
 * Joins each record of a stream with the row that the table has: in a versioned table the one that held at the record's time. Only
 * records of the stream make results. In a left join a record without a key has a result at once, also where others wait.
 */
export function streamTableJoin(options: StreamTableJoinOptions): Operator {
  const { kind, joiner, tableView, buffer } = options
  return {
    kind: kind === 'left' ? 'leftJoin' : 'join',
    prefix: kind === 'left' ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-',
    // What has waited has a key of its own.
    changes: buffer === undefined ? 'value' : 'record',
    compile(next, scope) {
      const { node } = scope
      const isLeft = kind === 'left'
      const join = joinStep(isLeft, joiner, tableView, next, scope)
      const waiting = buffer === undefined ? null : (scope.store(buffer) as RecordBuffer<unknown, unknown>)
      const waited = new Waited(join, node)
      return (key, value, at) => {
        at.node = node
        if (value === null) return scope.drop(at, NULL_VALUE)
        if (key === null && !isLeft) return scope.drop(at, NULL_KEY)
        if (waiting === null || key === null) return join(key, value, at)
        if (waiting.put(at.timestamp, key, value)) at.keep()
        else join(key, value, at)
        waited.letGo(waiting, at)
      }
    },
  }
}

export interface StreamGlobalJoinOptions {
  readonly kind: 'inner' | 'left'
  readonly joiner: AnyJoiner
  readonly tableView: TableView
  /** The key to look up. Null: a left join has a result without a row, an inner one drops the record. */
  readonly selector: KeySelector<unknown, unknown, unknown>
}

/** Joins each record of a stream with the row of a global table that a key made of the record names. Keys of records may be null. */
export function streamGlobalJoin({ kind, joiner, tableView, selector }: StreamGlobalJoinOptions): Operator {
  return {
    kind: kind === 'left' ? 'leftJoin' : 'join',
    prefix: kind === 'left' ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-',
    changes: 'value',
    compile(next, scope) {
      const { node } = scope
      const isLeft = kind === 'left'
      const rows = tableView.compile(scope)
      return (key, value, at) => {
        at.node = node
        if (value === null) return scope.drop(at, NULL_VALUE)
        const lookup = made('selector', selector(key, value))
        if (lookup === null && !isLeft) return scope.drop(at, NULL_KEY)
        const row = lookup === null ? null : rows.get(lookup)
        if (row !== null) next(key, made('joiner', joiner(value, row.value, key)), at)
        else if (isLeft) next(key, made('joiner', joiner(value, null, key)), at)
        else at.drop(node)
      }
    },
  }
}

function joinStep(isLeft: boolean, joiner: AnyJoiner, view: TableView, next: Step, scope: NodeScope): Step {
  const { node } = scope
  const rows: ValueGetter<unknown, unknown> = view.compile(scope)
  const asOf = view.isVersioned ? rows.getAsOf?.bind(rows) : undefined
  return (key, value, at) => {
    const row = key === null ? null : asOf === undefined ? rows.get(key) : asOf(key, at.timestamp)
    if (row !== null) next(key, made('joiner', joiner(value, row.value, key)), at)
    else if (isLeft) next(key, made('joiner', joiner(value, null, key)), at)
    else at.drop(node)
  }
}

/** Joins records that have waited, each in the context it came with; the task's context is as it was behind it. */
class Waited {
  readonly #join: Step
  readonly #node: string
  #at: RecordContext | null = null

  constructor(join: Step, node: string) {
    this.#join = join
    this.#node = node
  }

  letGo(buffer: RecordBuffer<unknown, unknown>, at: RecordContext): void {
    const { topic, partition, offset, timestamp, headers } = at
    this.#at = at
    at.letGoBegins()
    buffer.evict(this.#onEvicted)
    at.letGoEnds()
    at.topic = topic
    at.partition = partition
    at.offset = offset
    at.timestamp = timestamp
    at.headers = headers
  }

  readonly #onEvicted = ({ key, value, context }: BufferedRecord<unknown, unknown>): void => {
    const at = this.#at!
    enterContext(at, context)
    at.node = this.#node
    this.#join(key, value, at)
  }
}

/** Gives the task's context what a buffered record came with. */
export function enterContext(at: RecordContext, context: BufferedContext): void {
  at.standAt(context)
  at.timestamp = context.timestamp
  at.headers = context.headers
}
