import type { FetchedPartition } from '@sluice/kafka'
import type { SinkRecord, TopicPartition } from '@sluice/sdk'
import { keyOf } from './sink-positions.ts'

/** What one fetch brought, on its way to the sink: in parts when the sink has refused it as a whole. */
export class SinkBatch {
  #fetched: readonly FetchedPartition[]
  /** In order; what the sink has taken is gone. */
  #parts: (readonly SinkRecord[])[]
  /** Puts so far that the sink refused. */
  refusals = 0

  constructor(fetched: readonly FetchedPartition[], records: readonly SinkRecord[]) {
    this.#fetched = fetched
    this.#parts = [records]
  }

  /** Of the partitions that the task still has. */
  get fetched(): readonly FetchedPartition[] {
    return this.#fetched
  }

  /** What is to be put next: maybe nothing, for sinks are put to also then. Undefined when the sink has taken all. */
  get next(): readonly SinkRecord[] | undefined {
    return this.#parts[0]
  }

  /** The sink has the next part, or it is a dead letter. */
  taken(): void {
    this.#parts.shift()
  }

  /** The next part is put in two halves. */
  halve(): void {
    const next = this.#parts[0]!
    const middle = next.length >> 1
    this.#parts.splice(0, 1, next.slice(0, middle), next.slice(middle))
  }

  /** The task does not have these partitions any more, or reads them from elsewhere. */
  drop(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(keyOf))
    this.#fetched = this.#fetched.filter((at) => !gone.has(keyOf(at)))
    this.#parts = this.#parts.map((part) =>
      part.filter(({ originalTopic, originalPartition }) => {
        return !gone.has(keyOf({ topic: originalTopic, partition: originalPartition }))
      }),
    )
  }
}
