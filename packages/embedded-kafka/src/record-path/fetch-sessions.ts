import { kafkaErrorCode } from '@sluice/kafka-protocol'
import type { BrokerRequest } from '../api/handler.ts'
import type { Broker, Topic } from '../broker.ts'
import type { FetchPartition } from './fetch-partition.ts'
import { FetchSession } from './fetch-session.ts'

const SESSION_ID_NOT_FOUND = kafkaErrorCode('FETCH_SESSION_ID_NOT_FOUND')
const INVALID_SESSION_EPOCH = kafkaErrorCode('INVALID_FETCH_SESSION_EPOCH')
const SESSION_TOPIC_ID_ERROR = kafkaErrorCode('FETCH_SESSION_TOPIC_ID_ERROR')
const INITIAL_EPOCH = 0
const FINAL_EPOCH = -1
const EPOCH_MAX = 0x7fffffff

/** A session that was not used for so long makes room for a new one. */
const EVICTION_MS = 120_000
/** Partitions in all sessions together: bounds what they hold in memory. */
const PARTITIONS_MAX = 200_000

/** The fetch sessions of all nodes, bounded in number and in partitions. Who finds no room fetches without a session. */
export class FetchSessions {
  readonly #sessions = new Map<number, FetchSession>()
  readonly #watched = new WeakSet<Broker>()
  #partitions = 0

  /**
   * What a request continues: a session, null for a full fetch (which may open one), or an error code. Closes the session that a
   * full fetch names.
   */
  resume({ body, version, node }: BrokerRequest<'Fetch'>, broker: Broker): FetchSession | null | number {
    const { sessionId, sessionEpoch } = body
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      this.#close(this.#sessions.get(sessionId))
      return null
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined || session.node !== node) return SESSION_ID_NOT_FOUND
    if (session.usesIds !== version >= 13) return SESSION_TOPIC_ID_ERROR
    if (session.epoch !== sessionEpoch) return INVALID_SESSION_EPOCH
    const before = session.size
    session.update(body.topics, body.forgottenTopicsData)
    this.#partitions += session.size - before
    if (session.size === 0) {
      this.#close(session)
      return null
    }
    session.epoch = session.epoch === EPOCH_MAX ? 1 : session.epoch + 1
    session.lastUsed = broker.clock.now()
    return session
  }

  /** Opens a session for the partitions of a full fetch that asks for one; undefined when it does not, or there is no room. */
  open(
    { body, version, node }: BrokerRequest<'Fetch'>,
    partitions: readonly FetchPartition[],
    broker: Broker,
  ): FetchSession | undefined {
    if (body.sessionEpoch !== INITIAL_EPOCH || partitions.length === 0 || version < 7) return undefined
    const now = broker.clock.now()
    if (!this.#hasRoom(partitions.length, now, broker.settings.number('max.incremental.fetch.session.cache.slots'))) {
      return undefined
    }
    this.#watch(broker)
    const session = new FetchSession(this.#freshId(), node, version >= 13, now)
    session.adopt(partitions)
    this.#sessions.set(session.id, session)
    this.#partitions += session.size
    return session
  }

  /** Leaders moved, of one topic or of all: what sessions were told of them is old. */
  markAll(topic?: Topic): void {
    for (const session of this.#sessions.values()) session.markAll(topic)
  }

  #hasRoom(partitions: number, now: number, slots: number): boolean {
    const isFull = () => this.#sessions.size >= slots || this.#partitions + partitions > PARTITIONS_MAX
    if (!isFull()) return true
    for (const session of this.#sessions.values()) {
      if (now - session.lastUsed > EVICTION_MS) this.#close(session)
      if (!isFull()) return true
    }
    return false
  }

  #watch(broker: Broker): void {
    if (this.#watched.has(broker)) return
    this.#watched.add(broker)
    broker.topics.onDelete((topic) => this.markAll(topic))
  }

  #close(session: FetchSession | undefined): void {
    if (session === undefined) return
    this.#partitions -= session.size
    this.#sessions.delete(session.id)
    session.close()
  }

  #freshId(): number {
    let id = 0
    while (id === 0 || this.#sessions.has(id)) id = Math.floor(Math.random() * EPOCH_MAX) + 1
    return id
  }
}
