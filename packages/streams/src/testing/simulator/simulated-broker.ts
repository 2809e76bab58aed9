import type { CommittedOffset, ProducerRecord } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'
import { keyOf } from '../../runtime/partition-key.ts'
import { refused } from './simulated-errors.ts'
import { SimulatedGroup, type Place } from './simulated-group.ts'
import { SimulatedPartition } from './simulated-log.ts'
import { EPOCH_MS, type SimulatedTime } from './simulated-time.ts'
import { SimulatedTransactions, type ProducerNumbers, type SimulatedTransaction } from './simulated-transactions.ts'
import type { Trace } from './trace.ts'

/** Told of what the broker takes in, for whoever watches over the invariants. */
export interface BrokerWatch {
  /** A member adds offsets: at once, or to a transaction. */
  onOffsets(place: Place, client: string, offsets: readonly CommittedOffset[], isTransactional: boolean): void
  /** Offsets count from now on. */
  onCommitted(offsets: readonly CommittedOffset[], client: string): void
}

/** A cluster of one broker that does at once what it is asked: see `Link` for what lies between it and an instance. */
export class SimulatedBroker {
  readonly #time: SimulatedTime
  readonly #trace: Trace
  readonly #topics = new Map<string, readonly SimulatedPartition[]>()
  readonly #committed = new Map<string, CommittedOffset>()
  /** Offsets that open transactions are deciding about. */
  readonly #pending = new Set<CommittedOffset>()
  /** Called whenever readers may find more. */
  readonly #waiting = new Set<() => void>()
  readonly group: SimulatedGroup
  readonly transactions: SimulatedTransactions
  watch: BrokerWatch | null = null

  constructor(time: SimulatedTime, trace: Trace) {
    this.#time = time
    this.#trace = trace
    this.group = new SimulatedGroup(time, (what) => this.#say(`group ${what}`))
    this.transactions = new SimulatedTransactions(time, (transaction) => this.#ended(transaction))
  }

  createTopic(topic: string, partitions: number): boolean {
    if (this.#topics.has(topic)) return false
    this.#topics.set(
      topic,
      Array.from({ length: partitions }, () => new SimulatedPartition()),
    )
    return true
  }

  /** The partitions of every topic. */
  get topics(): ReadonlyMap<string, readonly SimulatedPartition[]> {
    return this.#topics
  }

  /** @throws SluiceError KAFKA_REFUSED */
  partition({ topic, partition }: TopicPartition): SimulatedPartition {
    const found = this.#topics.get(topic)?.[partition]
    if (found === undefined) throw refused('UNKNOWN_TOPIC_OR_PARTITION', keyOf({ topic, partition }))
    return found
  }

  /** Appends records to one partition; returns the first one's offset. @throws SluiceError */
  append(place: TopicPartition, records: readonly ProducerRecord[], numbers: ProducerNumbers | null): number {
    const partition = this.partition(place)
    const transaction = numbers === null ? null : this.transactions.open(numbers)
    transaction?.partitions.add(partition)
    const first = partition.endOffset
    for (const { key, value, timestamp, headers } of records) {
      const at = timestamp ?? EPOCH_MS + Math.floor(this.#time.now)
      partition.append({ key, value, timestamp: at, headers: headers ?? [] }, transaction)
    }
    this.#wake()
    return first
  }

  /** @throws SluiceError */
  commit(place: Place, client: string, offsets: readonly CommittedOffset[]): void {
    this.group.checkCommit(place, false)
    this.watch?.onOffsets(place, client, offsets, false)
    this.#commit(offsets, client)
  }

  /** @throws SluiceError */
  addOffsets(numbers: ProducerNumbers, place: Place, client: string, offsets: readonly CommittedOffset[]): void {
    const transaction = this.transactions.open(numbers)
    this.group.checkCommit(place, true)
    this.watch?.onOffsets(place, client, offsets, true)
    transaction.owner = client
    transaction.offsets.push(...offsets)
    for (const offset of offsets) this.#pending.add(offset)
  }

  /** Null: transactions are still deciding about some. */
  committed(partitions: readonly TopicPartition[]): readonly CommittedOffset[] | null {
    const wanted = new Set(partitions.map(keyOf))
    for (const offset of this.#pending) if (wanted.has(keyOf(offset))) return null
    return partitions.flatMap((partition) => this.committedAt(partition) ?? [])
  }

  committedAt(partition: TopicPartition): CommittedOffset | undefined {
    return this.#committed.get(keyOf(partition))
  }

  /** Calls back whenever there may be more to find, until the returned function is called. */
  onMore(callback: () => void): () => void {
    this.#waiting.add(callback)
    return () => this.#waiting.delete(callback)
  }

  #ended(transaction: SimulatedTransaction): void {
    this.#say(`transaction of ${transaction.transactionalId} ${transaction.state}`)
    for (const offset of transaction.offsets) this.#pending.delete(offset)
    if (transaction.state === 'committed') this.#commit(transaction.offsets, transaction.owner)
    this.#wake()
  }

  #commit(offsets: readonly CommittedOffset[], client: string): void {
    this.watch?.onCommitted(offsets, client)
    for (const offset of offsets) {
      this.#say(`${client} commits ${keyOf(offset)} ${offset.offset}`)
      this.#committed.set(keyOf(offset), offset)
    }
  }

  #wake(): void {
    for (const callback of this.#waiting) callback()
  }

  #say(what: string): void {
    this.#trace.add(this.#time.now, 'broker', what)
  }
}
