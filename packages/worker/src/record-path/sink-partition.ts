import { total, type CommittedOffset, type FetchedRecords, type FetchPosition, type Tally } from '@sluice/kafka'
import { SluiceError, type SinkPosition, type TopicPartition } from '@sluice/sdk'
import { decodeCounts, encodeCounts, type CommittedCounts, type CountedOffset } from './committed-counts.ts'

/** Where a partition stood after one turn of the loop, with everything counted up to there. */
interface Checkpoint extends CountedOffset {
  tally: Tally
  /** Of the record before the offset; -1 when it is not known. */
  readonly leaderEpoch: number
}

/** What a fetch says beside its records, where it does. */
export interface FetchedTo {
  readonly leaderEpoch: number
  readonly topicId: string
}

const UNSAID: FetchedTo = { leaderEpoch: -1, topicId: '' }

/** A tally under way; `passed` follows from the others. */
interface Counting {
  in: number
  readonly quarantined: Record<string, number>
  readonly dropped: Record<string, number>
}

/** More are thinned out: a sink that never says what is safe must not fill the memory with them. */
const CHECKPOINTS_MAX = 1024
/** Of more the first are forgotten, for the same reason. */
const LETTERS_MAX = 100_000

/**
 * One partition of a sink task: how far it has been put, and what was counted on the way. A record counts once, however often it is
 * put: after a rewind, what was counted before stays as it is.
 *
 * A sink that keeps offsets with its data may be killed when its own commit is done and ours is not. It then goes on behind records that
 * are not counted yet. So what would be counted is committed beforehand, beside the offset that stays (`ahead`), and found there again.
 * So is the topic's id, before the sink makes anything durable: offsets of a topic that was deleted and created again mean nothing in the
 * new one, the sink's own as little as ours.
 */
