import type { CommittedOffset, GroupMember, Producer, ProducerRecord, TransactionalProducer } from '@sluice/kafka'
import { UnderWay } from './under-way.ts'

/** So much waits for what comes later at most: it takes of the memory that this needs. */
const BEHIND_BYTES_MAX = 1024 * 1024

/** How long an end may wait until its transaction is aborted. */
const ABORT_MS = 5_000

/** Where the output of a thread goes, and how it becomes final together with the offsets of what it was made from. */
export interface Writer {
  /** Hands over what was put out. Never waits: see `room`. */
  write(records: readonly ProducerRecord[], bytes: number): void
  /**
   * The same for what stores have told their changelogs, which must not be there when what they were told by is not: what a store has let
   * go would be lost. It goes when everything is durable that was written before `letBehindGo`.
   */
  writeBehind(records: readonly ProducerRecord[], bytes: number): void
  letBehindGo(): void
  /** Resolves when at most `bytesMax` bytes are under way, or something has failed, or the signal is aborted. */
  room(bytesMax: number, signal: AbortSignal): Promise<void>
  /**
   * What was written before becomes durable, and the offsets are committed: behind it, or together with it. One at a time.
   * @throws what has failed; then nothing written since the last commit counts, and the thread goes back to that
   */
  commit(offsets: readonly CommittedOffset[]): Promise<void>
  /**
   * Whether what is written while a commit is under way waits for its end. Then it had better be made afterwards: it would be there no
   * sooner, and what waits is old for the garbage collector by the time it goes.
   */
  readonly holdsWhileCommitting: boolean
  /** Whether all that is written between two commits is there, or nothing of it. */
  readonly isAtomic: boolean
  /** The offset behind the last record that is known to be in a partition, by `topic-partition`: what `write` has put there. */
  readonly written: ReadonlyMap<string, number>
  /** Whether something was put out since the last commit that becomes final only with offsets: see `commit`. */
  readonly isOpen: boolean
  /** What went wrong since; nothing more is written. */
  readonly failure: { readonly error: unknown } | null
  /** Gives up what is not committed. */
  close(): Promise<void>
}

/** At least once: offsets follow what is durable. After a crash the records since the last commit are processed again. */
export class AtLeastOnceWriter implements Writer {
  readonly holdsWhileCommitting = false
  readonly isAtomic = false
  readonly #producer: Producer
  readonly #member: Pick<GroupMember, 'commit' | 'tenure'>
  readonly #underWay = new UnderWay()
  /** Resolves when what is written behind may go; null: there is nothing. */
  #behind: PromiseWithResolvers<void> | null = null
  #behindBytes = 0

  constructor(producer: Producer, member: Pick<GroupMember, 'commit' | 'tenure'>) {
    this.#producer = producer
    this.#member = member
  }

  get failure(): { readonly error: unknown } | null {
    return this.#underWay.failure
  }

  get written(): ReadonlyMap<string, number> {
    return this.#underWay.written
  }

  readonly isOpen = false

  write(records: readonly ProducerRecord[], bytes: number): void {
    if (records.length > 0) this.#underWay.add(this.#producer.produce(records), bytes)
  }

