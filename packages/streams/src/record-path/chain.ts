/**
 * Compiles a sub-topology into plain functions: per source topic one step that decides everything for a record, synchronously, from
 * the source to the sinks. What can be decided once (which encoder, which neighbour, which bytes may stay) is decided here.
 */
import type { Converter } from '@sluice/sdk'
import type { NodeScope, Step } from '../operators/operator.ts'
import { predecessorsOf, type SourceNode, type TopologyNode } from '../topology/node.ts'
import type { Subtopology, Topology } from '../topology/topology.ts'
import { sinkStep } from './sink-step.ts'

/** The way of a source's records. */
export interface SourceChain {
  readonly source: SourceNode
  readonly key: Converter
  readonly value: Converter
  readonly head: Step
}

export interface ChainScope extends Omit<NodeScope, 'node'> {
  /** Most bytes of a record put out. */
  readonly recordBytesMax: number
}

/** The chains of one task by source topic. Nodes that remember something remember it for this task alone. */
export function compileChains(
  topology: Topology,
  subtopology: Subtopology,
  scope: ChainScope,
): ReadonlyMap<string, SourceChain> {
  const byName = new Map(subtopology.nodes.map((node) => [node.name, node]))
  const steps = new Map<string, Step>()

  const stepOf = (node: TopologyNode): Step => {
    let step = steps.get(node.name)
    if (step === undefined) steps.set(node.name, (step = compile(node)))
    return step
  }
  const compile = (node: TopologyNode): Step => {
    if (node.kind === 'sink') return sinkStep(node, keptBytes(node, byName), scope.recordBytesMax)
    const next = fanOut(topology.successors(node.name).map(stepOf))
    return node.kind === 'source' ? next : node.operator.compile(next, { ...scope, node: node.name })
  }

  const chains = new Map<string, SourceChain>()
  for (const node of subtopology.nodes) {
    if (node.kind !== 'source') continue
    const chain = { source: node, key: node.key.converter, value: node.value.converter, head: stepOf(node) }
    for (const topic of node.topics) chains.set(topic, chain)
  }
  return chains
}

/** One step for all successors; without any, the record has reached an end of the topology. */
function fanOut(steps: readonly Step[]): Step {
  const [first, second] = steps
  if (first === undefined) {
    return (_key, _value, at) => {
      at.reached += 1
    }
  }
  if (second === undefined) return first
  return (key, value, at) => {
    for (const step of steps) step(key, value, at)
  }
}

/**
 * Which sides of a sink may be written with the bytes they were read from: those that nothing on the way can change and that are read
 * and written with the very same schemaless serde.
 */
function keptBytes(
  sink: TopologyNode & { readonly kind: 'sink' },
  byName: ReadonlyMap<string, TopologyNode>,
): { readonly key: boolean; readonly value: boolean } {
  let key = sink.key.schema === null
  let value = sink.value.schema === null
  const seen = new Set<string>()
  const visit = (node: TopologyNode): void => {
    if (seen.has(node.name)) return
    seen.add(node.name)
    if (node.kind === 'source') {
      key &&= node.key === sink.key
      value &&= node.value === sink.value
    }
    if (node.kind === 'processor' && node.operator.changes === 'value') value = false
    for (const name of predecessorsOf(node)) visit(byName.get(name)!)
  }
  visit(sink)
  return { key, value }
}
