/** Where `consume` begins. */
import { SluiceError, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'
import type { Kafka } from '@sluice/kafka'
import { durationMs } from '../command-line/duration.ts'

export type Start = 'beginning' | 'end' | { readonly offset: number } | { readonly timestamp: number }

/**
 * `beginning`, `end`, an offset, a time as `2026-01-31T12:00:00Z`, or `-10m`: so long ago.
 * @throws SluiceError USAGE_INVALID
 */
export function startOf(text: string, now: number): Start {
  if (text === 'beginning' || text === 'end') return text
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return { offset: Number(text) }
  const ago = text.startsWith('-') ? durationMs(text.slice(1)) : undefined
  if (ago !== undefined) return { timestamp: Math.max(0, now - ago) }
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return { timestamp: at }
  throw new SluiceError('USAGE_INVALID', `--from is '${text}', which is no place in a topic`, {
    remedy: 'Give beginning, end, an offset, a time as 2026-01-31T12:00:00Z, or -10m for ten minutes ago.',
  })
}

/** The offset in each partition to begin with, within what the partition still has. */
export async function positionsAt(
  { admin }: Kafka,
  partitions: readonly TopicPartition[],
  start: Start,
  ends: readonly TopicPartitionOffset[],
): Promise<readonly TopicPartitionOffset[]> {
  if (start === 'end') return ends
  const first = await admin.listOffsets(partitions, 'earliest')
  if (start === 'beginning') return first
  const endOf = (of: TopicPartition): number =>
    ends.find(({ topic, partition }) => topic === of.topic && partition === of.partition)?.offset ?? 0
  if ('offset' in start)
    return first.map((at) => ({ ...at, offset: Math.min(Math.max(at.offset, start.offset), endOf(at)) }))
  const found = await admin.partitions.listOffsets(
    partitions.map((partition) => ({ ...partition, at: start.timestamp })),
  )
  return found.map(({ item, value, error }) => {
    if (error !== null) throw error
    const { topic, partition } = item
    return { topic, partition, offset: value.offset < 0 ? endOf(item) : value.offset }
  })
}
