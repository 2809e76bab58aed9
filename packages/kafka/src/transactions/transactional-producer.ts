import { SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import type {
  CommittedOffset,
  GroupIdentity,
  GroupTenure,
  Produced,
  ProducerRecord,
  TransactionalProducer,
  TransactionalProducerOptions,
} from '../port.ts'
import type { PartitionQueue } from '../produce/partition-queue.ts'
import { BatchingProducer, resolveProducerOptions } from '../produce/producer.ts'
import { SettingsCheck } from '../settings.ts'
import { aborted, ended, fenced, judge, judgeEnd, mustAbort, refusalName, undecided } from './transaction-errors.ts'
import { TransactionRequests } from './transaction-requests.ts'
import { TransactionState } from './transaction-state.ts'
import { TransactionalIdentity } from './transactional-identity.ts'

const TRANSACTION_TIMEOUT_MS = 60_000

/** Takes over a transactional id. See `Kafka.transactionalProducer`. */
export async function openTransactionalProducer(
  context: ClusterContext,
  options: TransactionalProducerOptions,
): Promise<TransactionalProducer> {
  const { transactionalId, transactionTimeoutMs = TRANSACTION_TIMEOUT_MS } = options
  const check = new SettingsCheck('a transactional producer')
  check.check(transactionalId !== '', 'transactionalId is empty')
  check.whole({ transactionTimeoutMs }, 1)
  check.done()
  const { deliveryTimeoutMs, requestTimeoutMs } = resolveProducerOptions(options, context.requestTimeoutMs)
  const requests = new TransactionRequests(context, transactionalId, transactionTimeoutMs, requestTimeoutMs)
  try {
    const { isV2, ...numbers } = await requests.init(null, new Deadline(context.clock, deliveryTimeoutMs))
    if (context.signal.aborted) throw new SluiceError('INTERRUPTED', 'The Kafka client has been closed')
    return new BatchingTransactions(context, options, deliveryTimeoutMs, requests, (owner, state) => {
      return new TransactionalIdentity(transactionalId, state, owner, numbers, isV2)
    })
  } catch (error) {
    throw error instanceof SluiceError && judge(error) === 'fenced' ? fenced(transactionalId, error) : error
  }
}

/**
 * A batching producer whose batches belong to transactions. What happens is decided in three places: what may come next in
 * TransactionState, what a failure means in transaction-errors.ts, which batch may leave under which numbers in
 * TransactionalIdentity. Here they are put together with the requests to the coordinators.
 *
 * The order of an end is Java's: nothing new is taken; partitions and offsets on their way are waited for; batches that were not
 * sent leave (commit) or fail (abort), those that were are waited for; then EndTxn; then, where the epoch did not grow with it and
 * something went wrong, InitProducerId with the old epoch. So no request of one transaction can count for the next one (KIP-360,
 * KIP-890), not even one that a broker gets to see late.
 */
class BatchingTransactions implements TransactionalProducer {
  readonly #context: ClusterContext
  readonly #transactionalId: string
  readonly #timeoutMs: number
  readonly #requests: TransactionRequests
  readonly #state: TransactionState
  readonly #identity: TransactionalIdentity
  readonly #batches: BatchingProducer
  /** Offsets are added in the order of the calls. */
  #offsets: Promise<unknown> = Promise.resolve()
  /** Groups that the coordinator knows to be in the transaction. */
  readonly #groups = new Set<string>()
  /** What the number of lost requests was when the epoch began. */
  #lostBefore = 0
  /** Whether something of this epoch failed, so that numbers are missing. */
  #hasFailed = false
  /** The end of a transaction that is under way. */
  #ending: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(
    context: ClusterContext,
    options: TransactionalProducerOptions,
    timeoutMs: number,
    requests: TransactionRequests,
    identityOf: (owner: BatchingTransactions, state: TransactionState) => TransactionalIdentity,
  ) {
    this.#context = context
    this.#transactionalId = options.transactionalId
    this.#timeoutMs = timeoutMs
    this.#requests = requests
    this.#state = new TransactionState(options.transactionalId)
    this.#identity = identityOf(this, this.#state)
    this.#batches = new BatchingProducer(context, options, this.#identity)
    this.#lostBefore = requests.lost
    context.opened.add(this)
  }

  begin(): void {
    this.#state.begin()
    this.#groups.clear()
  }

  produce(records: readonly ProducerRecord[]): Promise<readonly Produced[]> {
    const refusal = this.#state.refusal('produce')
    if (refusal !== undefined) return Promise.reject(refusal)
    return heldAgainstCommit(this.#batches.produce(records).catch((error: SluiceError) => this.#fail(error)))
  }

  sendOffsets(group: GroupIdentity | GroupTenure, offsets: readonly CommittedOffset[]): Promise<void> {
    const refusal = this.#state.refusal('sendOffsets')
    if (refusal !== undefined) return Promise.reject(refusal)
    if (offsets.length === 0) return Promise.resolve()
    const sent = this.#offsets.then(() => this.#sendOffsets(group, offsets))
    this.#offsets = sent.catch(() => undefined)
    return heldAgainstCommit(sent)
  }

  async commit(): Promise<void> {
    this.#state.commit()
    await (this.#ending = this.#commit())
  }

  async abort(): Promise<void> {
    const error = aborted(this.#transactionalId)
    this.#state.abort(error)
    this.#batches.abandonUnsent(error)
    await (this.#ending = this.#abort())
  }

  async close(timeoutMs: number = this.#timeoutMs): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (timeoutMs > 0) {
      const over = new AbortController()
      await Promise.race([this.#endForClose(), this.#context.clock.sleep(timeoutMs, over.signal)])
      over.abort()
    }
    this.#state.end(new SluiceError('INTERRUPTED', `The producer of ${this.#transactionalId} was closed`))
    this.#requests.close()
    await this.#batches.close(0)
    this.#context.opened.delete(this)
  }

  /** Of TransactionOwner. */
  addPartitions(queues: readonly PartitionQueue[]): Promise<void> {
    return this.#requests.addPartitions(this.#identity.numbers, queues, this.#deadline())
  }

  /** Of TransactionOwner. What was not sent fails too, but not before what is at work with batches has come to its end. */
  failed(error: SluiceError): SluiceError {
    const { doom, phase } = this.#state
    // What was given up because of a failure, or an abort, does not fail once more.
    if (phase === 'ended' || error === doom) return doom!
    const verdict = judge(error)
    if (verdict !== 'abortable')
      return this.#end(
        verdict === 'fenced' ? fenced(this.#transactionalId, error) : ended(this.#transactionalId, error),
      )
    this.#hasFailed = true
    if (phase === 'doomed' || phase === 'aborting') return doom!
    const failure = mustAbort(this.#transactionalId, error)
    if (this.#state.doomed(failure)) queueMicrotask(() => this.#batches.abandonUnsent(failure))
    return failure
  }

  async #sendOffsets(member: GroupIdentity | GroupTenure, offsets: readonly CommittedOffset[]): Promise<void> {
    const { numbers, isV2 } = this.#identity
    // Requests that put something into the transaction at the same time are refused, all but one: what is under way comes first.
    if (isV2) await this.#batches.flush()
    const { doom } = this.#state
    if (doom !== undefined) throw doom
    this.#state.isStarted = true
    try {
      if (!isV2 && !this.#groups.has(member.groupId)) {
        await this.#requests.addGroup(numbers, member.groupId, this.#deadline())
        this.#groups.add(member.groupId)
      }
      await this.#requests.commitOffsets(numbers, member, offsets, isV2, this.#deadline())
    } catch (error) {
      throw this.failed(error as SluiceError)
    }
  }

  async #commit(): Promise<void> {
    await this.#settled()
    if (this.#state.doom !== undefined) throw this.#state.doom
    if (!this.#state.isStarted) return this.#state.completed()
    const deadline = this.#deadline()
    const lostBefore = this.#requests.lost
    try {
      this.#identity.use(await this.#requests.end(this.#identity.numbers, true, this.#identity.isV2, deadline))
    } catch (error) {
      throw this.#commitFailed(error as SluiceError, this.#requests.lost > lostBefore, deadline)
    }
    // Committed it is; if this fails, the next transaction learns it.
    await this.#renew(deadline).catch((error: unknown) => this.#end(ended(this.#transactionalId, error as SluiceError)))
    this.#state.completed()
  }

  #commitFailed(error: SluiceError, isLost: boolean, deadline: Deadline): SluiceError {
    const isRefusal = refusalName(error) !== undefined
    if (!isRefusal || error.retriable) {
      this.#state.undecided()
      return undecided(this.#transactionalId, deadline.timeoutMs, error, isLost || isRefusal)
    }
    if (judgeEnd(error) === 'abortable') return this.failed(error)
    // An attempt that was not answered may have committed before the one that was refused.
    const cause = isLost ? undecided(this.#transactionalId, deadline.timeoutMs, error, true) : error
    return this.#end(
      judge(error) === 'fenced' ? fenced(this.#transactionalId, cause) : ended(this.#transactionalId, cause),
    )
  }

  async #abort(): Promise<void> {
    await this.#settled()
    if (this.#state.phase === 'ended') throw this.#state.doom
    if (!this.#state.isStarted) return this.#state.completed()
    const deadline = this.#deadline()
    try {
      await this.#abortAtCoordinator(deadline)
      await this.#renew(deadline)
      this.#state.completed()
    } catch (cause) {
      const error = cause as SluiceError
      if (error.retriable) {
        this.#state.doomed(mustAbort(this.#transactionalId, error))
        throw error
      }
      throw this.#end(
        judge(error) === 'fenced' ? fenced(this.#transactionalId, error) : ended(this.#transactionalId, error),
      )
    }
  }

  async #abortAtCoordinator(deadline: Deadline): Promise<void> {
    try {
      this.#identity.use(await this.#requests.end(this.#identity.numbers, false, this.#identity.isV2, deadline))
    } catch (error) {
      if ((error as SluiceError).retriable || judgeEnd(error as SluiceError) !== 'abortable') throw error
      // The coordinator has nothing to abort, or has lost it: with the next epoch nothing of it can come to life.
      await this.#init(deadline)
    }
  }

  /** Goes to the next epoch if something of this one is missing or may still be on its way, and ending has not done so already. */
  async #renew(deadline: Deadline): Promise<void> {
    const isUnclean = this.#hasFailed || this.#identity.isDisturbed || this.#requests.lost > this.#lostBefore
    if (isUnclean && !this.#identity.isV2) return this.#init(deadline)
    this.#clean()
  }

  async #init(deadline: Deadline): Promise<void> {
    const { isV2, ...numbers } = await this.#requests.init(this.#identity.numbers, deadline)
    this.#identity.use(numbers, isV2)
    this.#clean()
  }

  #clean(): void {
    this.#hasFailed = false
    this.#identity.isDisturbed = false
    this.#lostBefore = this.#requests.lost
  }

  /** Everything that was put into the transaction has been answered. */
  async #settled(): Promise<void> {
    await this.#offsets
    await this.#batches.flush()
    await this.#identity.settled()
  }

  #fail(error: SluiceError): never {
    throw this.failed(error)
  }

  #end(error: SluiceError): SluiceError {
    if (this.#state.end(error)) queueMicrotask(() => this.#batches.abandonAll(error))
    return this.#state.doom!
  }

  async #endForClose(): Promise<void> {
    await this.#ending.catch(() => undefined)
    const { phase } = this.#state
    if (phase !== 'open' && phase !== 'doomed') return
    await this.abort().catch((error: unknown) => {
      this.#context.logger.warn('A transaction was left for the broker to abort', {
        transactionalId: this.#transactionalId,
        error: error instanceof Error ? error.message : String(error),
      })
    })
  }

  #deadline(): Deadline {
    return new Deadline(this.#context.clock, this.#timeoutMs)
  }
}

/** A failure of what is put into a transaction makes `commit` refuse: whoever awaits that need not look at each call. */
function heldAgainstCommit<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return work
}
