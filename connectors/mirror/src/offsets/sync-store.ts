import { TopicReader, type FetchedRecords, type Kafka } from '@sluice/kafka'
import { describeError, type Logger, type TopicPartition } from '@sluice/sdk'
import { readOffsetSync } from '../formats/offset-sync.ts'
import { OffsetRuns } from './offset-runs.ts'

/** The topic of offset syncs, read from its beginning and followed: where the records of each partition lie on the target. */
export class SyncStore {
  readonly #logger: Logger
  readonly #byTopic = new Map<string, Map<number, OffsetRuns>>()
  #reader: TopicReader | null = null

  private constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Resolves when everything that is in the topic has been read. @param topic exists */
  static async open(kafka: Kafka, topic: string, logger: Logger): Promise<SyncStore> {
    const store = new SyncStore(logger)
    store.#reader = await TopicReader.open(kafka, { topic, logger, take: (_, records) => store.#take(records) })
    return store
  }

  /** Resolves when everything that is there now has been read. */
  async caughtUp(): Promise<void> {
    await this.#reader?.caughtUp()
  }

  /** Where a group goes on that has committed this offset; null when that is not known. */
  translate({ topic, partition }: TopicPartition, committed: number): number | null {
    return this.#byTopic.get(topic)?.get(partition)?.translate(committed) ?? null
  }

  async close(): Promise<void> {
    await this.#reader?.close()
  }

  #take(records: FetchedRecords): void {
    for (let i = 0; i < records.count; i++) {
      const [key, value] = [records.key(i), records.value(i)]
      if (key === null || value === null) continue
      try {
        const { topic, partition, runs } = readOffsetSync(key, value, records.headers(i))
        const known = this.#runsOf(topic, partition)
        for (const run of runs) known.add(run)
      } catch (error) {
        // Somebody else's: what it would have told is unknown, and nothing is translated wrongly by it.
        this.#logger.warn('An offset sync cannot be read', { offset: records.offset(i), reason: describeError(error) })
      }
    }
  }

  #runsOf(topic: string, partition: number): OffsetRuns {
    let byPartition = this.#byTopic.get(topic)
    if (byPartition === undefined) this.#byTopic.set(topic, (byPartition = new Map()))
    let runs = byPartition.get(partition)
    if (runs === undefined) byPartition.set(partition, (runs = new OffsetRuns()))
    return runs
  }
}
