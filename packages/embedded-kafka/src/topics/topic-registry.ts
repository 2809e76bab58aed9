import { ApiError } from '../api/handler.ts'
import type { Topic, Topics } from '../broker.ts'
import type { Logs } from '../log/logs.ts'
import { type OpenLog, StoredPartition, StoredTopic } from './stored-topic.ts'
import { type BrokerOverride, parseTopicConfig } from './topic-config.ts'
import type { TopicChange, TopicJournal } from './topic-journal.ts'
import { checkTopicName, collisionName, newTopicId } from './topic-names.ts'

/** What the topics need of the nodes. */
export interface Leaders {
  /** The node that a partition's first leader is. */
  leaderFor(partition: number): number
  isAlive(node: number): boolean
}

export interface TopicRegistryOptions {
  readonly logs: Logs
  readonly journal: TopicJournal
  readonly leaders: Leaders
  /** Broker settings that topics inherit, as far as somebody set them. */
  readonly brokerOverride: BrokerOverride
}

/** Kafka's own limit for one request. */
const PARTITIONS_MAX = 10_000

/** Which topics there are. What is changed is in the journal before it is true. */
export class TopicRegistry implements Topics {
  readonly #options: TopicRegistryOptions
  readonly #byName = new Map<string, StoredTopic>()
  readonly #byId = new Map<string, StoredTopic>()
  readonly #byCollision = new Map<string, string>()
  readonly #listeners: ((topic: Topic) => void)[] = []
  #changes = 0

