import type { ResponseBody } from '@sluice/kafka-protocol'
import { type Clock, type Logger, RetriableError, type SluiceError, describeError } from '@sluice/sdk'
import { Deadline, type RetryContext, inTime, retrying } from './deadline.ts'
import { KAFKA_ERROR, isRetriableCode, refused } from './kafka-errors.ts'
import type { BrokerDirectory, BrokerLinks } from './wire/broker-links.ts'
import type { Connection } from './wire/connection.ts'
import { type BrokerAddress, addressText } from './wire/dial.ts'

/** A topic as the cluster last described it. A new object per change. */
export interface TopicMetadata {
  readonly topic: string
  /** Kafka's text for the uuid: a recreated topic has another one. */
  readonly id: string
  /** By partition: the leader's broker id, -1 when there is none. */
  readonly leaders: readonly number[]
  /** By partition: grows with every election (KIP-320); -1 when the cluster does not say. */
  readonly leaderEpochs: readonly number[]
}

/** What a broker that is no longer the leader says about the one that is (KIP-951). */
export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
}

/** `metadata.max.age.ms`. */
const AGE_MAX_MS = 300_000

/** Between two requests for the same metadata, whoever asks. */
const PAUSE_MS = 100

/**
 * Which brokers there are, and who leads which partition. Asked for when first needed, when it is five minutes old, and when
 * an answer shows it to be stale. Callers that ask at the same time share one request.
 */