export class SinkPartition implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset the sink will be given. */
  #position: number
  /** Of the record before the position; -1 when it is not known. */
  #leaderEpoch: number
  /** Empty when it is not known. */
  #topicId: string
  #committed: number
  #committedEpoch: number
  /** Records before this offset have been counted, and are not counted again when they come again. */
  #counted: number
  #tally: Counting
  /** As it was before what has been fetched and not put; null when all has been put. */
  #tallyBefore: Counting | null = null
  /** What the committed offset says. */
  #said: CommittedCounts
  /** Ascending, and all of them behind the committed offset. */
  #checkpoints: Checkpoint[] = []
  /** Offsets of records that are in dead letters, not before the committed one. */
  readonly #letters = new Set<number>()

  constructor({ topic, partition }: TopicPartition, offset: number, said: CommittedCounts, leaderEpoch = -1) {
    this.topic = topic
    this.partition = partition
    this.#position = offset
    this.#leaderEpoch = leaderEpoch
    this.#topicId = said.topicId
    this.#committed = offset
    this.#committedEpoch = leaderEpoch
    this.#counted = offset
    this.#tally = countingFrom(said.tally)
    this.#said = said
  }

  get position(): number {
    return this.#position
  }

  get committed(): number {
    return this.#committed
  }

  /** Where it stands, with what makes another log under the same name be noticed. */
  get place(): FetchPosition & SinkPosition {
    return {
      topic: this.topic,
      partition: this.partition,
      offset: this.#position,
      ...(this.#leaderEpoch === -1 ? {} : { leaderEpoch: this.#leaderEpoch }),
      ...(this.#topicId === '' ? {} : { topicId: this.#topicId }),
    }
  }

  /** What became of the records so far. */
  get tally(): Tally {
    const { in: taken, quarantined, dropped } = this.#tally
    return tallyOf(taken, { ...quarantined }, { ...dropped })
  }

  /** These records have been fetched. */
  took(records: FetchedRecords): void {
    this.#tallyBefore ??= countingFrom(this.#tally)
    const { count } = records
    let from = 0
    while (from < count && records.offset(from) < this.#counted) from++
    this.#tally.in += count - from
  }

  /** Whether the record of that offset is in a dead letter, from before it came again. Not known of all that are. */
  hasLetter(offset: number): boolean {
    return this.#letters.has(offset)
  }

  /** The record of that offset is in a dead letter. */
  quarantined(offset: number, reason: string): void {
    this.#letters.add(offset)
    if (this.#letters.size > LETTERS_MAX) this.#letters.delete(this.#letters.values().next().value!)
    if (offset < this.#counted) return
    add(this.#tally.quarantined, reason)
    if (this.#tallyBefore !== null && offset < this.#position) add(this.#tallyBefore.quarantined, reason)
    this.#correct(offset, ({ in: taken, quarantined, dropped }) => tallyOf(taken, added(quarantined, reason), dropped))
  }

  /** The record of that offset goes no further. */
  dropped(offset: number, reason: string): void {
    if (offset < this.#counted) return
    add(this.#tally.dropped, reason)
    if (this.#tallyBefore !== null && offset < this.#position) add(this.#tallyBefore.dropped, reason)
    this.#correct(offset, ({ in: taken, quarantined, dropped }) => tallyOf(taken, quarantined, added(dropped, reason)))
  }

  /** All that was fetched has been put. */
  reached(nextOffset: number, { leaderEpoch, topicId }: FetchedTo = UNSAID): void {
    this.#position = nextOffset
    this.#leaderEpoch = leaderEpoch
    if (topicId !== '') this.#topicId = topicId
    this.#tallyBefore = null
    if (nextOffset > this.#counted) this.#checkpoint(nextOffset)
  }

  /**
   * The sink wants to go on there. One that skips forward says that it already has those records: they count as passed. What was
   * fetched and not put is not counted: it comes again.
   */
  rewind({ offset, topicId = '', leaderEpoch = -1 }: Omit<SinkPosition, keyof TopicPartition>): void {
    this.#assertSame(topicId, offset)
    if (this.#tallyBefore !== null) this.#tally = this.#tallyBefore
    this.#tallyBefore = null
    if (offset === this.#position) return
    const from = Math.max(this.#position, this.#counted)
    this.#counted = Math.max(this.#counted, this.#position, offset)
    if (offset > from) {
      const { ahead } = this.#said
      if (ahead?.offset === offset && from === this.#committed) this.#tally = countingFrom(ahead.tally)
      else this.#tally.in += offset - from
      this.#checkpoint(offset, leaderEpoch)
    }
    this.#position = offset
    this.#leaderEpoch = leaderEpoch
  }

  /** Back to the committed offset: what was put since could not be made durable. */
  rewindToCommitted(): void {
    this.rewind({ offset: this.#committed, leaderEpoch: this.#committedEpoch })
  }

  /** The furthest checkpoint at or before `safe`; undefined when that much is committed already. Less is always correct. */
  committable(safe: number): CommittedOffset | undefined {
    const found = this.#checkpoints.findLast(({ offset }) => offset <= safe)
    if (found === undefined) return undefined
    return this.#saying(found, { tally: found.tally, ahead: null })
  }

  /**
   * What to commit before the sink commits: the same offset, and what is ahead. Undefined when the counts ahead go without saying, and
   * the topic's id has been said.
   */
  ahead(): CommittedOffset | undefined {
    const next = this.#checkpoints.at(-1)
    if (next === undefined) return undefined
    const { tally, ahead, topicId } = this.#said
    const known = ahead?.offset === next.offset ? ahead.tally : tally
    if (judged(known) === judged(next.tally) && topicId === this.#topicId) return undefined
    const at = { offset: this.#committed, leaderEpoch: this.#committedEpoch }
    return this.#saying(at, { tally, ahead: { offset: next.offset, tally: next.tally } })
  }

  commit({ offset, metadata, leaderEpoch = -1 }: CommittedOffset): void {
    this.#committed = offset
    this.#committedEpoch = leaderEpoch
    this.#said = decodeCounts(metadata)
    for (const letter of this.#letters) if (letter < offset) this.#letters.delete(letter)
    this.#checkpoints = this.#checkpoints.filter((checkpoint) => checkpoint.offset > offset)
  }

  /** What the sink says of its topic is adopted: then the fetcher sees whether it is that one. */
  #assertSame(topicId: string, offset: number): void {
    if (topicId === '') return
    if (this.#topicId === '') this.#topicId = topicId
    if (this.#topicId === topicId) return
    const { topic, partition } = this
    throw new SluiceError('TOPIC_RECREATED', `The sink holds records of another topic ${topic} than this one`, {
      place: { topic, partition, offset, topicId, newTopicId: this.#topicId },
      remedy:
        'The topic was deleted and created again. Decide what the sink’s old records still mean, then reset its offsets and those of the group.',
    })
  }

  #saying(
    { offset, leaderEpoch }: { readonly offset: number; readonly leaderEpoch: number },
    counts: Omit<CommittedCounts, 'topicId'>,
  ): CommittedOffset {
    return {
      topic: this.topic,
      partition: this.partition,
      offset,
      metadata: encodeCounts({ ...counts, topicId: this.#topicId }),
      ...(leaderEpoch === -1 ? {} : { leaderEpoch }),
    }
  }

  #checkpoint(offset: number, leaderEpoch: number = this.#leaderEpoch): void {
    this.#checkpoints.push({ offset, leaderEpoch, tally: this.tally })
    if (this.#checkpoints.length > CHECKPOINTS_MAX) this.#checkpoints = this.#checkpoints.filter((_, i) => i % 2 === 0)
  }

  /** A record was judged after checkpoints behind it had been made, as by a sink that buffers. */
  #correct(offset: number, correct: (tally: Tally) => Tally): void {
    for (let i = this.#checkpoints.length - 1; i >= 0 && this.#checkpoints[i]!.offset > offset; i--) {
      const checkpoint = this.#checkpoints[i]!
      checkpoint.tally = correct(checkpoint.tally)
    }
  }
}

type Counts = Readonly<Record<string, number>>

function tallyOf(taken: number, quarantined: Counts, dropped: Counts): Tally {
  return { in: taken, passed: taken - total(quarantined) - total(dropped), marked: 0, quarantined, dropped }
}

/** How many did not just pass. */
function judged({ quarantined, dropped }: Tally): number {
  return total(quarantined) + total(dropped)
}

function countingFrom({ in: taken, quarantined, dropped }: Omit<Tally, 'passed' | 'marked'>): Counting {
  return { in: taken, quarantined: { ...quarantined }, dropped: { ...dropped } }
}

function add(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1
}

function added(counts: Counts, reason: string): Counts {
  return { ...counts, [reason]: (counts[reason] ?? 0) + 1 }
}
