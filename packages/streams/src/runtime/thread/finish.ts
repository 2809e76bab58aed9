/** When a run comes to its end by itself. Each thread asks between two rounds; all of them end when all are there. */
import type { Admin, CommittedOffset } from '@sluice/kafka'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { undoneFrom } from '../../record-path/held-back.ts'
import type { ParkedRecord, TaskPartition } from '../../record-path/task-contract.ts'
import { keyOf } from '../partition-key.ts'
import { readableEnds, type Isolation } from '../readable-ends.ts'

/** What a thread says of itself. */
export interface FinishingThread {
  /** Everything that it was assigned runs. */
  readonly isSettled: boolean
  partitions(): readonly TaskPartition[]
  /** The offset behind the last record that it has put into a partition; 0: none. */
  written(partition: TopicPartition): number
  /** Everything that it has processed is durable and committed when it resolves. */
  commit(): Promise<void>
}

export interface Finish {
  /** Called between two rounds of the thread, by that. */
  isOver(thread: FinishingThread): boolean | Promise<boolean>
  /** It has ended: nobody waits for it. `hasFailed`: with less committed than it has done, which has to be done again. */
  left(thread: FinishingThread, hasFailed?: boolean): void
  /** What a run that has come to its end has left undone; null: nothing. */
  readonly leftUndone: SluiceError | null
}

export const never: Finish = { isOver: () => false, left: () => undefined, leftUndone: null }

/**
 * As somebody judges by how far the application is. It is over for all threads then, whatever they do until they ask: each commits what it was
 * judged by. Where one fails to, that is done again, and judged again.
 */
export class Judged implements Finish {
  readonly leftUndone = null
  readonly #judge: () => boolean
  #isOver = false

  constructor(judge: () => boolean) {
    this.#judge = judge
  }

  isOver(): boolean {
    return (this.#isOver ||= this.#judge())
  }

  left(_thread: FinishingThread, hasFailed = false): void {
    if (hasFailed) this.#isOver = false
  }
}

export interface LogEndParts {
  readonly admin: Pick<Admin, 'partitions' | 'listOffsets'>
  readonly isolation: Isolation
  /** Every partition that the application reads. */
  readonly places: readonly TopicPartition[]
  /** Topics of the application's own: what the run puts there is part of it. */
  readonly internal: ReadonlySet<string>
  /** Of partitions that others run, or nobody at the moment. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>
  /** Those that run now. */
  threads(): Iterable<FinishingThread>
  /** Records that have failed, and that their partitions wait before until somebody resumes these. */
  parked(): readonly ParkedRecord[]
}

/**
 * The end of the log as it is now: of committed records, so that a transaction that is open now neither belongs to the run nor keeps it
 * from ending. What the run itself puts into topics of the application belongs to it. What is paused is waited for; a partition that is
 * parked is not, or the run would have no end, but the run has then left something undone.
 */
export class LogEnd implements Finish {
  readonly #parts: LogEndParts
  readonly #ends: ReadonlyMap<string, number>
  /** Grows whenever a thread is found somewhere else than before: then the others look once more, since it may have put out something. */
  #moves = 0
  readonly #stands = new Map<FinishingThread, string>()
  readonly #arrivals = new Map<FinishingThread, number>()
  #isOver = false
  #leftUndone: SluiceError | null = null

  private constructor(parts: LogEndParts, ends: ReadonlyMap<string, number>) {
    this.#parts = parts
    this.#ends = ends
  }

  static async now(parts: LogEndParts): Promise<LogEnd> {
    const { admin, isolation, internal } = parts
    const foreign = parts.places.filter(({ topic }) => !internal.has(topic))
    const [ends, first] = await Promise.all([
      readableEnds(foreign, admin, isolation),
      admin.listOffsets(foreign, 'earliest'),
    ])
    // Where there is nothing, nothing is ever committed either.
    const empty = new Set(first.filter((one) => one.offset >= ends.get(keyOf(one))!).map(keyOf))
    return new LogEnd(parts, new Map([...ends].filter(([key]) => !empty.has(key))))
  }

