import type { RequestInput } from '@sluice/kafka-protocol'
import { KAFKA_ERROR } from '../kafka-errors.ts'
import type { PartitionState } from './partition-state.ts'

type FetchRequest = RequestInput<'Fetch'>

/** The part of a fetch request that says what is read. */
export type SessionRequest = Required<
  Pick<FetchRequest, 'sessionId' | 'sessionEpoch' | 'topics' | 'forgottenTopicsData'>
>

const NO_SESSION = 0
const FIRST_EPOCH = 0
const CLOSING_EPOCH = -1
const EPOCH_MAX = 2147483647

/**
 * What one broker has been told to read for us (KIP-227). The first request names every partition; after that a request names
 * only those whose position moved, that are new, or that are forgotten, and an answer only those that have something. A broker
 * that answers session id 0 keeps no session: then every request is a first one. A broker fills its answer in the order of the request, or
 * in a session in an order of its own, so a first request names those first that have waited longest.
 *
 * After anything that leaves doubt about what the broker took in (a lost answer, an error of the session) the next request
 * closes the session and opens another.
 */
export class FetchSession {
  /** Topics by id (Fetch 13 and later) or by name: fixed, because a session cannot mix them. */
  readonly hasIds: boolean
  readonly #partitionBytesMax: number
  readonly #members = new Map<string, PartitionState>()
  #id = NO_SESSION
  #epoch = FIRST_EPOCH
  #round = 0

  constructor(hasIds: boolean, partitionBytesMax: number) {
    this.hasIds = hasIds
    this.#partitionBytesMax = partitionBytesMax
  }

  /** The request that makes the broker read exactly these partitions. */
  next(wanted: readonly PartitionState[]): SessionRequest {
    const round = ++this.#round
    const isWhole = this.#epoch === FIRST_EPOCH
    if (isWhole) this.#members.clear()
    const changed: PartitionState[] = []
    for (const state of wanted) {
      state.round = round
      if (this.#knows(state)) continue
      state.session = this
      state.sentPosition = state.position
      state.sentLeaderEpoch = state.leaderEpoch
      this.#members.set(this.#keyOf(state), state)
      changed.push(state)
    }
    const forgotten: PartitionState[] = []
    if (this.#members.size > wanted.length) {
      for (const [key, state] of this.#members) {
        if (state.round === round) continue
        if (state.session === this) state.session = null
        this.#members.delete(key)
        forgotten.push(state)
      }
    }
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: this.#byTopic(
        isWhole ? changed.toSorted(byService) : changed,
        ({ partition, position, leaderEpoch }) => ({
          partition,
          currentLeaderEpoch: leaderEpoch,
          fetchOffset: position,
          partitionMaxBytes: this.#partitionBytesMax,
        }),
      ),
      forgottenTopicsData: this.#byTopic(forgotten, ({ partition }) => partition),
    }
  }

  /** The answer's session id after a success. */
  answered(sessionId: number): void {
    this.#id = sessionId
    if (sessionId === NO_SESSION) this.#epoch = FIRST_EPOCH
    else this.#epoch = this.#epoch === EPOCH_MAX ? 1 : this.#epoch + 1
  }

  /** The request failed, or the broker refused it with this code: start over. */
  failed(errorCode: number = KAFKA_ERROR.NONE): void {
    if (errorCode === KAFKA_ERROR.FETCH_SESSION_ID_NOT_FOUND) this.#id = NO_SESSION
    this.#epoch = FIRST_EPOCH
  }

  /** Whom an answer is about; undefined for a partition that was not asked for. */
  member(topic: string, topicId: string, partition: number): PartitionState | undefined {
    return this.#members.get(`${this.hasIds ? topicId : topic} ${partition}`)
  }

  /** The request that ends the session, or null when there is none. */
  closing(): SessionRequest | null {
    if (this.#id === NO_SESSION) return null
    return { sessionId: this.#id, sessionEpoch: CLOSING_EPOCH, topics: [], forgottenTopicsData: [] }
  }

  #knows(state: PartitionState): boolean {
    return (
      this.#epoch !== FIRST_EPOCH &&
      state.session === this &&
      state.sentPosition === state.position &&
      state.sentLeaderEpoch === state.leaderEpoch
    )
  }

  #keyOf({ topic, topicId, partition }: PartitionState): string {
    return `${this.hasIds ? topicId : topic} ${partition}`
  }

  #byTopic<T>(
    states: readonly PartitionState[],
    entry: (state: PartitionState) => T,
  ): { readonly topic: string; readonly topicId: string; readonly partitions: readonly T[] }[] {
    const topics = new Map<string, { topic: string; topicId: string; partitions: T[] }>()
    for (const state of states) {
      const { topic, topicId } = state
      const key = this.hasIds ? topicId : topic
      let found = topics.get(key)
      if (found === undefined) topics.set(key, (found = { topic, topicId, partitions: [] }))
      found.partitions.push(entry(state))
    }
    return [...topics.values()]
  }
}

function byService(a: PartitionState, b: PartitionState): number {
  return a.servedAt - b.servedAt
}
