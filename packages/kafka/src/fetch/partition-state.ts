import type { SluiceError, TopicPartition } from '@sluice/sdk'
import type { FetchPosition } from '../port.ts'
import type { FetchSession } from './fetch-session.ts'
import type { ReadAhead } from './read-ahead.ts'

/** What has to be found out before the next fetch: where the position is, or whether the log still is what was read. */
export type LookUp = 'reset' | 'epoch'

/** One assigned partition. A new assignment or a seek makes a new state, so that an answer to the old one finds nobody. */
export class PartitionState implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The next offset to return: where `ready` begins, and where the next fetch goes. -1 until a look-up has found it. */
  position: number
  /** The leader epoch of the record before the position (KIP-320); -1 when it is not known. */
  positionEpoch: number
  /** The topic that is read, by its id: a recreated one is another topic. '' until metadata has come. */
  topicId: string
  /** What has been read ahead, undecoded. */
  ready: ReadAhead | null = null
  isPaused = false
  lookUp: LookUp | null
  isLookedUp = false
  failures = 0
  /** Not before this monotonic time: back-off after a failure. */
  retryAt = 0
  /** Why nothing more can be read; raised by every poll until the position is moved. */
  fault: SluiceError | null = null

  /** As metadata had them when they were last looked at. */
  leader = -1
  leaderEpoch = -1
  /** Which state of the metadata that was: see `Metadata.changes`. */
  locatedAt = -1
  /** The leader epoch in which the position was last found to be in the log. */
  checkedEpoch = -1
  /** The broker nearby that the leader sent us to (KIP-392), and until when; -1: the leader itself. */
  replica = -1
  replicaUntil = 0

  /** Behind the last offset that may be read, and the first one, as the broker last said; -1 when it has not yet. */
  endOffset = -1
  startOffset = -1

  /** What the broker's fetch session was last told of it: see fetch-session.ts. */
  session: FetchSession | null = null
  sentPosition = -1
  sentLeaderEpoch = -1
  round = 0
  /** Which answer of its broker last brought something: the larger, the later. */
  servedAt = 0

  constructor({ topic, partition, offset, leaderEpoch, topicId }: FetchPosition) {
    this.topic = topic
    this.partition = partition
    this.position = offset ?? -1
    this.positionEpoch = leaderEpoch ?? -1
    this.topicId = topicId ?? ''
    this.lookUp = offset === null ? 'reset' : null
  }

  /** There was an election since the position was last found to be in the log. */
  get isUnchecked(): boolean {
    return this.positionEpoch !== -1 && this.leaderEpoch > this.checkedEpoch && this.ready === null
  }

  /** Whether it wants to be fetched now. */
  isHungry(now: number): boolean {
    return !this.isPaused && this.ready === null && this.fault === null && this.lookUp === null && now >= this.retryAt
  }

  /** The broker to fetch from: the leader, or the replica that the leader named. */
  source(now: number): number {
    if (this.replica !== -1 && now >= this.replicaUntil) this.replica = -1
    return this.replica === -1 ? this.leader : this.replica
  }
}
