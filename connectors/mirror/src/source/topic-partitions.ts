/** Partitions as text, as Java writes them: `orders-3`. */
import { SluiceError, type SourcePartition, type SourcePosition, type TopicPartition } from '@sluice/sdk'

export function partitionText({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/** @throws SluiceError SETTINGS_INVALID */
export function parsePartition(text: string): TopicPartition {
  const at = text.lastIndexOf('-')
  const partition = Number(text.slice(at + 1))
  if (at < 1 || !Number.isInteger(partition) || partition < 0)
    throw new SluiceError('SETTINGS_INVALID', `${text} is no topic's partition, as in orders-3`)
  return { topic: text.slice(0, at), partition }
}

/** What the position of a mirrored partition is kept under, as Java keeps it. */
export function sourcePartition(cluster: string, { topic, partition }: TopicPartition): SourcePartition {
  return { cluster, partition, topic }
}

/**
 * Behind the record whose offset is stored; null: nothing was mirrored yet.
 * @throws SluiceError POSITION_UNREADABLE
 */
export function nextOffset(stored: SourcePosition | null, at: TopicPartition): number | null {
  if (stored === null) return null
  const offset = stored['offset']
  if (typeof offset === 'number' && Number.isSafeInteger(offset) && offset >= 0) return offset + 1
  throw new SluiceError('POSITION_UNREADABLE', 'The stored position has no offset', {
    place: { ...at, position: JSON.stringify(stored) },
    remedy: 'Stop the connector, delete its offsets or set {"offset": number}, and resume it.',
  })
}
