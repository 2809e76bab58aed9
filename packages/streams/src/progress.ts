import type { Tally } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { keyOf } from './runtime/partition-key.ts'
import type { StreamTask } from './record-path/stream-task.ts'

/** How far one source partition is. */
export interface PartitionProgress extends TopicPartition {
  /** `<sub-topology>_<partition>` */
  readonly task: string
  /** The next offset to process. */
  readonly position: number
  /** The next offset to process after a restart; null: nothing was ever committed. */
  readonly committed: number | null
  /** The end of the partition when it was last looked at. */
  readonly endOffset: number
  /** What became of the records up to `position`, since the application first ran. */
  readonly tally: Tally
}

export type StreamsProgress = readonly PartitionProgress[]

/** Of several threads. A partition that has moved from one to another counts where it is further. */
export function mergeProgress(all: readonly StreamsProgress[]): StreamsProgress {
  if (all.length === 1) return all[0]!
  const merged = new Map<string, PartitionProgress>()
  for (const one of all.flat()) {
    const key = keyOf(one)
    const other = merged.get(key)
    if (other === undefined || other.position <= one.position) merged.set(key, one)
  }
  const taskOf = ({ task }: PartitionProgress): number[] => task.split('_').map(Number)
  return [...merged.values()].toSorted((a, b) => {
    const [subtopologyA = 0, partitionA = 0] = taskOf(a)
    const [subtopologyB = 0, partitionB = 0] = taskOf(b)
    return subtopologyA - subtopologyB || partitionA - partitionB || (a.topic < b.topic ? -1 : 1)
  })
}

/** `committedOf`: the committed offset of a partition, null for none. */
export function progressOf(
  tasks: Iterable<StreamTask>,
  committedOf: (partition: TopicPartition) => number | null,
): StreamsProgress {
  const byId = Array.from(tasks).toSorted((a, b) => a.subtopology - b.subtopology || a.partition - b.partition)
  return byId.flatMap((task) =>
    task.partitions.map((partition) => ({
      task: task.id,
      topic: partition.topic,
      partition: partition.partition,
      position: partition.position,
      committed: committedOf(partition),
      endOffset: partition.queue.endOffset,
      tally: partition.tally.snapshot(),
    })),
  )
}