  async isOver(thread: FinishingThread): Promise<boolean> {
    if (this.#isOver) return true
    if (!(await this.#isThere(thread))) {
      this.#arrivals.delete(thread)
      return false
    }
    this.#arrivals.set(thread, this.#moves)
    const threads = [...this.#parts.threads()]
    if (threads.some((one) => this.#arrivals.get(one) !== this.#moves)) return false
    if (!(await this.#areOthersThere(threads))) return false
    const parked = threads.flatMap((one) => this.#parkedOf(one.partitions()))
    if (parked.length > 0) this.#leftUndone = leftParked(parked)
    return (this.#isOver = true)
  }

  get leftUndone(): SluiceError | null {
    return this.#leftUndone
  }

  left(thread: FinishingThread, hasFailed = false): void {
    if (hasFailed) this.#isOver = false
    this.#stands.delete(thread)
    this.#arrivals.delete(thread)
    this.#moves++
  }

  async #isThere(thread: FinishingThread): Promise<boolean> {
    const partitions = thread.partitions()
    const stand = partitions.map((one) => `${keyOf(one)}@${undoneFrom(one)}`).join(' ')
    if (stand !== this.#stands.get(thread)) {
      this.#stands.set(thread, stand)
      this.#moves++
    }
    const parked = new Set(this.#parkedOf(partitions).map(keyOf))
    const isBefore = (one: TaskPartition, end: number): boolean => undoneFrom(one) < end && !parked.has(keyOf(one))
    if (!thread.isSettled || partitions.some((one) => isBefore(one, this.#ends.get(keyOf(one)) ?? 0))) return false
    const { internal, admin, isolation } = this.#parts
    if (internal.size === 0) return true
    // What was put into the application's own topics by now is there for whoever looks behind this.
    await thread.commit()
    const own = thread.partitions().filter(({ topic }) => internal.has(topic))
    const ends = await readableEnds(own, admin, isolation)
    // Open transactions of others may hide what is committed behind them.
    const written = (one: TopicPartition): number =>
      Math.max(0, ...Array.from(this.#parts.threads(), (each) => each.written(one)))
    return !own.some((one) => isBefore(one, Math.max(ends.get(keyOf(one))!, written(one))))
  }

  /** The records that these partitions wait before, as far as the run has to do with them. */
  #parkedOf(partitions: readonly TaskPartition[]): readonly ParkedRecord[] {
    const here = new Set(partitions.map(keyOf))
    const { internal } = this.#parts
    return this.#parts.parked().filter((one) => {
      const key = keyOf(one)
      return here.has(key) && (internal.has(one.topic) || one.offset < (this.#ends.get(key) ?? 0))
    })
  }

  /** Partitions that no thread of this instance has: those of other instances, and those on their way between two threads. */
  async #areOthersThere(threads: readonly FinishingThread[]): Promise<boolean> {
    const { places, internal, admin, isolation } = this.#parts
    const held = new Set(threads.flatMap((thread) => thread.partitions()).map(keyOf))
    const others = places.filter((one) => !held.has(keyOf(one)))
    if (others.length === 0) return true
    const moves = this.#moves
    const own = others.filter(({ topic }) => internal.has(topic))
    const [committed, ownEnds, ownFirst] = await Promise.all([
      this.#parts.committed(others),
      readableEnds(own, admin, isolation),
      admin.listOffsets(own, 'earliest'),
    ])
    const first = new Map(ownFirst.map((one) => [keyOf(one), one.offset]))
    const at = new Map(committed.map((one) => [keyOf(one), one.offset]))
    const isThere = others.every((one) => {
      const key = keyOf(one)
      const end = internal.has(one.topic) ? ownEnds.get(key)! : (this.#ends.get(key) ?? 0)
      return (at.get(key) ?? first.get(key) ?? 0) >= end
    })
    return isThere && moves === this.#moves
  }
}

function leftParked(parked: readonly ParkedRecord[]): SluiceError {
  const { topic, partition, offset, error: cause } = parked[0]!
  const all = parked.map((one) => `${keyOf(one)}@${one.offset}`).join(', ')
  return new SluiceError(
    'TASK_FAILED',
    `The run has ended, but for what waits behind records that failed and were parked: ${all}`,
    {
      cause,
      place: { topic, partition, offset },
      remedy:
        'All else is committed. Mend what they have failed on and run once more: it goes on before these records. Or let them be quarantined: see the exception handlers.',
    },
  )
}
