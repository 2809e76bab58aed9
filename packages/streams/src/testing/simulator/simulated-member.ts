import type {
  Assignments,
  CommittedOffset,
  ConsumerMember,
  ConsumerMemberOptions,
  GroupIdentity,
  GroupTenure,
  PartitionAssignment,
  PartitionAssignor,
} from '@sluice/kafka'
import { isRetriable, SluiceError, type TopicPartition } from '@sluice/sdk'
import { keyOf } from '../../runtime/partition-key.ts'
import type { Channel, Link } from './link.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { refused } from './simulated-errors.ts'
import type { Joined } from './simulated-group.ts'

const RETRY_MS = 25
const COMMIT_TRIES = 20

/**
 * A member of a consumer group with one cooperative assignor. It finds out that it has lost its place only when the broker says so, as
 * Java's members do: what a zombie sends, the broker has to refuse.
 */
export class SimulatedMember implements ConsumerMember {
  readonly #link: Link
  readonly #broker: SimulatedBroker
  readonly #options: ConsumerMemberOptions
  readonly #assignor: PartitionAssignor
  readonly #channel: Channel = { lastMs: 0 }
  #owned: readonly TopicPartition[] = []
  #memberId = ''
  #generation = -1
  /** Grows whenever something that was held is given up or lost. */
  #hold = 0
  #isInGroup = false
  #isJoining = false
  #mustJoin = false
  #lost: SluiceError | null = null
  #failure: SluiceError | null = null
  #isClosed = false
  #isRunning = false
  #changed = Promise.withResolvers<void>()
  readonly #hasJoined = Promise.withResolvers<void>()

  constructor(link: Link, broker: SimulatedBroker, options: ConsumerMemberOptions) {
    this.#link = link
    this.#broker = broker
    this.#options = options
    this.#assignor = options.assignors![0]!
    this.#hasJoined.promise.catch(() => undefined)
  }

