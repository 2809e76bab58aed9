import type { RequestBody } from '@sluice/kafka-protocol'

const FETCH_SESSION_ID_NOT_FOUND = 70
const INVALID_FETCH_SESSION_EPOCH = 71

type FetchTopic = RequestBody<'Fetch'>['topics'][number]
type FetchPartition = FetchTopic['partitions'][number]

interface Session {
  nextEpoch: number
  readonly partitions: Map<string, { readonly topic: string; readonly topicId: string; readonly entry: FetchPartition }>
}

/** What a request means: all that is to be read, or why it is refused. */
export interface Entered {
  readonly errorCode: number
  readonly sessionId: number
  /** Only partitions with something to say are answered. */
  readonly isIncremental: boolean
  readonly topics: readonly FetchTopic[]
}

/** A broker's memory of who reads what (KIP-227). */
export class FakeFetchSessions {
  readonly #sessions = new Map<number, Session>()
  #nextId = 1000

  get count(): number {
    return this.#sessions.size
  }

  /** How many partitions a session reads. */
  get partitionCounts(): number[] {
    return Array.from(this.#sessions.values(), ({ partitions }) => partitions.size)
  }

  /** What a broker that restarts, or is short of memory, does. */
  forget(): void {
    this.#sessions.clear()
  }

  enter({ sessionId, sessionEpoch, topics, forgottenTopicsData }: RequestBody<'Fetch'>): Entered {
    if (sessionEpoch <= 0) {
      this.#sessions.delete(sessionId)
      if (sessionEpoch === -1) return { errorCode: 0, sessionId: 0, isIncremental: false, topics }
      const id = this.#nextId++
      const session: Session = { nextEpoch: 1, partitions: new Map() }
      this.#sessions.set(id, session)
      update(session, topics)
      return { errorCode: 0, sessionId: id, isIncremental: false, topics }
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return refused(FETCH_SESSION_ID_NOT_FOUND)
    if (session.nextEpoch !== sessionEpoch) return refused(INVALID_FETCH_SESSION_EPOCH)
    session.nextEpoch++
    update(session, topics)
    // As in Kafka: what is added and forgotten in one request is forgotten.
    for (const { topic, topicId, partitions } of forgottenTopicsData) {
      for (const partition of partitions) session.partitions.delete(`${topic} ${topicId} ${partition}`)
    }
    return { errorCode: 0, sessionId, isIncremental: true, topics: grouped(session) }
  }
}

function update(session: Session, topics: readonly FetchTopic[]): void {
  for (const { topic, topicId, partitions } of topics) {
    for (const entry of partitions) {
      session.partitions.set(`${topic} ${topicId} ${entry.partition}`, { topic, topicId, entry })
    }
  }
}

function grouped(session: Session): FetchTopic[] {
  const topics = new Map<string, FetchTopic>()
  for (const { topic, topicId, entry } of session.partitions.values()) {
    const key = `${topic} ${topicId}`
    const found = topics.get(key)
    if (found === undefined) topics.set(key, { topic, topicId, partitions: [entry] })
    else found.partitions.push(entry)
  }
  return [...topics.values()]
}

function refused(errorCode: number): Entered {
  return { errorCode, sessionId: 0, isIncremental: false, topics: [] }
}
