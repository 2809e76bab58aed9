import { setImmediate as afterIo } from 'node:timers/promises'
import { type TopicPartition, SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import type { FetchPosition, FetchedPartition, Fetcher, FetcherOptions } from '../port.ts'
import { BrokerFetches } from './broker-fetches.ts'
import { FetchMetrics } from './fetch-metrics.ts'
import { type FetchSettings, fetchSettings } from './fetch-settings.ts'
import { PartitionState } from './partition-state.ts'

/**
 * The way of a fetched record: broker → broker-fetch (one request at a time, one answer read ahead) → `poll`, which finds the
 * records in the answer's bytes (read-ahead) and moves the position. Positions live here and nowhere else.
 */
export class PartitionFetcher implements Fetcher {
  readonly #context: ClusterContext
  readonly #settings: FetchSettings
  readonly #assigned = new Map<string, PartitionState>()
  readonly #fetches: BrokerFetches
  readonly #metrics: FetchMetrics
  /** Of a poll that waits. */
  #onArrival: (() => void) | undefined
  #isClosed = false

  constructor(context: ClusterContext, options: FetcherOptions) {
    this.#context = context
    this.#settings = fetchSettings(options)
    this.#fetches = new BrokerFetches(
      context,
      this.#settings,
      this.#assigned,
      () => this.#onArrival?.(),
      () => this.#onArrival !== undefined,
    )
    this.#metrics = new FetchMetrics(context.metrics, this.#fetches.clientId, this.#assigned)
    context.opened.add(this)
  }

  assign(positions: readonly FetchPosition[]): void {
    const before = new Map(this.#assigned)
    this.#assigned.clear()
    for (const position of positions) {
      const key = keyOf(position)
      const known = before.get(key)
      this.#assigned.set(key, known !== undefined && stays(known, position) ? known : new PartitionState(position))
    }
    this.#fetches.pump()
  }

  seek(position: FetchPosition): void {
    const known = this.#state(position)
    const moved = new PartitionState(position)
    moved.isPaused = known.isPaused
    this.#assigned.set(keyOf(moved), moved)
    this.#fetches.pump()
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#state(partition).isPaused = true
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#state(partition).isPaused = false
    this.#fetches.pump()
    this.#onArrival?.()
  }

  position(partition: TopicPartition): number | undefined {
    const position = this.#assigned.get(keyOf(partition))?.position
    return position === -1 ? undefined : position
  }

  end(partition: TopicPartition): number | undefined {
    const end = this.#assigned.get(keyOf(partition))?.endOffset
    return end === -1 ? undefined : end
  }

  async poll(timeoutMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]> {
    const { clock } = this.#context
    const until = clock.monotonic() + timeoutMs
    for (;;) {
      if (this.#isClosed) throw new SluiceError('INTERRUPTED', 'The fetcher has been closed')
      const fetched = this.#take()
      this.#fetches.pump()
      const leftMs = until - clock.monotonic()
      if (fetched.length > 0 || signal?.aborted === true) return fetched
      if (leftMs <= 0) {
        // A caller that polls without a wait in a loop must not keep the answers from coming in.
        await afterIo()
        return this.#take()
      }
      await this.#arrival(leftMs, signal)
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#assigned.clear()
    this.#context.opened.delete(this)
    this.#onArrival?.()
    await this.#fetches.close()
  }

  /** What has been read ahead of partitions that are not paused. @throws the fault of a partition, before anything is taken */
  #take(): FetchedPartition[] {
    for (const { fault } of this.#assigned.values()) if (fault !== null) throw fault
    const fetched: FetchedPartition[] = []
    // Compressed records can become many times as much: what a poll returns is bounded by what comes out.
    let leftBytes = this.#settings.pollBytesMax
    for (const state of this.#assigned.values()) {
      if (state.ready === null || state.isPaused) continue
      if (leftBytes <= 0) break
      const { topic, partition, position, ready } = state
      try {
        const { batches, bytes, nextOffset, leaderEpoch } = ready.take(position, leftBytes)
        if (nextOffset === position) throw new Error('no whole record batch came')
        leftBytes -= bytes
        state.position = nextOffset
        if (leaderEpoch !== -1) state.positionEpoch = leaderEpoch
        if (ready.isEmpty) state.ready = null
        const { highWatermark, lastStableOffset, logStartOffset } = ready.raw
        const lag = { highWatermark, lastStableOffset, logStartOffset }
        fetched.push({
          topic,
          partition,
          topicId: state.topicId,
          batches,
          nextOffset,
          leaderEpoch: state.positionEpoch,
          ...lag,
        })
      } catch (cause) {
        state.ready = null
        state.fault = new SluiceError('KAFKA_PROTOCOL', 'What a broker holds of a partition cannot be read', {
          cause,
          place: { topic, partition, offset: position },
          remedy: "Look at the broker's log; to go on without these records, move the position past them.",
        })
        if (fetched.length === 0) throw state.fault
      }
    }
    if (fetched.length > 0) this.#metrics.polled(fetched, this.#context.clock.monotonic())
    return fetched
  }

  /** Resolves when something has arrived, the time is over, or the signal is aborted. */
  async #arrival(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const arrived = new AbortController()
    // A reason of its own spares the making of an error, with a stack, for each fetch.
    const arrive = (): void => arrived.abort(null)
    this.#onArrival = arrive
    signal?.addEventListener('abort', arrive, { once: true })
    await this.#context.clock.sleep(timeoutMs, arrived.signal)
    signal?.removeEventListener('abort', arrive)
    this.#onArrival = undefined
  }

  #state(partition: TopicPartition): PartitionState {
    const state = this.#assigned.get(keyOf(partition))
    if (state !== undefined) return state
    throw new SluiceError(
      'INTERNAL',
      `Partition ${partition.partition} of ${partition.topic} is not assigned to this fetcher`,
    )
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`
}

/** Whether a new assignment goes on where the partition stands: then what was read ahead is kept. */
function stays(known: PartitionState, { offset, topicId }: FetchPosition): boolean {
  const isSameTopic = topicId === undefined || known.topicId === '' || topicId === known.topicId
  return known.fault === null && isSameTopic && (offset === null ? known.lookUp === 'reset' : known.position === offset)
}
