import type { ProducerRecord, TransactionalProducer } from '@sluice/kafka'
import { SluiceError, type Clock, type Logger, type SourceTask } from '@sluice/sdk'
import { tellSettled } from './at-least-once.ts'
import { Deliveries } from './deliveries.ts'
import type { SourceDelivery } from './delivery.ts'
import type { ErrorFigures } from './error-figures.ts'
import { InFlight, partitionKey, type SettledPosition } from './in-flight.ts'
import { OutgoingBatch, type BatchTally } from './outgoing-batch.ts'
import type { SourceCounts } from './source-counts.ts'
import type { TaskControl, TaskEvents } from './task-control.ts'
import type { TaskFigures } from './task-figures.ts'
import type { TransactionEnd, TransactionRequests } from './transaction-requests.ts'

/** Positions as a part of the transaction whose records they are behind (KIP-618). */
export interface TransactionalPositions {
  /** What is to be produced in the transaction, so that the positions are there if its records are. */
  records(positions: readonly SettledPosition[]): readonly ProducerRecord[]
  /** That transaction is committed. */
  committed(positions: readonly SettledPosition[]): void
}

/** `transaction.boundary`, and for `interval` how often; for `connector` what it asks for. */
export type TransactionBoundary =
  | { readonly kind: 'poll' }
  | { readonly kind: 'interval'; readonly intervalMs: number }
  | { readonly kind: 'connector'; readonly requests: TransactionRequests }

export interface SourceTransactionsParts {
  readonly task: Pick<SourceTask, 'settled' | 'delivered'>
  /** Has claimed its transactional id. Closed by `close`. */
  readonly producer: TransactionalProducer
  readonly positions: TransactionalPositions
  readonly boundary: TransactionBoundary
  readonly counts: SourceCounts
  readonly figures: TaskFigures
  readonly errors: ErrorFigures
  readonly control: TaskControl
  readonly events: TaskEvents
  readonly logger: Logger
  readonly clock: Clock
  /** Bytes under way in an open transaction before polling waits. */
  readonly queueBytesMax: number
  /** How long a transaction that is given up may take to be aborted. */
  readonly flushTimeoutMs: number
}

/** A transaction that takes batches. */
interface Open {
  /** Of its batches together; they themselves are not held: there may be many. */
  readonly tally: BatchTally
  /** Where each source partition stands behind them, by its JSON. */
  readonly positions: Map<string, SettledPosition>
  readonly newTopics: string[]
  /** The source has noted where its records lie: what the commit waits for. */
  noted: Promise<unknown>
  isAborting: boolean
}

/**
 * Exactly once (KIP-618): records, dead letters and the positions behind them in one transaction, so that a reader of committed records
 * finds each of them once, whatever crashed. Any failure of the producer fails the task, and what is open then is never seen; the next
 * task begins at the positions of the last transaction that was committed.
 *
 * A producer has one transaction at a time. While one ends, the next batch is polled and encoded already and waits here: no more than
 * that one, so that memory stays bounded by two batches.
 */
export class SourceTransactions implements SourceDelivery {
  readonly requests: TransactionRequests | null
  readonly deliversBeforeFailure = false
  readonly #parts: SourceTransactionsParts
  readonly #fail: (error: unknown) => void
  readonly #inFlight: InFlight
  readonly #deliveries: Deliveries
  #open: Open | null = null
  /** The end of a transaction. Never rejects. Who waits for it looks at `#isEnding` again: the timer may have been faster. */
  #ending: Promise<void> = Promise.resolve()
  #isEnding = false
  #timing: Promise<void> = Promise.resolve()
  #hasFailed = false

