import { dedupe, type DedupeOptions } from '../operators/dedupe.ts'
import type { Named, Stored } from '../options.ts'
import type { Side } from '../serde.ts'
import { Serdes } from '../serdes.ts'
import type { GraphNode } from '../topology/graph-node.ts'
import { checkDuration } from '../windows/duration-check.ts'
import type { StreamPlace } from './place.ts'
import { repartitioned } from './repartitioning.ts'
import { storeBase } from './stored.ts'

const PREFIX = 'KSTREAM-DEDUPE-'

/** What makes records the same, and for how long. The name is also that of the store of ids (`<name>-ids`). */
export interface Deduped<K, V> extends Named, Stored {
  /** What makes two records the same; null: the record is like no other. */
  by(this: void, key: K, value: V): string | null
  /** How far apart the times of two records may be that are still the same one. */
  readonly withinMs: number
  /** For the repartition topic that brings records of one key together when the key was changed. */
  readonly key?: Side
  readonly value?: Side
}

/** Drops repetitions. Records that are the same must have the same key: those of other partitions are never met. */
export function dedupeStream<K, V>(stream: StreamPlace, options: Deduped<K, V>): StreamPlace {
  const { graph } = stream
  const withinMs = checkDuration('The time within which records are the same', options.withinMs, 0)
  const name = graph.names.node(options.name, PREFIX)
  const storeName = options.name === undefined ? graph.names.store(PREFIX) : `${name}-ids`
  const place = stream.isRekeyed ? repartitioned(stream, name, { key: options.key, value: options.value }) : stream
  const base = storeBase(storeName, options, { key: Serdes.string, value: Serdes.bytes })
  // A late record looks for ids from before its own time, and one of its time may come as late again.
  const times = { windowSizeMs: withinMs, retentionMs: 2 * withinMs + 1, retainDuplicates: false }
  const by: DedupeOptions['by'] = (key, value) => options.by(key as K, value as V)
  const node: GraphNode = {
    name,
    write(to, { parents }) {
      to.store({ kind: 'window', ...base, ...times }, { isUnnamed: options.name === undefined })
      const operator = { ...dedupe({ by, withinMs, store: storeName }), calls: { by: options.by } }
      to.processor({ name, predecessors: parents, operator }, [storeName])
    },
  }
  graph.add(node, [place.node])
  return { ...place, node }
}
