/**
 * Records out: a Fetch request from its decoded body to its answer. In order:
 *
 *     fetch-sessions.ts    a session that goes on, a full fetch that may open one, or an error
 *     fetch-partition.ts   → a look at each partition that may have something: leader, epoch, range, then bytes of the log as they lie
 *     fetch-wait.ts        too little found: wait for an append, then look again
 *     here                 what was found, grouped by topic; in a session only what is news
 */
import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type ApiHandler, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { endpoints } from '../cluster/topic-facts.ts'
import { FetchPartition, type FetchTerms, type Look } from './fetch-partition.ts'
import type { FetchSession } from './fetch-session.ts'
import type { FetchSessions } from './fetch-sessions.ts'
import { FetchWait } from './fetch-wait.ts'
import { isLeaderError } from './locate.ts'

type FetchRequest = BrokerRequest<'Fetch'>
type FetchAnswer = ResponseInput<'Fetch'>
type TopicAnswer = FetchAnswer['responses'][number]

const UNKNOWN_SERVER_ERROR = kafkaErrorCode('UNKNOWN_SERVER_ERROR')
/** From this version on an answer says who leads instead (KIP-951). */
const LEADERS_SINCE = 16
/** From this version on topics are named by id. */
const IDS_SINCE = 13

export function fetch(sessions: FetchSessions): ApiHandler<'Fetch'> {
  return handler({
    api: 'Fetch',
    versions: [4, 18],
    handle(request, broker) {
      const { isolationLevel } = request.body
      if (isolationLevel !== 0 && isolationLevel !== 1) return refusal(request, UNKNOWN_SERVER_ERROR)
      const session = sessions.resume(request, broker)
      if (typeof session === 'number') return { errorCode: session, sessionId: 0, responses: [] }
      const partitions = session === null ? asked(request) : undefined
      const answer = (looks: readonly Look[]): FetchAnswer =>
        session === null
          ? answerFull(request, broker, looks, sessions.open(request, partitions!, broker))
          : answerNews(request, broker, looks, session)
      return new Fetching(request, broker, session ?? partitions!, answer).run()
    },
    refuse: (request, errorCode) => refusal(request, errorCode),
  })
}

/** Newer clients read the error of the whole; older ones know only those of partitions. */
function refusal({ body, version }: FetchRequest, errorCode: number): FetchAnswer {
  if (version >= IDS_SINCE) return { errorCode, sessionId: 0, responses: [] }
  const responses = body.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    topicId,
    partitions: partitions.map(({ partition }) => ({
      partitionIndex: partition,
      errorCode,
      highWatermark: -1,
      records: new Uint8Array(0),
    })),
  }))
  return { errorCode, sessionId: 0, responses }
}

/**
 * The looks of one request, repeated until enough was found or its time is over. The last look and the answer are one step: an append
 * between them would be lost to the session.
 */
class Fetching {
  readonly #request: FetchRequest
  readonly #broker: Broker
  readonly #source: FetchSession | readonly FetchPartition[]
  readonly #terms: FetchTerms
  readonly #bytesMax: number
  readonly #answer: (looks: readonly Look[]) => FetchAnswer

