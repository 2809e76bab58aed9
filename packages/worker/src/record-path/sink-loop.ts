import type { FetchedPartition, FetchPosition, Fetcher } from '@sluice/kafka'
import { describeError, type Clock, type Logger, type SinkTask } from '@sluice/sdk'
import type { SinkAssignment } from './sink-assignment.ts'
import { SinkBatch } from './sink-batch.ts'
import { leftBehind, type SinkCommitter } from './sink-committer.ts'
import type { SinkContext } from './sink-context.ts'
import type { SinkDecode } from './sink-decode.ts'
import type { SinkFigures } from './sink-figures.ts'
import type { SinkFlush } from './sink-flush.ts'
import type { SinkLag } from './sink-lag.ts'
import type { SinkMembership } from './sink-membership.ts'
import type { SinkPositions } from './sink-positions.ts'
import type { SinkPut } from './sink-put.ts'
import type { SinkTopics } from './sink-topics.ts'
import { startTask } from './start-task.ts'
import type { TaskControl, TaskEvents } from './task-control.ts'
import type { TaskFigures } from './task-figures.ts'
import type { WakeUp } from './wake-up.ts'

/** What a sink task's loop is made of. */
export interface SinkLoopParts {
  readonly task: SinkTask
  readonly context: SinkContext
  readonly topics: SinkTopics
  readonly membership: SinkMembership
  readonly assignment: SinkAssignment
  readonly fetcher: Fetcher
  readonly positions: SinkPositions
  readonly decode: SinkDecode
  readonly put: SinkPut
  readonly flush: SinkFlush
  readonly committer: SinkCommitter
  readonly control: TaskControl
  readonly events: TaskEvents
  readonly lag: SinkLag
  readonly figures: SinkFigures
  readonly taskFigures: TaskFigures
  /** Rings when the group, or whoever runs the task, wants something. */
  readonly wakeUp: WakeUp
  readonly logger: Logger
  readonly clock: Clock
  readonly commitIntervalMs: number
}

const POLL_MAX_MS = 500

/**
 * The way of a record from its topic to a sink:
 *
 *   fetch → decode → transform → put → flush → commit
 *
 * One turn of the loop handles what one fetch brought. `put` is called on every turn, also with nothing, because sinks keep time by
 * it. Offsets are committed with the tally behind them, and only as far as the sink's `flush` says is safe (invariants 1 and 2).
 * Whatever comes from outside (partitions of the group, pause and resume, a stop) is done between two calls of the sink's. So is going
 * back to where one of its calls asked to: the next one gets no record from behind that place.
 */
export class SinkLoop {
  readonly #parts: SinkLoopParts
  readonly #usedTopics = new Set<string>()
  /** What the sink has not taken yet. */
  #batch: SinkBatch | null = null
  #isPaused = false
  #commitDueAt = 0
  #topicsFailure: unknown

  constructor(parts: SinkLoopParts) {
    this.#parts = parts
  }

  /** Runs until the signal is aborted; then flushes, closes, commits and leaves. Rejects with what made the task fail. */
  async run(signal: AbortSignal): Promise<void> {
    const { task, context, assignment, positions, membership, flush, control, wakeUp, logger } = this.#parts
    const ring = (): void => wakeUp.ring()
    signal.addEventListener('abort', ring, { once: true })
    control.onChange = ring
    const ended = new AbortController()
    try {
      if (control.isPaused) await this.#pausedAtFirst(signal)
      if (signal.aborted || !(await startTask((at) => task.start(at), signal, this.#parts))) return
      this.#runs()
      void this.#watchTopics(AbortSignal.any([signal, ended.signal]))
      await this.#move(signal)
      await assignment.remove(positions.partitions, true)
    } catch (error) {
      // So that the record that stopped the task is there to be looked at.
      await quietly(logger, 'The last dead letters could not be sent', () => flush.letters())
      throw error
    } finally {
      ended.abort()
      signal.removeEventListener('abort', ring)
      control.onChange = null
      const held = context.assignment()
      if (held.length > 0) await quietly(logger, 'The sink did not close cleanly', () => task.close(held))
      const left = quietly(logger, 'The group was not left in order', () => membership.leave())
      await quietly(logger, 'The sink did not stop cleanly', () => task.stop())
      await left
    }
  }

  async #pausedAtFirst(signal: AbortSignal): Promise<void> {
    const { control, events, taskFigures } = this.#parts
    taskFigures.turnedTo('paused')
    events.stateChanged('PAUSED')
    await control.resumed(signal)
  }

  #runs(): void {
    const { events, taskFigures, clock, commitIntervalMs } = this.#parts
    taskFigures.turnedTo('running')
    events.stateChanged('RUNNING')
    this.#commitDueAt = clock.monotonic() + commitIntervalMs
  }

  async #watchTopics(signal: AbortSignal): Promise<void> {
    const { topics, membership, wakeUp } = this.#parts
    try {
      await topics.watch((found) => membership.subscribe(found), signal)
    } catch (error) {
      this.#topicsFailure = error ?? new Error('The topics could not be looked up')
      wakeUp.ring()
    }
  }

