import type { CompressionCodec, ResponseBody } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { KAFKA_ERROR } from '../kafka-errors.ts'
import type { TopicMetadata } from '../metadata.ts'
import type { BrokerLinks } from '../wire/broker-links.ts'
import type { Connection } from '../wire/connection.ts'
import type { Accumulator } from './accumulator.ts'
import { Delivery, type Entry, type PartitionAnswer } from './delivery.ts'
import type { ProducerIdentity } from './producer-identity.ts'
import { ProducerMetrics } from './producer-metrics.ts'
import type { SendGate } from './send-gate.ts'

export interface SenderOptions {
  readonly compression: CompressionCodec
  readonly compressionLevel: number | undefined
  readonly lingerMs: number
  readonly deliveryTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly inFlightMax: number
  readonly requestBytesMax: number
  readonly clientId: string | undefined
}

/** What the sender knows of one broker. */
interface BrokerState {
  readonly id: number
  inFlight: number
  isConnecting: boolean
  retryAt: number
  lastError: SluiceError | undefined
}

/** Batches of one topic in a request: `partitions[i]` is what is sent of `entries[i]`. */
interface TopicPart {
  readonly topic: TopicMetadata
  readonly entries: Entry[]
  readonly partitions: { readonly index: number; readonly records: Uint8Array }[]
}

interface PendingRequest {
  readonly entries: Entry[]
  bytes: number
}

const ALL_REPLICAS = -1
const PAUSE_MS = 100
const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** What is made of an answer that leaves a partition out. */
const NO_ANSWER: PartitionAnswer = {
  index: -1,
  errorCode: KAFKA_ERROR.UNKNOWN_SERVER_ERROR,
  baseOffset: -1,
  logAppendTimeMs: -1,
  logStartOffset: -1,
  recordErrors: [],
  errorMessage: 'the broker left the partition out of its answer',
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
}

/**
 * Sends what has been queued: whenever a broker has a request slot free, one request with the next batch of each partition
 * that it leads. Runs once per turn of the event loop at most, when something was queued, answered, or has become due.
 */
export class Sender {
  readonly metrics: ProducerMetrics
  readonly #context: ClusterContext
  readonly #accumulator: Accumulator
  readonly #options: SenderOptions
  readonly #delivery: Delivery
  readonly #identity: ProducerIdentity
  readonly #links: BrokerLinks
  readonly #brokers = new Map<number, BrokerState>()
  /** Whether batches leave before their linger time: somebody waits for them, or for their memory. */
  isHurried: () => boolean = () => false
  /** What metadata looked like when the leaders were last taken from it. */
  #seenChanges = -1
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #isClosed = false

  constructor(
    context: ClusterContext,
    accumulator: Accumulator,
    identity: ProducerIdentity,
    options: SenderOptions,
    onRelease: () => void,
  ) {
    this.#context = context
    this.#accumulator = accumulator
    this.#identity = identity
    this.#options = options
    this.#links = context.ownLinks('producer', options.clientId)
    this.metrics = new ProducerMetrics(context.metrics, this.#links.clientId, accumulator.pool, () => {
      let inFlight = 0
      for (const broker of this.#brokers.values()) inFlight += broker.inFlight
      return inFlight
    })
    this.#delivery = new Delivery(context, accumulator, identity, this.metrics, options.deliveryTimeoutMs, onRelease)
    identity.attach({ wake: () => this.wake(), giveUpAll: (error) => this.giveUpAll(error) })
  }

