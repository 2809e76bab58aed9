import { SluiceError, describeError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import { Deadline, backoffMs } from '../deadline.ts'
import { KAFKA_ERROR, isRetriableCode, isStaleMetadata, refused } from '../kafka-errors.ts'
import type { BrokerLinks } from '../wire/broker-links.ts'
import { BrokerFetch, type OnPartition } from './broker-fetch.ts'
import type { FetchSettings } from './fetch-settings.ts'
import { LookUps } from './look-ups.ts'
import type { PartitionState } from './partition-state.ts'
import { ReadAhead } from './read-ahead.ts'

/** How long a replica nearby is used before the leader is asked again (KIP-392: `metadata.max.age.ms`). */
const REPLICA_MS = 300_000

/**
 * Keeps one fetch under way per broker that has hungry partitions. A broker is not asked again while something it sent waits
 * to be polled: one answer is read ahead, and a long poll for idle partitions never delays a busy one. The brokers share
 * `bufferBytesMax` evenly: as each has either a fetch under way or an answer waiting, they never hold more together.
 */
export class BrokerFetches {
  readonly #context: ClusterContext
  readonly #settings: FetchSettings
  readonly #assigned: ReadonlyMap<string, PartitionState>
  readonly #onArrival: () => void
  readonly #isAwaited: () => boolean
  readonly #links: BrokerLinks
  readonly #isCommittedOnly: boolean
  readonly #lookUps: LookUps
  readonly #brokers = new Map<number, BrokerFetch>()
  readonly #topicsAsked = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #timerAt = Infinity
  #isClosed = false

  constructor(
    context: ClusterContext,
    settings: FetchSettings,
    assigned: ReadonlyMap<string, PartitionState>,
    onArrival: () => void,
    isAwaited: () => boolean,
  ) {
    this.#context = context
    this.#settings = settings
    this.#assigned = assigned
    this.#onArrival = onArrival
    this.#isAwaited = isAwaited
    this.#links = context.ownLinks('consumer', settings.clientId)
    this.#isCommittedOnly = settings.isolation === 'read_committed'
    const onFailure = (state: PartitionState): void => this.#backOff(state, context.clock.monotonic())
    this.#lookUps = new LookUps(context, settings, onFailure, () => {
      this.pump()
      onArrival()
    })
  }

  /** What the connections call themselves. */
  get clientId(): string {
    return this.#links.clientId
  }

  /** Ends the sessions, then the connections. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    if (!this.#context.signal.aborted) await Promise.all([...this.#brokers.values()].map((broker) => broker.close()))
    this.#links.close()
  }

  /** Sends what fetches can be sent now. Called whenever something has changed. */
  pump(): void {
    if (this.#isClosed) return
    const now = this.#context.clock.monotonic()
    const changes = this.#context.metadata.changes()
    for (const broker of this.#brokers.values()) {
      if (!broker.isBusy) broker.wanted.length = 0
      broker.isAhead = false
      broker.isUsed = false
    }
    const resets: PartitionState[] = []
    const checks: PartitionState[] = []
    let heldBytes = 0
    for (const state of this.#assigned.values()) {
      if (state.fault !== null || state.isLookedUp || !this.#locate(state, changes, now)) continue
      if (state.isUnchecked) state.lookUp ??= 'epoch'
      if (state.lookUp !== null) {
        if (now < state.retryAt) this.#wakeAt(state.retryAt)
        else (state.lookUp === 'reset' ? resets : checks).push(state)
        continue
      }
      if (state.ready !== null && state.isPaused) heldBytes = this.#keepOrForget(state, heldBytes)
      const broker = this.#brokerOf(state.source(now))
      broker.isUsed = true
      if (state.ready !== null && !state.isPaused) broker.isAhead = true
      if (broker.isBusy) continue
      if (state.isHungry(now)) broker.wanted.push(state)
      else if (state.retryAt > now) this.#wakeAt(state.retryAt)
    }
    this.#lookUps.start('reset', resets)
    this.#lookUps.start('epoch', checks)
    this.#fetchAll(now)
  }

  #fetchAll(now: number): void {
    for (const [id, broker] of this.#brokers) {
      if (broker.isUsed || broker.isBusy) continue
      this.#brokers.delete(id)
      void broker.close()
    }
    const shareBytes = Math.floor(this.#settings.bufferBytesMax / this.#brokers.size)
    for (const broker of this.#brokers.values()) {
      if (broker.isBusy || broker.isAhead || broker.wanted.length === 0) continue
      if (broker.retryAt > now) this.#wakeAt(broker.retryAt)
      else void this.#fetch(broker, shareBytes)
    }
  }

  async #fetch(broker: BrokerFetch, shareBytes: number): Promise<void> {
    try {
      if (await broker.fetch(shareBytes, this.#isAwaited)) this.#onArrival()
    } catch (error) {
      if (this.#isClosed) return
      for (const state of broker.wanted) state.fault = asFault(error)
      this.#onArrival()
    } finally {
      this.pump()
    }
  }

  /** Whether it is known whom to ask about a partition; if not, that is being found out. */
  #locate(state: PartitionState, changes: number, now: number): boolean {
    if (state.locatedAt === changes) return true
    const { metadata } = this.#context
    const topic = metadata.peek(state.topic)
    if (topic !== undefined && state.topicId !== '' && topic.id !== state.topicId) {
      state.fault = recreated(state, topic.id)
      this.#onArrival()
      return false
    }
    const leader = topic?.leaders[state.partition] ?? -1
    if (topic === undefined || leader === -1) {
      if (now < state.retryAt) {
        this.#wakeAt(state.retryAt)
        return false
      }
      if (topic === undefined) void this.#ask(state.topic)
      else metadata.refreshSoon()
      this.#backOff(state, now)
      return false
    }
    if (leader !== state.leader) state.replica = -1
    state.topicId = topic.id
    state.leader = leader
    state.leaderEpoch = topic.leaderEpochs[state.partition] ?? -1
    state.locatedAt = changes
    return true
  }

  /** A topic that nobody has asked for yet, or that is not there yet. */
  async #ask(topic: string): Promise<void> {
    if (this.#topicsAsked.has(topic)) return
    this.#topicsAsked.add(topic)
    const { metadata, clock, requestTimeoutMs, logger } = this.#context
    try {
      await metadata.topic(topic, new Deadline(clock, requestTimeoutMs))
    } catch (error) {
      if (!this.#isClosed) logger.warn('A topic to read cannot be found', { topic, error: describeError(error) })
      if (!(error instanceof SluiceError) || !error.retriable) this.#fail(topic, error)
    }
    this.#topicsAsked.delete(topic)
    for (const state of this.#assigned.values()) if (state.topic === topic) state.retryAt = 0
    this.pump()
  }

  readonly #onPartition: OnPartition = (state, found, endpoints, frame) => {
    const now = this.#context.clock.monotonic()
    const { errorCode, records, preferredReadReplica } = found
    if (errorCode !== KAFKA_ERROR.NONE) return this.#refused(state, errorCode, found.currentLeader, endpoints, now)
    state.failures = 0
    state.checkedEpoch = state.sentLeaderEpoch
    if (preferredReadReplica >= 0 && this.#context.metadata.addressOf(preferredReadReplica) !== undefined) {
      state.replica = preferredReadReplica
      state.replicaUntil = now + REPLICA_MS
    }
    state.endOffset = Number(this.#isCommittedOnly ? found.lastStableOffset : found.highWatermark)
    state.startOffset = Number(found.logStartOffset)
    if (records === null || records.length === 0) return false
    const raw = {
      records,
      aborted: found.abortedTransactions ?? [],
      highWatermark: Number(found.highWatermark),
      lastStableOffset: Number(found.lastStableOffset),
      logStartOffset: Number(found.logStartOffset),
    }
    state.ready = new ReadAhead(raw, this.#settings.isolation, frame(records))
    return true
  }

  #refused(
    state: PartitionState,
    errorCode: number,
    leader: { readonly leaderId: number; readonly leaderEpoch: number },
    endpoints: Parameters<OnPartition>[2],
    now: number,
  ): boolean {
    const { topic, partition } = state
    const { metadata } = this.#context
    if (state.replica !== -1) {
      // The replica may lag behind, or be one no longer: only the leader's word counts.
      state.replica = -1
      this.#backOff(state, now)
    } else if (errorCode === KAFKA_ERROR.OFFSET_OUT_OF_RANGE) {
      state.lookUp = 'reset'
    } else if (isRetriableCode(errorCode) || isStaleMetadata(errorCode)) {
      if (metadata.leaderMoved(topic, partition, leader, endpoints)) return false
      if (isStaleMetadata(errorCode)) metadata.refreshSoon()
      this.#backOff(state, now)
    } else {
      state.fault = refused(errorCode, `Partition ${partition} of ${topic} cannot be read`, { topic, partition })
    }
    return state.fault !== null
  }

  /** Paused partitions keep what was read ahead for them as long as that is little: each may hold a whole answer. */
  #keepOrForget(state: PartitionState, heldBytes: number): number {
    const bytes = state.ready!.heldBytes
    if (heldBytes + bytes <= this.#settings.bufferBytesMax / 2) return heldBytes + bytes
    state.ready = null
    return heldBytes
  }

  #brokerOf(id: number): BrokerFetch {
    let broker = this.#brokers.get(id)
    if (broker === undefined) {
      broker = new BrokerFetch(id, this.#context, this.#settings, this.#links, this.#onPartition)
      this.#brokers.set(id, broker)
    }
    return broker
  }

  #fail(topic: string, error: unknown): void {
    for (const state of this.#assigned.values()) if (state.topic === topic) state.fault = asFault(error)
    this.#onArrival()
  }

  #backOff(state: PartitionState, now: number): void {
    state.retryAt = now + backoffMs(++state.failures, this.#context.random)
    this.#wakeAt(state.retryAt)
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

function asFault(error: unknown): SluiceError {
  return error instanceof SluiceError
    ? error
    : new SluiceError('INTERNAL', 'A fetch could not be made', { cause: error })
}

function recreated({ topic, partition, position, topicId }: PartitionState, id: string): SluiceError {
  return new SluiceError('TOPIC_RECREATED', `Topic ${topic} is another one than the one that was read`, {
    place: { topic, partition, offset: position, topicId, newTopicId: id },
    remedy: 'The topic was deleted and created again. Decide what its old records still mean, then set the position.',
  })
}
