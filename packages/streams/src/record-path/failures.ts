/** What becomes of a record that cannot go on: as its operator, its source, its sink or the settings say. */
import type { Quarantine } from '@sluice/quality'
import { NotReadyError, RetriableError, SluiceError, type Clock } from '@sluice/sdk'
import type { UndoJournal } from '../state/undo-journal.ts'
import type { ErrorPolicy } from '../topology/node.ts'
import { divertFailure } from './divert.ts'
import type { Drops } from './drops.ts'
import { failed, nameOfRecord } from './end-before.ts'
import type { PendingRecord } from './async-calls.ts'
import type { RecordContext } from './record-context.ts'
import type { FailedRecord, ParkedRecord, TaskSettings } from './task-contract.ts'
import { Readiness } from './readiness.ts'
import type { Retry, Way } from './way.ts'
import { WithoutRecord } from './without-record.ts'

/** The record stays where it is, and so does the position before it. Not a reason to stop. */
export const HELD = new SluiceError('INTERNAL', 'A record is held')

interface FailureParts {
  /** The task's name. */
  readonly task: string
  /** For what fails without a record. */
  readonly quarantineTopic: string
  readonly settings: TaskSettings
  readonly clock: Clock
  readonly quarantine: Quarantine
  readonly drops: Drops
  /** Null: what was changed in stores cannot be taken back. */
  readonly journal: UndoJournal | null
  readonly hasStores: boolean
}

export class Failures {
  readonly #settings: TaskSettings
  readonly #clock: Clock
  readonly #quarantine: Quarantine
  readonly #drops: Drops
  readonly #journal: UndoJournal | null
  readonly #hasStores: boolean
  readonly #withoutRecord: WithoutRecord
  readonly #parked: ParkedRecord[] = []
  readonly #readiness = new Readiness()

  constructor(parts: FailureParts) {
    const { settings, clock, quarantine, drops, journal, hasStores } = parts
    this.#withoutRecord = new WithoutRecord(parts)
    this.#settings = settings
    this.#clock = clock
    this.#quarantine = quarantine
    this.#drops = drops
    this.#journal = journal
    this.#hasStores = hasStores
  }

  /** Partitions that have been paused since the last call, each before a record that failed. */
  takeParked(): readonly ParkedRecord[] {
    return this.#parked.splice(0)
  }

  /**
   * Deals with the record under way as its policy says, with nothing of it left in the stores; nothing of it is in the output any more.
   * Returns the reason to stop, or `HELD`. One that is `pending` has begun, and has calls under way: it cannot begin once more.
   */
  thrown(at: RecordContext, way: Way, given: unknown, pending: PendingRecord | null): SluiceError | null {
    const error = given instanceof NotReadyError ? this.#readiness.reason(at, given) : given
    // What others have left with it would be lost with the record.
    if (at.isLettingGo) return failed(at, error, way)
    const policy = this.#policyOf(at, way)
    /** It is no failure, unless that takes too long. */
    const waits = pending === null && error instanceof NotReadyError
    if (policy === 'fail' && !waits) return failed(at, error)
    if (at.stage !== 'decode' && this.#hasStores) {
      const isBeyond = at.hasLetGo || pending?.hasChangedStores === true
      if (this.#journal === null || isBeyond)
        return new CannotTakeBack(at, error, isBeyond, policy === 'retry' || waits ? this.#retryOf(at, way) : null)
      this.#journal.takeBack()
    }
    if (waits && this.#triesAgain(at, way)) return HELD
    if (policy === 'fail') return failed(at, error)
    if (pending === null && policy === 'park') return this.#park(at, way, error)
    if (pending === null && policy === 'retry' && !waits && this.#triesAgain(at, way)) return HELD
    if (policy === 'drop') {
      at.reached = 0
      at.drop(at.stage)
      this.#drops.add(at.stage)
      if (pending !== null) pending.isLetGo = true
    } else divertFailure(at, error, this.#quarantine)
    return null
  }

  /** Deals with what fails while no record is under way. Returns the reason to stop. */
  withoutRecord(at: RecordContext, error: unknown): SluiceError | null {
    return this.#withoutRecord.thrown(at, error)
  }

  /** What the record came to in an earlier attempt, with the context as it was then. */
  failedBefore(at: RecordContext, { retry }: Way): unknown {
    const all = this.#settings.failedBefore
    if (all === undefined || all.size === 0 || retry !== null) return undefined
    const found = all.get(nameOfRecord(at))
    if (found === undefined) return undefined
    at.stage = found.stage
    at.node = found.node
    at.policy = found.policy
    return found.error
  }

  #park(at: RecordContext, way: Way, error: unknown): SluiceError {
    const { topic, partition } = way
    // When it is resumed it is tried anew.
    this.#settings.failedBefore?.delete(nameOfRecord(at))
    way.isPaused = true
    this.#parked.push({ topic, partition, offset: at.offset, error })
    return HELD
  }

  /** False: it has been tried for long enough. */
  #triesAgain(at: RecordContext, way: Way): boolean {
    const { firstMs, longestMs, timeoutMs } = this.#settings.retrying
    const now = this.#clock.monotonic()
    const retry = (way.retry = this.#retryOf(at, way))
    if (now - retry.since >= timeoutMs) {
      way.retry = null
      return false
    }
    retry.at = now + Math.min(longestMs, firstMs * 2 ** retry.attempts++)
    return true
  }

  /** As it stands; also of one that was tried before its task went back to the last commit. */
  #retryOf(at: RecordContext, { retry }: Way): Retry {
    const { offset } = at
    if (retry?.offset === offset) return retry
    const now = this.#clock.monotonic()
    const { since, attempts } = this.#settings.failedBefore?.get(nameOfRecord(at))?.retry ?? { since: now, attempts: 0 }
    return { offset, since, attempts, at: now }
  }

  #policyOf({ stage, policy }: RecordContext, { chain }: Way): ErrorPolicy {
    if (policy !== null) return policy
    const { onDecodeException, onProcessException, onEncodeException } = this.#settings
    const { deserialization, processing, production } = chain.source.onError ?? {}
    if (stage === 'decode') return deserialization ?? onDecodeException
    return stage === 'encode' ? (production ?? onEncodeException) : (processing ?? onProcessException)
  }
}

/**
 * The record has changed stores, has let go what others left, or waited in between, and that cannot be taken back here: the task goes back to the last
 * commit. Retriable, since the next attempt can.
 */
export class CannotTakeBack extends RetriableError {
  readonly record: string
  readonly failure: FailedRecord
  /** Also the next attempt cannot, unless it diverts the record at once. */
  readonly isBeyond: boolean

  /** @param retry where it is to be tried again */
  constructor(at: RecordContext, error: unknown, isBeyond: boolean, retry: FailedRecord['retry'] = null) {
    const { topic, partition, offset, stage, node, policy } = at
    super('TASK_FAILED', 'A record failed that had changed stores: its task goes back to the last commit', {
      cause: error,
      place: { topic, partition, offset, ...(node === '' ? {} : { node }) },
    })
    this.record = nameOfRecord(at)
    this.failure = { topic, partition, offset, stage, node, policy, retry, error }
    this.isBeyond = isBeyond
  }
}
