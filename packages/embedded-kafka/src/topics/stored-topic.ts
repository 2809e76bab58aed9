import type { Partition, Topic, TopicConfig } from '../broker.ts'
import type { SegmentLog } from '../log/partition-log.ts'

/** Opens the log of a partition; called when somebody first needs it. */
export type OpenLog = (topic: StoredTopic, index: number) => SegmentLog

export class StoredTopic implements Topic {
  readonly name: string
  readonly id: string
  readonly isInternal: boolean
  readonly partitions: StoredPartition[] = []
  overrides: Readonly<Record<string, string>>
  config: TopicConfig
  isDeleted = false

  constructor(facts: Pick<Topic, 'name' | 'id' | 'isInternal' | 'overrides'>, config: TopicConfig) {
    this.name = facts.name
    this.id = facts.id
    this.isInternal = facts.isInternal
    this.overrides = facts.overrides
    this.config = config
  }
}

export class StoredPartition implements Partition {
  readonly topic: StoredTopic
  readonly index: number
  /** The node that leads, whether it is up or not. */
  assignedLeader: number
  leaderEpoch: number
  readonly #isAlive: (node: number) => boolean
  readonly #open: OpenLog
  #log: SegmentLog | undefined

  constructor(
    topic: StoredTopic,
    index: number,
    [leader, epoch]: readonly [number, number],
    isAlive: (node: number) => boolean,
    open: OpenLog,
  ) {
    this.topic = topic
    this.index = index
    this.assignedLeader = leader
    this.leaderEpoch = epoch
    this.#isAlive = isAlive
    this.#open = open
  }

  get leader(): number {
    return this.#isAlive(this.assignedLeader) ? this.assignedLeader : -1
  }

  get isGone(): boolean {
    return this.topic.isDeleted
  }

  get log(): SegmentLog {
    if (this.#log === undefined) {
      this.#log = this.#open(this.topic, this.index)
      this.#log.beginEpoch(this.leaderEpoch)
    }
    return this.#log
  }

  /** The log, if somebody has needed it yet. */
  get openedLog(): SegmentLog | undefined {
    return this.#log
  }
}