export class Metadata implements BrokerDirectory {
  readonly #bootstrap: readonly BrokerAddress[]
  readonly #links: () => BrokerLinks
  readonly #context: RetryContext
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #brokers = new Map<number, BrokerAddress>()
  readonly #topics = new Map<string, TopicMetadata>()
  /** Topics asked for, with the error code that the cluster last had for each. */
  readonly #wanted = new Map<string, number>()
  #clusterId = ''
  #controllerId = -1
  #changes = 0
  #turn = 0
  #askedAt = -Infinity
  /** How many topics the last request was for: one for a topic more need not wait. */
  #askedFor = 0
  #answeredAt = -Infinity
  #current: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(bootstrap: readonly BrokerAddress[], links: () => BrokerLinks, context: RetryContext, logger: Logger) {
    this.#bootstrap = bootstrap
    this.#links = links
    this.#context = context
    this.#clock = context.clock
    this.#logger = logger
    this.#turn = Math.floor(context.random.next() * 1024)
  }

  get clusterId(): string {
    return this.#clusterId
  }

  get controllerId(): number {
    return this.#controllerId
  }

  get brokerIds(): readonly number[] {
    return [...this.#brokers.keys()].toSorted((a, b) => a - b)
  }

  get brokerCount(): number {
    return this.#brokers.size
  }

  /** A number that grows whenever a topic is described otherwise than before. Asks in the background if what is known is old. */
  changes(): number {
    if (this.#clock.monotonic() - this.#answeredAt > AGE_MAX_MS) this.refreshSoon()
    return this.#changes
  }

  addressOf(nodeId: number): BrokerAddress | undefined {
    return this.#brokers.get(nodeId)
  }

  /** What is known of a topic without asking. */
  peek(topic: string): TopicMetadata | undefined {
    return this.#topics.get(topic)
  }

  /**
   * The topic, asked for if it is not known. Waits for a topic that does not exist yet, until the deadline.
   * @throws SluiceError KAFKA_REFUSED (UNKNOWN_TOPIC_OR_PARTITION when it does not exist), KAFKA_UNREACHABLE
   */
  async topic(topic: string, deadline: Deadline): Promise<TopicMetadata> {
    const known = this.peek(topic)
    if (known !== undefined) return known
    if (!this.#wanted.has(topic)) this.#wanted.set(topic, KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION)
    const what = `find the topic ${topic}`
    const find = async (): Promise<TopicMetadata> => {
      await this.refresh()
      const found = this.#topics.get(topic)
      if (found === undefined) throw refused(this.#wanted.get(topic) ?? -1, `Topic ${topic} cannot be used`, { topic })
      return found
    }
    return inTime(what, deadline, this.#context, () => retrying(what, deadline, this.#context, find))
  }

  /** Asks now. A request that is already on its way may be older than what the caller knows: then one more follows it. */
  refresh(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#ask().finally(() => (this.#current = undefined))
      return this.#current
    }
    const following = async (): Promise<void> => {
      await this.#current?.catch(() => undefined)
      this.#next = undefined
      return this.refresh()
    }
    return (this.#next ??= following())
  }

  /** As `refresh`, for callers that go on meanwhile. */
  refreshSoon(): void {
    if (this.#current !== undefined) return
    this.refresh().catch((error: unknown) => {
      if (!this.#context.signal.aborted) this.#logger.debug('Metadata not refreshed', { error: describeError(error) })
    })
  }

  /** Takes a new leader's name from an answer, so that nobody need ask. Returns whether it was news (KIP-951). */
  leaderMoved(
    topic: string,
    partition: number,
    { leaderId, leaderEpoch }: LeaderHint,
    endpoints: ResponseBody<'Fetch'>['nodeEndpoints'],
  ): boolean {
    const known = this.#topics.get(topic)
    if (known === undefined || leaderId < 0 || leaderEpoch <= (known.leaderEpochs[partition] ?? Infinity)) return false
    for (const { nodeId, host, port } of endpoints) this.#brokers.set(nodeId, { host, port })
    if (!this.#brokers.has(leaderId)) return false
    const leaders = known.leaders.with(partition, leaderId)
    this.#topics.set(topic, { ...known, leaders, leaderEpochs: known.leaderEpochs.with(partition, leaderEpoch) })
    this.#changes++
    return true
  }

  /** Asks once for those of the topics that are not known. What the cluster said of one that stays unknown: `refusal`. */
  async find(topics: readonly string[]): Promise<void> {
    const missing = topics.filter((topic) => !this.#topics.has(topic))
    if (missing.length === 0) return
    for (const topic of missing) {
      if (!this.#wanted.has(topic)) this.#wanted.set(topic, KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION)
    }
    await this.refresh()
  }

  /** Why a topic is not known. */
  refusal(topic: string): SluiceError {
    const code = this.#wanted.get(topic) ?? KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION
    return refused(code || KAFKA_ERROR.LEADER_NOT_AVAILABLE, `Topic ${topic} cannot be used`, { topic })
  }

  /** Forgets a topic that was deleted. */
  forget(topic: string): void {
    this.#topics.delete(topic)
    this.#wanted.delete(topic)
  }

  /** A connection to any broker: one that is open, else the next one that answers, the bootstrap addresses last. */
  async anyBroker(): Promise<Connection> {
    const links = this.#links()
    const ids = [...this.#brokers.keys()]
    for (const id of ids) {
      const open = links.openTo(id)
      if (open !== undefined) return open
    }
    const turn = this.#turn++
    let last: unknown
    for (let i = 0; i < ids.length; i++) {
      const id = ids[(turn + i) % ids.length]!
      try {
        return await links.to(id)
      } catch (error) {
        last = error
      }
    }
    for (let i = 0; i < this.#bootstrap.length; i++) {
      const address = this.#bootstrap[(turn + i) % this.#bootstrap.length]!
      try {
        return await links.at(bootstrapName(address), address)
      } catch (error) {
        last = error
      }
    }
    throw last ?? new RetriableError('KAFKA_UNREACHABLE', 'No broker is known')
  }

  async #ask(): Promise<void> {
    const pauseMs = this.#askedAt + PAUSE_MS - this.#clock.monotonic()
    if (pauseMs > 0 && this.#wanted.size === this.#askedFor) await this.#clock.sleep(pauseMs, this.#context.signal)
    this.#askedFor = this.#wanted.size
    this.#askedAt = this.#clock.monotonic()
    const connection = await this.anyBroker()
    const version = connection.version('Metadata', { lowest: 10, highest: 12 })
    const topics = [...this.#wanted.keys()].map((name) => ({ name, topicId: ZERO_UUID }))
    this.#take(await connection.send('Metadata', version, { topics, allowAutoTopicCreation: false }))
  }

  #take(answer: ResponseBody<'Metadata'>): void {
    this.#answeredAt = this.#clock.monotonic()
    this.#clusterId = answer.clusterId ?? ''
    this.#controllerId = answer.controllerId
    const isFirst = this.#brokers.size === 0
    if (answer.brokers.length > 0) this.#brokers.clear()
    for (const { nodeId, host, port } of answer.brokers) this.#brokers.set(nodeId, { host, port })
    if (isFirst) for (const address of this.#bootstrap) this.#links().drop(bootstrapName(address))
    for (const found of answer.topics) {
      if (found.name === null || !this.#wanted.has(found.name)) continue
      this.#wanted.set(found.name, found.errorCode)
      if (found.errorCode === 0) this.#takeTopic(found.name, found)
      else if (!isRetriableCode(found.errorCode) || found.errorCode === KAFKA_ERROR.UNKNOWN_TOPIC_OR_PARTITION) {
        if (this.#topics.delete(found.name)) this.#changes++
      }
    }
  }

  #takeTopic(topic: string, found: ResponseBody<'Metadata'>['topics'][number]): void {
    const known = this.#topics.get(topic)
    const isSameTopic = known?.id === found.topicId
    const count = found.partitions.length
    const leaders: number[] = Array.from({ length: count }, () => -1)
    const leaderEpochs: number[] = Array.from({ length: count }, () => -1)
    for (const { partitionIndex, leaderId, leaderEpoch } of found.partitions) {
      if (partitionIndex < 0 || partitionIndex >= count) continue
      // A broker that lags behind tells of an election that is over: what is known is newer.
      const knownEpoch = isSameTopic ? (known.leaderEpochs[partitionIndex] ?? -1) : -1
      const isOld = leaderEpoch !== -1 && leaderEpoch < knownEpoch
      leaders[partitionIndex] = isOld ? known!.leaders[partitionIndex]! : leaderId
      leaderEpochs[partitionIndex] = isOld ? knownEpoch : leaderEpoch
    }
    const isSame = isSameTopic && areEqual(known.leaders, leaders) && areEqual(known.leaderEpochs, leaderEpochs)
    if (isSame) return
    this.#topics.set(topic, { topic, id: found.topicId, leaders, leaderEpochs })
    this.#changes++
  }
}

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

function bootstrapName(address: BrokerAddress): string {
  return `bootstrap broker ${addressText(address)}`
}

function areEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i])
}
