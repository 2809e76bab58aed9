import type { GraphNode } from './graph-node.ts'
import { mergeRepartitions } from './merge-repartitions.ts'
import { Names } from './names.ts'
import type { ErrorPolicy } from './node.ts'
import { chosen, type Optimizations } from './optimization.ts'
import type { Topology } from './topology.ts'
import { TopologyDraft } from './topology-draft.ts'
import { topologyInvalid } from './topology-invalid.ts'

/**
 * What the DSL has asked for so far. It stays as written: `build` works on a copy, so that a topology can be built with one
 * optimisation and again with another.
 */
export class Graph {
  readonly names = new Names()
  readonly #plan = new GraphPlan()
  readonly #copartitions: ReadonlySet<string>[] = []
  readonly #policies = new Map<string, ErrorPolicy>()

  /** @throws SluiceError TOPOLOGY_INVALID for parents of another builder */
  add(node: GraphNode, parents: readonly GraphNode[] = []): void {
    const stranger = parents.find((parent) => !this.#plan.has(parent))
    if (stranger !== undefined) throw ofAnotherBuilder(stranger.name, node.name)
    this.#plan.add(node, parents)
  }

  has(node: GraphNode): boolean {
    return this.#plan.has(node)
  }

  /** What becomes of records on which the node throws. */
  onError(node: string, policy: ErrorPolicy): void {
    this.#policies.set(node, policy)
  }

  /** The topics of these sources must have equally many partitions. */
  copartition(sources: ReadonlySet<string>): void {
    this.#copartitions.push(sources)
  }

  /** @throws SluiceError TOPOLOGY_INVALID: see `Topology` */
  build(optimizations: Optimizations): Topology {
    const wanted = chosen(optimizations)
    const plan = new GraphPlan(this.#plan)
    const names = new Names(this.names)
    const renamed = wanted.has('merge.repartition.topics') ? mergeRepartitions(plan, names) : new Map<string, string>()
    const draft = new TopologyDraft()
    for (const node of plan.inOrder()) {
      node.write(draft, {
        parents: plan.parents(node).map((parent) => parent.name),
        optimizations: wanted,
        keepsNullKeys: () => plan.isBefore(node, (other) => other.joinsNullKeys === true),
        isGenerated: (name) => names.isGenerated(name),
      })
    }
    for (const sources of this.#copartitions)
      draft.copartition(new Set([...sources].map((source) => renamed.get(source) ?? source)))
    for (const [node, policy] of this.#policies) draft.onError(node, policy)
    return draft.build()
  }
}

export function ofAnotherBuilder(name: string, where: string): Error {
  return topologyInvalid(
    `${name} belongs to another builder than ${where}`,
    'Make all streams and tables of a topology with one StreamsBuilder.',
    { node: where },
  )
}

/** Nodes and the edges between them, which optimisations move. */
export class GraphPlan {
  readonly #parents: Map<GraphNode, readonly GraphNode[]>
  readonly #priorities: Map<GraphNode, number>
  /** Made when it is asked for, until the edges change. */
  #children: ReadonlyMap<GraphNode, readonly GraphNode[]> | null = null

  constructor(from?: GraphPlan) {
    this.#parents = new Map()
    this.#priorities = new Map()
    if (from === undefined) return
    for (const [node, parents] of from.#parents) this.#parents.set(node, parents)
    for (const [node, priority] of from.#priorities) this.#priorities.set(node, priority)
  }

  get nodes(): readonly GraphNode[] {
    return [...this.#parents.keys()]
  }

  /** Without a node to be as early as, it comes behind all that there are. */
  add(node: GraphNode, parents: readonly GraphNode[], asEarlyAs?: GraphNode): void {
    this.#priorities.set(node, asEarlyAs === undefined ? this.#priorities.size : this.#priorities.get(asEarlyAs)!)
    this.#setParents(node, parents)
  }

  has(node: GraphNode): boolean {
    return this.#parents.has(node)
  }

  parents(node: GraphNode): readonly GraphNode[] {
    return this.#parents.get(node)!
  }

  children(node: GraphNode): readonly GraphNode[] {
    this.#children ??= this.#childrenByParent()
    return this.#children.get(node) ?? []
  }

  /** Lets a node follow others in place of one. */
  replaceParent(node: GraphNode, parent: GraphNode, by: readonly GraphNode[]): void {
    this.#setParents(
      node,
      this.parents(node).flatMap((one) => (one === parent ? by : [one])),
    )
  }

  remove(node: GraphNode): void {
    this.#parents.delete(node)
    this.#children = null
  }

  /** The nearest node above, itself included, along the first way on which there is one. */
  nearestAbove(node: GraphNode, matches: (node: GraphNode) => boolean): GraphNode | null {
    // Ways that part and meet again are countless, the nodes on them are not.
    const seen = new Set<GraphNode>()
    const open = [node]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue
      seen.add(next)
      if (matches(next)) return next
      open.push(...this.parents(next).toReversed())
    }
    return null
  }

  /** Whether there is such a node behind, before the next repartition topic. */
  isBefore(node: GraphNode, matches: (node: GraphNode) => boolean): boolean {
    const open = [node]
    const seen = new Set(open)
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      for (const child of this.children(next)) {
        if (matches(child)) return true
        if (child.repartition !== undefined || seen.has(child)) continue
        seen.add(child)
        open.push(child)
      }
    }
    return false
  }

  /** Every node behind its parents, and else the earlier one first. */
  inOrder(): readonly GraphNode[] {
    const waiting = new Set([...this.nodes].toSorted((a, b) => this.#priorities.get(a)! - this.#priorities.get(b)!))
    const order: GraphNode[] = []
    while (waiting.size > 0) {
      const next = [...waiting].find((node) => !this.parents(node).some((parent) => waiting.has(parent)))!
      waiting.delete(next)
      order.push(next)
    }
    return order
  }

  #setParents(node: GraphNode, parents: readonly GraphNode[]): void {
    this.#parents.set(node, [...new Set(parents)])
    this.#children = null
  }

  #childrenByParent(): ReadonlyMap<GraphNode, readonly GraphNode[]> {
    const children = new Map<GraphNode, GraphNode[]>()
    for (const [child, parents] of this.#parents) {
      for (const parent of parents) {
        const siblings = children.get(parent)
        if (siblings === undefined) children.set(parent, [child])
        else siblings.push(child)
      }
    }
    return children
  }
}
