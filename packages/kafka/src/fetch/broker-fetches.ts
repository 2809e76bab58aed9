import type { ResponseBody } from '@sluice/kafka-protocol'
import { SluiceError, describeError } from '@sluice/sdk'
import { ClusterAdmin } from '../admin.ts'
import type { ClusterContext } from '../cluster.ts'
import { Deadline, backoffMs } from '../deadline.ts'
import { KAFKA_ERROR, isRetriableCode, isStaleMetadata, refused } from '../kafka-errors.ts'
import type { FetcherOptions } from '../port.ts'
import type { BrokerLinks } from '../wire/broker-links.ts'
import type { Connection } from '../wire/connection.ts'
import type { PartitionState } from './partition-state.ts'

const ISOLATION_LEVELS = { read_uncommitted: 0, read_committed: 1 } as const

/** From this version on topics are named by their id alone (KIP-516). */
const VERSION_WITH_IDS = 13

const PAUSE_MS = 100
/** A broker that answers an empty fetch sooner than this does not wait as it was asked to. */
const ANSWER_TOO_SOON_MS = 5

type PartitionAnswer = ResponseBody<'Fetch'>['responses'][number]['partitions'][number]

/**
 * Keeps one fetch under way per broker that leads hungry partitions. A broker is not asked again while something it sent waits
 * to be polled: one answer is read ahead, and a long poll for idle partitions never delays a busy one. Every failure is
 * followed by a pause.
 */
export class BrokerFetches {
  readonly #context: ClusterContext
  readonly #options: Required<FetcherOptions>
  readonly #assigned: ReadonlyMap<string, PartitionState>
  readonly #onArrival: () => void
  readonly #links: BrokerLinks
  readonly #busy = new Set<number>()
  readonly #lookUps = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #isClosed = false

  constructor(
    context: ClusterContext,
    options: Required<FetcherOptions>,
    assigned: ReadonlyMap<string, PartitionState>,
    onArrival: () => void,
  ) {
    this.#context = context
    this.#options = options
    this.#assigned = assigned
    this.#onArrival = onArrival
    this.#links = context.ownLinks()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#links.close()
  }

