import type { CommittedOffset, ConsumerMember, PartitionHooks } from '@sluice/kafka'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import type { WakeUp } from './wake-up.ts'

/** What the group has decided, and waits for until `done`. */
export interface Rebalance {
  readonly kind: 'assigned' | 'revoked' | 'lost'
  readonly partitions: readonly TopicPartition[]
  /** The group goes on. */
  done(): void
}

/**
 * A sink task's place in its group. The group tells of partitions at any time, the sink is called by one loop: what is told waits here
 * until the loop takes it, between two calls of the sink's (the group waits for as long, up to `max.poll.interval.ms`).
 */
export class SinkMembership implements PartitionHooks {
  readonly #member: ConsumerMember
  readonly #wakeUp: WakeUp
  readonly #waiting: Rebalance[] = []
  #hasJoined = false
  #isOver = false

  constructor(open: (hooks: PartitionHooks) => ConsumerMember, wakeUp: WakeUp) {
    this.#wakeUp = wakeUp
    this.#member = open(this)
  }

  onAssigned(partitions: readonly TopicPartition[]): Promise<void> | void {
    return partitions.length === 0 ? undefined : this.#tell('assigned', partitions)
  }

  onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#tell('revoked', partitions)
  }

  onLost(partitions: readonly TopicPartition[], _cause: SluiceError): Promise<void> {
    return this.#tell('lost', partitions)
  }

  /** The topics to share with the others, from now on; the first ones make it join. */
  subscribe(topics: readonly string[]): void {
    this.#member.subscribe(topics)
    if (this.#hasJoined || this.#isOver) return
    this.#hasJoined = true
    // Whether it is in the group is asked by each poll, and a failure for good is found there.
    this.#member.join().catch(() => this.#wakeUp.ring())
  }

  /** To be called more often than `max.poll.interval.ms`. @throws SluiceError what ended the membership for good */
  poll(): void {
    if (this.#hasJoined) this.#member.poll()
  }

  /** What the group has decided and nobody has done yet. What was to be given up may be lost by the time that somebody looks. */
  take(): Rebalance | undefined {
    const asked = this.#waiting.shift()
    return asked?.kind === 'revoked' && !this.#hasPlace() ? { ...asked, kind: 'lost', done: () => asked.done() } : asked
  }

  /** In the name of this member's place: refused when others have it by now. */
  commit(offsets: readonly CommittedOffset[]): Promise<void> {
    return this.#member.commit(offsets)
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.#member.committed(partitions)
  }

  /** Nobody takes anything any more: leaves the group, which waits for nothing. */
  async leave(): Promise<void> {
    this.#isOver = true
    for (const asked of this.#waiting.splice(0)) asked.done()
    await this.#member.close()
  }

  #hasPlace(): boolean {
    try {
      this.#member.identity()
      return true
    } catch (error) {
      return !(error instanceof SluiceError && error.code === 'KAFKA_FENCED')
    }
  }

  async #tell(kind: Rebalance['kind'], partitions: readonly TopicPartition[]): Promise<void> {
    if (this.#isOver) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push({ kind, partitions, done: resolve })
    this.#wakeUp.ring()
    await promise
  }
}
