import { BatchAppender, type CompressionCodec, restampProducer } from '@sluice/kafka-protocol'
import type { SluiceError, TopicPartition } from '@sluice/sdk'
import type { ProduceCall } from './produce-call.ts'
import type { SendGate } from './send-gate.ts'

/** A run of records in a batch that one call put there. */
interface Share {
  readonly call: ProduceCall
  readonly first: number
  count: number
}

/** The identity under which a broker recognises a batch sent twice. */
export interface BatchIdentity {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}

/**
 * A batch on its way: open (records are appended), then sealed and in flight, then settled. Sealed bytes and identity stay the
 * same over retries, so that the broker can tell a repetition from news; only a new epoch gives it another identity.
 */
export class ProducerBatch {
  readonly appender: BatchAppender
  /** Leased until the batch is settled and no socket reads from it. */
  readonly buffer: Buffer
  /** Monotonic time in milliseconds. */
  readonly createdAt: number
  /** What it waits for before it is sent. */
  readonly gate: SendGate | null
  /** No more records go in: it may leave although its linger time is not over. */
  isFull = false
  isInFlight = false
  isSettled = false
  /** How often it was sent without success. */
  failures = 0
  /** Why it was not successful the last time. */
  lastError: SluiceError | undefined
  /** Null until it is first sent, and again after an epoch bump. */
  identity: BatchIdentity | null = null
  /** Whether an attempt went without an answer that would say what became of it, and no later answer has said so. */
  mayBeWritten = false
  /** Whether its number comes after one that is missing: see PartitionQueue. */
  isBehindGap = false
  #bytes: Uint8Array | null = null
  #shares: Share[] = []
  #last: Share | null = null

  constructor(buffer: Buffer, createdAt: number, gate: SendGate | null = null) {
    this.buffer = buffer
    this.gate = gate
    this.appender = new BatchAppender(buffer)
    this.createdAt = createdAt
  }

  get count(): number {
    return this.appender.count
  }

  /** The sealed batch. */
  get bytes(): Uint8Array | null {
    return this.#bytes
  }

  /** Bytes it takes in a request. */
  get length(): number {
    return this.#bytes?.length ?? this.appender.length
  }

  /** Notes that the record just appended belongs to this call. */
  share(call: ProduceCall): void {
    if (this.#last?.call === call) {
      this.#last.count++
      return
    }
    call.opened()
    this.#shares.push((this.#last = { call, first: this.appender.count - 1, count: 1 }))
  }

  /** Seals it under an identity, or gives the sealed batch another one. */
  seal(
    identity: BatchIdentity,
    compression: CompressionCodec,
    isTransactional = false,
    compressionLevel?: number,
  ): Uint8Array {
    if (this.#bytes === null)
      this.#bytes = this.appender.seal({ ...identity, compression, compressionLevel, isTransactional })
    else restampProducer(this.#bytes, identity)
    this.isFull = true
    this.identity = identity
    return this.#bytes
  }

  /** All its records are durable from `baseOffset` on; -1 if the broker did not say where. */
  succeed({ topic, partition }: TopicPartition, baseOffset: number): void {
    this.isSettled = true
    for (const { call, first, count } of this.#shares) {
      call.succeeded({ topic, partition, firstOffset: baseOffset < 0 ? -1 : baseOffset + first, count })
    }
  }

  fail(error: SluiceError): void {
    this.isSettled = true
    for (const { call } of this.#shares) call.failed(error)
  }

  /** Fails the records at these indexes; the claims of the others go to the batch that takes its place, which has them in order. */
  failSome(errors: ReadonlyMap<number, SluiceError>, rest: ProducerBatch): void {
    this.isSettled = true
    let at = 0
    for (const { call, first, count } of this.#shares) {
      let left = count
      for (let i = first; i < first + count; i++) {
        const error = errors.get(i)
        if (error === undefined) continue
        call.refuse(error)
        left--
      }
      if (left > 0) rest.#shares.push({ call, first: at, count: left })
      else call.closed()
      at += left
    }
  }

  /** Hands the claims of its calls to the two batches that take its place: `head` has the records before `head.count`. */
  splitInto(head: ProducerBatch, tail: ProducerBatch): void {
    this.isSettled = true
    const at = head.count
    for (const { call, first, count } of this.#shares) {
      const inHead = Math.min(count, Math.max(0, at - first))
      if (inHead > 0) head.#shares.push({ call, first, count: inHead })
      if (inHead < count) tail.#shares.push({ call, first: Math.max(0, first - at), count: count - inHead })
      if (inHead > 0 && inHead < count) call.opened()
    }
  }
}
