import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type { Broker, ProducerStamp, Transactions } from '../broker.ts'
import type { Cancel } from '../clock.ts'
import { endTransaction } from './end-transaction.ts'
import { writeMarkers } from './markers.ts'
import type { ProducerIds } from './producer-ids.ts'
import { TransactionLog } from './transaction-log.ts'
import * as transitions from './transaction-state.ts'
import type { TransactionState } from './transaction-state.ts'

/** How soon markers that could not be written are tried again. */
const MARKER_RETRY_MS = 100

type TopicPartitions = readonly { readonly topic: string; readonly partition: number }[]

/**
 * The transaction coordinator (KIP-98, KIP-360, KIP-890): takes each transactional id through its states. A step is decided by
 * `transaction-state.ts`, written by the log, and only then true. Markers follow in a step of their own.
 */
export class TransactionCoordinator implements Transactions {
  readonly #broker: Broker
  readonly #producerIds: ProducerIds
  readonly #log: TransactionLog
  readonly #scheduled = new Set<Cancel>()
  /** By transactional id: who waits until its markers are written. */
  readonly #waiting = new Map<string, Set<() => void>>()
  #isStopped = false

  constructor(broker: Broker, producerIds: ProducerIds) {
    this.#broker = broker
    this.#producerIds = producerIds
    this.#log = new TransactionLog(broker)
  }

  /** The coordinator behind the broker's door, for the APIs that are its own. */
  static of(broker: Broker): TransactionCoordinator {
    if (broker.transactions instanceof TransactionCoordinator) return broker.transactions
    throw new TypeError('This broker has another transaction coordinator')
  }

