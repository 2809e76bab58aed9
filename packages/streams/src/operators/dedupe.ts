import type { WindowStore } from '../state/stores.ts'
import { made } from '../topology/synchronous.ts'
import { DUPLICATE } from './drop-reasons.ts'
import type { KeySelector } from './select-key.ts'
import type { Operator } from './operator.ts'

export interface DedupeOptions {
  /** What makes two records the same; null: the record is like no other. */
  readonly by: KeySelector<unknown, unknown, string | null>
  readonly withinMs: number
  /** A window store of ids: when one was let through is where its window starts. */
  readonly store: string
}

const SEEN = new Uint8Array(0)

/**
 * Lets the first record of each id through and drops those whose times are no further from it than `withinMs`, before or behind; what
 * comes later than that is a first one again. One that is too late for the store to remember goes through.
 */
export function dedupe({ by, withinMs, store: name }: DedupeOptions): Operator {
  return {
    kind: 'dedupe',
    prefix: 'KSTREAM-DEDUPE-',
    details: { withinMs },
    compile(next, scope) {
      const { node } = scope
      const store = scope.store(name) as WindowStore<string, Uint8Array>
      return (key, value, at) => {
        at.node = node
        const id = made('by', by(key, value))
        if (id !== null) {
          const { timestamp } = at
          for (const _seen of store.fetchRange(id, timestamp - withinMs, timestamp + withinMs))
            return scope.drop(at, DUPLICATE)
          store.put(id, SEEN, timestamp)
        }
        next(key, value, at)
      }
    },
  }
}
