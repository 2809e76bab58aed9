import { valuesOf, type Admin } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'

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
  isolation: 'read_committed' | 'read_uncommitted',
): Promise<readonly Ends[]> {
  const specs = places.map((place) => ({ ...place, at: 'latest' as const }))
  // In this order, so that what is written meanwhile is behind the end.
  const readable = valuesOf(await admin.partitions.listOffsets(specs, { isolation }))
  const [first, last] = await Promise.all([admin.listOffsets(places, 'earliest'), admin.listOffsets(places, 'latest')])
  return places.map((place, i) => ({
    ...place,
    first: first[i]!.offset,
    last: last[i]!.offset,
    end: readable[i]!.offset,
  }))
}
