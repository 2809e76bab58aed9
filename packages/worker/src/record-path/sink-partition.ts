import { encodeTally, type CommittedOffset, type FetchedRecords, type Tally } from '@sluice/kafka'
import type { TopicPartition } from '@sluice/sdk'

/** Where a partition stood after one turn of the loop, with everything counted up to there. */
interface Checkpoint {
  readonly offset: number
  tally: Tally
}

/** More are thinned out: a sink that never says what is safe must not fill the memory with them. */
const CHECKPOINTS_MAX = 1024

/**
 * One partition of a sink task: how far it has been put, and what was counted on the way. A record counts once, however often it is
 * put: after a rewind, what was counted before stays as it is.
 */
export class SinkPartition implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset the sink will be given. */
  #position: number
  #committed: number
  /** Records before this offset have been counted, and are not counted again when they come again. */
  #counted: number
  readonly #tally: {
    in: number
    readonly quarantined: Record<string, number>
    readonly dropped: Record<string, number>
  }
  /** Ascending, and all of them behind the committed offset. */
  #checkpoints: Checkpoint[] = []

  constructor({ topic, partition }: TopicPartition, offset: number, tally: Tally) {
    this.topic = topic
    this.partition = partition
    this.#position = offset
    this.#committed = offset
    this.#counted = offset
    this.#tally = { in: tally.in, quarantined: { ...tally.quarantined }, dropped: { ...tally.dropped } }
  }

  get position(): number {
    return this.#position
  }

  get committed(): number {
    return this.#committed
  }

  /** What became of the records so far. */
  get tally(): Tally {
    const { in: taken, quarantined, dropped } = this.#tally
    return tallyOf(taken, { ...quarantined }, { ...dropped })
  }

  /** These records have been fetched. */
  took(records: FetchedRecords): void {
    const { count } = records
    let from = 0
    while (from < count && records.offset(from) < this.#counted) from++
    this.#tally.in += count - from
  }

  /** The record of that offset is in a dead letter. */
  quarantined(offset: number, reason: string): void {
    if (offset < this.#counted) return
    add(this.#tally.quarantined, reason)
    this.#correct(offset, ({ in: taken, quarantined, dropped }) => tallyOf(taken, added(quarantined, reason), dropped))
  }

  /** The record of that offset goes no further. */
  dropped(offset: number, reason: string): void {
    if (offset < this.#counted) return
    add(this.#tally.dropped, reason)
    this.#correct(offset, ({ in: taken, quarantined, dropped }) => tallyOf(taken, quarantined, added(dropped, reason)))
  }

  /** All that was fetched has been put. */
  reached(nextOffset: number): void {
    this.#position = nextOffset
    if (nextOffset > this.#counted) this.#checkpoint(nextOffset)
  }

  /** The sink wants to go on there. One that skips forward says that it already has those records: they count as passed. */
  rewind(offset: number): void {
    if (offset === this.#position) return
    const from = Math.max(this.#position, this.#counted)
    this.#counted = Math.max(this.#counted, this.#position, offset)
    if (offset > from) {
      this.#tally.in += offset - from
      this.#checkpoint(offset)
    }
    this.#position = offset
  }

  /** The furthest checkpoint at or before `safe`; undefined when that much is committed already. Less is always correct. */
  committable(safe: number): CommittedOffset | undefined {
    const found = this.#checkpoints.findLast(({ offset }) => offset <= safe)
    if (found === undefined) return undefined
    return { topic: this.topic, partition: this.partition, offset: found.offset, metadata: encodeTally(found.tally) }
  }

  commit(offset: number): void {
    this.#committed = offset
    this.#checkpoints = this.#checkpoints.filter((checkpoint) => checkpoint.offset > offset)
  }

  #checkpoint(offset: number): void {
    this.#checkpoints.push({ offset, tally: this.tally })
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
  return { in: taken, passed: taken - sum(quarantined) - sum(dropped), marked: 0, quarantined, dropped }
}

function add(counts: Record<string, number>, reason: string): void {
  counts[reason] = (counts[reason] ?? 0) + 1
}

function added(counts: Counts, reason: string): Counts {
  return { ...counts, [reason]: (counts[reason] ?? 0) + 1 }
}

function sum(counts: Counts): number {
  let total = 0
  for (const reason of Object.keys(counts)) total += counts[reason]!
  return total
}
