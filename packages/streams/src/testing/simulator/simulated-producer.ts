import { partitionForKey, type Produced, type ProduceOptions, type Producer, type ProducerRecord } from '@sluice/kafka'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { keyOf } from '../../runtime/partition-key.ts'
import type { Channel, Link } from './link.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import type { ProducerNumbers } from './simulated-transactions.ts'

/** Records that were handed to a producer and that the broker does not have: for whoever watches over positions. */
export interface UnderWay {
  /** Milliseconds since the beginning. */
  readonly sinceMs: number
  readonly records: readonly ProducerRecord[]
}

/** Sends records to their partitions: each partition's in order, those of several at different times. */
export class PartitionedSending {
  readonly #link: Link
  readonly #broker: SimulatedBroker
  readonly #underWay: Set<UnderWay>
  readonly #channels = new Map<string, Channel>()
  /** Of `underWay`, its own. */
  readonly #open = new Set<UnderWay>()

  constructor(link: Link, broker: SimulatedBroker, underWay: Set<UnderWay>) {
    this.#link = link
    this.#broker = broker
    this.#underWay = underWay
  }

  /** Settles when all have: with the first failure, if there is one. */
  async send(records: readonly ProducerRecord[], numbers: ProducerNumbers | null): Promise<readonly Produced[]> {
    const byPartition = new Map<string, { readonly place: TopicPartition; readonly records: ProducerRecord[] }>()
    for (const record of records) {
      const place = { topic: record.topic, partition: this.#partitionOf(record) }
      const found = byPartition.get(keyOf(place))
      if (found === undefined) byPartition.set(keyOf(place), { place, records: [record] })
      else found.records.push(record)
    }
    const sent = Array.from(byPartition.values(), (one) => this.#sendTo(one.place, one.records, numbers))
    const settled = await Promise.allSettled(sent)
    return settled.map((one) => {
      if (one.status === 'rejected') throw one.reason
      return one.value
    })
  }

  /** What is under way may still arrive; nobody counts on it. */
  giveUp(): void {
    for (const one of this.#open) this.#underWay.delete(one)
    this.#open.clear()
  }

  async #sendTo(
    place: TopicPartition,
    records: readonly ProducerRecord[],
    numbers: ProducerNumbers | null,
  ): Promise<Produced> {
    const key = keyOf(place)
    const channel = this.#channels.get(key) ?? { lastMs: 0 }
    this.#channels.set(key, channel)
    const one: UnderWay = { sinceMs: this.#link.clock.monotonic(), records }
    this.#underWay.add(one)
    this.#open.add(one)
    const sent = this.#link.request<number>(
      'produce',
      (answer) => {
        const first = this.#broker.append(place, records, numbers)
        this.#underWay.delete(one)
        answer(first)
      },
      channel,
    )
    try {
      return { ...place, firstOffset: await sent, count: records.length }
    } finally {
      // Whoever is told that it failed has to do it again.
      this.#underWay.delete(one)
      this.#open.delete(one)
    }
  }

  #partitionOf({ topic, partition, key }: ProducerRecord): number {
    if (partition !== null) return partition
    const count = this.#broker.topics.get(topic)?.length ?? 1
    return key === null ? Math.floor(this.#link.random.next() * count) : partitionForKey(key, count)
  }
}

export class SimulatedProducer implements Producer {
  readonly #sending: PartitionedSending
  readonly #open = new Set<Promise<unknown>>()
  #isClosed = false

  constructor(sending: PartitionedSending) {
    this.#sending = sending
  }

  produce(records: readonly ProducerRecord[], { after }: ProduceOptions = {}): Promise<readonly Produced[]> {
    if (this.#isClosed) return Promise.reject(closed())
    const sent = after === undefined ? this.#sending.send(records, null) : this.#sendAfter(after, records)
    this.#open.add(sent)
    void sent.catch(() => undefined).finally(() => this.#open.delete(sent))
    return sent
  }

  async #sendAfter(after: Promise<unknown>, records: readonly ProducerRecord[]): Promise<readonly Produced[]> {
    await after
    if (this.#isClosed) throw closed()
    return this.#sending.send(records, null)
  }

  async flush(): Promise<void> {
    await Promise.allSettled(this.#open)
  }

  async close(timeoutMs?: number): Promise<void> {
    this.#isClosed = true
    if (timeoutMs !== 0) await this.flush()
    this.#sending.giveUp()
  }
}

export function closed(): SluiceError {
  return new SluiceError('INTERRUPTED', 'The producer has been closed')
}
