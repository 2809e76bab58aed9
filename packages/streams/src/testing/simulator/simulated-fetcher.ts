import type { FetchedPartition, Fetcher, FetcherOptions, FetchPosition } from '@sluice/kafka'
import type { Random, TopicPartition } from '@sluice/sdk'
import { keyOf } from '../../runtime/partition-key.ts'
import type { Link } from './link.ts'
import type { SimulatedBroker } from './simulated-broker.ts'
import { fetchedRecords } from './simulated-log.ts'

/** Most records of a partition in one answer; each answer has fewer, by chance, so that runs of records differ. */
const RECORDS_MAX = 24

interface Reading extends TopicPartition {
  offset: number
  isPaused: boolean
  /** Where it ended when the broker last answered. */
  end: number | undefined
}

interface FetchAnswer {
  readonly fetched: readonly FetchedPartition[]
  /** In the order of what was asked. */
  readonly ends: readonly number[]
}

/** Reads given partitions; which of those that have records are in an answer, in which order and with how many, is left to chance. */
export class SimulatedFetcher implements Fetcher {
  readonly #link: Link
  readonly #broker: SimulatedBroker
  readonly #isolation: 'read_committed' | 'read_uncommitted'
  #readings = new Map<string, Reading>()

  constructor(link: Link, broker: SimulatedBroker, { isolation = 'read_uncommitted' }: FetcherOptions) {
    this.#link = link
    this.#broker = broker
    this.#isolation = isolation
  }

  assign(positions: readonly FetchPosition[]): void {
    const before = this.#readings
    this.#readings = new Map(
      positions.map((position) => {
        const kept = before.get(keyOf(position))
        return [keyOf(position), { ...readingOf(position), isPaused: kept?.isPaused ?? false }]
      }),
    )
  }

  seek(position: FetchPosition): void {
    this.#readings.set(keyOf(position), readingOf(position))
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, false)
  }

  async poll(timeoutMs: number, signal?: AbortSignal): Promise<readonly FetchedPartition[]> {
    if (signal?.aborted === true) return []
    const asked = new Map([...this.#readings].filter(([, { isPaused }]) => !isPaused))
    if (asked.size === 0) {
      await this.#link.clock.sleep(timeoutMs, signal)
      return []
    }
    const readings = [...asked.values()]
    const answer = this.#link.request<FetchAnswer>('fetch', (answered) => {
      this.#waitFor(readings, timeoutMs, signal, (fetched) =>
        answered({ fetched, ends: readings.map((reading) => this.#reachable(reading)) }),
      )
    })
    // What a lost answer held is asked for again by the next poll.
    const { fetched: arrived, ends } = await Promise.race([answer.catch(() => NOTHING), aborted(signal)])
    for (const [i, end] of ends.entries()) readings[i]!.end = end
    // Of a partition that was moved meanwhile, nothing of the answer counts.
    return arrived.filter((fetched) => {
      const reading = this.#readings.get(keyOf(fetched))
      if (reading === undefined || reading !== asked.get(keyOf(fetched)) || reading.isPaused) return false
      reading.offset = fetched.nextOffset
      return true
    })
  }

  position(partition: TopicPartition): number | undefined {
    return this.#readings.get(keyOf(partition))?.offset
  }

  end(partition: TopicPartition): number | undefined {
    return this.#readings.get(keyOf(partition))?.end
  }

  close(): Promise<void> {
    this.#readings = new Map()
    return Promise.resolve()
  }

  #waitFor(
    readings: readonly Reading[],
    timeoutMs: number,
    signal: AbortSignal | undefined,
    answered: (fetched: readonly FetchedPartition[]) => void,
  ): void {
    const found = this.#look(readings)
    if (found.length > 0 || timeoutMs <= 0) return answered(found)
    const over = new AbortController()
    const stop = this.#broker.onMore(() => {
      const more = this.#look(readings)
      if (more.length > 0) end(more)
    })
    const end = (fetched: readonly FetchedPartition[]): void => {
      stop()
      over.abort()
      signal?.removeEventListener('abort', onAbort)
      answered(fetched)
    }
    // Nobody waits for the answer any more.
    const onAbort = (): void => {
      stop()
      over.abort()
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const late = async (): Promise<void> => {
      await this.#link.clock.sleep(timeoutMs, over.signal)
      if (!over.signal.aborted) end([])
    }
    void late()
  }

  #look(readings: readonly Reading[]): readonly FetchedPartition[] {
    const { random } = this.#link
    const found = readings.flatMap((reading): FetchedPartition[] => {
      const log = this.#broker.partition(reading)
      if (this.#reachable(reading) <= reading.offset) return []
      const max = 1 + Math.floor(random.next() * RECORDS_MAX)
      const { records, nextOffset } = log.read(reading.offset, this.#isolation, max)
      return [
        {
          topic: reading.topic,
          partition: reading.partition,
          topicId: reading.topic,
          batches: records.length === 0 ? [] : [fetchedRecords(records)],
          nextOffset,
          leaderEpoch: 0,
          highWatermark: log.endOffset,
          lastStableOffset: log.lastStableOffset,
          logStartOffset: 0,
        },
      ]
    })
    const chosen = found.length > 1 ? found.filter(() => random.next() < 0.8) : found
    return shuffled(chosen.length > 0 ? chosen : found, random)
  }

  #reachable(partition: TopicPartition): number {
    const log = this.#broker.partition(partition)
    return this.#isolation === 'read_committed' ? log.lastStableOffset : log.endOffset
  }

  #setPaused(partitions: readonly TopicPartition[], isPaused: boolean): void {
    for (const partition of partitions) {
      const reading = this.#readings.get(keyOf(partition))
      if (reading !== undefined) reading.isPaused = isPaused
    }
  }
}

function readingOf({ topic, partition, offset }: FetchPosition): Reading {
  return { topic, partition, offset: offset ?? 0, isPaused: false, end: undefined }
}

function shuffled<T>(from: readonly T[], random: Random): readonly T[] {
  const left = [...from]
  return from.map(() => left.splice(Math.floor(random.next() * left.length), 1)[0]!)
}

const NOTHING: FetchAnswer = { fetched: [], ends: [] }

function aborted(signal: AbortSignal | undefined): Promise<FetchAnswer> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(NOTHING)
    else signal?.addEventListener('abort', () => resolve(NOTHING), { once: true })
  })
}
