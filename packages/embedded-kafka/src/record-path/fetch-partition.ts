import { type RequestBody, type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { errorCodeOf } from '../api/handler.ts'
import type { Broker, Client, Partition } from '../broker.ts'
import { isLeaderError, locatePartition, locateTopic } from './locate.ts'

export type FetchTopic = RequestBody<'Fetch'>['topics'][number]
export type PartitionAnswer = ResponseInput<'Fetch'>['responses'][number]['partitions'][number]

const NOT_LEADER = kafkaErrorCode('NOT_LEADER_OR_FOLLOWER')
const OFFSET_OUT_OF_RANGE = kafkaErrorCode('OFFSET_OUT_OF_RANGE')
const EMPTY = new Uint8Array(0)

/** Who fetches, and how. */
export interface FetchTerms {
  readonly broker: Broker
  readonly client: Client
  readonly node: number
  readonly isCommittedOnly: boolean
  /** A broker that replicates: this one has nothing for it. */
  readonly isReplica: boolean
}

/** What a look at a partition found. */
export interface Look {
  readonly partition: FetchPartition
  readonly answer: PartitionAnswer
  readonly bytes: number
  /** An error, or a client whose log diverges: to be told at once. */
  readonly isUrgent: boolean
  /** Whether it is still worth looking at: data was found, or not even looked for, or an error stands. */
  readonly isPending: boolean
}

/** A partition that a client fetches: where it stands, and in a session what it was told last. */
export class FetchPartition {
  readonly topic: string
  /** Null when the client speaks of topics by name. */
  readonly topicId: string | null
  readonly index: number
  #offset = 0
  #leaderEpoch = -1
  #lastFetchedEpoch = -1
  #bytesMax = 0
  #toldHighWatermark = -1
  #toldStartOffset = -1
  /** Found bytes at the last look, and how long the log was then. */
  #bytesFound = 0
  #logBytes = 0
  #source: Partition | undefined
  #unsubscribe: (() => void) | undefined

  constructor(topic: string, topicId: string | null, index: number) {
    this.topic = topic
    this.topicId = topicId
    this.index = index
  }

  update(asked: FetchTopic['partitions'][number]): void {
    this.#offset = Number(asked.fetchOffset)
    this.#leaderEpoch = asked.currentLeaderEpoch
    this.#lastFetchedEpoch = asked.lastFetchedEpoch
    this.#bytesMax = asked.partitionMaxBytes
  }

  get isWatched(): boolean {
    return this.#unsubscribe !== undefined
  }

  /** Calls `wake` after each append, until `unwatch`. A partition that does not exist (any more) cannot be watched. */
  watch(wake: () => void): void {
    if (this.#unsubscribe === undefined) this.#unsubscribe = this.#source?.log.onAppend(wake)
  }

  unwatch(): void {
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  /** Forgets which partition it stands for: it was deleted, or moved. */
  forgetSource(): void {
    this.unwatch()
    this.#source = undefined
  }

  /** About how many bytes a look would find now, without looking. */
  get bytesExpected(): number {
    return this.#bytesFound + Math.max(0, (this.#source?.log.bytes ?? 0) - this.#logBytes)
  }

  /** Whether an answer says something that a client of this session does not know yet. */
  isNews({ answer, bytes, isUrgent }: Look): boolean {
    return (
      bytes > 0 ||
      isUrgent ||
      answer.highWatermark !== this.#toldHighWatermark ||
      answer.logStartOffset !== this.#toldStartOffset
    )
  }

  told({ answer }: Look): void {
    this.#toldHighWatermark = Number(answer.highWatermark)
    this.#toldStartOffset = Number(answer.logStartOffset ?? -1)
  }

  /** Reads at most `bytesLeft`, or one batch when `isFirst`. */
  look(terms: FetchTerms, bytesLeft: number, isFirst: boolean): Look {
    const found = this.#locate(terms)
    if (typeof found === 'number') return this.#refused(found, this.#source)
    if (terms.isReplica) return this.#refused(NOT_LEADER, found)
    const { log } = found
    try {
      const diverging = this.#diverging(found)
      if (diverging !== undefined) return diverging
      const [start, offset] = [log.startOffset, this.#offset]
      if (offset < start || offset > log.endOffset) return this.#refused(OFFSET_OUT_OF_RANGE, found)
      const end = terms.isCommittedOnly ? log.stableOffset : log.endOffset
      this.#logBytes = log.bytes
      if (offset >= end) return this.#nothing(found, terms.isCommittedOnly, false)
      const bytesMax = Math.min(bytesLeft, this.#bytesMax)
      if (bytesMax <= 0 && !isFirst) return this.#nothing(found, terms.isCommittedOnly, true)
      const isCommittedOnly = terms.isCommittedOnly
      const { records, bytes, aborted } = log.read({
        offset,
        bytesMax: Math.max(0, bytesMax),
        isAtLeastOne: isFirst,
        isCommittedOnly,
      })
      this.#bytesFound = bytes
      const answer = { ...this.#answer(found), records: bytes === 0 ? EMPTY : records, abortedTransactions: aborted }
      return { partition: this, answer, bytes, isUrgent: false, isPending: true }
    } catch (error) {
      const errorCode = errorCodeOf(error)
      if (errorCode === -1) throw error
      return this.#refused(errorCode, found)
    }
  }

  #locate({ broker, client, node }: FetchTerms): Partition | number {
    const topic = locateTopic(broker, client, 'READ', this.topic, this.topicId)
    const found = typeof topic === 'number' ? topic : locatePartition(topic, this.index, node, this.#leaderEpoch)
    const source = typeof topic === 'number' ? undefined : topic.partitions[this.index]
    if (source !== this.#source) this.forgetSource()
    this.#source = source
    return found
  }

  /** KIP-320, KIP-595: what the client fetched last is not what is here, so it is told where the two part. */
  #diverging(found: Partition): Look | undefined {
    const lastFetchedEpoch = this.#lastFetchedEpoch
    if (lastFetchedEpoch < 0) return undefined
    const { epoch, endOffset } = found.log.endOffsetForEpoch(lastFetchedEpoch)
    if (epoch < 0 || endOffset < 0) return this.#refused(OFFSET_OUT_OF_RANGE, found)
    if (epoch >= lastFetchedEpoch && endOffset >= this.#offset) return undefined
    const answer = { ...this.#answer(found), records: EMPTY, divergingEpoch: { epoch, endOffset } }
    return { partition: this, answer, bytes: 0, isUrgent: true, isPending: true }
  }

  #answer({ log }: Partition) {
    return {
      partitionIndex: this.index,
      errorCode: 0,
      highWatermark: log.endOffset,
      lastStableOffset: log.stableOffset,
      logStartOffset: log.startOffset,
    }
  }

  #nothing(found: Partition, isCommittedOnly: boolean, isPending: boolean): Look {
    this.#bytesFound = 0
    const answer = { ...this.#answer(found), records: EMPTY, abortedTransactions: isCommittedOnly ? [] : null }
    return { partition: this, answer, bytes: 0, isUrgent: false, isPending }
  }

  #refused(errorCode: number, source: Partition | undefined): Look {
    this.#bytesFound = 0
    const answer = { partitionIndex: this.index, errorCode, highWatermark: -1, records: EMPTY }
    const led =
      source !== undefined && isLeaderError(errorCode)
        ? { ...answer, currentLeader: { leaderId: source.leader, leaderEpoch: source.leaderEpoch } }
        : answer
    return { partition: this, answer: led, bytes: 0, isUrgent: true, isPending: true }
  }
}
