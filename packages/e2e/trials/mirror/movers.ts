import type { Fetcher, GroupOffsets, Kafka } from '@sluice/kafka'
import type { SeededRandom } from '@sluice/sdk/testing'
import { PARTITIONS } from './orders.ts'

const PAUSE_MS = 60
const POLL_MS = 100

/** A consumer group that reads a topic on the source for a while, stops cleanly, and is to go on at the target. */
export class Mover {
  readonly groupId: string
  /** What it has consumed, by value. */
  readonly consumed: Set<string> = new Set()
  /** Where it stands on the source, as it has committed it. */
  readonly committed: Map<number, number> = new Map()
  readonly #topic: string
  readonly #random: SeededRandom
  readonly #fetcher: Fetcher
  readonly #offsets: GroupOffsets
  #isStopped = false
  #running: Promise<void> = Promise.resolve()

  constructor(kafka: Kafka, groupId: string, topic: string, random: SeededRandom) {
    this.groupId = groupId
    this.#topic = topic
    this.#random = random
    this.#fetcher = kafka.fetcher({ isolation: 'read_committed', reset: 'earliest', bytesMax: 20_000 })
    this.#offsets = kafka.groupOffsets(groupId)
  }

  start(): void {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
      topic: this.#topic,
      partition,
      offset: 0,
    }))
    this.#fetcher.assign(partitions)
    this.#running = this.#run()
  }

  /** Stops in the middle of what it has fetched, and has committed what it has consumed when this resolves. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    await this.#commit()
    await this.#fetcher.close()
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#turn()
      if (this.#random.chance(0.3)) await this.#commit()
      await new Promise((resolve) => void setTimeout(resolve, PAUSE_MS))
    }
  }

  async #turn(): Promise<void> {
    for (const { partition, batches, nextOffset } of await this.#fetcher.poll(POLL_MS)) {
      const count = batches.reduce((sum, batch) => sum + batch.count, 0)
      // Consumers work at what they have got, and stop when they are told to.
      let left = this.#random.chance(0.5) ? count : this.#random.below(count + 1)
      const isWhole = left === count
      for (const batch of batches)
        for (let i = 0; i < batch.count && left > 0; i++, left--) {
          this.consumed.add(Buffer.from(batch.value(i)!).toString())
          this.committed.set(partition, batch.offset(i) + 1)
        }
      if (isWhole) this.committed.set(partition, nextOffset)
      else this.#fetcher.seek({ topic: this.#topic, partition, offset: this.committed.get(partition) ?? 0 })
    }
  }

  async #commit(): Promise<void> {
    const offsets = [...this.committed].map(([partition, offset]) => ({
      topic: this.#topic,
      partition,
      offset,
      metadata: '',
    }))
    if (offsets.length > 0) await this.#offsets.commit(offsets)
  }
}
