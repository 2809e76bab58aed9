import type { TopicPartition } from '@sluice/sdk'
import type { PartitionAssignor, Subscription } from '../group-port.ts'
import { assignSticky } from './sticky-assignment.ts'

const GENERATION_BYTES = 4

/**
 * Java's CooperativeStickyAssignor (KIP-429): even, with few moves, and a partition that moves is assigned to nobody until its
 * owner has given it up and joined again.
 */
export const cooperativeStickyAssignor: PartitionAssignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  userData({ generationId }) {
    const bytes = Buffer.alloc(GENERATION_BYTES)
    bytes.writeInt32BE(generationId)
    return bytes
  },
  assign(members, partitionCounts) {
    const known = members.map(withGeneration)
    const shares = assignSticky(known, partitionCounts)
    const moving = new Set<string>()
    for (const { memberId, ownedPartitions } of known) {
      const kept = new Set(shares.get(memberId)!.map(nameOf))
      for (const owned of ownedPartitions) if (!kept.has(nameOf(owned))) moving.add(nameOf(owned))
    }
    const own = new Map(known.map(({ memberId, ownedPartitions }) => [memberId, new Set(ownedPartitions.map(nameOf))]))
    return new Map(
      Array.from(shares, ([memberId, share]) => {
        const isFree = (one: TopicPartition): boolean => own.get(memberId)!.has(nameOf(one)) || !moving.has(nameOf(one))
        return [memberId, { partitions: share.filter(isFree) }]
      }),
    )
  },
}

/** Members older than version 2 of the subscription say their generation in the user data. */
function withGeneration(member: Subscription): Subscription {
  const { generationId, userData } = member
  if (generationId >= 0 || userData === null || userData.length < GENERATION_BYTES) return member
  return { ...member, generationId: Buffer.from(userData.buffer, userData.byteOffset).readInt32BE(0) }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}
