import type { CommittedOffset, Producer } from '@sluice/kafka'
import { describeError, isRetriable, type Logger, type SinkTask, type TopicPartition } from '@sluice/sdk'
import { isPassing, leftBehind, type SinkCommitter } from './sink-committer.ts'
import type { SinkContext } from './sink-context.ts'
import type { SinkPositions } from './sink-positions.ts'
import type { TaskControl } from './task-control.ts'

export interface SinkFlushParts {
  readonly task: SinkTask
  readonly context: SinkContext
  readonly positions: SinkPositions
  readonly committer: SinkCommitter
  readonly control: TaskControl
  /** For dead letters only. */
  readonly producer: Producer
  readonly logger: Logger
}

/** Dead letters first, then the sink's own data, then the offsets: so that nothing is forgotten at any moment. */
export class SinkFlush {
  readonly #parts: SinkFlushParts

  constructor(parts: SinkFlushParts) {
    this.#parts = parts
  }

  /**
   * While the task goes on. What fails for now is done with the next: offsets that stay behind only mean that some records are offered
   * again. @returns false when the sink could not flush: what it holds since the last commit is to be put to it again
   */
  async regular(): Promise<boolean> {
    const { task, positions, committer, logger } = this.#parts
    if (positions.partitions.length === 0) return true
    let isFlushing = false
    try {
      await this.#prepare(positions.partitions)
      isFlushing = true
      const safe = await task.flush(positions.current(), false)
      isFlushing = false
      await this.#accept()
      committer.start(positions.committable(safe, logger))
    } catch (error) {
      // What fences the sink's own writing is no matter of the group's.
      if (isFlushing && !isRetriable(error)) throw this.#parts.context.callFailed() ?? error
      this.#decide(error)
      return !isFlushing
    }
    return true
  }

  /**
   * For the last time, before partitions are given up. @returns what to commit when they have been closed: nothing, when anything failed
   */
  async closing(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const { task, context, positions, logger, control } = this.#parts
    if (control.isCancelled) throw leftBehind()
    try {
      await this.#prepare(partitions)
      const safe = await task.flush(positions.current(partitions), true)
      await this.#accept()
      return positions.committable(safe, logger)
    } catch (error) {
      const refusal = context.callFailed()
      if (refusal !== undefined) throw refusal
      logger.warn('The last flush failed, and nothing is committed: what it was for is put again', {
        reason: describeError(error),
      })
      return []
    }
  }

  /** On each turn, because letters hold the whole answers that they were fetched with. */
  async letters(): Promise<void> {
    const { context, producer } = this.#parts
    try {
      await context.sendLetters(producer)
    } catch (error) {
      this.#decide(error)
    }
  }

  async #prepare(partitions: readonly TopicPartition[]): Promise<void> {
    const { context, producer, committer, positions } = this.#parts
    await context.sendLetters(producer)
    await committer.settle()
    await committer.commit(positions.ahead(partitions))
  }

  async #accept(): Promise<void> {
    const { context, producer } = this.#parts
    context.callDone()
    await context.sendLetters(producer)
  }

  /** @throws what fails the task */
  #decide(error: unknown): void {
    const { context, logger } = this.#parts
    const refusal = context.callFailed()
    if (refusal !== undefined || !isPassing(error)) throw refusal ?? error
    logger.warn('Nothing could be committed; it is tried again with what comes', { reason: describeError(error) })
  }
}