  constructor(
    request: FetchRequest,
    broker: Broker,
    source: FetchSession | readonly FetchPartition[],
    answer: (looks: readonly Look[]) => FetchAnswer,
  ) {
    const { body, client, node } = request
    this.#request = request
    this.#broker = broker
    this.#source = source
    this.#answer = answer
    this.#bytesMax = Math.min(body.maxBytes, broker.settings.number('fetch.max.bytes'))
    this.#terms = {
      broker,
      client,
      node,
      isCommittedOnly: body.isolationLevel === 1,
      isReplica: body.replicaId >= 0 || body.replicaState.replicaId >= 0,
    }
  }

  run(): FetchAnswer | Promise<FetchAnswer> {
    const looks = this.#look()
    const { maxWaitMs } = this.#request.body
    const isEmpty = !('onMark' in this.#source) && this.#source.length === 0
    return maxWaitMs <= 0 || isEmpty || this.#isEnough(looks) ? this.#answer(looks) : this.#wait(looks)
  }

  async #wait(first: readonly Look[]): Promise<FetchAnswer> {
    const { body, client } = this.#request
    let looks = first
    const wait = new FetchWait(this.#source, body.maxWaitMs, client, this.#broker)
    try {
      while (!wait.isOver) {
        await wait.next()
        // Nobody is there to be answered: no reading, and no session that nobody comes back to.
        if (client.closed.aborted) return refusal(this.#request, UNKNOWN_SERVER_ERROR)
        if (wait.isOver || this.#isPromising()) looks = this.#look()
        if (this.#isEnough(looks)) break
      }
    } finally {
      // Before the answer: a session that opens with it watches the same partitions for itself.
      wait.stop()
    }
    return this.#answer(looks)
  }

  #look(): readonly Look[] {
    const session = 'onMark' in this.#source ? this.#source : undefined
    const looks: Look[] = []
    let found = 0
    for (const partition of this.#partitions()) {
      const look = partition.look(this.#terms, this.#bytesMax - found, found === 0)
      // The answer is full. In a session this one and the others come first in the next; without a session all have to be answered.
      if (session !== undefined && look.isPending && look.bytes === 0 && !look.isUrgent) break
      found += look.bytes
      looks.push(look)
    }
    session?.quiet(looks)
    return looks
  }

  #partitions(): Iterable<FetchPartition> {
    return 'onMark' in this.#source ? this.#source.pending : this.#source
  }

  #isEnough(looks: readonly Look[]): boolean {
    let bytes = 0
    for (const look of looks) {
      if (look.isUrgent) return true
      bytes += look.bytes
    }
    return bytes >= this.#request.body.minBytes
  }

  /** Whether a look may find enough. Commits make readable what was there before, so for them only looking tells. */
  #isPromising(): boolean {
    const { minBytes } = this.#request.body
    if (minBytes <= 1 || this.#terms.isCommittedOnly) return true
    let bytes = 0
    for (const partition of this.#partitions()) bytes += partition.bytesExpected
    return bytes >= minBytes
  }
}

function asked({ body, version }: FetchRequest): FetchPartition[] {
  const partitions: FetchPartition[] = []
  for (const { topic, topicId, partitions: wanted } of body.topics) {
    for (const one of wanted) {
      const partition = new FetchPartition(topic, version >= IDS_SINCE ? topicId : null, one.partition)
      partition.update(one)
      partitions.push(partition)
    }
  }
  return partitions
}

function answerFull(
  request: FetchRequest,
  broker: Broker,
  looks: readonly Look[],
  session: FetchSession | undefined,
): FetchAnswer {
  session?.answered(looks)
  return answerOf(request, broker, looks, session?.id ?? 0)
}

function answerNews(request: FetchRequest, broker: Broker, looks: readonly Look[], session: FetchSession): FetchAnswer {
  const news = looks.filter((look) => look.partition.isNews(look))
  session.answered(news)
  return answerOf(request, broker, news, session.id)
}

function answerOf({ version }: FetchRequest, broker: Broker, looks: readonly Look[], sessionId: number): FetchAnswer {
  const responses: { topic: string; topicId: string; partitions: TopicAnswer['partitions'][number][] }[] = []
  let isElsewhere = false
  for (const { partition, answer } of looks) {
    const { topic, topicId } = partition
    let last = responses.at(-1)
    if (last === undefined || last.topic !== topic || (topicId !== null && last.topicId !== topicId)) {
      last = { topic, topicId: topicId ?? '', partitions: [] }
      responses.push(last)
    }
    if (isLeaderError(answer.errorCode)) isElsewhere = true
    last.partitions.push(answer)
  }
  const body = { errorCode: 0, sessionId, responses }
  return isElsewhere && version >= LEADERS_SINCE ? { ...body, nodeEndpoints: endpoints(broker) } : body
}
