import type { SluiceError, TopicPartition } from '@sluice/sdk'
import type { RawPartition } from './fetched-records.ts'

/** One assigned partition. A new assignment or a seek makes a new state, so that an answer to the old one finds nobody. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset to return: where `ready` begins, and where the next fetch goes. */
  position: number
  /** What has been read ahead, undecoded. */
  ready: RawPartition | null = null
  isPaused = false
  /** A fetch, or the look-up of a position, is under way. */
  isBusy = false
  failures = 0
  /** Not before this monotonic time: back-off after a failure. */
  retryAt = 0
  /** Why nothing more can be read; raised by every poll until the position is moved. */
  fault: SluiceError | null = null

  constructor(topic: string, partition: number, position: number) {
    this.topic = topic
    this.partition = partition
    this.position = position
  }

  /** Whether it wants to be fetched now. */
  isHungry(now: number): boolean {
    return !this.isPaused && !this.isBusy && this.ready === null && this.fault === null && now >= this.retryAt
  }
}
