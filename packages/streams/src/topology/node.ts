import type { Operator } from '../operators/operator.ts'
import type { Side } from '../serde.ts'
import type { StreamPartitioner, TimestampExtractor, TopicNameExtractor } from './record-functions.ts'

/**
 * What becomes of a record on which something throws:
 * - `quarantine`: it goes to the quarantine topic as it came, with what went wrong in its headers
 * - `drop`: it is let go, and counted
 * - `retry`: it is tried again, nothing of its task behind it before, for up to `task.timeout.ms`; then as `quarantine`
 * - `park`: its partition is paused before it until somebody resumes that; all else goes on
 * - `fail`: the run ends before it
 */
export type ErrorPolicy = 'quarantine' | 'drop' | 'retry' | 'park' | 'fail'

/** By where it is thrown. What is absent is as the application's settings say. */
export interface ErrorPolicies {
  /** The bytes of the key or the value cannot be read. */
  readonly deserialization?: ErrorPolicy
  /** An operator threw, or the source's own functions. */
  readonly processing?: ErrorPolicy
  /** A result cannot be written, or is too large. */
  readonly production?: ErrorPolicy
}

/** Reads topics. */
export interface SourceNode {
  readonly kind: 'source'
  readonly name: string
  /** Empty for a source with a pattern until its topics are known. */
  readonly topics: readonly string[]
  /** All topics whose whole name matches. */
  readonly pattern?: RegExp
  readonly key: Side
  readonly value: Side
  /** Null: the application's quarantine topic. */
  readonly quarantine: string | null
  /** Decodes also what nothing looks at. */
  readonly isChecked?: true
  /** Of its records, wherever they fail: unless the operator or sink has a policy of its own. */
  readonly onError?: ErrorPolicies
  /** Absent: the record's own timestamp. */
  readonly timestampExtractor?: TimestampExtractor
  /** Where to begin without a committed offset; absent: at the earliest record. */
  readonly offsetReset?: OffsetReset
  /** Read as a whole by every instance, for a global store. */
  readonly isGlobal?: true
}

/** `{ durationMs }`: so long before now (KIP-1106). */
export type OffsetReset = 'earliest' | 'latest' | 'none' | { readonly durationMs: number }

/** Does one operator's work. */
export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: string
  readonly predecessors: readonly string[]
  readonly operator: Operator
  /** Names of the stores that it is connected to: see `Topology.stores`. */
  readonly stores: readonly string[]
  /** Of what it throws itself. Absent: as the source of the record says. */
  readonly onError?: ErrorPolicy
}

/** Writes a topic. */
export interface SinkNode {
  readonly kind: 'sink'
  readonly name: string
  readonly predecessors: readonly string[]
  /** Or the function that chooses one per record. */
  readonly topic: string | TopicNameExtractor
  readonly key: Side
  readonly value: Side
  /** Absent: by the hash of the key's bytes, as all Kafka clients do. */
  readonly partitioner?: StreamPartitioner
  readonly onError?: ErrorPolicy
}

export type TopologyNode = SourceNode | ProcessorNode | SinkNode

/** The nodes a node gets its records from. */
export function predecessorsOf(node: TopologyNode): readonly string[] {
  return node.kind === 'source' ? [] : node.predecessors
}