  /** Reads the journal, and removes the logs of topics that are gone. */
  constructor(options: TopicRegistryOptions) {
    this.#options = options
    const changes = options.journal.load()
    for (const change of changes) this.#apply(change)
    if (changes.length > this.#byId.size) options.journal.replace(this.#asCreations())
    options.logs.removeOthers(this.#byId)
    options.logs.keep(() => this.#partitions())
  }

  get changes(): number {
    return this.#changes
  }

  get(name: string): StoredTopic | undefined {
    return this.#byName.get(name)
  }

  byId(id: string): StoredTopic | undefined {
    return this.#byId.get(id)
  }

  all(): Iterable<StoredTopic> {
    return this.#byName.values()
  }

  partition(name: string, index: number): StoredPartition | undefined {
    return this.#byName.get(name)?.partitions[index]
  }

  create(
    name: string,
    partitions: number,
    configs: Readonly<Record<string, string>>,
    isInternal = false,
    leaders?: readonly number[],
  ): StoredTopic {
    checkTopicName(name)
    if (this.#byName.has(name)) throw new ApiError('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
    const collision = this.#byCollision.get(collisionName(name))
    if (collision !== undefined) {
      throw new ApiError('INVALID_TOPIC_EXCEPTION', `Topic '${name}' collides with existing topic: ${collision}`)
    }
    if (!Number.isSafeInteger(partitions) || partitions <= 0) {
      throw new ApiError('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
    }
    if (partitions > PARTITIONS_MAX) throw tooMany()
    parseTopicConfig(configs, this.#options.brokerOverride)
    const id = newTopicId()
    const leading = this.#newLeaders(0, partitions, leaders)
    this.#commit({ type: 'create', id, name, isInternal, overrides: configs, leaders: leading })
    return this.#byId.get(id)!
  }

  delete(name: string): void {
    const topic = this.#existing(name)
    this.#commit({ type: 'delete', id: topic.id })
    for (const { openedLog } of topic.partitions) if (openedLog !== undefined) this.#options.logs.discard(openedLog)
    this.#options.logs.removeTopic(topic)
    for (const listener of this.#listeners) listener(topic)
  }

  addPartitions(name: string, total: number, leaders?: readonly number[]): void {
    const topic = this.#existing(name)
    const { length } = topic.partitions
    if (total === length) {
      throw new ApiError('INVALID_PARTITIONS', `Topic already has ${length} partition(s).`)
    }
    if (total < length) {
      throw new ApiError(
        'INVALID_PARTITIONS',
        `The topic ${name} currently has ${length} partition(s); ${total} would not be an increase.`,
      )
    }
    if (total - length > PARTITIONS_MAX) throw tooMany()
    this.#commit({ type: 'grow', id: topic.id, leaders: this.#newLeaders(length, total, leaders) })
  }

  configure(name: string, overrides: Readonly<Record<string, string>>): void {
    const topic = this.#existing(name)
    parseTopicConfig(overrides, this.#options.brokerOverride)
    this.#commit({ type: 'configure', id: topic.id, overrides })
  }

  /** Another node leads a partition from now on, in a new epoch. The node may be the same: then only the epoch is new. */
  moveLeader(name: string, index: number, leader: number): void {
    const partition = this.partition(name, index)
    if (partition === undefined) throw unknown(name)
    const epoch = partition.leaderEpoch + 1
    this.#commit({ type: 'lead', id: partition.topic.id, partition: index, leader, epoch })
    partition.openedLog?.beginEpoch(epoch)
  }

  /** Broker settings have changed: topics that inherit them follow. */
  settingsChanged(): void {
    for (const topic of this.#byName.values()) {
      topic.config = parseTopicConfig(topic.overrides, this.#options.brokerOverride)
    }
  }

  onDelete(listener: (topic: Topic) => void): void {
    this.#listeners.push(listener)
  }

  *#partitions(): Generator<StoredPartition, void, void> {
    for (const { partitions } of this.#byName.values()) yield* partitions
  }

  #commit(change: TopicChange): void {
    this.#options.journal.append(change)
    this.#apply(change)
  }

  #apply(change: TopicChange): void {
    if (change.type === 'create') return this.#add(change)
    const topic = this.#byId.get(change.id)
    if (topic === undefined) return
    switch (change.type) {
      case 'delete':
        topic.isDeleted = true
        this.#changes++
        this.#byId.delete(topic.id)
        this.#byName.delete(topic.name)
        this.#byCollision.delete(collisionName(topic.name))
        return
      case 'grow':
        return this.#grow(topic, change.leaders)
      case 'configure':
        topic.overrides = change.overrides
        topic.config = parseTopicConfig(change.overrides, this.#options.brokerOverride)
        return
      case 'lead': {
        const partition = topic.partitions[change.partition]!
        partition.assignedLeader = change.leader
        partition.leaderEpoch = change.epoch
      }
    }
  }

  #add(change: Extract<TopicChange, { type: 'create' }>): void {
    const topic = new StoredTopic(change, parseTopicConfig(change.overrides, this.#options.brokerOverride))
    this.#byId.set(topic.id, topic)
    this.#byName.set(topic.name, topic)
    this.#byCollision.set(collisionName(topic.name), topic.name)
    this.#grow(topic, change.leaders)
  }

  #grow(topic: StoredTopic, leaders: readonly (readonly [number, number])[]): void {
    this.#changes++
    const isAlive = (node: number): boolean => this.#options.leaders.isAlive(node)
    for (const leader of leaders) {
      topic.partitions.push(new StoredPartition(topic, topic.partitions.length, leader, isAlive, this.#openLog))
    }
  }

  readonly #openLog: OpenLog = (topic, index) => this.#options.logs.open(topic, index)

  #newLeaders(from: number, to: number, chosen?: readonly number[]): (readonly [number, number])[] {
    const { leaders } = this.#options
    return Array.from({ length: to - from }, (_, i) => [chosen?.[i] ?? leaders.leaderFor(from + i), 0] as const)
  }

  #asCreations(): TopicChange[] {
    return Array.from(this.#byName.values(), ({ id, name, isInternal, overrides, partitions }) => ({
      type: 'create',
      id,
      name,
      isInternal,
      overrides,
      leaders: partitions.map(({ assignedLeader, leaderEpoch }) => [assignedLeader, leaderEpoch] as const),
    }))
  }

  #existing(name: string): StoredTopic {
    const topic = this.#byName.get(name)
    if (topic === undefined) throw unknown(name)
    return topic
  }
}

function unknown(name: string): ApiError {
  return new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no topic '${name}', or no such partition of it.`)
}

function tooMany(): ApiError {
  return new ApiError('POLICY_VIOLATION', `More than ${PARTITIONS_MAX} partitions cannot be made at once.`)
}
