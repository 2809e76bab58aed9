import type { CommittedOffset } from '@sluice/kafka'
import { describeError, isRetriable, SluiceError, type Clock, type Logger } from '@sluice/sdk'
import type { SinkFigures } from './sink-figures.ts'
import type { SinkPositions } from './sink-positions.ts'
import type { TaskControl } from './task-control.ts'
import type { TaskFigures } from './task-figures.ts'

export interface SinkCommitterParts {
  readonly group: { commit(offsets: readonly CommittedOffset[]): Promise<void> }
  readonly positions: SinkPositions
  readonly control: TaskControl
  readonly figures: SinkFigures
  readonly taskFigures: TaskFigures
  readonly logger: Logger
  readonly clock: Clock
  /** `offset.flush.timeout.ms`: an answer that takes longer does not count any more. */
  readonly timeoutMs: number
}

interface UnderWay {
  readonly sequence: number
  readonly since: number
  /** Resolves when it has been answered, however. */
  readonly settled: Promise<void>
}

/**
 * Commits offsets in the name of the task's place in its group. Each commit has a number; an answer to another one than the last comes
 * too late to count. A task that was left behind commits nothing (invariant 3).
 */
export class SinkCommitter {
  readonly #parts: SinkCommitterParts
  #sequence = 0
  #underWay: UnderWay | null = null
  #failure: unknown

  constructor(parts: SinkCommitterParts) {
    this.#parts = parts
  }

  /** Whether an answer is waited for. @throws what a commit in the background failed on for good */
  isBusy(): boolean {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#underWay === null) return false
    const { clock, timeoutMs } = this.#parts
    if (clock.monotonic() - this.#underWay.since < timeoutMs) return true
    this.#giveUp()
    return false
  }

  /** In the background: the loop goes on meanwhile. */
  start(offsets: readonly CommittedOffset[]): void {
    if (offsets.length === 0) return this.#parts.figures.commitSkipped()
    const sequence = this.#next()
    const since = this.#parts.clock.monotonic()
    this.#underWay = { sequence, since, settled: this.#sendQuietly(offsets, sequence, since) }
  }

  /** Resolves when the offsets are committed. */
  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    if (offsets.length === 0) return
    await this.settle()
    const sequence = this.#next()
    await this.#send(offsets, sequence, this.#parts.clock.monotonic())
  }

  /** Waits for the commit under way, if there is one, for as long as its answer counts. */
  async settle(): Promise<void> {
    if (this.#underWay === null) return
    const { clock, timeoutMs } = this.#parts
    const over = new AbortController()
    const { settled, since } = this.#underWay
    const leftMs = Math.max(0, timeoutMs - (clock.monotonic() - since))
    await Promise.race([settled, clock.sleep(leftMs, over.signal)])
    over.abort()
    if (this.#underWay !== null) this.#giveUp()
  }

  async #send(offsets: readonly CommittedOffset[], sequence: number, since: number): Promise<void> {
    const { group, positions, control, figures, taskFigures, clock } = this.#parts
    if (control.isCancelled) throw leftBehind()
    figures.commitBegan(sequence)
    try {
      await group.commit(offsets)
    } catch (error) {
      if (sequence === this.#sequence) taskFigures.commitFailed(clock.monotonic() - since)
      throw error
    }
    if (sequence !== this.#sequence) return
    positions.committed(offsets)
    taskFigures.committed(clock.monotonic() - since)
    figures.committed()
  }

  async #sendQuietly(offsets: readonly CommittedOffset[], sequence: number, since: number): Promise<void> {
    try {
      await this.#send(offsets, sequence, since)
    } catch (error) {
      // Late answers do not count, whatever they say.
      if (sequence !== this.#sequence) return
      if (isPassing(error)) this.#tell(error)
      else this.#failure = error
    } finally {
      if (this.#underWay?.sequence === sequence) this.#underWay = null
    }
  }

  #giveUp(): void {
    const { clock, logger, taskFigures, timeoutMs } = this.#parts
    const { since, sequence } = this.#underWay!
    this.#underWay = null
    this.#next()
    taskFigures.commitFailed(clock.monotonic() - since)
    logger.warn('Commit of offsets timed out; it is made again with the next', { sequence, timeoutMs })
  }

  #next(): number {
    return ++this.#sequence
  }

  #tell(error: unknown): void {
    const { logger } = this.#parts
    logger.warn('Nothing could be committed; it is tried again with what comes', { reason: describeError(error) })
  }
}

/** What is over by itself: another try helps, or others have the partitions, which the group tells of. */
export function isPassing(error: unknown): boolean {
  return isRetriable(error) || (error instanceof SluiceError && error.code === 'KAFKA_FENCED')
}

/** What a task meets that was left behind and goes on. */
export function leftBehind(): SluiceError {
  return new SluiceError(
    'INTERRUPTED',
    'The task did not stop in time and was left behind: nothing more of it is stored',
  )
}
