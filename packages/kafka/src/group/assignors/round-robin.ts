import type { TopicPartition } from '@sluice/sdk'
import type { PartitionAssignor } from '../group-port.ts'
import { byText, inOrder } from './member-order.ts'

/** Java's RoundRobinAssignor: all partitions of all topics are dealt out in turn, past members that do not want the topic. */
export const roundRobinAssignor: PartitionAssignor = {
  name: 'roundrobin',
  isCooperative: false,
  assign(members, partitionCounts) {
    const ordered = inOrder(members)
    const assignments = new Map<string, { partitions: TopicPartition[] }>()
    for (const { memberId } of ordered) assignments.set(memberId, { partitions: [] })
    let turn = 0
    for (const topic of [...partitionCounts.keys()].toSorted(byText)) {
      if (!ordered.some(({ topics }) => topics.includes(topic))) continue
      for (let partition = 0; partition < partitionCounts.get(topic)!; partition++) {
        while (!ordered[turn % ordered.length]!.topics.includes(topic)) turn++
        const { memberId } = ordered[turn++ % ordered.length]!
        assignments.get(memberId)!.partitions.push({ topic, partition })
      }
    }
    return assignments
  },
}
