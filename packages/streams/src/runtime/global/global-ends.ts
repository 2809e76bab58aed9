import type { Admin } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { keyOf } from '../partition-key.ts'
import { readableEnds, type Isolation } from '../readable-ends.ts'

/** What there is of a partition. */
export interface Ends extends TopicPartition {
  /** The first record that is still there. */
  readonly first: number
  /** Behind the last one. */
  readonly last: number
  /** Behind the last one that can be read now: of committed records, where the first open transaction begins. */
  readonly end: number
}

export async function endsOf(
  places: readonly TopicPartition[],
  admin: Pick<Admin, 'listOffsets' | 'partitions'>,
  isolation: Isolation,
): Promise<readonly Ends[]> {
  // In this order, so that what is written meanwhile is behind the end.
  const readable = await readableEnds(places, admin, isolation)
  const [first, last] = await Promise.all([admin.listOffsets(places, 'earliest'), admin.listOffsets(places, 'latest')])
  return places.map((place, i) => ({
    ...place,
    first: first[i]!.offset,
    last: last[i]!.offset,
    end: readable.get(keyOf(place))!,
  }))
}
