import { randomBytes } from 'node:crypto'
import { type RequestInput, type ResponseBody, consumerAssignment } from '@sluice/kafka-protocol'
import { SluiceError, describeError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { coordinatorOf } from '../coordinator.ts'
import { KAFKA_ERROR } from '../kafka-errors.ts'
import type { GroupIdentity } from '../port.ts'
import type { BrokerLinks } from '../wire/broker-links.ts'
import type { Connection } from '../wire/connection.ts'
import type { Dialogue, Refusal } from './dialogue.ts'
import type { ConsumerMemberOptions, Departure, GroupAssignment } from './group-port.ts'
import type { Membership } from './membership.ts'
import type { VitalSigns } from './vital-signs.ts'

type Request = RequestInput<'ConsumerGroupHeartbeat'>
type TopicIds = NonNullable<Request['topicPartitions']>

/** Member epochs that ask for something (KIP-848). */
const JOIN_EPOCH = 0
const LEAVE_EPOCH = -1
const STATIC_LEAVE_EPOCH = -2

const TRIES_PER_SESSION = 3

/**
 * The `consumer` protocol (KIP-848): one request for everything. The broker assigns; a heartbeat's answer brings what this
 * member shall hold, and the heartbeat after says what it does hold, once the caller has given up what it had to. To the member
 * that looks like a cooperative group whose assignments come by themselves, in the bytes of the classic one.
 */
export class EpochDialogue implements Dialogue {
  readonly isByEpoch = true
  readonly #context: ClusterContext
  readonly #options: ConsumerMemberOptions
  readonly #signs: VitalSigns
  readonly #links: BrokerLinks
  readonly #memberId = newMemberId()
  /** Topic names by id. */
  readonly #names = new Map<string, string>()
  readonly #topicIds = new WeakMap<GroupAssignment, TopicIds>()
  #topics: readonly string[]
  /** What the coordinator wants this member to hold, while some of its topics have no known name. */
  #unnamed: TopicIds | undefined
  #held: TopicIds = []
  /** What the coordinator does not know yet, or may have missed. */
  #news = { isAll: true, topics: false, held: false }

  constructor(context: ClusterContext, options: ConsumerMemberOptions, signs: VitalSigns) {
    this.#context = context
    this.#options = options
    this.#signs = signs
    this.#links = context.ownLinks('consumer')
    this.#topics = options.topics
  }

  subscribe(topics: readonly string[]): void {
    this.#topics = topics
    this.#news.topics = true
    this.#signs.hurry()
  }

  async join(membership: Membership): Promise<Refusal | undefined> {
    this.#held = []
    this.#unnamed = undefined
    this.#news.isAll = true
    return this.#beat(membership, JOIN_EPOCH)
  }

  heartbeat(membership: Membership): Promise<Refusal | undefined> {
    return this.#beat(membership, membership.place.generationId)
  }

  acknowledge(assignment: GroupAssignment): void {
    this.#held = this.#topicIds.get(assignment) ?? []
    this.#news.held = true
    this.#signs.hurry()
  }

  async leave({ memberId }: GroupIdentity, _reason: string, departure: Departure): Promise<void> {
    const isStatic = this.#options.instanceId !== undefined
    if (memberId === '' || (departure === 'remain' && !isStatic)) return
    const memberEpoch = isStatic && departure !== 'leave' ? STATIC_LEAVE_EPOCH : LEAVE_EPOCH
    await this.#send({ ...this.#addressee(), memberEpoch })
  }

  abandonJoin(): void {
    // Nobody is waited for.
  }

  reader({ memberId, generationId }: GroupIdentity): { memberId: string; memberEpoch: number } | undefined {
    return memberId === '' ? undefined : { memberId, memberEpoch: generationId }
  }

  close(): void {
    this.#links.close()
  }

  async #beat(membership: Membership, memberEpoch: number): Promise<Refusal | undefined> {
    const { attempt } = membership
    const sentAt = this.#context.clock.monotonic()
    const news = this.#news
    this.#news = { isAll: true, topics: false, held: false }
    const answer = await this.#send({ ...this.#addressee(), memberEpoch, ...this.#tell(news) })
    if (membership.attempt !== attempt) return undefined
    const { errorCode, errorMessage: message } = answer
    if (errorCode === KAFKA_ERROR.UNSUPPORTED_VERSION) throw this.#unsupported()
    if (errorCode !== KAFKA_ERROR.NONE) return { api: 'ConsumerGroupHeartbeat', errorCode, message }
    // It knows all now but what has changed meanwhile.
    this.#news.isAll = false
    this.#signs.heartbeatIntervalMs = answer.heartbeatIntervalMs
    if (memberEpoch === JOIN_EPOCH) {
      membership.joined(this.#memberId, answer.memberEpoch)
      this.#signs.confirmed(sentAt)
    } else membership.advanced(answer.memberEpoch)
    const target = answer.assignment?.topicPartitions ?? this.#unnamed ?? (memberEpoch === JOIN_EPOCH ? [] : undefined)
    if (target !== undefined) await this.#assign(membership, attempt, target)
    return undefined
  }

  async #assign(membership: Membership, attempt: number, target: TopicIds): Promise<void> {
    const before = this.#unnamed
    await this.#learnNames(target)
    if (membership.attempt !== attempt) return
    const named = target.filter(({ topicId }) => this.#names.has(topicId))
    const isComplete = named.length === target.length
    const isNews = isComplete || before === undefined || before.length !== target.length
    this.#unnamed = isComplete ? undefined : target
    if (!isNews) return
    const assignedPartitions = named.map(({ topicId, partitions }) => ({
      topic: this.#names.get(topicId)!,
      partitions,
    }))
    const { place } = membership
    const assignment: GroupAssignment = {
      ...place,
      protocol: this.#options.serverAssignor ?? 'consumer',
      leaderId: '',
      members: [],
      assignment: consumerAssignment.encode(3, { assignedPartitions }),
    }
    this.#topicIds.set(assignment, named)
    membership.synced(assignment, true)
  }

  /** Asks for the names of topics that are known by their ids only; those not found yet are asked for again. */
  async #learnNames(target: TopicIds): Promise<void> {
    const missing = target.filter(({ topicId }) => !this.#names.has(topicId))
    if (missing.length === 0) return
    try {
      const connection = await this.#context.metadata.anyBroker()
      const { topics } = await connection.send(
        'Metadata',
        connection.version('Metadata', { lowest: 12, highest: 12 }),
        {
          topics: missing.map(({ topicId }) => ({ topicId, name: null })),
          allowAutoTopicCreation: false,
        },
      )
      for (const { topicId, name, errorCode } of topics) {
        if (errorCode === KAFKA_ERROR.NONE && name !== null) this.#names.set(topicId, name)
      }
    } catch (error) {
      this.#context.logger.debug('Topics have no names yet', { error: describeError(error) })
    }
  }

  #addressee(): { groupId: string; memberId: string; instanceId: string | null; subscribedTopicRegex: null } {
    const { groupId, instanceId = null } = this.#options
    return { groupId, memberId: this.#memberId, instanceId, subscribedTopicRegex: null }
  }

  /** Null means: as before. */
  #tell({ isAll, topics, held }: News): Partial<Request> {
    const { rackId = null, serverAssignor = null, topicPattern = null } = this.#options
    const named = { subscribedTopicNames: this.#topics.toSorted(), subscribedTopicRegex: topicPattern }
    if (!isAll) return { ...(topics ? named : {}), ...(held ? { topicPartitions: this.#held } : {}) }
    const { rebalanceTimeoutMs } = this.#signs
    return { ...named, rackId, rebalanceTimeoutMs, serverAssignor, topicPartitions: this.#held }
  }

  async #send(body: Request): Promise<ResponseBody<'ConsumerGroupHeartbeat'>> {
    const connection = await this.#toCoordinator()
    let version: number
    try {
      version = connection.version('ConsumerGroupHeartbeat', { lowest: 1, highest: 1 })
    } catch (cause) {
      throw this.#unsupported(cause)
    }
    const timeoutMs = Math.min(this.#context.requestTimeoutMs, this.#signs.sessionTimeoutMs / TRIES_PER_SESSION)
    return connection.send('ConsumerGroupHeartbeat', version, body, timeoutMs)
  }

  #toCoordinator(): Promise<Connection> {
    return coordinatorOf(this.#context, 'group', this.#options.groupId, this.#links)
  }

  #unsupported(cause?: unknown): SluiceError {
    const { groupId } = this.#options
    return new SluiceError(
      'KAFKA_REFUSED',
      `The broker does not assign for consumer groups, as ${groupId} asks (KIP-848)`,
      {
        cause,
        place: { group: groupId, error: 'UNSUPPORTED_VERSION' },
        remedy: "Use protocol 'classic', or Kafka 4.0 or later with the feature group.version 1.",
      },
    )
  }
}

interface News {
  readonly isAll: boolean
  readonly topics: boolean
  readonly held: boolean
}

/** As Java's Uuid: 16 random bytes, base64 for URLs, not beginning with a dash. */
function newMemberId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
