import { Reader, Writer } from '@sluice/kafka-protocol'
import type { TopicPartition } from '@sluice/sdk'
import { byTopic } from '../../by-topic.ts'
import type { PartitionAssignor, Subscription } from '../group-port.ts'
import { assignSticky } from './sticky-assignment.ts'

/**
 * Java's StickyAssignor: even, and with few moves; eager. What a member had before it gave everything up travels in its user
 * data. It remembers, so every member has one of its own.
 */
export function stickyAssignor(): PartitionAssignor {
  let previous: { readonly partitions: readonly TopicPartition[]; readonly generationId: number } | undefined
  return {
    name: 'sticky',
    isCooperative: false,
    userData: () => (previous === undefined ? null : encode(previous.partitions, previous.generationId)),
    assign: (members, partitionCounts) => {
      const shares = assignSticky(members.map(withPrevious), partitionCounts)
      return new Map(Array.from(shares, ([memberId, partitions]) => [memberId, { partitions }]))
    },
    onAssignment(partitions, _, generationId) {
      previous = { partitions, generationId }
    },
  }
}

/** Java's layout: topics with their partitions, and, since version 1, the generation. */
function encode(partitions: readonly TopicPartition[], generationId: number): Uint8Array {
  const writer = new Writer()
  const topics = byTopic(partitions)
  writer.int32(topics.length)
  for (const [topic, indexes] of topics) {
    writer.string(topic, (to, byteCount) => to.int16(byteCount))
    writer.int32(indexes.length)
    for (const index of indexes) writer.int32(index)
  }
  writer.int32(generationId)
  return writer.bytes()
}

function withPrevious(member: Subscription): Subscription {
  const { userData } = member
  if (userData === null || userData.length === 0) return { ...member, ownedPartitions: [], generationId: -1 }
  const reader = new Reader(userData)
  const ownedPartitions: TopicPartition[] = []
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topic = reader.string(reader.int16())
    for (let count = reader.int32(); count > 0; count--) ownedPartitions.push({ topic, partition: reader.int32() })
  }
  return { ...member, ownedPartitions, generationId: reader.remaining >= 4 ? reader.int32() : -1 }
}