  /** Sends what fetches can be sent now. Called whenever something has changed. */
  pump(): void {
    if (this.#isClosed) return
    const now = this.#context.clock.monotonic()
    this.#context.metadata.changes()
    const groups = new Map<number, PartitionState[]>()
    const full = new Set<number>(this.#busy)
    for (const state of this.#assigned.values()) {
      const leader = this.#leaderOf(state, now)
      if (leader === -1) continue
      if (state.ready !== null && !state.isPaused) full.add(leader)
      if (!state.isHungry(now)) {
        if (state.retryAt > now && state.retryAt < Infinity) this.#wakeAt(state.retryAt)
        continue
      }
      const group = groups.get(leader)
      if (group === undefined) groups.set(leader, [state])
      else group.push(state)
    }
    for (const [broker, group] of groups) if (!full.has(broker)) void this.#fetch(broker, group)
  }

  /** -1 when it is not known yet; then it is being asked for. */
  #leaderOf(state: PartitionState, now: number): number {
    const { metadata } = this.#context
    const topic = metadata.peek(state.topic)
    const leader = topic?.leaders[state.partition] ?? -1
    if (leader !== -1 || now < state.retryAt) return leader
    if (topic === undefined) void this.#lookUp(state.topic)
    else metadata.refreshSoon()
    this.#backOff(state, now)
    return -1
  }

  async #lookUp(topic: string): Promise<void> {
    if (this.#lookUps.has(topic)) return
    this.#lookUps.add(topic)
    const { metadata, clock, requestTimeoutMs, logger } = this.#context
    try {
      await metadata.topic(topic, new Deadline(clock, requestTimeoutMs))
    } catch (error) {
      if (!this.#isClosed) logger.warn('A topic to read cannot be found', { topic, error: describeError(error) })
      if (!(error instanceof SluiceError) || !error.retriable) this.#fail(topic, error)
    }
    this.#lookUps.delete(topic)
    for (const state of this.#assigned.values()) if (state.topic === topic) state.retryAt = 0
    this.pump()
  }

  async #fetch(broker: number, group: readonly PartitionState[]): Promise<void> {
    const { clock, metadata } = this.#context
    this.#busy.add(broker)
    for (const state of group) state.isBusy = true
    try {
      const connection = await this.#links.to(broker)
      const sentAt = clock.monotonic()
      const answer = await this.#request(connection, group)
      if (answer.errorCode !== KAFKA_ERROR.NONE) throw refused(answer.errorCode, `Broker ${broker} refused a fetch`)
      const isEmpty = !this.#take(group, answer)
      if (isEmpty && clock.monotonic() - sentAt < Math.min(ANSWER_TOO_SOON_MS, this.#options.maxWaitMs / 2)) {
        for (const state of group) state.retryAt = Math.max(state.retryAt, clock.monotonic() + PAUSE_MS / 2)
      }
    } catch (error) {
      if (this.#isClosed) return
      metadata.refreshSoon()
      this.#context.logger.debug('Fetching again', { broker, error: describeError(error) })
      for (const state of group) {
        if (error instanceof SluiceError && error.retriable) this.#backOff(state, clock.monotonic())
        else state.fault = asFault(error)
      }
      this.#onArrival()
    } finally {
      this.#busy.delete(broker)
      for (const state of group) state.isBusy = false
      this.pump()
    }
  }

  #request(connection: Connection, group: readonly PartitionState[]): Promise<ResponseBody<'Fetch'>> {
    const { maxWaitMs, minBytes, bytesMax, partitionBytesMax, isolation } = this.#options
    const byTopic = new Map<string, { partition: number; fetchOffset: number; partitionMaxBytes: number }[]>()
    for (const { topic, partition, position } of group) {
      const one = { partition, fetchOffset: position, partitionMaxBytes: partitionBytesMax }
      const partitions = byTopic.get(topic)
      if (partitions === undefined) byTopic.set(topic, [one])
      else partitions.push(one)
    }
    const topics = Array.from(byTopic, ([topic, partitions]) => ({ topic, topicId: this.#idOf(topic), partitions }))
    const hasIds = topics.every(({ topicId }) => topicId !== ZERO_UUID)
    const version = connection.version('Fetch', {
      lowest: VERSION_WITH_IDS - 1,
      highest: hasIds ? 17 : VERSION_WITH_IDS - 1,
    })
    return connection.send(
      'Fetch',
      version,
      {
        maxWaitMs,
        minBytes,
        maxBytes: bytesMax,
        isolationLevel: ISOLATION_LEVELS[isolation],
        topics,
        forgottenTopicsData: [],
        rackId: '',
      },
      this.#context.requestTimeoutMs + maxWaitMs,
    )
  }

  /** Hands each partition its answer; false if nothing came for any. */
  #take(group: readonly PartitionState[], answer: ResponseBody<'Fetch'>): boolean {
    const now = this.#context.clock.monotonic()
    const answers = new Map<string, PartitionAnswer>()
    const nameOf = new Map(group.map(({ topic }) => [this.#idOf(topic), topic]))
    for (const { topic, topicId, partitions } of answer.responses) {
      const name = topic === '' ? nameOf.get(topicId) : topic
      for (const partition of partitions) answers.set(`${name} ${partition.partitionIndex}`, partition)
    }
    let isAny = false
    for (const state of group) {
      const found = answers.get(`${state.topic} ${state.partition}`)
      // Sessionless fetches are answered in full; a partition that is missing is asked about again.
      if (found === undefined) this.#backOff(state, now)
      else isAny = this.#takePartition(state, found, now) || isAny
    }
    if (isAny) this.#onArrival()
    return isAny
  }

  #takePartition(state: PartitionState, found: PartitionAnswer, now: number): boolean {
    const { errorCode, records } = found
    const { topic, partition } = state
    if (errorCode === KAFKA_ERROR.NONE) {
      state.failures = 0
      if (records === null || records.length === 0) return false
      const aborted = found.abortedTransactions ?? []
      state.ready = { records, aborted, highWatermark: Number(found.highWatermark) }
      return true
    }
    if (errorCode === KAFKA_ERROR.OFFSET_OUT_OF_RANGE) {
      void this.#reset(state)
    } else if (isRetriableCode(errorCode) || isStaleMetadata(errorCode)) {
      if (isStaleMetadata(errorCode)) this.#context.metadata.refreshSoon()
      this.#backOff(state, now)
    } else {
      state.fault = refused(errorCode, `Partition ${partition} of ${topic} cannot be read`, { topic, partition })
    }
    return state.fault !== null
  }

  /** The position is not, or no longer, in the log: moves it as the reset policy says. */
  async #reset(state: PartitionState): Promise<void> {
    const { reset } = this.#options
    const { topic, partition, position } = state
    if (reset === 'none') {
      state.fault = new SluiceError(
        'OFFSET_OUT_OF_RANGE',
        `Offset ${position} of partition ${partition} of ${topic} is not there`,
        {
          place: { topic, partition, offset: position },
          remedy:
            'Records may have expired before they were read. Set the position, or a reset policy: earliest or latest.',
        },
      )
      return
    }
    // Not fetched again before the new position is known.
    state.retryAt = Infinity
    try {
      const [end] = await new ClusterAdmin(this.#context).listOffsets([{ topic, partition }], reset)
      state.position = end!.offset
      state.retryAt = 0
      const moved = { topic, partition, from: position, to: end!.offset, reset }
      this.#context.logger.warn('A position was out of range and has been moved', moved)
    } catch (error) {
      if (this.#isClosed) return
      const facts = { topic, partition, error: describeError(error) }
      this.#context.logger.warn('A position is out of range and cannot be moved yet', facts)
      this.#backOff(state, this.#context.clock.monotonic())
    }
    this.pump()
  }

  #fail(topic: string, error: unknown): void {
    for (const state of this.#assigned.values()) if (state.topic === topic) state.fault = asFault(error)
    this.#onArrival()
  }

  #backOff(state: PartitionState, now: number): void {
    state.retryAt = now + backoffMs(++state.failures, this.#context.random)
    this.#wakeAt(state.retryAt)
  }

  #idOf(topic: string): string {
    return this.#context.metadata.peek(topic)?.id ?? ZERO_UUID
  }

  #wakeAt(at: number): void {
    if (at >= this.#timerAt || this.#isClosed) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(
      () => {
        this.#timerAt = Infinity
        this.pump()
      },
      Math.max(1, Math.ceil(at - this.#context.clock.monotonic())),
    )
  }
}

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

function asFault(error: unknown): SluiceError {
  return error instanceof SluiceError
    ? error
    : new SluiceError('INTERNAL', 'A fetch could not be made', { cause: error })
}
