import type { TopicPartition } from '@sluice/sdk'

/** Partition numbers by topic, in the order of first appearance. */
export function byTopic(partitions: readonly TopicPartition[]): [topic: string, partitions: number[]][] {
  return groupByTopic(partitions).map(([topic, group]) => [topic, group.map(({ partition }) => partition)])
}

/** What is known of partitions, by topic, in the order of first appearance: requests nest that way. */
export function groupByTopic<P extends TopicPartition>(partitions: readonly P[]): [topic: string, group: P[]][] {
  const topics = new Map<string, P[]>()
  for (const one of partitions) {
    const group = topics.get(one.topic)
    if (group === undefined) topics.set(one.topic, [one])
    else group.push(one)
  }
  return [...topics]
}
