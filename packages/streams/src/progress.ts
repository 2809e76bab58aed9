import type { Tally } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import type { PartitionStanding } from './record-path/stream-loop.ts'

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

export function progressOf(standings: readonly PartitionStanding[]): StreamsProgress {
  return standings.map(({ task, partition, committed, endOffset }) => ({
    task: task.id,
    topic: partition.topic,
    partition: partition.partition,
    position: partition.position,
    committed,
    endOffset,
    tally: partition.tally.snapshot(),
  }))
}
