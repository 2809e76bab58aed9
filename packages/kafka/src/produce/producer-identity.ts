import type { SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { Deadline } from '../deadline.ts'
import type { Versions } from '../wire/connection.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { ProducerBatch } from './producer-batch.ts'
import { newProducerId } from './producer-ids.ts'

/** Under which identity batches are sent, when, and what losing one of them means. The sender asks per batch, never per record. */
export interface ProducerIdentity {
  readonly transactionalId: string | null
  /** The versions of Produce that batches may be sent with. */
  readonly versions: Versions
  /** Why nothing more is sent that was not sent before: the transaction is to be aborted, or the producer has ended. */
  readonly doom: SluiceError | undefined
  /** Whom to tell when something changes. */
  attach(user: IdentityUser): void
  /** Gives the partition an identity to number its next batch by; false if that is not possible yet, and the sender is woken later. */
  admits(queue: PartitionQueue, batch: ProducerBatch): boolean
  /** A batch may still be on its way to the broker, or its numbers are missing there: only another epoch is safe from both. */
  disturbed(): void
  /** A batch is given up. Returns what its records fail with. */
  failed(error: SluiceError): SluiceError
}

export interface IdentityUser {
  wake(): void
  /** Fails every batch. */
  giveUpAll(error: SluiceError): void
}

const NOBODY: IdentityUser = { wake: () => undefined, giveUpAll: () => undefined }

/** A producer without transactions (KIP-98): one producer id, asked for when first needed; each partition counts its own epochs. */
export class IdempotentIdentity implements ProducerIdentity {
  readonly transactionalId = null
  readonly versions: Versions = { lowest: 9, highest: 13 }
  readonly doom = undefined
  readonly #context: ClusterContext
  readonly #timeoutMs: number
  #user = NOBODY
  #producerId: number | undefined
  #isAsking = false

  /** `timeoutMs`: how long a producer id is asked for. */
  constructor(context: ClusterContext, timeoutMs: number) {
    this.#context = context
    this.#timeoutMs = timeoutMs
  }

  attach(user: IdentityUser): void {
    this.#user = user
  }

  admits(queue: PartitionQueue): boolean {
    if (!queue.needsProducerId) return true
    if (this.#producerId !== undefined && this.#producerId !== queue.producerId) {
      queue.useIdentity(this.#producerId, 0)
      return true
    }
    if (!this.#isAsking) void this.#ask()
    return false
  }

  disturbed(): void {}

  failed(error: SluiceError): SluiceError {
    return error
  }

  async #ask(): Promise<void> {
    this.#isAsking = true
    try {
      this.#producerId = await newProducerId(this.#context, new Deadline(this.#context.clock, this.#timeoutMs))
    } catch (error) {
      this.#user.giveUpAll(error as SluiceError)
    } finally {
      this.#isAsking = false
      this.#user.wake()
    }
  }
}
