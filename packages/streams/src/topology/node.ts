import type { Operator } from '../operators/operator.ts'
import type { Side } from '../serde.ts'

/** Reads topics. */
export interface SourceNode {
  readonly kind: 'source'
  readonly name: string
  readonly topics: readonly string[]
  readonly key: Side
  readonly value: Side
  /** Null: the application's quarantine topic. */
  readonly quarantine: string | null
}

/** Does one operator's work. */
export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: string
  readonly predecessors: readonly string[]
  readonly operator: Operator
  readonly stores: readonly string[]
}

/** Writes a topic. */
export interface SinkNode {
  readonly kind: 'sink'
  readonly name: string
  readonly predecessors: readonly string[]
  readonly topic: string
  readonly key: Side
  readonly value: Side
}

export type TopologyNode = SourceNode | ProcessorNode | SinkNode

/** The nodes a node gets its records from. */
export function predecessorsOf(node: TopologyNode): readonly string[] {
  return node.kind === 'source' ? [] : node.predecessors
}
