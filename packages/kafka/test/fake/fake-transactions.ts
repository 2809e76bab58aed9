import { type RecordBatch, controlType, readBatches, transactionMarker } from '@sluice/kafka-protocol'
import type { FakeCluster } from './fake-cluster.ts'
import type { FakeLog } from './fake-log.ts'

const NONE = 0
const INVALID_PRODUCER_EPOCH = 47
const INVALID_TXN_STATE = 48
const INVALID_PRODUCER_ID_MAPPING = 49
const PRODUCER_FENCED = 90

interface Owner {
  producerId: number
  epoch: number
  /** The epoch before the last bump, whose holder may ask again. */
  lastEpoch: number
  isOpen: boolean
  /** What the last transaction came to. */
  wasCommitted: boolean | undefined
  readonly partitions: Set<FakeLog>
  readonly offsets: Map<string, { offset: number; metadata: string }>
}

export interface Numbers {
  readonly producerId: number
  readonly producerEpoch: number
}

/** The transaction coordinator of the fake cluster: KIP-98, KIP-360, and from `version` 2 on KIP-890. Ends transactions at once. */
export class FakeTransactions {
  /** What the cluster finalises `transaction.version` at. */
  version = 1
  readonly #cluster: FakeCluster
  readonly #owners = new Map<string, Owner>()

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster
  }

  /** As after the id has been expired. */
  forget(transactionalId: string): void {
    this.#owners.delete(transactionalId)
  }

  numbersOf(transactionalId: string): Numbers {
    const { producerId, epoch: producerEpoch } = this.#owners.get(transactionalId)!
    return { producerId, producerEpoch }
  }

  init(transactionalId: string, given: Numbers): { errorCode: number } & Numbers {
    let owner = this.#owners.get(transactionalId)
    const isNew = owner === undefined
    if (owner === undefined) {
      owner = {
        producerId: this.#cluster.nextProducerId++,
        epoch: 0,
        lastEpoch: -1,
        isOpen: false,
        wasCommitted: undefined,
        partitions: new Set(),
        offsets: new Map(),
      }
      this.#owners.set(transactionalId, owner)
    } else if (given.producerId !== -1) {
      const { producerId, epoch, lastEpoch } = owner
      const isOwner = given.producerId === producerId && given.producerEpoch === epoch
      const isRepeated = given.producerId === producerId && given.producerEpoch === lastEpoch
      if (!isOwner && !isRepeated) return { errorCode: PRODUCER_FENCED, producerId: -1, producerEpoch: -1 }
      if (isOwner) this.#bump(owner, epoch)
    }
    if (given.producerId === -1 && !isNew) {
      this.#bump(owner, -1)
      if (owner.isOpen) this.#finish(owner, false)
    }
    return { errorCode: NONE, producerId: owner.producerId, producerEpoch: owner.epoch }
  }

  add(transactionalId: string, numbers: Numbers, logs: readonly FakeLog[]): number {
    const owner = this.#owners.get(transactionalId)
    const refusal = this.#check(owner, numbers)
    if (refusal !== NONE) return refusal
    owner!.isOpen = true
    for (const log of logs) owner!.partitions.add(log)
    return NONE
  }

  offsets(
    transactionalId: string,
    numbers: Numbers,
    offsets: ReadonlyMap<string, { offset: number; metadata: string }>,
  ): number {
    const owner = this.#owners.get(transactionalId)
    const refusal = this.#check(owner, numbers)
    if (refusal !== NONE) return refusal
    if (!owner!.isOpen && this.version < 2) return INVALID_TXN_STATE
    owner!.isOpen = true
    for (const [key, value] of offsets) owner!.offsets.set(key, value)
    return NONE
  }

  /** Whether a batch may be appended. */
  admit(transactionalId: string | null, batch: RecordBatch, log: FakeLog, version: number): number {
    const owner = transactionalId === null ? undefined : this.#owners.get(transactionalId)
    const numbers = { producerId: Number(batch.producerId), producerEpoch: batch.producerEpoch }
    const refusal = this.#check(owner, numbers)
    if (refusal !== NONE) return refusal === PRODUCER_FENCED ? INVALID_PRODUCER_EPOCH : refusal
    if (this.version >= 2 && version >= 12) return this.add(transactionalId!, numbers, [log])
    return owner!.isOpen && owner!.partitions.has(log) ? NONE : INVALID_TXN_STATE
  }

  end(transactionalId: string, numbers: Numbers, isCommit: boolean, version: number): { errorCode: number } & Numbers {
    const owner = this.#owners.get(transactionalId)
    const isV2 = version >= 5
    const answer = (errorCode: number): { errorCode: number } & Numbers => {
      const isTold = isV2 && errorCode === NONE
      return { errorCode, producerId: isTold ? owner!.producerId : -1, producerEpoch: isTold ? owner!.epoch : -1 }
    }
    if (isV2 && owner?.producerId === numbers.producerId && owner.lastEpoch === numbers.producerEpoch) {
      return answer(owner.wasCommitted === isCommit ? NONE : INVALID_TXN_STATE)
    }
    const refusal = this.#check(owner, numbers)
    if (refusal !== NONE) return answer(refusal)
    if (!owner!.isOpen && !(isV2 && !isCommit))
      return answer(owner!.wasCommitted === isCommit ? NONE : INVALID_TXN_STATE)
    if (isV2) this.#bump(owner!, owner!.epoch)
    this.#finish(owner!, isCommit)
    return answer(NONE)
  }

  #check(owner: Owner | undefined, { producerId, producerEpoch }: Numbers): number {
    if (owner?.producerId !== producerId) return INVALID_PRODUCER_ID_MAPPING
    return owner.epoch === producerEpoch ? NONE : PRODUCER_FENCED
  }

  #bump(owner: Owner, lastEpoch: number): void {
    owner.lastEpoch = lastEpoch
    owner.epoch++
  }

  #finish(owner: Owner, isCommit: boolean): void {
    for (const log of owner.partitions) {
      const { producerId, epoch: producerEpoch } = owner
      const type = isCommit ? 'commit' : 'abort'
      log.mark(transactionMarker({ type, producerId, producerEpoch, coordinatorEpoch: 0, timestamp: 0 }))
    }
    if (isCommit) for (const [key, value] of owner.offsets) this.#cluster.committed.set(key, value)
    owner.partitions.clear()
    owner.offsets.clear()
    owner.isOpen = false
    owner.wasCommitted = isCommit
  }
}

/** Values that a read_committed reader sees of a log, markers taken one by one. */
export function committedValues(log: FakeLog): string[] {
  const values: { at: number; value: string }[] = []
  const pending = new Map<string, { at: number; value: string }[]>()
  for (const batch of log.batches) {
    const id = String(batch.producerId)
    if (batch.isControl) {
      if (controlType(batch.records()) === 'commit') values.push(...(pending.get(id) ?? []))
      pending.delete(id)
      continue
    }
    const records = batch.records()
    const found = Array.from({ length: records.count }, (_, i) => ({
      at: records.offset(i),
      value: Buffer.from(records.value(i) ?? []).toString(),
    }))
    if (!batch.isTransactional) values.push(...found)
    else pending.set(id, [...(pending.get(id) ?? []), ...found])
  }
  return values.toSorted((a, b) => a.at - b.at).map(({ value }) => value)
}

/** The one batch of a produce request's partition. */
export function batchOf(bytes: Uint8Array): RecordBatch {
  return readBatches(bytes)[0]!
}
