import type { TopicPartition } from '@sluice/sdk'
import type { PartitionAssignor } from '../group-port.ts'
import { inOrder } from './member-order.ts'

/**
 * Java's RangeAssignor: of each topic, each member gets a run of neighbouring partitions; the first members get one more where
 * it does not come out even. Members of the same topics get the same numbers, which joins rely on. Racks are not looked at.
 */
export const rangeAssignor: PartitionAssignor = {
  name: 'range',
  isCooperative: false,
  assign(members, partitionCounts) {
    const ordered = inOrder(members)
    const assignments = new Map<string, { partitions: TopicPartition[] }>()
    for (const { memberId } of ordered) assignments.set(memberId, { partitions: [] })
    for (const [topic, count] of partitionCounts) {
      const takers = ordered.filter(({ topics }) => topics.includes(topic))
      let partition = 0
      for (const [i, { memberId }] of takers.entries()) {
        const share = Math.floor(count / takers.length) + (i < count % takers.length ? 1 : 0)
        const { partitions } = assignments.get(memberId)!
        for (let taken = 0; taken < share; taken++) partitions.push({ topic, partition: partition++ })
      }
    }
    return assignments
  },
}
