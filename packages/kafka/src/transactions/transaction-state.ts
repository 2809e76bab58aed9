import { SluiceError } from '@sluice/sdk'

/**
 * ```
 *             begin           commit                done
 *   ready ------------> open --------> committing --------> ready
 *     ^                  |  \            |   |  ^
 *     |            failure   \   failure |   |  | commit again
 *     |                  v    \          |   v  |
 *     |               doomed <-\---------+  undecided
 *     |                  |      \
 *     |   done           v abort v
 *     +--------------- aborting            from anywhere, for good: ended
 * ```
 */
export type TransactionPhase = 'ready' | 'open' | 'committing' | 'undecided' | 'doomed' | 'aborting' | 'ended'

/** Where a transactional producer stands, and what may come next. Decides, and does nothing. */
export class TransactionState {
  readonly #transactionalId: string
  #phase: TransactionPhase = 'ready'
  #error: SluiceError | undefined
  #serial = 0
  /** Whether a broker may know of the transaction: else there is nothing to end. */
  isStarted = false

  constructor(transactionalId: string) {
    this.#transactionalId = transactionalId
  }

  get phase(): TransactionPhase {
    return this.#phase
  }

  /** The running number of the transaction that is open, or was last. */
  get serial(): number {
    return this.#serial
  }

  /** Why nothing more goes out that is not sent yet. */
  get doom(): SluiceError | undefined {
    return this.#error
  }

  begin(): void {
    this.#assertAlive()
    if (this.#phase === 'doomed') throw this.#error
    if (this.#phase !== 'ready') throw this.#outOfTurn('begin', PHASES[this.#phase])
    this.#phase = 'open'
    this.#serial++
    this.isStarted = false
  }

  /** Why nothing can be put into a transaction now; undefined if it can. */
  refusal(call: string): SluiceError | undefined {
    if (this.#phase === 'open') return undefined
    return this.#error ?? this.#outOfTurn(call, PHASES[this.#phase])
  }

  commit(): void {
    this.#assertAlive()
    if (this.#phase === 'doomed') throw this.#error
    if (this.#phase !== 'open' && this.#phase !== 'undecided') throw this.#outOfTurn('commit', PHASES[this.#phase])
    this.#phase = 'committing'
  }

  /** `error` is what fails what was not sent. */
  abort(error: SluiceError): void {
    this.#assertAlive()
    if (this.#phase !== 'open' && this.#phase !== 'doomed') throw this.#outOfTurn('abort', PHASES[this.#phase])
    this.#phase = 'aborting'
    this.#error = error
  }

  /** The transaction has ended as it was to. */
  completed(): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ready'
    this.#error = undefined
  }

  /** It is not known whether the transaction is committed. */
  undecided(): void {
    if (this.#phase === 'committing') this.#phase = 'undecided'
  }

  /** The transaction can only be aborted. Returns whether that is news. */
  doomed(error: SluiceError): boolean {
    if (this.#phase !== 'open' && this.#phase !== 'committing' && this.#phase !== 'aborting') return false
    // An abort that failed is to be repeated.
    const isNews = this.#phase !== 'aborting'
    this.#phase = 'doomed'
    this.#error = error
    return isNews
  }

  /** The producer has come to its end. Returns whether that is news. */
  end(error: SluiceError): boolean {
    if (this.#phase === 'ended') return false
    this.#phase = 'ended'
    this.#error = error
    return true
  }

  #assertAlive(): void {
    if (this.#phase === 'ended') throw this.#error
  }

  #outOfTurn(call: string, phase: string): SluiceError {
    return new SluiceError('KAFKA_TRANSACTION_STATE', `${call} is out of turn: ${phase}`, {
      place: { transactionalId: this.#transactionalId },
      remedy: 'Call begin, then produce and sendOffsets, then commit or abort; await each end before the next begin.',
    })
  }
}

const PHASES: Readonly<Record<TransactionPhase, string>> = {
  ready: 'no transaction is open',
  open: 'a transaction is open',
  committing: 'the transaction is being committed',
  undecided: 'whether the transaction before is committed is unknown, commit asks again',
  doomed: 'the transaction must be aborted',
  aborting: 'the transaction is being aborted',
  ended: 'the producer has ended',
}
