import { TopicReader, type FetchedRecords, type Kafka } from '@sluice/kafka'
import { describeError, type Logger } from '@sluice/sdk'
import { readCheckpoint, type Checkpoint } from '../formats/checkpoint.ts'

/** The last checkpoint of each group and partition, as the topic has them. */
export class CheckpointStore {
  readonly #logger: Logger
  readonly #byGroup = new Map<string, Map<string, Checkpoint>>()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** Reads what a task before has written. @param topic exists */
  static async load(kafka: Kafka, topic: string, logger: Logger): Promise<CheckpointStore> {
    const store = new CheckpointStore(logger)
    const take = (_partition: number, records: FetchedRecords): void => store.#take(records)
    const reader = await TopicReader.open(kafka, { topic, logger, isolation: 'read_committed', take })
    await reader.close()
    return store
  }

  /** Whether it says something new: the group has moved on the target, or back on the source. A group never goes back by itself. */
  isNews(checkpoint: Checkpoint): boolean {
    const last = this.#byGroup.get(checkpoint.group)?.get(placeOf(checkpoint))
    return (
      last === undefined ||
      checkpoint.upstreamOffset < last.upstreamOffset ||
      checkpoint.downstreamOffset > last.downstreamOffset
    )
  }

  put(checkpoint: Checkpoint): void {
    const group = this.#byGroup.get(checkpoint.group) ?? new Map<string, Checkpoint>()
    this.#byGroup.set(checkpoint.group, group.set(placeOf(checkpoint), checkpoint))
  }

  of(group: string): readonly Checkpoint[] {
    return [...(this.#byGroup.get(group)?.values() ?? [])]
  }

  #take(records: FetchedRecords): void {
    for (let i = 0; i < records.count; i++) {
      const [key, value] = [records.key(i), records.value(i)]
      if (key === null || value === null) continue
      try {
        this.put(readCheckpoint(key, value))
      } catch (error) {
        this.#logger.warn('A checkpoint cannot be read', { offset: records.offset(i), reason: describeError(error) })
      }
    }
  }
}

function placeOf({ topic, partition }: Checkpoint): string {
  return `${topic}-${partition}`
}