  writeBehind(records: readonly ProducerRecord[], bytes: number): void {
    if (records.length === 0) return
    this.#behind ??= Promise.withResolvers()
    this.#behindBytes += bytes
    // The producer has the bytes, which take a tenth of what the records do, and are not in the way of the garbage collector.
    this.#underWay.add(this.#producer.produce(records, { after: this.#behind.promise }), bytes, true)
    if (this.#behindBytes > BEHIND_BYTES_MAX) this.letBehindGo()
  }

  letBehindGo(): void {
    if (this.#behind === null) return
    const { resolve, reject } = this.#behind
    this.#behind = null
    this.#behindBytes = 0
    this.#underWay.aheadSettled().then(resolve, reject)
  }

  room(bytesMax: number, signal: AbortSignal): Promise<void> {
    return this.#underWay.room(bytesMax, signal)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    if (offsets.length === 0) return this.#underWay.settled()
    // Of a later place nothing is committed that was processed in this one: others may have gone on behind it meanwhile.
    const tenure = this.#member.tenure()
    await this.#underWay.settled()
    tenure.identity()
    await this.#member.commit(offsets)
  }

  async close(): Promise<void> {
    await this.#producer.close(0)
  }
}

/**
 * Exactly once (KIP-447): what is written between two commits and the offsets it was made from are one transaction. A thread that has
 * lost its place in the group is refused when it adds its offsets. What is written while a commit is under way waits for the next one.
 */
export class ExactlyOnceWriter implements Writer {
  readonly holdsWhileCommitting = true
  readonly isAtomic = true
  readonly #producer: TransactionalProducer
  readonly #member: Pick<GroupMember, 'tenure'>
  readonly #underWay = new UnderWay()
  #isOpen = false
  /** Null: no commit is under way. */
  #held: { readonly records: readonly ProducerRecord[]; readonly bytes: number }[] | null = null
  #heldBytes = 0
  /** Resolves when the commit under way has come to an end. */
  #committed = Promise.withResolvers<void>()
  /** A transaction that could not be committed is the end of this writer. */
  #broken: { readonly error: unknown } | null = null

  constructor(producer: TransactionalProducer, member: Pick<GroupMember, 'tenure'>) {
    this.#producer = producer
    this.#member = member
  }

  get failure(): { readonly error: unknown } | null {
    return this.#broken ?? this.#underWay.failure
  }

  get written(): ReadonlyMap<string, number> {
    return this.#underWay.written
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  write(records: readonly ProducerRecord[], bytes: number): void {
    if (records.length === 0) return
    if (this.#held === null) this.#produce(records, bytes)
    else {
      this.#held.push({ records, bytes })
      this.#heldBytes += bytes
    }
  }

  /** One transaction has all of it, or nothing. */
  writeBehind(records: readonly ProducerRecord[], bytes: number): void {
    this.write(records, bytes)
  }

  letBehindGo(): void {}

  async room(bytesMax: number, signal: AbortSignal): Promise<void> {
    if (this.#heldBytes > bytesMax) {
      const aborted = Promise.withResolvers<void>()
      const onAbort = (): void => aborted.resolve()
      signal.addEventListener('abort', onAbort, { once: true })
      await Promise.race([this.#committed.promise, aborted.promise])
      signal.removeEventListener('abort', onAbort)
    }
    await this.#underWay.room(bytesMax - this.#heldBytes, signal)
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    if (!this.#isOpen && offsets.length === 0) return
    // Where there is none for now, the transaction stays open, and this is tried again. What follows counts for what is held now, in
    // whatever generation that is when it comes to the coordinator.
    const tenure = this.#member.tenure()
    this.#begin()
    this.#held = []
    this.#committed = Promise.withResolvers()
    try {
      // What fails to be produced fails the commit too, and is the better reason.
      await this.#underWay.settled()
      if (offsets.length > 0) await this.#producer.sendOffsets(tenure, offsets)
      await this.#producer.commit()
    } catch (error) {
      this.#broken = { error }
      throw error
    } finally {
      this.#committed.resolve()
    }
    this.#isOpen = false
    const held = this.#held
    this.#held = null
    this.#heldBytes = 0
    for (const { records, bytes } of held) this.#produce(records, bytes)
  }

  async close(): Promise<void> {
    // Aborted, so that the next owner need not wait until it is given up.
    await this.#producer.close(this.#isOpen ? ABORT_MS : 0)
  }

  #produce(records: readonly ProducerRecord[], bytes: number): void {
    this.#begin()
    this.#underWay.add(this.#producer.produce(records), bytes)
  }

  #begin(): void {
    if (this.#isOpen) return
    this.#producer.begin()
    this.#isOpen = true
  }
}
