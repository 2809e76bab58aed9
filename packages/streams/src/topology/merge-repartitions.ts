import type { GraphNode, Repartition } from './graph-node.ts'
import type { GraphPlan } from './graph.ts'
import type { Names } from './names.ts'
import { repartitionNode, repartitionOf } from './repartition.ts'

type RepartitionNode = GraphNode & { readonly repartition: Repartition }

/**
 * `merge.repartition.topics`: of the repartition topics that come to lie behind one change of the key, with no change of the value
 * between, the first is put right behind the change, and the others are taken out. Also where there is only one. Returns the sources
 * that were taken out, and what each has become.
 */
export function mergeRepartitions(plan: GraphPlan, names: Names): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>()
  for (const [changer, replaced] of byChangeOfKey(plan)) {
    const [first] = replaced
    if (first === undefined) continue
    const { topic, key, value } = first.repartition
    const merged = repartitionNode(repartitionOf(names, topic, { key, value }))
    plan.add(merged, [changer], changer)
    for (const node of replaced) {
      const below = childAbove(plan, node, changer)
      const children = plan.children(node)
      if (below !== node) plan.replaceParent(below, changer, [merged])
      const parents = below === node ? [merged] : plan.parents(node)
      for (const child of children) plan.replaceParent(child, node, parents)
      plan.remove(node)
      renamed.set(node.name, merged.name)
    }
  }
  return renamed
}

/** The repartition nodes by the node that makes their key; a merge of several such counts as the one that makes it. */
function byChangeOfKey(plan: GraphPlan): Map<GraphNode, RepartitionNode[]> {
  const found = new Map<GraphNode, RepartitionNode[]>()
  for (const node of plan.nodes) if (node.changesKey === true) found.set(node, [])
  for (const node of plan.nodes) {
    if (!isRepartition(node)) continue
    const changer = plan.nearestAbove(node, (one) => one.changesKey === true || one.changesValue === true)
    if (changer?.changesKey === true) found.get(changer)?.push(node)
  }
  for (const merge of plan.nodes.filter((node) => node.isMerge)) {
    const above = [...found].filter(
      ([changer, nodes]) =>
        nodes.length > 0 && nodes.every((node) => isAbove(plan, node, merge)) && isAbove(plan, merge, changer),
    )
    if (above.length === 0) continue
    found.set(merge, [...new Set(above.flatMap(([, nodes]) => nodes))])
    for (const [changer] of above) found.delete(changer)
  }
  return found
}

function isRepartition(node: GraphNode): node is RepartitionNode {
  return node.repartition !== undefined && node.mayMerge === true
}

function isAbove(plan: GraphPlan, node: GraphNode, above: GraphNode): boolean {
  return plan.nearestAbove(node, (one) => plan.parents(one).includes(above)) !== null
}

/** The node on the way up that follows the change of the key. */
function childAbove(plan: GraphPlan, node: GraphNode, changer: GraphNode): GraphNode {
  return plan.nearestAbove(node, (one) => plan.parents(one).includes(changer))!
}
