import { setImmediate as afterIo } from 'node:timers/promises'
import {
  describeError,
  isRetriable,
  SluiceError,
  type Clock,
  type Logger,
  type SourceRecord,
  type SourceTask,
} from '@sluice/sdk'
import type { TopicMaker } from '../topic-maker.ts'
import type { BatchEncoder } from './batch-encoder.ts'
import type { SourceDelivery } from './delivery.ts'
import { IdlePause } from './idle-pause.ts'
import { OutgoingBatch } from './outgoing-batch.ts'
import type { RateLimit } from './rate-limit.ts'
import type { SourceContext } from './source-context.ts'
import type { SourceCounts } from './source-counts.ts'
import { isInterruption, startTask } from './start-task.ts'
import type { TaskControl, TaskEvents } from './task-control.ts'
import type { TaskFigures } from './task-figures.ts'
import type { TransactionCut, TransactionEnd } from './transaction-requests.ts'

/** What a source task's loop is made of. */
export interface SourceLoopParts {
  readonly task: SourceTask
  readonly context: SourceContext
  readonly batches: BatchEncoder
  /**
   * Opens the way to Kafka, before the task is started: exactly once this claims the transactional id, which a paused task leaves to
   * others. `fail` is for what fails later. Rejects with what the task fails with.
   */
  readonly deliver: (fail: (error: unknown) => void, signal: AbortSignal) => Promise<SourceDelivery>
  readonly topicMaker: TopicMaker
  readonly rates: RateLimit
  readonly control: TaskControl
  readonly events: TaskEvents
  readonly counts: SourceCounts
  readonly figures: TaskFigures
  readonly logger: Logger
  readonly clock: Clock
}

/** A loop that waits for its rate goes on beating. */
const RATE_WAIT_MAX_MS = 1000

/**
 * The way of a record from a source to its topic:
 *
 *   poll → transform → encode → produce → settle
 *
 * Polling goes on while earlier batches are under way, as far as the delivery has room. A record that fails becomes a dead letter, is
 * dropped with a count, or stops the loop. Between two batches the loop looks at what its host wants: to pause, to stop.
 */
export class SourceLoop {
  readonly #parts: SourceLoopParts
  /** Aborted by the caller's signal and by the first failure. */
  readonly #stop = new AbortController()
  /** Aborted besides by a pause: ends every wait in which nothing is lost. Another one for each time the task goes on. */
  #turn = new AbortController()
  /** The pause that `#turn` listens to. */
  #pausing: AbortSignal | undefined
  #failure: unknown

  constructor(parts: SourceLoopParts) {
    this.#parts = parts
  }

  /** Runs until the signal is aborted; then drains and stores positions. Rejects with what made the task fail. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.#end()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    let delivery: SourceDelivery | undefined
    try {
      if (await this.#mayStart()) {
        delivery = await this.#parts.deliver((error) => this.#fail(error), this.#stop.signal)
        if (await startTask((at) => this.#parts.task.start(at), this.#stop.signal, this.#parts)) {
          this.#tell('RUNNING')
          delivery.start(this.#stop.signal)
          await this.#move(delivery)
        }
      }
    } catch (error) {
      if (!isInterruption(error, this.#stop.signal)) this.#fail(error)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#end()
      await this.#finish(delivery)
    }
    if (this.#failure !== undefined) throw this.#failure
  }

  /** A task that is to be paused from the beginning is not even started before it is resumed. */
  async #mayStart(): Promise<boolean> {
    const { control } = this.#parts
    if (control.isPaused) {
      this.#tell('PAUSED')
      await control.resumed(this.#stop.signal)
    }
    return !this.#stop.signal.aborted
  }

  async #move(delivery: SourceDelivery): Promise<void> {
    const { clock, control } = this.#parts
    const pause = new IdlePause(clock)
    for (;;) {
      control.beat()
      if (control.isPaused) await this.#pause(delivery)
      if (this.#stop.signal.aborted) return
      const signal = this.#turnSignal()
      await delivery.room(signal)
      if (signal.aborted) continue
      const began = clock.monotonic()
      if (await this.#turnOnce(delivery, signal)) {
        pause.over()
        // A source that never waits must not keep answers, timers and signals from coming in.
        await afterIo()
      } else {
        // A source that answers "nothing yet" at once must not spin.
        await clock.sleep(pause.next(clock.monotonic() - began), signal)
      }
    }
  }

