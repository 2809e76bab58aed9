/**
 * How many partitions internal topics need, and tasks there are. Topics whose records meet by key (joins, cogroups, the topics of a
 * foreign-key join) must have equally many.
 */
import type { Topology } from './topology.ts'
import { topologyInvalid } from './topology-invalid.ts'

export interface PartitionPlan {
  /** Of every topic that is read, internal ones included. */
  readonly topics: ReadonlyMap<string, number>
  /** How many tasks each sub-topology has: the partitions of its changelogs. Global ones have none. */
  readonly tasks: ReadonlyMap<number, number>
}

/**
 * `counts`: the partitions of the topics that are read and are not internal.
 * @throws SluiceError TOPOLOGY_INVALID for a topic that does not exist, and for counts that differ where they must not
 */
export function planPartitions(topology: Topology, counts: ReadonlyMap<string, number>): PartitionPlan {
  const topics = new Map<string, number>()
  for (const { topics: read } of topology.sources)
    for (const topic of read) if (!topology.repartitions.has(topic)) topics.set(topic, countOf(topic, counts))
  for (const { name, partitions } of topology.repartitions.values())
    if (partitions !== null) topics.set(name, partitions)
  const groups = topology.copartitionedTopics()
  for (const group of groups) agree(topology, group, topics)
  derive(topology, groups, topics)
  const tasks = topology.subtopologies
    .filter(({ isGlobal }) => !isGlobal)
    .map(({ id, sourceTopics }) => [id, Math.max(...sourceTopics.map((topic) => topics.get(topic)!))] as const)
  return { topics, tasks: new Map(tasks) }
}

/** What can be known before there are any topics. @throws SluiceError TOPOLOGY_INVALID */
export function checkFixedPartitions(topology: Topology): void {
  const fixed = new Map<string, number>()
  for (const { name, partitions } of topology.repartitions.values())
    if (partitions !== null) fixed.set(name, partitions)
  for (const group of topology.copartitionedTopics()) agree(topology, group, fixed)
}

/** Where one count of a group is known, it is that of all. */
function agree(topology: Topology, group: readonly string[], topics: Map<string, number>): void {
  const known = group.filter((topic) => topics.has(topic))
  const [first] = known
  if (first === undefined) return
  const count = topics.get(first)!
  if (known.some((topic) => topics.get(topic) !== count)) throw disagreement(topology, known, topics)
  for (const topic of group) topics.set(topic, count)
}

/** A repartition topic that meets none whose count is known has as many partitions as what is written to it. */
function derive(topology: Topology, groups: readonly (readonly string[])[], topics: Map<string, number>): void {
  const open = new Set([...topology.repartitions.keys()].filter((topic) => !topics.has(topic)))
  while (open.size > 0) {
    let isStuck = true
    for (const topic of open) {
      const group = groups.find((group) => group.includes(topic)) ?? [topic]
      const counts = group.map((member) => upstream(topology, member, topics))
      if (counts.includes(null)) continue
      const count = Math.max(...counts.map(Number))
      for (const member of group) {
        topics.set(member, count)
        open.delete(member)
      }
      isStuck = false
    }
    if (!isStuck) continue
    throw topologyInvalid(
      `How many partitions ${[...open].join(', ')} need does not follow from what is read`,
      'Give one of them a number of partitions.',
    )
  }
}

/** Null: not known yet. */
function upstream(topology: Topology, topic: string, topics: ReadonlyMap<string, number>): number | null {
  let most = 0
  for (const { nodes, sourceTopics } of topology.subtopologies) {
    if (!nodes.some((node) => node.kind === 'sink' && node.topic === topic)) continue
    for (const source of sourceTopics) {
      const count = topics.get(source)
      if (count === undefined) return null
      most = Math.max(most, count)
    }
  }
  return most === 0 ? null : most
}

function countOf(topic: string, counts: ReadonlyMap<string, number>): number {
  const count = counts.get(topic)
  if (count !== undefined) return count
  throw topologyInvalid(`Source topic ${topic} does not exist`, 'Create it, or start first what writes it.', { topic })
}

function disagreement(topology: Topology, topics: readonly string[], counts: ReadonlyMap<string, number>): Error {
  const list = topics.map((topic) => `${topic} (${counts.get(topic)})`).join(', ')
  const external = topics.filter((topic) => !topology.repartitions.has(topic))
  const message = `Topics whose records meet by key have different numbers of partitions: ${list}`
  if (external.length === 0)
    return topologyInvalid(
      message,
      'Give their repartition() the same number of partitions, or only one of them a number.',
    )
  if (external.length === 1)
    return topologyInvalid(message, `Leave the number of partitions of repartition() to ${external[0]}.`)
  return topologyInvalid(
    message,
    'Put repartition() before the join on all sides but one, read the smaller one as a global table, or recreate a topic with as many partitions as the others have.',
  )
}
