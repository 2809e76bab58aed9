import type { StreamPartitioner } from './record-functions.ts'
import type { Side } from '../serde.ts'
import type { Optimization } from './optimization.ts'
import type { TopologyDraft } from './topology-draft.ts'

/** What the DSL asks for with one call: one node of the topology, or several that belong together. */
export interface GraphNode {
  /** The name of the node that its children follow. */
  readonly name: string
  readonly changesKey?: boolean
  readonly changesValue?: boolean
  readonly isMerge?: boolean
  /** A left or outer join that has a result for a record without a key (KIP-962): repartitioning before it keeps those. */
  readonly joinsNullKeys?: boolean
  readonly repartition?: Repartition
  /** A repartition topic that is there because something behind needs it: it may be one with others. */
  readonly mayMerge?: boolean
  /** Puts it into the topology. Called once per build, behind its parents. */
  write(to: TopologyDraft, writing: Writing): void
}

/** How a node is being written. */
export interface Writing {
  /** The names of its parents, in the order in which they were named. */
  readonly parents: readonly string[]
  readonly optimizations: ReadonlySet<Optimization>
  /** Whether a join behind it joins records without a key. */
  readonly keepsNullKeys: () => boolean
  readonly isGenerated: (name: string) => boolean
}

/** A topic that lies in the way of a stream so that its records come to the partition of their key. */
export interface Repartition {
  readonly topic: string
  readonly key: Side
  readonly value: Side
  readonly filterName: string
  readonly sinkName: string
  readonly sourceName: string
  /** Null: as many as what it is joined with has, or else what it is made of. */
  readonly partitions: number | null
  readonly partitioner?: StreamPartitioner
}
