import type { TopicPartition } from '@sluice/sdk'

/** For maps and messages: `topic-partition`. */
export function labelOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
