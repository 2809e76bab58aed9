import type { SluiceError } from '@sluice/sdk'
import type { PartitionQueue } from '../produce/partition-queue.ts'
import type { ProducerBatch } from '../produce/producer-batch.ts'
import type { IdentityUser, ProducerIdentity } from '../produce/producer-identity.ts'
import type { Versions } from '../wire/connection.ts'
import type { ProducerNumbers } from './transaction-requests.ts'
import type { TransactionState } from './transaction-state.ts'

/** What the identity leaves to the producer it belongs to. */
export interface TransactionOwner {
  /** Adds partitions to the transaction at its coordinator. */
  addPartitions(queues: readonly PartitionQueue[]): Promise<void>
  /** Something of the transaction failed. Returns what to fail the records with. */
  failed(error: SluiceError): SluiceError
}

/**
 * Under which identity a transaction's batches are sent. The whole producer has one, given by the coordinator. A partition takes it
 * over with its first batch in a transaction; under the older protocol it is added at the coordinator before, all that are new in
 * one turn of the event loop in one request.
 */
export class TransactionalIdentity implements ProducerIdentity {
  readonly transactionalId: string
  readonly #state: TransactionState
  readonly #owner: TransactionOwner
  #numbers: ProducerNumbers
  #isV2: boolean
  #user: IdentityUser | undefined
  readonly #new = new Set<PartitionQueue>()
  #adding: Promise<void> | undefined
  /** Whether a batch may still be on its way, or its numbers are missing. */
  isDisturbed = false

  constructor(
    transactionalId: string,
    state: TransactionState,
    owner: TransactionOwner,
    numbers: ProducerNumbers,
    isV2: boolean,
  ) {
    this.transactionalId = transactionalId
    this.#state = state
    this.#owner = owner
    this.#numbers = numbers
    this.#isV2 = isV2
  }

  get numbers(): ProducerNumbers {
    return this.#numbers
  }

  /** Whether the cluster speaks KIP-890's transactions. */
  get isV2(): boolean {
    return this.#isV2
  }

  /** From version 12 on, producing to a partition puts it into the transaction. */
  get versions(): Versions {
    return this.#isV2 ? { lowest: 12, highest: 13 } : { lowest: 9, highest: 11 }
  }

  get doom(): SluiceError | undefined {
    return this.#state.doom
  }

  /** To be called between transactions. */
  use(numbers: ProducerNumbers, isV2: boolean = this.#isV2): void {
    this.#numbers = numbers
    this.#isV2 = isV2
  }

  attach(user: IdentityUser): void {
    this.#user = user
  }

  admits(queue: PartitionQueue, batch: ProducerBatch): boolean {
    if (this.#state.doom !== undefined && !batch.mayBeWritten) return false
    if (queue.transaction === this.#state.serial) return true
    if (this.#isV2) {
      this.#state.isStarted = true
      this.#enter(queue)
      return true
    }
    this.#new.add(queue)
    this.#adding ??= this.#add()
    return false
  }

  disturbed(): void {
    this.isDisturbed = true
  }

  failed(error: SluiceError): SluiceError {
    return this.#owner.failed(error)
  }

  /** Resolves when no partition is being added any more. */
  async settled(): Promise<void> {
    await this.#adding
  }

  #enter(queue: PartitionQueue): void {
    const { producerId, producerEpoch } = this.#numbers
    queue.transaction = this.#state.serial
    if (queue.producerId !== producerId || queue.producerEpoch !== producerEpoch) {
      queue.useIdentity(producerId, producerEpoch)
    }
  }

  async #add(): Promise<void> {
    // Behind the sender's turn: by then it has named all that are new.
    await Promise.resolve()
    while (this.#new.size > 0 && this.#state.doom === undefined) {
      const queues = [...this.#new]
      this.#new.clear()
      this.#state.isStarted = true
      try {
        await this.#owner.addPartitions(queues)
        for (const queue of queues) this.#enter(queue)
      } catch (error) {
        this.#owner.failed(error as SluiceError)
      }
    }
    this.#new.clear()
    this.#adding = undefined
    this.#user?.wake()
  }
}
