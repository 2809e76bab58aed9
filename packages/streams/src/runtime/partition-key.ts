import type { TopicPartition } from '@sluice/sdk'

/** For maps: `topic-partition`. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
