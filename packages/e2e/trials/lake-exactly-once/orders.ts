/** The records: numbers, dealt out to partitions in turn, so that a row's partition and offset say which number it must hold. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from '@sluice/kafka'

export const PARTITIONS = 6

export const ORDER_SCHEMA = JSON.stringify({
  type: 'struct',
  fields: [
    { field: 'n', type: 'int64', optional: false },
    { field: 'note', type: 'string', optional: true },
  ],
})

export class Orders {
  readonly topic: string
  /** How many there are so far. */
  count = 0
  readonly #kafka: Kafka
  readonly #atOnce: number
  #written: Promise<void> = Promise.resolve()

  /** @param perBatch about as many records are in each batch of each partition */
  static async make(kafka: Kafka, topic: string, perBatch: number): Promise<Orders> {
    await kafka.admin.ensureTopics([{ topic, partitions: PARTITIONS }])
    return new Orders(kafka, topic, perBatch * PARTITIONS)
  }

  private constructor(kafka: Kafka, topic: string, atOnce: number) {
    this.#kafka = kafka
    this.#atOnce = atOnce
    this.topic = topic
  }

  /**
   * One after the other, whoever asks: the order is what rows are held against.
   * @param pauseMs between batches, so that something is on its way for a while
   */
  write(records: number, pauseMs = 0): Promise<void> {
    this.#written = this.#written.then(() => this.#write(records, pauseMs))
    return this.#written
  }

  async #write(records: number, pauseMs: number): Promise<void> {
    const producer = this.#kafka.producer()
    for (const end = this.count + records; this.count < end;) {
      const from = this.count
      const many = Math.min(this.#atOnce, end - from)
      await producer.produce(
        Array.from({ length: many }, (_, i) => ({
          topic: this.topic,
          partition: (from + i) % PARTITIONS,
          key: null,
          value: Buffer.from(`{"n":${from + i},"note":"order ${from + i}"}`),
          timestamp: null,
          headers: null,
        })),
      )
      this.count += many
      if (pauseMs > 0) await sleep(pauseMs)
    }
    await producer.close()
  }

  /** Where each partition ends. */
  ends(): readonly number[] {
    return Array.from({ length: PARTITIONS }, (_, partition) => Math.ceil((this.count - partition) / PARTITIONS))
  }

  /** Whether that is where they end on the broker, which numbers written twice would move. */
  async isWhole(): Promise<boolean> {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.topic, partition }))
    const found = await this.#kafka.admin.listOffsets(partitions, 'latest')
    const ends = this.ends()
    return found.every(({ partition, offset }) => offset === ends[partition])
  }

  /** How many a sink has got according to the offsets that it has committed to Kafka. */
  async passedBy(connector: string): Promise<number> {
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.topic, partition }))
    const committed = await this.#kafka.groupOffsets(`connect-${connector}`).committed(partitions)
    return committed.reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
  }
}