  /** Reads `__transaction_state`, finishes what had been prepared, and begins to watch over time-outs. */
  start(): void {
    this.#log.replay()
    for (const state of this.#log.all()) if (transitions.isEnding(state)) this.#scheduleMarkers(state)
    this.#every('transaction.abort.timed.out.transaction.cleanup.interval.ms', () => this.#abortTimedOut())
    this.#every('transaction.remove.expired.transaction.cleanup.interval.ms', () => this.#removeExpired())
  }

  stop(): void {
    this.#isStopped = true
    for (const cancel of this.#scheduled) cancel()
    this.#scheduled.clear()
  }

  newProducerId(): number {
    return this.#producerIds.next()
  }

  get(transactionalId: string): TransactionState | undefined {
    return this.#log.get(transactionalId)
  }

  all(): Iterable<TransactionState> {
    return this.#log.all()
  }

  /** InitProducerId of a transactional id. Throws CONCURRENT_TRANSACTIONS after it began to abort an open transaction. */
  initProducerId(transactionalId: string, timeoutMs: number, expected: ProducerStamp | undefined): ProducerStamp {
    const now = this.#broker.clock.now()
    const state =
      this.#log.get(transactionalId) ??
      transitions.newTransaction(transactionalId, this.newProducerId(), timeoutMs, now)
    transitions.checkMayInitialise(state, expected)
    if (this.#fence(state, this.#broker.feature('transaction.version'))) throw new ApiError('CONCURRENT_TRANSACTIONS')
    const next = transitions.initialise(state, expected, timeoutMs, now, () => this.newProducerId())
    this.#log.put(next)
    return next
  }

  /** Throws INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS. */
  addPartitions(
    transactionalId: string,
    producer: ProducerStamp,
    partitions: TopicPartitions,
    clientVersion: number,
  ): void {
    const state = this.#known(transactionalId)
    const now = this.#broker.clock.now()
    const next = transitions.addPartitions(state, producer, partitions, clientVersion, now)
    if (next !== state) this.#log.put(next)
  }

  verifyPartitions(transactionalId: string, producer: ProducerStamp, partitions: TopicPartitions): void {
    transitions.verifyPartitions(this.#known(transactionalId), producer, partitions)
  }

  admit(transactionalId: string, producer: ProducerStamp, partitions: TopicPartitions, isImplicit: boolean): number {
    try {
      if (isImplicit) this.addPartitions(transactionalId, producer, partitions, 2)
      else if (this.#isVerifying()) this.verifyPartitions(transactionalId, producer, partitions)
      return 0
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Producers know this error of Produce; PRODUCER_FENCED is one of the coordinator's own APIs.
      return error.name === 'PRODUCER_FENCED' ? kafkaErrorCode('INVALID_PRODUCER_EPOCH') : error.errorCode
    }
  }

  settled(transactionalId: string, timeoutMs: number): Promise<void> | undefined {
    const state = this.#log.get(transactionalId)
    if (state === undefined || !transitions.isEnding(state)) return undefined
    const waiting = this.#waiting.get(transactionalId) ?? new Set()
    this.#waiting.set(transactionalId, waiting)
    return new Promise((resolve) => {
      const go = (): void => {
        cancel()
        waiting.delete(go)
        if (waiting.size === 0) this.#waiting.delete(transactionalId)
        resolve()
      }
      const cancel = this.#broker.clock.schedule(timeoutMs, go)
      waiting.add(go)
    })
  }

  /** EndTxn. Returns the producer id and epoch to go on with; true once the decision is written, markers follow. */
  end(transactionalId: string, producer: ProducerStamp, isCommit: boolean, clientVersion: number): ProducerStamp {
    const state = this.#known(transactionalId)
    const now = this.#broker.clock.now()
    const next = endTransaction(state, producer, isCommit, clientVersion, now, () => this.newProducerId())
    if (next === state) return state
    this.#log.put(next)
    this.#scheduleMarkers(next)
    return transitions.complete(next, now)
  }

  expireTransaction(transactionalId: string): void {
    const state = this.#known(transactionalId)
    if (!this.#fence(state, state.clientVersion)) {
      throw new ApiError('INVALID_TXN_STATE', `${transactionalId} is ${state.status}: no transaction is open`)
    }
  }

  bumpEpoch(transactionalId: string): void {
    const state = this.#known(transactionalId)
    if (!this.#fence(state, this.#broker.feature('transaction.version'))) {
      this.initProducerId(transactionalId, state.timeoutMs, undefined)
    }
  }

  #known(transactionalId: string): TransactionState {
    if (transactionalId === '') throw new ApiError('INVALID_REQUEST', 'The transactional id is empty')
    const state = this.#log.get(transactionalId)
    if (state === undefined) throw new ApiError('INVALID_PRODUCER_ID_MAPPING')
    return state
  }

  /** Begins to abort an open transaction on the coordinator's own account; false when there is none. */
  #fence(state: TransactionState, clientVersion: number): boolean {
    const next = transitions.fence(state, clientVersion, this.#broker.clock.now(), () => this.newProducerId())
    if (next === undefined) return false
    this.#log.put(next)
    this.#scheduleMarkers(next)
    return true
  }

  #scheduleMarkers(state: TransactionState): void {
    const done = new Set<string>()
    const write = (): void => {
      // Deleting `__transaction_state` forgets the transaction.
      if (this.#log.get(state.transactionalId) !== state) return
      if (this.#attempt(() => this.#finish(state, done)) !== true) this.#later(MARKER_RETRY_MS, write)
    }
    // Never in the same turn: the answer to EndTxn does not wait for markers, and a next request may come before them.
    const { lateMarkersMs } = this.#broker.faults
    if (lateMarkersMs > 0) this.#later(lateMarkersMs, write)
    else this.#next(write)
  }

  /** Writes markers and the Complete state behind them; false when something could not be written. */
  #finish(state: TransactionState, done: Set<string>): boolean {
    const coordinatorEpoch = this.#log.coordinatorEpoch(state.transactionalId)
    if (!writeMarkers(this.#broker, state, coordinatorEpoch, done)) return false
    this.#log.put(transitions.complete(state, this.#broker.clock.now()))
    for (const go of this.#waiting.get(state.transactionalId) ?? []) go()
    return true
  }

  /** KIP-890 part 1, since 3.6: a partition that was not added is told so, and no transaction is left hanging. */
  #isVerifying(): boolean {
    return this.#broker.release !== '2.8' && this.#broker.settings.boolean('transaction.partition.verification.enable')
  }

  #abortTimedOut(): void {
    const now = this.#broker.clock.now()
    for (const state of this.#log.all()) {
      if (transitions.isTimedOut(state, now)) this.#attempt(() => this.#fence(state, state.clientVersion))
    }
  }

  #removeExpired(): void {
    const now = this.#broker.clock.now()
    const expirationMs = this.#broker.settings.number('transactional.id.expiration.ms')
    for (const state of this.#log.all()) {
      if (transitions.isExpired(state, expirationMs, now)) this.#attempt(() => this.#log.remove(state.transactionalId))
    }
  }

  /** What fails now is tried again at the next round: nobody asked for it who could be told. */
  #attempt<T>(step: () => T): T | undefined {
    try {
      return step()
    } catch (error) {
      this.#broker.log('error', error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  #every(setting: string, run: () => void): void {
    this.#later(this.#broker.settings.number(setting), () => {
      run()
      this.#every(setting, run)
    })
  }

  #later(delayMs: number, run: () => void): void {
    if (this.#isStopped) return
    const cancel = this.#broker.clock.schedule(delayMs, () => {
      this.#scheduled.delete(cancel)
      run()
    })
    this.#scheduled.add(cancel)
  }

  #next(run: () => void): void {
    const immediate = setImmediate(() => {
      this.#scheduled.delete(cancel)
      run()
    })
    const cancel = (): void => clearImmediate(immediate)
    this.#scheduled.add(cancel)
  }
}
