import type { Fetcher } from '@sluice/kafka'
import type { Logger } from '@sluice/sdk'
import { holdBack } from '../../record-path/held-back.ts'
import type { StreamTask } from '../../record-path/stream-task.ts'
import type { TaskPartition } from '../../record-path/task-contract.ts'
import { keyOf } from '../partition-key.ts'
import type { Pauses } from './pauses.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'

export interface FetchingParts {
  readonly fetcher: Fetcher
  readonly tasks: Pick<RunningTasks, 'all'>
  readonly pauses: Pick<Pauses, 'version' | 'isPaused' | 'keysOf'>
  /** Most bytes that a partition may have waiting in its task, if that is less than what one may that is ahead. */
  readonly queuedBytesMax: number
  readonly logger: Logger
}

/**
 * A partition whose records are ahead in time of another's has no more than so many bytes waiting, and what one round brings: they lie in
 * the answers they came in, all of which stay in memory. A task takes about 10 ms for so much.
 */
const AHEAD_BYTES_MAX = 256 * 1024

/** What a thread fetches for its tasks, and what it does not for now: what is paused, and what has enough waiting. */
export class Fetching {
  readonly #parts: FetchingParts
  /** Not fetched for now. */
  readonly #paused = new Set<string>()
  /** Of the pauses, as they were last looked at. */
  #pausesSeen = 0

  constructor(parts: FetchingParts) {
    this.#parts = parts
  }

  /** The tasks are others now: each partition is fetched from where it stands. */
  assign(): void {
    const { fetcher, tasks } = this.#parts
    const positions = Array.from(tasks.all).flatMap(({ partitions }) =>
      partitions.map(({ topic, partition, queue, position }) => ({
        topic,
        partition,
        offset: queue.isEmpty ? position : queue.nextOffset,
      })),
    )
    this.#paused.clear()
    fetcher.assign(positions)
    // Those that stay are still paused.
    fetcher.resume(positions)
    this.#pausesSeen = -1
  }

  /** What its partitions have at the broker though it has not come yet: the task waits for that. */
  hear({ partitions }: StreamTask): void {
    if (partitions.length === 1) return
    for (const partition of partitions) {
      const { queue } = partition
      if (queue.isEmpty) queue.endOffset = Math.max(queue.endOffset, this.#parts.fetcher.end(partition) ?? 0)
    }
  }

  /** A partition that waits is not fetched further than so much. */
  balance(task: StreamTask): void {
    // One that holds back as many records as it may has paused itself.
    const mayWait =
      task.isHeld ||
      task.partitions[0]?.isPaused === true ||
      task.partitions.length > 1 ||
      !task.calls.isEmpty ||
      task.waitsUntil < Infinity
    if (!mayWait && this.#paused.size === 0) return
    for (const partition of task.partitions) this.#fetchOrNot(partition)
  }

  /** What has been paused or resumed since. Returns the tasks that may go on with what came before: none where nothing has changed. */
  applyPauses(): Iterable<StreamTask> {
    const { pauses, tasks } = this.#parts
    if (this.#pausesSeen === pauses.version) return []
    this.#pausesSeen = pauses.version
    for (const task of tasks.all) {
      for (const partition of task.partitions) {
        partition.isPaused = pauses.isPaused(task.subtopology, partition)
        holdBack(partition, pauses.keysOf(task.subtopology, partition))
        this.#fetchOrNot(partition)
      }
    }
    return tasks.all
  }

  #fetchOrNot({ topic, partition, queue, isPaused, held }: TaskPartition): void {
    const place = { topic, partition }
    const key = keyOf(place)
    const mayNot = isPaused || queue.bytes > Math.min(AHEAD_BYTES_MAX, this.#parts.queuedBytesMax)
    if (mayNot === this.#paused.has(key)) return
    if (mayNot) {
      if (held?.isFull === true)
        this.#parts.logger.warn('A partition waits: as many records of paused keys are held back as may be', place)
      this.#paused.add(key)
      this.#parts.fetcher.pause([place])
    } else {
      this.#paused.delete(key)
      this.#parts.fetcher.resume([place])
    }
  }
}