  join(): Promise<void> {
    this.#mustJoin = true
    if (!this.#isRunning) void this.#run()
    this.#isRunning = true
    return this.#hasJoined.promise
  }

  poll(): boolean {
    if (this.#failure !== null) throw this.#failure
    return this.#isInGroup
  }

  assignment(): readonly TopicPartition[] {
    return this.#owned
  }

  subscribe(): void {
    this.requestRejoin('the subscription has changed')
  }

  identity(): GroupIdentity {
    if (this.#lost !== null) throw fenced(this.#lost)
    if (!this.#isInGroup || this.#generation === -1) throw refused('REBALANCE_IN_PROGRESS', 'identity')
    const { groupId } = this.#options
    return { groupId, generationId: this.#generation, memberId: this.#memberId, instanceId: null }
  }

  tenure(): GroupTenure {
    const hold = this.#hold
    this.identity()
    return {
      groupId: this.#options.groupId,
      identity: () => {
        if (this.#hold !== hold) throw fenced(refused('ILLEGAL_GENERATION', 'tenure'))
        return this.identity()
      },
    }
  }

  requestRejoin(_reason: string): void {
    this.#mustJoin = true
    this.#ring()
  }

  async commit(offsets: readonly CommittedOffset[]): Promise<void> {
    for (let tries = 0; ; tries++) {
      const place = this.identity()
      try {
        return await this.#link.request<void>(
          'commit offsets',
          (answer) => {
            this.#broker.commit(place, this.#link.name, offsets)
            answer()
          },
          this.#channel,
        )
      } catch (error) {
        const verdict = this.#refused(error as SluiceError, place.generationId)
        if (tries < COMMIT_TRIES && verdict.code === 'KAFKA_TIMEOUT') continue
        throw verdict
      }
    }
  }

  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    for (;;) {
      const found = await this.#link.request<readonly CommittedOffset[] | null>('committed offsets', (answer) =>
        answer(this.#broker.committed(partitions)),
      )
      if (found !== null) return found
      await this.#link.clock.sleep(RETRY_MS)
    }
  }

  async leave(): Promise<void> {
    await this.#leave()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#ring()
    await this.#leave()
  }

  async #leave(): Promise<void> {
    if (!this.#isInGroup) return
    const owned = this.#owned
    if (owned.length > 0 && this.#lost === null) await this.#options.hooks.onRevoked?.(owned)
    this.#give([])
    this.#isInGroup = false
    await this.#link
      .request<void>('leave', (answer) => answer(this.#broker.group.leave(this.#memberId)))
      .catch(() => undefined)
  }

  async #run(): Promise<void> {
    void this.#beat()
    while (!this.#isClosed && this.#failure === null) {
      try {
        if (this.#lost !== null) await this.#lose()
        else if (this.#mustJoin) await this.#rejoin()
        else await this.#changed.promise
      } catch (error) {
        if (error instanceof SluiceError && isRetriable(error)) {
          this.#mustJoin = true
          await this.#link.clock.sleep(RETRY_MS)
        } else this.#fail(error)
      }
    }
  }

  async #beat(): Promise<void> {
    const intervalMs = this.#options.heartbeatIntervalMs ?? 3_000
    while (!this.#isClosed && this.#failure === null) {
      await this.#link.clock.sleep(intervalMs)
      if (!this.#isInGroup || this.#isClosed) continue
      const [memberId, generationId] = [this.#memberId, this.#generation]
      try {
        await this.#link.request<void>('heartbeat', (answer) =>
          answer(this.#broker.group.heartbeat({ memberId, generationId })),
        )
      } catch (error) {
        this.#refused(error as SluiceError, generationId)
      }
    }
  }

  async #rejoin(): Promise<void> {
    this.#mustJoin = false
    this.#isJoining = true
    const [topics, ownedPartitions, generationId] = [this.#options.topics, this.#owned, this.#generation]
    const userData = this.#assignor.userData?.({ topics, ownedPartitions, generationId }) ?? null
    const joining = { topics, ownedPartitions, generationId, userData }
    const sessionTimeoutMs = this.#options.sessionTimeoutMs ?? 45_000
    try {
      const joined = await this.#ask<Joined>('join', (answer) =>
        this.#broker.group.join(this.#memberId, this.#link.name, sessionTimeoutMs, joining, answer),
      )
      if (joined === null || this.#isClosed) return
      this.#memberId = joined.memberId
      this.#generation = joined.generationId
      this.#isInGroup = true
      const place = { memberId: joined.memberId, generationId: joined.generationId }
      const assignments = joined.members.length === 0 ? null : await this.#assign(joined)
      const assignment = await this.#ask<PartitionAssignment | null>('sync', (answer) =>
        this.#broker.group.sync(place, assignments, answer),
      )
      if (assignment === null) this.#mustJoin = true
      if (assignment === null || this.#isClosed) return
      await this.#take(assignment, joined.generationId)
    } finally {
      this.#isJoining = false
    }
  }

  async #assign({ members }: Joined): Promise<Assignments> {
    const counts = new Map(Array.from(this.#broker.topics, ([topic, partitions]) => [topic, partitions.length]))
    return await this.#assignor.assign(members, counts)
  }

  /** What is no longer ours goes first; only then is what is new taken. */
  async #take({ partitions, userData = null }: PartitionAssignment, generationId: number): Promise<void> {
    const wanted = new Set(partitions.map(keyOf))
    const had = new Set(this.#owned.map(keyOf))
    const revoked = this.#owned.filter((one) => !wanted.has(keyOf(one)))
    if (revoked.length > 0) {
      await this.#options.hooks.onRevoked?.(revoked)
      this.#give(this.#owned.filter((one) => wanted.has(keyOf(one))))
      this.#mustJoin = true
      if (this.#lost !== null || this.#isClosed) return
    }
    this.#owned = partitions
    this.#assignor.onAssignment?.(partitions, userData, generationId)
    await this.#options.hooks.onAssigned(partitions.filter((one) => !had.has(keyOf(one))))
    this.#hasJoined.resolve()
  }

  async #lose(): Promise<void> {
    const cause = this.#lost!
    const owned = this.#owned
    this.#give([])
    if (owned.length > 0) await this.#options.hooks.onLost(owned, cause)
    this.#lost = null
    this.#mustJoin = true
  }

  #give(kept: readonly TopicPartition[]): void {
    this.#owned = kept
    this.#hold++
  }

  /** Null: the place was refused. @throws SluiceError what may pass */
  async #ask<T>(what: string, ask: (answer: (value: T) => void) => void): Promise<T | null> {
    const { groupId } = this.#options
    try {
      return await this.#link.request(what, ask, this.#channel)
    } catch (error) {
      const verdict = this.#refused(error as SluiceError, this.#generation)
      this.#link.say(`${groupId}: ${what} was refused: ${verdict.message}`)
      if (verdict.code === 'KAFKA_TIMEOUT') throw verdict
      this.#mustJoin = true
      return null
    }
  }

  /** What the refusal of something that was asked in the name of a generation means for the place. */
  #refused(error: SluiceError, generationId: number): SluiceError {
    const name = error.place?.['error']
    if (name === 'REBALANCE_IN_PROGRESS') {
      if (!this.#isJoining) this.requestRejoin('the group rebalances')
      return error
    }
    if (name !== 'ILLEGAL_GENERATION' && name !== 'UNKNOWN_MEMBER_ID') return error
    // It was of an earlier generation: a later one is there, or about to be.
    if (generationId !== this.#generation) return refused('REBALANCE_IN_PROGRESS', 'a later generation')
    if (this.#isJoining && name === 'ILLEGAL_GENERATION') return refused('REBALANCE_IN_PROGRESS', 'joining')
    this.#lost ??= error
    this.#isInGroup = false
    if (name === 'UNKNOWN_MEMBER_ID') this.#memberId = ''
    this.#generation = -1
    this.#ring()
    return fenced(error)
  }

  #fail(error: unknown): void {
    this.#failure =
      error instanceof SluiceError ? error : new SluiceError('INTERNAL', 'A member has failed', { cause: error })
    this.#hasJoined.reject(this.#failure)
  }

  #ring(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers()
  }
}

function fenced(cause: SluiceError): SluiceError {
  return new SluiceError('KAFKA_FENCED', 'The member has lost its place', {
    cause,
    place: { error: String(cause.place?.['error'] ?? 'UNKNOWN_MEMBER_ID') },
  })
}