  /** One poll and what became of it. Whether there was anything. */
  async #turnOnce(delivery: SourceDelivery, signal: AbortSignal): Promise<boolean> {
    const { clock, counts, context, figures } = this.#parts
    const began = clock.monotonic()
    const records = await this.#poll(signal)
    const diverted = context.takeDiverted()
    const polled = records.length + diverted.length
    counts.polled(polled, clock.monotonic() - began)
    const cuts = delivery.requests?.cuts(records) ?? [{ records, end: null }]
    if (polled === 0 && cuts[0]!.end === null) return false
    if (polled > 0) figures.batch(polled)
    for (const [i, cut] of cuts.entries()) {
      const isLast = i === cuts.length - 1
      if (!(await this.#deliver(delivery, cut, isLast ? diverted : [], signal))) break
    }
    return true
  }

  /** Whether the records behind these may follow. */
  async #deliver(
    delivery: SourceDelivery,
    { records, end }: TransactionCut,
    diverted: ReturnType<SourceContext['takeDiverted']>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { batches, topicMaker, task } = this.#parts
    const batch = new OutgoingBatch(task.delivered !== undefined)
    // Only an end of the task interrupts what waits for another try: a pause would have to forget what was polled.
    const encoded = await batches.encode(records, batch, this.#stop.signal)
    const failure = encoded === 'stopped' ? undefined : (encoded ?? batches.divert(diverted, batch))
    if (failure !== undefined && !delivery.deliversBeforeFailure) throw failure
    const missing = topicMaker.missing(batch.records)
    if (missing !== null) batch.newTopics = await topicMaker.make(missing)
    await this.#keepRate(batch, signal)
    await this.#send(delivery, batch, encoded === 'stopped' ? null : end)
    if (failure !== undefined) throw failure
    return encoded !== 'stopped'
  }

  async #send(delivery: SourceDelivery, batch: OutgoingBatch, end: TransactionEnd | null): Promise<void> {
    await delivery.send(batch, end)
    this.#parts.rates.take(batch.records.length, batch.bytes)
  }

  /** What was polled goes at once when the task is to stop or to pause. */
  async #keepRate(batch: OutgoingBatch, signal: AbortSignal): Promise<void> {
    const { rates, clock, control } = this.#parts
    if (batch.records.length === 0) return
    for (let waitMs = rates.waitMs(); waitMs > 0 && !signal.aborted; waitMs = rates.waitMs()) {
      await clock.sleep(Math.min(waitMs, RATE_WAIT_MAX_MS), signal)
      control.beat()
    }
  }

  async #poll(signal: AbortSignal): Promise<readonly SourceRecord[]> {
    try {
      return (await this.#parts.task.poll(signal)) ?? []
    } catch (error) {
      if (isInterruption(error, signal)) return []
      if (!isRetriable(error)) throw error
      this.#parts.logger.warn('The source asked to be polled again later', { reason: describeError(error) })
      return []
    }
  }

  /** Everything that was polled becomes durable, positions are stored; then nothing moves until the task is resumed. */
  async #pause(delivery: SourceDelivery): Promise<void> {
    const { control } = this.#parts
    await delivery.settle()
    if (this.#stop.signal.aborted) return
    this.#tell('PAUSED')
    await control.resumed(this.#stop.signal)
    if (!this.#stop.signal.aborted) this.#tell('RUNNING')
  }

  #turnSignal(): AbortSignal {
    const { pausing } = this.#parts.control
    if (pausing !== this.#pausing) {
      this.#pausing = pausing
      const turn = (this.#turn = new AbortController())
      if (pausing.aborted) turn.abort()
      else pausing.addEventListener('abort', () => turn.abort(), { once: true })
    }
    return this.#turn.signal
  }

  /** After polling has ended: wait for what is under way, store, and close the source. */
  async #finish(delivery: SourceDelivery | undefined): Promise<void> {
    const { logger, task, control } = this.#parts
    const outcome = control.isCancelled ? 'cancelled' : this.#failure === undefined ? 'stopped' : 'failed'
    try {
      await delivery?.close(outcome)
    } catch (error) {
      this.#fail(error)
    }
    this.#parts.figures.turnedTo('idle')
    try {
      await task.stop()
    } catch (error) {
      logger.warn('The source did not stop cleanly', { reason: describeError(error) })
    }
  }

  #tell(state: 'RUNNING' | 'PAUSED'): void {
    const { figures, control, events } = this.#parts
    figures.turnedTo(state === 'RUNNING' ? 'running' : 'paused')
    if (!control.isCancelled) events.stateChanged(state)
  }

  #fail(error: unknown): void {
    this.#failure ??= error ?? new SluiceError('TASK_FAILED', 'The source failed and did not say why')
    this.#end()
  }

  #end(): void {
    this.#stop.abort()
    this.#turn.abort()
  }
}
