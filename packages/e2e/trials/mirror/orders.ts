import type { Kafka, Produced, ProducerRecord } from '@sluice/kafka'
import type { SeededRandom } from '@sluice/sdk/testing'

export const PARTITIONS = 3
const CHUNK = 80
const PAUSE_MS = 50

/** Writes numbered records to a topic until it is stopped: by themselves, in transactions, and in transactions that are aborted. */
export class Orders {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #random: SeededRandom
  #isStopped = false
  /** That nobody is to see. */
  aborted = 0
  /** Numbers from 0 up to this one are committed, or will be. */
  count = 0
  /** By partition, the offset of the last one. */
  readonly ends: Map<number, number> = new Map()

  constructor(kafka: Kafka, topic: string, random: SeededRandom) {
    this.#kafka = kafka
    this.#topic = topic
    this.#random = random
  }

  async run(): Promise<void> {
    const plain = this.#kafka.producer()
    const bound = await this.#kafka.transactionalProducer({ transactionalId: `writer-of-${this.#topic}` })
    while (!this.#isStopped) {
      const how = this.#random.below(4)
      if (how < 2) this.#note(await plain.produce(this.#chunk()))
      else {
        bound.begin()
        if (how === 2) {
          this.#note(await bound.produce(this.#chunk()))
          await bound.commit()
        } else {
          await bound.produce(this.#lost())
          await bound.abort()
        }
      }
      await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS))
    }
    await plain.close()
    await bound.close()
  }

  stop(): void {
    this.#isStopped = true
  }

  #note(produced: readonly Produced[]): void {
    for (const { partition, firstOffset, count } of produced)
      this.ends.set(partition, Math.max(firstOffset + count - 1, this.ends.get(partition) ?? -1))
  }

  #chunk(): readonly ProducerRecord[] {
    return Array.from({ length: 1 + this.#random.below(CHUNK) }, () => this.#record(`order ${this.count++}`))
  }

  #lost(): readonly ProducerRecord[] {
    return Array.from({ length: 1 + this.#random.below(20) }, () => this.#record(`aborted ${this.aborted++}`))
  }

  /** Bytes of all kinds: no text, no key, no value, headers of the same name. */
  #record(name: string): ProducerRecord {
    const n = this.#random.below(1000)
    const header = { key: 'h', value: n % 3 === 0 ? null : Buffer.from([0xff, n % 256]) }
    return {
      topic: this.#topic,
      partition: this.#random.below(PARTITIONS),
      key: n % 4 === 0 ? null : Buffer.from([0, 0xc3, n % 256]),
      value: Buffer.from(name),
      // Not the time of sending, and not so long ago that it would expire.
      timestamp: Date.now() - 3_600_000 - n,
      headers: n % 2 === 0 ? null : [header, { key: 'h', value: Buffer.alloc(0) }],
    }
  }
}
