import { valuesOf, type Admin } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { keyOf } from './partition-key.ts'

export type Isolation = 'read_committed' | 'read_uncommitted'

/**
 * Where what can be read of partitions ends now, by `topic-partition`. Of committed records that is where the first transaction begins
 * that is still open: what lies behind it belongs to whoever reads later.
 */
export async function readableEnds(
  partitions: readonly TopicPartition[],
  admin: Pick<Admin, 'partitions'>,
  isolation: Isolation,
): Promise<ReadonlyMap<string, number>> {
  if (partitions.length === 0) return new Map()
  const specs = partitions.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }))
  const ends = valuesOf(await admin.partitions.listOffsets(specs, { isolation }))
  return new Map(specs.map((spec, i) => [keyOf(spec), ends[i]!.offset]))
}
