import { decodeTally, encodeTally, EMPTY_TALLY, type CommittedOffset, type FetchedPartition, type Tally } from '@sluice/kafka'
import type { Logger, TopicPartition, TopicPartitionOffset } from '@sluice/sdk'

/** Where a partition stood after one turn of the loop, with everything counted up to there. */
interface Checkpoint {
  readonly offset: number
  readonly tally: string
}

interface PartitionState extends TopicPartition {
  /** The next offset the sink will be given. */
  position: number
  committed: number
  readonly tally: MutableTally
  /** Oldest first; everything at or behind the committed offset is gone. */
  checkpoints: Checkpoint[]
}

/** `in = passed + quarantined + dropped`; `passed` follows from the others. */
interface MutableTally {
  in: number
  readonly quarantined: Record<string, number>
  readonly dropped: Record<string, number>
}

/**
 * Positions of a sink task and what was counted on the way. A commit carries the tally as the offset's metadata, so both move
 * together and survive a crash. Sinks may call an offset safe that lies inside of a turn; then the nearest checkpoint before it is
 * committed: less is always correct.
 */
export class SinkPositions {
  readonly #states = new Map<string, PartitionState>()
  readonly #earliest: (partitions: readonly TopicPartition[]) => Promise<readonly TopicPartitionOffset[]>

  /** `earliest`: where partitions begin that the group has not read yet. */
  constructor(earliest: (partitions: readonly TopicPartition[]) => Promise<readonly TopicPartitionOffset[]>) {
    this.#earliest = earliest
  }

  async start(partitions: readonly TopicPartition[], committed: readonly CommittedOffset[]): Promise<void> {
    const known = new Map(committed.map((offset) => [key(offset), offset]))
    const fresh = partitions.filter((partition) => !known.has(key(partition)))
    const begins = fresh.length === 0 ? [] : await this.#earliest(fresh)
    for (const { topic, partition, offset } of begins) this.#states.set(key({ topic, partition }), state(topic, partition, offset, EMPTY_TALLY))
    for (const { topic, partition, offset, metadata } of known.values())
      this.#states.set(key({ topic, partition }), state(topic, partition, offset, decodeTally(metadata)))
  }

  current(): readonly TopicPartitionOffset[] {
    return [...this.#states.values()].map(({ topic, partition, position }) => ({ topic, partition, offset: position }))
  }

  tally(partition: TopicPartition): MutableTally {
    return this.#states.get(key(partition))!.tally
  }

  dropped(partition: TopicPartition, reason: string): void {
    const { dropped } = this.tally(partition)
    dropped[reason] = (dropped[reason] ?? 0) + 1
  }

  quarantined(partition: TopicPartition, reason: string): void {
    const { quarantined } = this.tally(partition)
    quarantined[reason] = (quarantined[reason] ?? 0) + 1
  }

  /** All that was fetched has been put. */
  reached(fetched: readonly FetchedPartition[]): void {
    for (const { topic, partition, nextOffset } of fetched) {
      const at = this.#states.get(key({ topic, partition }))!
      at.position = nextOffset
      at.checkpoints.push({ offset: nextOffset, tally: encodeTally(finished(at.tally)) })
    }
  }

  /**
   * Moves partitions to where the sink wants them; unknown ones are left out. A sink that skips forward says that it already has
   * those records: they count as passed.
   */
  rewind(positions: readonly TopicPartitionOffset[]): readonly TopicPartitionOffset[] {
    return positions.filter((wanted) => {
      const at = this.#states.get(key(wanted))
      if (at === undefined || wanted.offset < 0) return false
      if (wanted.offset > at.position) {
        at.tally.in += wanted.offset - at.position
        at.checkpoints.push({ offset: wanted.offset, tally: encodeTally(finished(at.tally)) })
      } else if (wanted.offset < at.position) {
        at.checkpoints = at.checkpoints.filter((checkpoint) => checkpoint.offset <= wanted.offset)
      }
      at.position = wanted.offset
      return true
    })
  }

  /** What to commit when the sink says that everything before `safe` is durable. */
  committable(safe: readonly TopicPartitionOffset[], logger: Logger): readonly CommittedOffset[] {
    const ready: CommittedOffset[] = []
    for (const { topic, partition, offset } of safe) {
      const at = this.#states.get(key({ topic, partition }))
      if (at === undefined || offset > at.position) {
        logger.warn('The sink named an offset that it was not given; ignored', { topic, partition, offset })
        continue
      }
      const checkpoint = at.checkpoints.findLast((candidate) => candidate.offset <= offset)
      if (checkpoint !== undefined && checkpoint.offset > at.committed)
        ready.push({ topic, partition, offset: checkpoint.offset, metadata: checkpoint.tally })
    }
    return ready
  }

  committed(offsets: readonly CommittedOffset[]): void {
    for (const { topic, partition, offset } of offsets) {
      const at = this.#states.get(key({ topic, partition }))!
      at.committed = offset
      at.checkpoints = at.checkpoints.filter((checkpoint) => checkpoint.offset > offset)
    }
  }

  /** Per partition: position, committed offset and the tally so far. */
  progress(): readonly SinkPartitionProgress[] {
    return [...this.#states.values()].map(({ topic, partition, position, committed, tally }) => ({
      topic,
      partition,
      position,
      committed,
      tally: finished(tally),
    }))
  }
}

export interface SinkPartitionProgress extends TopicPartition {
  readonly position: number
  readonly committed: number
  readonly tally: Tally
}

function state(topic: string, partition: number, offset: number, tally: Tally): PartitionState {
  return {
    topic,
    partition,
    position: offset,
    committed: offset,
    tally: { in: tally.in, quarantined: { ...tally.quarantined }, dropped: { ...tally.dropped } },
    checkpoints: [],
  }
}

function finished(tally: MutableTally): Tally {
  const { quarantined, dropped } = tally
  const passed = tally.in - sum(quarantined) - sum(dropped)
  return { in: tally.in, passed, marked: 0, quarantined, dropped }
}

function sum(counts: Readonly<Record<string, number>>): number {
  let total = 0
  for (const reason of Object.keys(counts)) total += counts[reason]!
  return total
}

function key({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
