import { predecessorsOf, type TopologyNode } from './node.ts'
import type { Topology } from './topology.ts'

/**
 * A flow chart: sub-topologies are boxes, topics stand between them, stores beside the nodes that use them. Ids are numbered, names are
 * texts, so that whatever a name holds is shown as it is.
 */
export function describeAsMermaid(topology: Topology): string {
  const ids = new Ids()
  const lines = ['flowchart TD']
  for (const { id, nodes, isGlobal } of topology.subtopologies) {
    lines.push(`  subgraph ${ids.of('subtopology', String(id))}["Sub-topology ${id}${isGlobal ? ' (global)' : ''}"]`)
    for (const node of nodes) lines.push(`    ${ids.of('node', node.name)}${shapeOf(node)}`)
    for (const node of nodes)
      for (const name of predecessorsOf(node))
        lines.push(`    ${ids.of('node', name)} --> ${ids.of('node', node.name)}`)
    lines.push('  end')
  }
  for (const name of topology.stores.keys()) lines.push(`  ${ids.of('store', name)}[(${quoted(name)})]`)
  for (const node of topology.processors)
    for (const store of node.stores) lines.push(`  ${ids.of('node', node.name)} -.- ${ids.of('store', store)}`)
  for (const topic of topicsOf(topology)) lines.push(`  ${ids.of('topic', topic)}[/${quoted(topic)}/]`)
  for (const node of topology.nodes) {
    if (node.kind === 'source')
      for (const topic of readBy(node)) lines.push(`  ${ids.of('topic', topic)} --> ${ids.of('node', node.name)}`)
    if (node.kind === 'sink') lines.push(`  ${ids.of('node', node.name)} --> ${ids.of('topic', writtenBy(node))}`)
  }
  return `${lines.join('\n')}\n`
}

class Ids {
  readonly #ids = new Map<string, string>()

  of(kind: 'node' | 'store' | 'subtopology' | 'topic', name: string): string {
    const key = `${kind} ${name}`
    let id = this.#ids.get(key)
    if (id === undefined) this.#ids.set(key, (id = `${kind}${this.#ids.size}`))
    return id
  }
}

function shapeOf(node: TopologyNode): string {
  const text = quoted(node.name)
  return node.kind === 'processor' ? `[${text}]` : `([${text}])`
}

function topicsOf({ nodes }: Topology): ReadonlySet<string> {
  return new Set(
    nodes.flatMap((node) => (node.kind === 'source' ? readBy(node) : node.kind === 'sink' ? [writtenBy(node)] : [])),
  )
}

function readBy({ topics, pattern }: TopologyNode & { readonly kind: 'source' }): readonly string[] {
  return pattern === undefined || topics.length > 0 ? topics : [`/${pattern.source}/`]
}

function writtenBy({ topic }: TopologyNode & { readonly kind: 'sink' }): string {
  return typeof topic === 'string' ? topic : 'chosen per record'
}

/** Mermaid has no escape for a quote but its entity. */
function quoted(text: string): string {
  return `"${text.replaceAll('#', '#35;').replaceAll('"', '#quot;')}"`
}
