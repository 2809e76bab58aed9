import { EMPTY_TALLY, type CommittedOffset, type FetchedPartition, type FetchPosition, type Tally } from '@sluice/kafka'
import type { Logger, SinkPosition, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'
import { decodeCounts, type CommittedCounts } from './committed-counts.ts'
import { SinkPartition } from './sink-partition.ts'

/** Where partitions begin that the group has not read yet. */
export type Beginnings = (partitions: readonly TopicPartition[]) => Promise<readonly TopicPartitionOffset[]>

/**
 * Positions of a sink task and what was counted on the way. A commit carries the tally as the offset's metadata, so both move
 * together and survive a crash. Sinks may call an offset safe that lies inside of a turn; then the nearest checkpoint before it is
 * committed: less is always correct.
 */
export class SinkPositions {
  readonly #partitions = new Map<string, SinkPartition>()
  readonly #beginnings: Beginnings

  constructor(beginnings: Beginnings) {
    this.#beginnings = beginnings
  }

  /** Partitions that the task has from now on, and what the group has committed of them. */
  async start(partitions: readonly TopicPartition[], committed: readonly CommittedOffset[]): Promise<void> {
    const known = new Map(committed.map((offset) => [keyOf(offset), offset]))
    const fresh = partitions.filter((partition) => !known.has(keyOf(partition)))
    const begins = fresh.length === 0 ? [] : await this.#beginnings(fresh)
    for (const begin of begins) this.#partitions.set(keyOf(begin), new SinkPartition(begin, begin.offset, NOTHING))
    for (const at of known.values())
      this.#partitions.set(keyOf(at), new SinkPartition(at, at.offset, decodeCounts(at.metadata), at.leaderEpoch))
  }

  /** Partitions that the task does not have any more. */
  forget(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#partitions.delete(keyOf(partition))
  }

  /** An assigned partition. Not for every record: it is found by name. */
  of(partition: TopicPartition): SinkPartition {
    return this.#partitions.get(keyOf(partition))!
  }

  has(partition: TopicPartition): boolean {
    return this.#partitions.has(keyOf(partition))
  }

  /** Those that the task has. */
  get partitions(): readonly SinkPartition[] {
    return [...this.#partitions.values()]
  }

  /** Where the task stands with these partitions, or with all. */
  current(partitions: readonly TopicPartition[] = this.partitions): readonly SinkPosition[] {
    return this.#those(partitions).map(({ place }) => place)
  }

  /** All that was fetched has been put. */
  reached(fetched: readonly FetchedPartition[]): void {
    for (const at of fetched) this.of(at).reached(at.nextOffset, at)
  }

  /**
   * Moves partitions to where the sink wants them; unknown ones, and what is no offset, are left out. Of several places for one
   * partition the first in the log counts: a sink that fills two tables from it may stand at different places, and must miss nothing in
   * either. @throws SluiceError TOPIC_RECREATED
   */
  rewind(positions: readonly SinkPosition[], logger: Logger): readonly FetchPosition[] {
    const wanted = new Map<SinkPartition, SinkPosition>()
    for (const position of positions) {
      const { topic, partition, offset } = position
      const at = this.#partitions.get(keyOf(position))
      if (at === undefined || !Number.isSafeInteger(offset) || offset < 0)
        logger.warn('The sink wants to go where it cannot; ignored', { topic, partition, offset })
      else if (offset < (wanted.get(at)?.offset ?? Infinity)) wanted.set(at, position)
    }
    return Array.from(wanted, ([at, position]) => {
      at.rewind(position)
      return at.place
    })
  }

  /** Back to the committed offsets. */
  rewindToCommitted(): readonly FetchPosition[] {
    return this.partitions
      .filter(({ position, committed }) => position !== committed)
      .map((at) => {
        at.rewindToCommitted()
        return at.place
      })
  }

  /** What to commit when the sink says that everything before `safe` is durable. */
  committable(safe: readonly TopicPartitionOffset[], logger: Logger): readonly CommittedOffset[] {
    const ready: CommittedOffset[] = []
    for (const { topic, partition, offset } of safe) {
      const at = this.#partitions.get(keyOf({ topic, partition }))
      if (at === undefined || !(offset <= at.position)) {
        logger.warn('The sink named an offset that it was not given; ignored', { topic, partition, offset })
        continue
      }
      const found = at.committable(offset)
      if (found !== undefined) ready.push(found)
    }
    return ready
  }

  /** What to commit before the sink is asked to: nothing, mostly. */
  ahead(partitions: readonly TopicPartition[] = this.partitions): readonly CommittedOffset[] {
    return this.#those(partitions).flatMap((partition) => partition.ahead() ?? [])
  }

  committed(offsets: readonly CommittedOffset[]): void {
    for (const at of offsets) this.#partitions.get(keyOf(at))?.commit(at)
  }

  /** Per partition: position, committed offset and the tally so far. */
  progress(): readonly SinkPartitionProgress[] {
    return this.partitions.map(({ topic, partition, position, committed, tally }) => ({
      topic,
      partition,
      position,
      committed,
      tally,
    }))
  }

  #those(partitions: readonly TopicPartition[]): readonly SinkPartition[] {
    return partitions.flatMap((partition) => this.#partitions.get(keyOf(partition)) ?? [])
  }
}

const NOTHING: CommittedCounts = { tally: EMPTY_TALLY, ahead: null, topicId: '' }

export interface SinkPartitionProgress extends TopicPartition {
  readonly position: number
  readonly committed: number
  readonly tally: Tally
}

/** A partition's name as text, for maps. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