  constructor(parts: SourceTransactionsParts, fail: (error: unknown) => void) {
    this.#parts = parts
    this.#fail = (error) => {
      this.#hasFailed = true
      fail(error)
    }
    this.requests = parts.boundary.kind === 'connector' ? parts.boundary.requests : null
    this.#inFlight = new InFlight(parts.queueBytesMax)
    this.#deliveries = new Deliveries(parts.task)
  }

  start(signal: AbortSignal): void {
    const { boundary } = this.#parts
    if (boundary.kind === 'interval') this.#timing = this.#endRegularly(boundary.intervalMs, signal)
  }

  room(signal: AbortSignal): Promise<void> {
    return this.#inFlight.room(signal)
  }

  async send(batch: OutgoingBatch, end: TransactionEnd | null): Promise<void> {
    while (this.#isEnding) await this.#ending
    if (this.#isOver) return
    const positions = batch.positions()
    if (batch.records.length > 0 || positions.length > 0) this.#add(batch, positions)
    if (end === 'abort') this.#end('abort')
    else if (end === 'commit' || this.#parts.boundary.kind === 'poll') this.#end('commit')
  }

  async settle(): Promise<void> {
    while (this.#isEnding) await this.#ending
    if (this.#isOver) return
    const end = this.requests === null ? 'commit' : this.requests.takeBatchEnd()
    if (end === null) return
    this.#end(end)
    await this.#ending
  }

  async close(outcome: 'stopped' | 'failed' | 'cancelled'): Promise<void> {
    const { producer, flushTimeoutMs } = this.#parts
    try {
      await this.#timing
      if (outcome === 'stopped') await this.settle()
    } finally {
      // What a task leaves behind that was cancelled is aborted when the next one claims its transactional id.
      await producer.close(outcome === 'cancelled' ? 0 : flushTimeoutMs)
    }
  }

  get #isOver(): boolean {
    return this.#hasFailed || this.#parts.control.isCancelled
  }

  #add(batch: OutgoingBatch, positions: readonly SettledPosition[]): void {
    const { producer, errors } = this.#parts
    if (this.#open === null) {
      producer.begin()
      this.#open = {
        tally: new OutgoingBatch().tally(),
        positions: new Map(),
        newTopics: [],
        noted: Promise.resolve(),
        isAborting: false,
      }
    }
    const open = this.#open
    addTally(open.tally, batch.tally())
    open.newTopics.push(...(batch.newTopics ?? []))
    for (const at of positions) open.positions.set(partitionKey(at.partition), at)
    errors.lettersSent(batch.letters)
    if (batch.records.length === 0) return
    const submitted = this.#inFlight.submit(batch.bytes, [])
    const settled = this.#deliveries.settled(batch, producer.produce(batch.records))
    if (batch.origins !== null) open.noted = Promise.all([open.noted, settled])
    settled.then(
      () => this.#inFlight.settle(submitted),
      (error: unknown) => {
        this.#inFlight.abandon(submitted)
        if (open.isAborting) return
        errors.lettersFailed(batch.letters)
        this.#fail(error)
      },
    )
  }

  /** Begins to end what is open, if anything is. */
  #end(how: TransactionEnd): void {
    const open = this.#open
    if (open === null) return
    this.#open = null
    this.#isEnding = true
    this.#ending = this.#endOf(open, how)
  }

  async #endOf(open: Open, how: TransactionEnd): Promise<void> {
    try {
      await (how === 'commit' ? this.#commit(open) : this.#abort(open))
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isEnding = false
    }
  }

  async #commit(open: Open): Promise<void> {
    const { counts, figures, events, control } = this.#parts
    await open.noted
    await this.#commitWith(open.positions)
    counts.settled(open.tally)
    counts.transaction(open.tally.records)
    if (!control.isCancelled) open.newTopics.forEach((topic) => events.topicUsed(topic))
    await this.#settled(open.positions, figures)
  }

  /** The positions move over what was aborted, in a transaction of their own: the source must not read it again. */
  async #abort(open: Open): Promise<void> {
    const { producer, counts, figures } = this.#parts
    open.isAborting = true
    await producer.abort()
    if (this.#isOver) return
    producer.begin()
    await this.#commitWith(open.positions)
    counts.aborted(open.tally)
    await this.#settled(open.positions, figures)
  }

  #began = 0

  async #commitWith(positions: ReadonlyMap<string, SettledPosition>): Promise<void> {
    const { producer, clock, figures } = this.#parts
    this.#began = clock.monotonic()
    try {
      if (positions.size > 0) {
        const records = this.#parts.positions.records([...positions.values()])
        // Its failure makes the commit refuse.
        producer.produce(records).catch(() => undefined)
      }
      await producer.commit()
    } catch (error) {
      figures.commitFailed(clock.monotonic() - this.#began)
      throw notCommitted(error)
    }
  }

  async #settled(byKey: ReadonlyMap<string, SettledPosition>, figures: TaskFigures): Promise<void> {
    const { counts, clock } = this.#parts
    const positions = [...byKey.values()]
    figures.committed(clock.monotonic() - this.#began)
    this.#parts.positions.committed(positions)
    counts.stored(positions)
    await tellSettled(this.#parts, positions)
  }

  async #endRegularly(intervalMs: number, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts
    while (!signal.aborted) {
      await clock.sleep(intervalMs, signal)
      while (this.#isEnding) await this.#ending
      if (signal.aborted || this.#isOver) return
      this.#end('commit')
    }
  }
}

function notCommitted(cause: unknown): SluiceError {
  const code = cause instanceof SluiceError ? cause.code : 'TASK_FAILED'
  return new SluiceError(code, 'A transaction of the source could not be committed', {
    cause,
    remedy:
      'Restart the task: it goes on behind the last transaction that was committed. If transactions take longer than producer.override.transaction.timeout.ms, raise it or commit more often.',
  })
}

function addTally(to: BatchTally, more: BatchTally): void {
  to.polled += more.polled
  to.records += more.records
  to.letters += more.letters
  to.dropped += more.dropped
  to.skipped += more.skipped
  to.refused += more.refused
}
