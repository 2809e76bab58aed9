import type { CommittedOffset } from '@sluice/kafka'
import type { LogTransaction, SimulatedPartition } from './simulated-log.ts'
import { refused } from './simulated-errors.ts'
import type { Scheduled, SimulatedTime } from './simulated-time.ts'

/** Who a producer is: a later epoch of the same transactional id fences it. */
export interface ProducerNumbers {
  readonly transactionalId: string
  readonly epoch: number
}

/** One transaction from its first record or offset to its end. */
export interface SimulatedTransaction extends LogTransaction {
  readonly transactionalId: string
  readonly partitions: Set<SimulatedPartition>
  readonly offsets: CommittedOffset[]
  /** Who adds offsets, in the trace's words. */
  owner: string
}

interface Owner {
  epoch: number
  timeoutMs: number
  open: SimulatedTransaction | null
  expiry: Scheduled | null
}

/** The transaction coordinator (KIP-98, KIP-447). */
export class SimulatedTransactions {
  readonly #time: SimulatedTime
  readonly #onEnd: (transaction: SimulatedTransaction) => void
  readonly #owners = new Map<string, Owner>()

  /** @param onEnd told when a transaction is committed or aborted, its markers written */
  constructor(time: SimulatedTime, onEnd: (transaction: SimulatedTransaction) => void) {
    this.#time = time
    this.#onEnd = onEnd
  }

  /** Takes a transactional id over: what was open is aborted. */
  begin(transactionalId: string, timeoutMs: number): ProducerNumbers {
    const owner = this.#owners.get(transactionalId) ?? { epoch: -1, timeoutMs, open: null, expiry: null }
    this.#owners.set(transactionalId, owner)
    this.#end(owner, 'aborted')
    owner.epoch++
    owner.timeoutMs = timeoutMs
    return { transactionalId, epoch: owner.epoch }
  }

  /** The open transaction of a producer, begun if need be. @throws SluiceError KAFKA_FENCED */
  open(numbers: ProducerNumbers): SimulatedTransaction {
    const owner = this.#ownerOf(numbers)
    if (owner.open !== null) return owner.open
    const { transactionalId } = numbers
    owner.open = { transactionalId, state: 'open', partitions: new Set(), offsets: [], owner: '' }
    owner.expiry = this.#time.after(owner.timeoutMs, () => this.#giveUp(owner))
    return owner.open
  }

  /** @throws SluiceError KAFKA_FENCED, KAFKA_REFUSED */
  end(numbers: ProducerNumbers, state: 'committed' | 'aborted'): void {
    const owner = this.#ownerOf(numbers)
    if (owner.open === null && state === 'committed') throw refused('INVALID_TXN_STATE', 'EndTxn')
    this.#end(owner, state)
  }

  /** Aborts what is open, as an administrator does or the broker when it takes too long. Returns whether anything was. */
  abort(transactionalId: string): boolean {
    const owner = this.#owners.get(transactionalId)
    if (owner === undefined || owner.open === null) return false
    this.#giveUp(owner)
    return true
  }

  /** Transactional ids that have something open. */
  get openIds(): readonly string[] {
    return [...this.#owners].filter(([, { open }]) => open !== null).map(([id]) => id)
  }

  #giveUp(owner: Owner): void {
    this.#end(owner, 'aborted')
    owner.epoch++
  }

  #end(owner: Owner, state: 'committed' | 'aborted'): void {
    const { open } = owner
    owner.expiry?.cancel()
    owner.open = null
    if (open === null) return
    open.state = state
    for (const partition of open.partitions) partition.mark(open)
    this.#onEnd(open)
  }

  #ownerOf({ transactionalId, epoch }: ProducerNumbers): Owner {
    const owner = this.#owners.get(transactionalId)
    if (owner === undefined || owner.epoch !== epoch) throw refused('INVALID_PRODUCER_EPOCH', transactionalId)
    return owner
  }
}