  async #move(signal: AbortSignal): Promise<void> {
    const { context, fetcher, decode, flush, wakeUp, clock, figures, taskFigures, lag } = this.#parts
    for (;;) {
      await this.#attend(signal)
      if (signal.aborted) return
      const wantedMs = context.takeTimeout() ?? POLL_MAX_MS
      const waitMs = Math.max(0, Math.min(POLL_MAX_MS, wantedMs, this.#commitDueAt - clock.monotonic()))
      const fetched = await fetcher.poll(waitMs, wakeUp.signal)
      this.#used(fetched)
      lag.fetched(fetched)
      const records = await decode.decode(fetched, signal)
      if (records === null) return
      figures.fetched(countOf(fetched), records.length)
      if (records.length > 0) taskFigures.batch(records.length)
      this.#batch = new SinkBatch(fetched, records)
      if (!(await this.#deliver(this.#batch, signal))) return
      await flush.letters()
      await this.#commitIfDue()
    }
  }

  /** False when the signal was aborted before the sink took the records. */
  async #deliver(batch: SinkBatch, signal: AbortSignal): Promise<boolean> {
    const { put, positions, lag } = this.#parts
    // While it was decoded, partitions may have gone.
    await this.#attend(signal)
    for (;;) {
      const outcome = await put.put(batch)
      if (outcome === 'done') break
      this.#rewind()
      await this.#attend(signal)
      if (signal.aborted) return false
      if (outcome !== 'next' && !(await this.#later(outcome.againAfterMs, signal))) return false
    }
    // Before the group is attended to: what it takes now is committed with this put.
    this.#batch = null
    positions.reached(batch.fetched)
    lag.put(batch.fetched)
    this.#rewind()
    await this.#attend(signal)
    return true
  }

  /** The same records are put again after so long; the group and the commits go on meanwhile. False: the signal was aborted. */
  async #later(delayMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock, wakeUp } = this.#parts
    const until = clock.monotonic() + delayMs
    for (;;) {
      await this.#attend(signal)
      if (signal.aborted) return false
      await this.#commitIfDue()
      const leftMs = until - clock.monotonic()
      if (leftMs <= 0) return true
      await clock.sleep(Math.min(leftMs, POLL_MAX_MS), wakeUp.signal)
    }
  }

  /** Does what others want of the task: the group, and whoever runs it. */
  async #attend(signal: AbortSignal): Promise<void> {
    const { control, membership, assignment, wakeUp } = this.#parts
    control.beat()
    wakeUp.heard()
    if (control.isCancelled) throw leftBehind()
    for (let asked = membership.take(); asked !== undefined; asked = membership.take()) {
      const { kind, partitions } = asked
      try {
        if (kind === 'assigned') this.#seek(await assignment.add(partitions, signal))
        else {
          this.#batch?.drop(partitions)
          await (kind === 'revoked' ? assignment.remove(partitions, false) : assignment.lose(partitions))
        }
        this.#rewind()
      } finally {
        asked.done()
      }
    }
    const failure = assignment.failure ?? this.#topicsFailure
    if (failure !== undefined) throw failure
    if (signal.aborted) return
    membership.poll()
    if (control.isPaused !== this.#isPaused) await this.#turnTo(control.isPaused)
  }

  /** Partitions stay, nothing is fetched; what was put is committed at once. */
  async #turnTo(isPaused: boolean): Promise<void> {
    const { context, committer, events, taskFigures, logger } = this.#parts
    this.#isPaused = isPaused
    context.taskPaused(isPaused)
    logger.info(isPaused ? 'The task is paused' : 'The task goes on')
    if (isPaused) {
      await committer.settle()
      await this.#commit()
      await committer.settle()
    }
    taskFigures.turnedTo(isPaused ? 'paused' : 'running')
    events.stateChanged(isPaused ? 'PAUSED' : 'RUNNING')
  }

  async #commitIfDue(): Promise<void> {
    const { committer, context, clock } = this.#parts
    if (committer.isBusy()) return
    if (context.takeCommitRequest() || clock.monotonic() >= this.#commitDueAt) await this.#commit()
  }

  async #commit(): Promise<void> {
    const { flush, positions, clock, commitIntervalMs, logger } = this.#parts
    const isFlushed = await flush.regular()
    if (!isFlushed) {
      const back = positions.rewindToCommitted()
      if (back.length > 0) logger.warn('The task goes back to the last committed offsets', { partitions: back.length })
      this.#seek(back)
    }
    this.#rewind()
    this.#commitDueAt = clock.monotonic() + commitIntervalMs
  }

  /** To where the sink wants to go, if it wants to. */
  #rewind(): void {
    const { context, positions, logger } = this.#parts
    const wanted = context.takeRewinds()
    if (wanted.length > 0) this.#seek(positions.rewind(wanted, logger))
  }

  #seek(to: readonly FetchPosition[]): void {
    const { fetcher, lag } = this.#parts
    if (to.length === 0) return
    for (const position of to) fetcher.seek(position)
    this.#batch?.drop(to)
    lag.forget(to)
  }

  #used(fetched: readonly FetchedPartition[]): void {
    for (const { topic, batches } of fetched) {
      if (batches.length === 0 || this.#usedTopics.has(topic)) continue
      this.#usedTopics.add(topic)
      this.#parts.events.topicUsed(topic)
    }
  }
}

function countOf(fetched: readonly FetchedPartition[]): number {
  let count = 0
  for (const { batches } of fetched) for (const batch of batches) count += batch.count
  return count
}

async function quietly(logger: Logger, complaint: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    logger.warn(complaint, { reason: describeError(error) })
  }
}
