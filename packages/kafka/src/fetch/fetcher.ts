import { setImmediate as afterIo } from 'node:timers/promises'
import { type TopicPartition, type TopicPartitionOffset, SluiceError } from '@sluice/sdk'
import type { ClusterContext } from '../cluster.ts'
import type { FetchedPartition, Fetcher, FetcherOptions } from '../port.ts'
import { BrokerFetches } from './broker-fetches.ts'
import { decodeFetched } from './fetched-records.ts'
import { PartitionState } from './partition-state.ts'

/**
 * The way of a fetched record: broker → broker-fetches (one request per broker, one answer read ahead) → `poll`, which finds the
 * records in the answer's bytes and moves the position. Positions live here and nowhere else.
 */
export class PartitionFetcher implements Fetcher {
  readonly #context: ClusterContext
  readonly #options: Required<FetcherOptions>
  readonly #assigned = new Map<string, PartitionState>()
  readonly #fetches: BrokerFetches
  #onArrival: () => void = () => undefined
  #isClosed = false

  constructor(context: ClusterContext, options: FetcherOptions) {
    this.#context = context
    this.#options = {
      isolation: options.isolation ?? 'read_uncommitted',
      maxWaitMs: options.maxWaitMs ?? 500,
      minBytes: options.minBytes ?? 1,
      bytesMax: options.bytesMax ?? 8 * 1024 * 1024,
      partitionBytesMax: options.partitionBytesMax ?? 1024 * 1024,
      reset: options.reset ?? 'none',
    }
    this.#fetches = new BrokerFetches(context, this.#options, this.#assigned, () => this.#onArrival())
    context.opened.add(this)
  }

  assign(positions: readonly TopicPartitionOffset[]): void {
    const before = new Map(this.#assigned)
    this.#assigned.clear()
    for (const { topic, partition, offset } of positions) {
      const key = keyOf({ topic, partition })
      const known = before.get(key)
      const stays = known !== undefined && known.position === offset && known.fault === null
      this.#assigned.set(key, stays ? known : new PartitionState(topic, partition, offset))
    }
    this.#fetches.pump()
  }

  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const known = this.#state({ topic, partition })
    const moved = new PartitionState(topic, partition, offset)
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
    this.#onArrival()
  }

  position(partition: TopicPartition): number | undefined {
    return this.#assigned.get(keyOf(partition))?.position
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
    this.#fetches.close()
    this.#assigned.clear()
    this.#context.opened.delete(this)
    this.#onArrival()
  }

  /** What has been read ahead of partitions that are not paused. @throws the fault of a partition, before anything is taken */
  #take(): FetchedPartition[] {
    for (const { fault } of this.#assigned.values()) if (fault !== null) throw fault
    const fetched: FetchedPartition[] = []
    for (const state of this.#assigned.values()) {
      if (state.ready === null || state.isPaused) continue
      const raw = state.ready
      const { topic, partition, position } = state
      state.ready = null
      try {
        const { batches, nextOffset } = decodeFetched(raw, position, this.#options.isolation)
        if (nextOffset === position) throw new Error('no whole record batch came')
        state.position = nextOffset
        fetched.push({ topic, partition, batches, nextOffset, highWatermark: raw.highWatermark })
      } catch (cause) {
        state.fault = new SluiceError('KAFKA_PROTOCOL', 'What a broker holds of a partition cannot be read', {
          cause,
          place: { topic, partition, offset: position },
          remedy: "Look at the broker's log; to go on without these records, move the position past them.",
        })
        if (fetched.length === 0) throw state.fault
      }
    }
    return fetched
  }

  /** Resolves when something has arrived, the time is over, or the signal is aborted. */
  async #arrival(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    const arrived = new AbortController()
    const arrive = (): void => arrived.abort()
    this.#onArrival = arrive
    signal?.addEventListener('abort', arrive, { once: true })
    await this.#context.clock.sleep(timeoutMs, arrived.signal)
    signal?.removeEventListener('abort', arrive)
    this.#onArrival = () => undefined
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
