/** A place in a group, in the test's hand: what the group decides is told to the member's hooks as by the real one, one at a time. */
import type { CommittedOffset, ConsumerMember, GroupIdentity, GroupTenure, PartitionHooks } from '@sluice/kafka'
import { SluiceError, type TopicPartition } from '@sluice/sdk'
import { keyOf, type FakeOffsets } from './fake-kafka.ts'

export class FakeGroup implements ConsumerMember {
  /** What each poll fails with from now on. */
  failure: SluiceError | undefined
  polls = 0
  subscriptions: (readonly string[])[] = []
  hasLeft = false
  readonly #offsets: FakeOffsets
  readonly #atFirst: readonly TopicPartition[]
  readonly #hooks: PartitionHooks
  #held: readonly TopicPartition[] = []

  constructor(offsets: FakeOffsets, atFirst: readonly TopicPartition[], hooks: PartitionHooks) {
    this.#offsets = offsets
    this.#atFirst = atFirst
    this.#hooks = hooks
  }

  async join(): Promise<void> {
    await this.assign(this.#atFirst)
  }

  /** Resolves when the member has opened them. */
  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    this.#held = [...this.#held, ...partitions]
    await this.#hooks.onAssigned(partitions)
  }

  /** Resolves when the member has given them up. */
  async revoke(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#hooks.onRevoked?.(partitions)
    this.#drop(partitions)
  }

  /** Somebody else has them by now: commits of them are refused. */
  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    this.#drop(partitions)
    await this.#hooks.onLost(partitions, fenced())
  }

  poll(): boolean {
    this.polls += 1
    if (this.failure !== undefined) throw this.failure
    return true
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    const held = new Set(this.#held.map(keyOf))
    if (offsets.some((at) => !held.has(keyOf(at)))) throw fenced()
    await this.#offsets.commit(offsets)
  }

  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.#offsets.committed(partitions)
  }

  subscribe(topics: readonly string[]): void {
    this.subscriptions.push(topics)
  }

  assignment(): readonly TopicPartition[] {
    return this.#held
  }

  tenure(): GroupTenure {
    return { groupId: this.identity().groupId, identity: () => this.identity() }
  }

  identity(): GroupIdentity {
    return { groupId: 'connect-c', generationId: 1, memberId: 'm', instanceId: null }
  }

  requestRejoin(): void {}

  async leave(): Promise<void> {}

  async close(): Promise<void> {
    this.hasLeft = true
    if (this.#held.length > 0) await this.#hooks.onRevoked?.(this.#held)
  }

  #drop(partitions: readonly TopicPartition[]): void {
    const gone = new Set(partitions.map(keyOf))
    this.#held = this.#held.filter((at) => !gone.has(keyOf(at)))
  }
}

function fenced(): SluiceError {
  return new SluiceError('KAFKA_FENCED', 'The member has lost its place')
}
