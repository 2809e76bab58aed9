import type { Admin } from '@sluice/kafka'
import { SluiceError, type Clock, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'
import type { OffsetReset } from '../../topology/node.ts'
import type { Topology } from '../../topology/topology.ts'
import { keyOf } from '../partition-key.ts'
import { readableEnds, type Isolation } from '../readable-ends.ts'

/**
 * Where partitions begin for which nothing was ever committed: at the earliest record, unless their source says otherwise.
 * @throws SluiceError OFFSET_OUT_OF_RANGE where the source says `none`
 */
export async function firstOffsets(
  topology: Topology,
  partitions: readonly TopicPartition[],
  admin: Pick<Admin, 'listOffsets' | 'partitions'>,
  clock: Clock,
  isolation: Isolation,
): Promise<readonly TopicPartitionOffset[]> {
  const resets = new Map<string, OffsetReset>()
  for (const { topics, offsetReset } of topology.sources)
    if (offsetReset !== undefined) for (const topic of topics) resets.set(topic, offsetReset)
  const byPlace = new Map<'earliest' | 'latest' | number, TopicPartition[]>()
  for (const partition of partitions) {
    const reset = resets.get(partition.topic) ?? 'earliest'
    if (reset === 'none') throw nothingCommitted(partition)
    const place = typeof reset === 'string' ? reset : clock.now() - reset.durationMs
    const some = byPlace.get(place)
    if (some === undefined) byPlace.set(place, [partition])
    else some.push(partition)
  }
  const found = await Promise.all(
    [...byPlace].map(async ([place, some]) => {
      if (place !== 'latest') return admin.listOffsets(some, place)
      const ends = await readableEnds(some, admin, isolation)
      return some.map((one) => ({ ...one, offset: ends.get(keyOf(one))! }))
    }),
  )
  return found.flat()
}

function nothingCommitted({ topic, partition }: TopicPartition): SluiceError {
  return new SluiceError(
    'OFFSET_OUT_OF_RANGE',
    'No offset is committed, and the source says not to begin without one',
    {
      place: { topic, partition },
      remedy: 'Commit an offset for the group, or give the source another offsetReset.',
    },
  )
}
