import { advanceWhenIdle, type IdleRecord } from '../operators/advance-when-idle.ts'
import { Serdes } from '../serdes.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { checkDuration } from '../windows/duration-check.ts'
import type { StreamPlace } from './place.ts'
import { storeBase } from './stored.ts'

const PREFIX = 'KSTREAM-IDLE-'

/** When a stream counts as idle. The name is also that of the store of what was done (`<name>-times`). */
export interface WhenIdle {
  readonly name: string
  /** Milliseconds on the wall clock, at least 1. */
  readonly afterMs: number
}

export function advanceStreamWhenIdle(stream: StreamPlace, { name: given, afterMs }: WhenIdle): StreamPlace {
  const { graph } = stream
  checkDuration('The time after which a stream is idle', afterMs, 1)
  const name = graph.names.node(given, PREFIX)
  const store = `${name}-times`
  // Of what is done at one place, a commit needs the last.
  const base = storeBase(
    store,
    { engine: 'memory', caching: true },
    { key: Serdes.string, value: Serdes.json<IdleRecord>() },
  )
  const node: GraphNode = {
    name,
    write(to, { parents }) {
      to.store({ kind: 'keyValue', ...base }, { isUnnamed: false })
      to.processor({ name, predecessors: parents, operator: advanceWhenIdle({ afterMs, store }) }, [store])
    },
  }
  graph.add(node, [stream.node])
  return { ...stream, node }
}