  /** Something may be ready to be sent. What is queued in the same turn of the event loop goes out together. */
  wake(): void {
    if (this.#isScheduled || this.#isClosed) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (!this.#isClosed) this.#run()
    })
  }

  /** Ends the connections and gives up every batch. */
  close(error: SluiceError): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#links.close()
    this.giveUpAll(error)
  }

  /** Fails every batch. */
  giveUpAll(error: SluiceError): void {
    this.#giveUp(error, () => true)
  }

  /** Fails the batches that were not sent, or are certain not to be written. */
  giveUpUnsent(error: SluiceError): void {
    this.#giveUp(error, ({ isInFlight, mayBeWritten }) => !isInFlight && !mayBeWritten)
  }

  /** A gate has opened, or never will. */
  gateChanged(gate: SendGate): void {
    if (gate.failure !== null) this.#giveUp(gate.failure, (batch) => batch.gate === gate)
    this.wake()
  }

  #run(): void {
    const now = this.#context.clock.monotonic()
    const { waiting } = this.#accumulator
    this.#lookAtLeaders()
    for (;;) {
      const requests = new Map<BrokerState, PendingRequest>()
      for (const queue of waiting) this.#consider(queue, now, requests)
      if (requests.size === 0) break
      for (const [broker, { entries }] of requests) this.#send(broker, entries)
    }
    if (waiting.size > 0) return
    clearTimeout(this.#timer)
    this.#timerAt = Infinity
  }

  #lookAtLeaders(): void {
    const { metadata } = this.#context
    const changes = metadata.changes()
    if (changes === this.#seenChanges) return
    this.#seenChanges = changes
    for (const topic of this.#accumulator.topics.keys()) {
      const found = metadata.peek(topic)
      if (found !== undefined) this.#accumulator.describe(found)
    }
  }

  /** Puts the partition's next batch into its leader's request if it may and can go now; else sees that it is looked at again. */
  #consider(queue: Entry['queue'], now: number, requests: Map<BrokerState, PendingRequest>): void {
    const { lingerMs, deliveryTimeoutMs, requestBytesMax, inFlightMax } = this.#options
    const leader = this.#accumulator.topics.get(queue.topic)?.metadata.leaders[queue.partition] ?? -1
    const broker = leader === -1 ? undefined : this.#broker(leader)
    let oldest = queue.batches.find((batch) => !batch.isInFlight)
    while (oldest !== undefined && this.#delivery.expire({ queue, batch: oldest }, now, broker?.lastError)) {
      oldest = queue.batches.find((batch) => !batch.isInFlight)
    }
    if (oldest === undefined) {
      this.#accumulator.waiting.delete(queue)
      return
    }
    this.#wakeAt(oldest.createdAt + deliveryTimeoutMs)
    if (broker === undefined) {
      this.#context.metadata.refreshSoon()
      return this.#wakeAt(now + PAUSE_MS)
    }
    if (broker.inFlight >= inFlightMax) return
    const batch = queue.next(broker.id)
    if (batch === null || batch.gate?.isOpen === false) return
    if (now < queue.retryAt) return this.#wakeAt(queue.retryAt)
    if (!this.#identity.admits(queue, batch)) return
    const isDue = batch.isFull || now - batch.createdAt >= lingerMs || this.isHurried()
    if (!isDue) return this.#wakeAt(batch.createdAt + lingerMs)
    if (this.#links.openTo(broker.id) === undefined) return this.#connect(broker, now)
    const request = requests.get(broker)
    if (request === undefined) requests.set(broker, { entries: [{ queue, batch }], bytes: batch.length })
    else if (request.bytes + batch.length <= requestBytesMax) {
      request.entries.push({ queue, batch })
      request.bytes += batch.length
    }
  }

  #send(broker: BrokerState, entries: readonly Entry[]): void {
    const connection = this.#links.openTo(broker.id)
    if (connection === undefined) return
    const { waiting, topics } = this.#accumulator
    const { compression, compressionLevel } = this.#options
    const isTransactional = this.#identity.transactionalId !== null
    const parts = new Map<string, TopicPart>()
    for (const entry of entries) {
      const { queue, batch } = entry
      const topic = topics.get(queue.topic)!
      if (queue.open === batch) topic.closed(queue.partition)
      const records = batch.seal(queue.identify(batch), compression, isTransactional, compressionLevel)
      queue.sent(batch, broker.id)
      // To the end of the line, so that every partition gets its turn.
      waiting.delete(queue)
      if (queue.batches.some((left) => !left.isInFlight)) waiting.add(queue)
      let part = parts.get(queue.topic)
      if (part === undefined) {
        part = { topic: topic.metadata, entries: [], partitions: [] }
        parts.set(queue.topic, part)
      }
      part.entries.push(entry)
      part.partitions.push({ index: queue.partition, records })
    }
    broker.inFlight++
    this.metrics.request(entries, this.#context.clock.monotonic())
    const topicParts = [...parts.values()]
    this.#request(connection, topicParts).then(
      (answer) => this.#answered(broker, topicParts, answer),
      (error: unknown) => this.#lost(broker, entries, error),
    )
  }

  async #request(connection: Connection, parts: readonly TopicPart[]): Promise<ResponseBody<'Produce'>> {
    const { requestTimeoutMs } = this.#options
    const { transactionalId, versions } = this.#identity
    // From version 13 on a topic goes by its id, which a topic of an old cluster lacks.
    const hasIds = parts.every(({ topic }) => topic.id !== ZERO_UUID)
    const version = connection.version(
      'Produce',
      hasIds ? versions : { ...versions, highest: Math.min(12, versions.highest!) },
    )
    const topicData = parts.map(({ topic, partitions }) => ({
      name: topic.topic,
      topicId: topic.id,
      partitionData: partitions,
    }))
    const body = { transactionalId, acks: ALL_REPLICAS, timeoutMs: requestTimeoutMs, topicData }
    return connection.send('Produce', version, body, requestTimeoutMs)
  }

  #answered(broker: BrokerState, parts: readonly TopicPart[], answered: ResponseBody<'Produce'>): void {
    const { responses, nodeEndpoints } = answered
    broker.inFlight--
    broker.lastError = undefined
    for (const [at, { topic, entries }] of parts.entries()) {
      const isMeant = ({ name, topicId }: (typeof responses)[number]): boolean =>
        name === topic.topic || (name === '' && topicId === topic.id)
      // Brokers answer in the order of the request, nearly always.
      const inOrder = responses[at]
      const found = inOrder !== undefined && isMeant(inOrder) ? inOrder : responses.find(isMeant)
      const partitions = found?.partitionResponses ?? []
      for (const [i, entry] of entries.entries()) {
        const { partition } = entry.queue
        const candidate = partitions[i]
        const answer = candidate?.index === partition ? candidate : partitions.find(({ index }) => index === partition)
        if (answer !== undefined && answer.currentLeader.leaderId >= 0) {
          this.#context.metadata.leaderMoved(topic.topic, partition, answer.currentLeader, nodeEndpoints)
        }
        this.#delivery.answered(entry, answer ?? NO_ANSWER)
      }
    }
    this.wake()
  }

  #lost(broker: BrokerState, entries: readonly Entry[], cause: unknown): void {
    const error = asSluiceError(cause)
    broker.inFlight--
    broker.lastError = error
    this.#context.metadata.refreshSoon()
    for (const entry of entries) this.#delivery.lost(entry, error)
    this.wake()
  }

  #connect(broker: BrokerState, now: number): void {
    if (broker.isConnecting) return
    if (now < broker.retryAt) return this.#wakeAt(broker.retryAt)
    broker.isConnecting = true
    this.#links
      .to(broker.id)
      .catch((error: unknown) => {
        broker.lastError = asSluiceError(error)
        broker.retryAt = this.#context.clock.monotonic() + PAUSE_MS
        this.#context.metadata.refreshSoon()
      })
      .finally(() => {
        broker.isConnecting = false
        this.wake()
      })
  }

  #giveUp(error: SluiceError, isMeant: (batch: Entry['batch']) => boolean): void {
    for (const { queues } of this.#accumulator.topics.values()) {
      for (const queue of queues) {
        for (const batch of queue?.batches.filter(isMeant) ?? []) this.#delivery.giveUp({ queue: queue!, batch }, error)
      }
    }
  }

  #broker(id: number): BrokerState {
    let broker = this.#brokers.get(id)
    if (broker === undefined) {
      broker = { id, inFlight: 0, isConnecting: false, retryAt: 0, lastError: undefined }
      this.#brokers.set(id, broker)
    }
    return broker
  }

  #wakeAt(at: number): void {
    if (at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    const delayMs = Math.max(1, Math.ceil(at - this.#context.clock.monotonic()))
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity
      this.wake()
    }, delayMs)
  }
}

function asSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error
  return new SluiceError('INTERNAL', 'A produce request could not be made', { cause: error })
}
