import { setTimeout as sleep } from 'node:timers/promises'
import type { Batch, Consumer, Kafka } from 'kafkajs'
import { addAll, type Sequences } from './ledger.ts'

const LOOK_MS = 50

/** Reads outputs with read_committed as they come, and shares no code with the applications. */
export class OutputReader {
  readonly #consumer: Consumer
  readonly #byTopic: ReadonlyMap<string, Map<string, string[]>>
  readonly #outputs: ReadonlyMap<string, string>
  #count = 0
  #heardAt = performance.now()

  private constructor(client: Kafka, outputs: ReadonlyMap<string, string>) {
    this.#outputs = outputs
    this.#byTopic = new Map(Array.from(outputs.values(), (topic) => [topic, new Map<string, string[]>()]))
    this.#consumer = client.consumer({ groupId: `outputs-${process.pid}-${Date.now()}`, maxWaitTimeInMs: 100 })
  }

  /** @param outputs their topics by name */
  static async open(client: Kafka, outputs: ReadonlyMap<string, string>): Promise<OutputReader> {
    const reader = new OutputReader(client, outputs)
    await reader.#consumer.connect()
    await reader.#consumer.subscribe({ topics: [...outputs.values()], fromBeginning: true })
    await reader.#consumer.run({ autoCommit: false, eachBatch: ({ batch }) => reader.#take(batch) })
    return reader
  }

  /** Resolves when there are so many, and nothing more has come for a while. @throws Error in time */
  async settled(count: number, quietMs: number, timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      if (this.#count >= count && performance.now() - this.#heardAt >= quietMs) return
      if (performance.now() > deadline) throw new Error(`${this.#count} of ${count} outputs came in ${timeoutMs} ms`)
      await sleep(LOOK_MS)
    }
  }

  found(): Sequences {
    return new Map(Array.from(this.#outputs, ([output, topic]) => [output, this.#byTopic.get(topic)!]))
  }

  async close(): Promise<void> {
    await this.#consumer.disconnect()
  }

  #take({ topic, messages }: Batch): Promise<void> {
    addAll(messages, this.#byTopic.get(topic)!)
    this.#count += messages.length
    this.#heardAt = performance.now()
    return Promise.resolve()
  }
}
