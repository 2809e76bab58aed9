/** How far the records of a task are through. */
import type { TopicPartition } from '@sluice/sdk'
import type { AsyncCalls } from './async-calls.ts'
import { undoneFrom } from './held-back.ts'
import type { RecordContext, RecordPlace } from './record-context.ts'
import type { Way } from './way.ts'

/** Nothing is left of the partition, as far as is known. */
export function isAtItsEnd({ queue, position, isPaused, held }: Way): boolean {
  return !isPaused && held === null && queue.isEmpty && queue.settledAt(position) >= queue.endOffset
}

/** Where the record under way was read, also while the context is that of one which it lets go; null: none is. */
export function placeOf({ records, index }: RecordContext, from: TopicPartition | null): RecordPlace | null {
  if (records === null || from === null) return null
  return { topic: from.topic, partition: from.partition, offset: records.offset(index) }
}

/** By topic, the offset before which all records have been through: neither that under way has, nor what is in a call. */
export function throughUpTo(
  ways: readonly Way[],
  underWay: RecordPlace | null,
  calls: Pick<AsyncCalls, 'earliestOf'>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(
    ways.map((way) => {
      const { topic, held } = way
      const reached = underWay?.topic === topic ? underWay.offset : way.position
      const done = held === null ? reached : Math.min(reached, undoneFrom(way))
      return [topic, Math.min(done, calls.earliestOf(topic))]
    }),
  )
}
