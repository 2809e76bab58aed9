import type { WindowStore } from '../state/stores.ts'
import type { JoinWindows } from '../windows/join-windows.ts'
import { made } from '../topology/synchronous.ts'
import { NULL_KEY, NULL_VALUE } from './drop-reasons.ts'
import type { AnyJoiner } from './joiner.ts'
import type { Operator } from './operator.ts'
import { passThrough } from './pass-through.ts'

/** In the place of `windowedStore`. */
export function selfJoinWindowed(): Operator {
  return passThrough('windowed', 'KSTREAM-WINDOWED-')
}

export interface SelfJoinOptions {
  readonly joiner: AnyJoiner
  readonly windows: JoinWindows
  readonly store: string
}

/**
 * A windowed join of a stream with itself over one store (`single.store.self.join`): it puts out what the join over two stores does.
 * It keeps the record by itself; the node before it is `selfJoinWindowed`, there for its name alone.
 */
export function selfJoin({ joiner, windows, store: name }: SelfJoinOptions): Operator {
  return {
    kind: 'selfJoin',
    prefix: 'KSTREAM-MERGE-',
    changes: 'value',
    compile(next, scope) {
      const { node } = scope
      const { beforeMs, afterMs } = windows
      const store = scope.store(name) as WindowStore<unknown, unknown>
      return (key, value, at) => {
        at.node = node
        if (value === null) return scope.drop(at, NULL_VALUE)
        if (key === null) return scope.drop(at, NULL_KEY)
        const { timestamp } = at
        at.keep()
        // As the left side, which meets those before it and not yet itself.
        for (const { start, value: other } of store.fetchRange(
          key,
          Math.max(0, timestamp - beforeMs),
          timestamp + afterMs,
        )) {
          at.timestamp = start > timestamp ? start : timestamp
          next(key, made('joiner', joiner(value, other, key)), at)
        }
        store.put(key, value, timestamp)
        // As the right side, which meets itself too.
        for (const { start, value: other } of store.fetchRange(
          key,
          Math.max(0, timestamp - afterMs),
          timestamp + beforeMs,
        )) {
          at.timestamp = start > timestamp ? start : timestamp
          next(key, made('joiner', joiner(other, value, key)), at)
        }
        at.timestamp = timestamp
      }
    },
  }
}
