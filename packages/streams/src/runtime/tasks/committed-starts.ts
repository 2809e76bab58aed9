import type { CommittedOffset, Kafka } from '@sluice/kafka'
import { SluiceError, type Clock, type TopicPartition } from '@sluice/sdk'
import { readCommitMetadata } from '../../record-path/commit-metadata.ts'
import type { StartOfPartition } from '../../record-path/task-contract.ts'
import type { Topology } from '../../topology/topology.ts'
import { keyOf } from '../partition-key.ts'
import { readableEnds, type Isolation } from '../readable-ends.ts'
import { firstOffsets } from './first-offsets.ts'

interface StartsParts {
  readonly kafka: Pick<Kafka, 'admin'>
  readonly isolation: Isolation
  readonly topology: Topology
  readonly clock: Clock
}

export interface CommittedStart extends StartOfPartition {
  /** See `standOf`; -1: nothing is committed. */
  readonly committed: number
  /** What the nodes of its task have committed with it. */
  readonly nodeTimes: Readonly<Record<string, number>>
}

/**
 * Where tasks go on in their partitions: from what is committed, or as their sources say.
 * @throws SluiceError OFFSET_OUT_OF_RANGE when a committed offset points at records that were deleted
 */
export async function startsOf(
  partitions: readonly TopicPartition[],
  committed: readonly CommittedOffset[],
  { kafka: { admin }, isolation, topology, clock }: StartsParts,
): Promise<Map<string, CommittedStart>> {
  const [earliest, ends] = await Promise.all([
    admin.listOffsets(partitions, 'earliest'),
    readableEnds(partitions, admin, isolation),
  ])
  const known = new Map(committed.map((one) => [keyOf(one), one]))
  const fresh = partitions.filter((one) => !known.has(keyOf(one)))
  const begin = await firstOffsets(topology, fresh, admin, clock, isolation)
  const firsts = new Map(begin.map((one) => [keyOf(one), one.offset]))
  return new Map(
    earliest.map(({ topic, partition, offset: first }) => {
      const key = keyOf({ topic, partition })
      const at = known.get(key)
      if (at !== undefined && at.offset < first) throw deleted(at, first)
      const offset = at?.offset ?? firsts.get(key) ?? first
      const { tally, partitionTime: time, nodeTimes, held } = readCommitMetadata(at?.metadata ?? '')
      const stand = at === undefined ? -1 : standOf(at)
      const endOffset = ends.get(key) ?? offset
      const start = { topic, partition, offset, committed: stand, tally, time, nodeTimes, endOffset }
      return [key, held === undefined ? start : { ...start, held }]
    }),
  )
}

/** A number that grows with every record that is dealt with: the offset, or how many before it where some are held back. */
export function standOf({ offset, metadata }: Pick<CommittedOffset, 'offset' | 'metadata'>): number {
  // Seldom there, and not worth reading the rest for.
  const held = metadata.includes('"held":') ? readCommitMetadata(metadata).held : undefined
  return held === undefined ? offset : held.until - held.offsets.length
}

function deleted({ topic, partition, offset }: CommittedOffset, first: number): SluiceError {
  return new SluiceError(
    'OFFSET_OUT_OF_RANGE',
    'Records behind the committed offset were deleted before they were processed',
    {
      place: { topic, partition, committed: offset, first },
      remedy:
        'Commit an offset that still exists for this group, accepting the loss, and raise the retention of the topic.',
    },
  )
}
