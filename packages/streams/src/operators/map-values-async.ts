import type { RecordContext } from '../record-path/record-context.ts'
import type { ProcessorNode, TopologyNode } from '../topology/node.ts'
import type { Operator } from './operator.ts'

/** Makes a new value in its own time. `signal` is aborted when nobody waits any more. */
export type AsyncValueMapper<K, V, W> = (value: V, key: K, signal: AbortSignal) => Promise<W>

export interface MapValuesAsyncOptions {
  readonly mapper: AsyncValueMapper<unknown, unknown, unknown>
  readonly concurrency: number
  readonly timeoutMs: number
  readonly keepsOrder: boolean
}

/** `mapValuesAsync`: replaces each value by what a call comes to. What it rejects with is an exception of the stage `process`. */
export function mapValuesAsync({ mapper, ...options }: MapValuesAsyncOptions): Operator {
  return {
    kind: 'mapValuesAsync',
    prefix: 'KSTREAM-MAPVALUESASYNC-',
    changes: 'value',
    details: { ...options },
    compile(next, scope) {
      const { node } = scope
      const lane = {
        node,
        ...options,
        call: (key: unknown, value: unknown, signal: AbortSignal) => mapper(value, key, signal),
        next: (key: unknown, value: unknown, at: RecordContext) => next(key, value ?? null, at),
      }
      return (key, value, at) => {
        at.node = node
        // A restarting task only remembers: what is behind a call is not run again for that.
        if (at.live) scope.begin(lane, key, value, at)
      }
    },
  }
}

/** Whether a topology has asynchronous operators. */
export function asksOthers({ nodes }: { readonly nodes: readonly TopologyNode[] }): boolean {
  return nodes.some(isAsking)
}

export function isAsking(node: TopologyNode): node is ProcessorNode {
  return node.kind === 'processor' && node.operator.kind === 'mapValuesAsync'
}
