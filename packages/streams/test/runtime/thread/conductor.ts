/** The conductor alone: its tasks are real ones, all around it is told what to do. */
import { afterEach } from '@jest/globals'
import {
  EMPTY_TALLY,
  type CommittedOffset,
  type ConsumerMember,
  type FetchedPartition,
  type Fetcher,
} from '@sluice/kafka'
import { RetriableError, systemRandom, type TopicPartition } from '@sluice/sdk'
import { FakeClock, MemoryLogger } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, streamsSettings, type KStream } from '../../../src/index.ts'
import { OutputBatch } from '../../../src/record-path/output-batch.ts'
import { StreamTask } from '../../../src/record-path/stream-task.ts'
import { changelogOf } from '../../../src/runtime/restore/changelog.ts'
import type { Pauses } from '../../../src/runtime/thread/pauses.ts'
import type { RunningTasks } from '../../../src/runtime/tasks/running-tasks.ts'
import { StreamThread } from '../../../src/runtime/thread/stream-thread.ts'
import type { ThreadParts } from '../../../src/runtime/thread/thread-parts.ts'
import type { Writer } from '../../../src/runtime/writer/writer.ts'
import { memoryStores } from '../../../src/state/create-store.ts'
import { taskSettingsOf } from '../../../src/task-settings.ts'
import { fetchedPartition } from '../../support/fetched-partition.ts'

export const texts = { key: Serdes.string, value: Serdes.string }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const settings = taskSettingsOf(
  streamsSettings.parse({ 'application.id': 'app', 'processing.exception.handler': 'fail' }),
)

/** Calls that end when the test says so. */
export class Calls {
  readonly #ends = new Map<string, { resolve(value: string): void; reject(error: unknown): void }>()
  readonly ask = (value: string | null): Promise<string> =>
    new Promise((resolve, reject) => this.#ends.set(value!, { resolve, reject }))

  end(value: string): void {
    this.#ends.get(value)!.resolve(`${value}!`)
  }

  fail(value: string): void {
    this.#ends.get(value)!.reject(new Error(`${value} is out`))
  }
}

export class Around {
  readonly clock = new FakeClock()
  readonly output = new OutputBatch()
  readonly changelogs = new OutputBatch()
  readonly logger = new MemoryLogger()
  readonly tasks = new Map<number, StreamTask>()
  /** What was written, and the offsets that were committed, in order. */
  readonly told: string[] = []
  /** Of something, or of nothing. */
  readonly commits: boolean[] = []
  readonly paused = new Set<string>()
  /** A commit takes as long. */
  broker: Promise<void> = Promise.resolve()
  /** The group rebalances. */
  hasNoPlace = false
  readonly thread: StreamThread
  readonly #topology
  readonly #waiting: FetchedPartition[] = []
  #wakes: (() => void) | null = null
  readonly #stopping = new AbortController()
  #ended: Promise<unknown> = Promise.resolve()

  constructor(shape: (stream: KStream<string | null, string | null>) => void, isAtomic = false) {
    const builder = new StreamsBuilder()
    shape(builder.stream('in', texts))
    this.#topology = builder.build()
    const { clock, output, changelogs, told } = this
    const fetcher: Partial<Fetcher> = {
      assign: () => undefined,
      pause: (places) => places.forEach(({ partition }) => this.paused.add(`in-${partition}`)),
      resume: (places) => places.forEach(({ partition }) => this.paused.delete(`in-${partition}`)),
      end: () => undefined,
      poll: async (_timeoutMs, signal) => {
        if (this.#waiting.length === 0 && signal?.aborted !== true) {
          await new Promise<void>((resolve) => {
            this.#wakes = resolve
            signal?.addEventListener('abort', () => resolve(), { once: true })
          })
        }
        await turn()
        return this.#waiting.splice(0)
      },
    }
    const written: Writer['write'] = (records) => {
      for (const { topic, key, value } of records) told.push(`${topic} ${String(key)}:${String(value)}`)
    }
    const writer: Writer = {
      write: written,
      writeBehind: written,
      letBehindGo: ignore,
      room: async () => undefined,
      commit: async (offsets) => {
        await this.broker
        told.push(...offsets.map(({ partition, offset }) => `commit ${partition}@${offset}`))
      },
      holdsWhileCommitting: isAtomic,
      isAtomic,
      written: new Map(),
      isOpen: false,
      failure: null,
      close: async () => undefined,
    }
    const metrics = { round: ignore, started: ignore, committed: ignore, polled: ignore, punctuated: ignore }
    const parts: Partial<ThreadParts> = {
      tasks: this.#running() as unknown as RunningTasks,
      output,
      changelogs,
      fetcher: fetcher as Fetcher,
      writer,
      clock,
      logger: this.logger,
      metrics: metrics as unknown as ThreadParts['metrics'],
      threadMetrics: metrics as unknown as ThreadParts['threadMetrics'],
      pauses: {
        version: 0,
        isPaused: () => false,
        keysOf: () => new Set(),
        onChange: () => ignore,
      } as unknown as Pauses,
      purge: { committed: ignore },
      onSettled: ignore,
      onCommitted: (isOfSomething) => this.commits.push(isOfSomething),
    }
    this.thread = new StreamThread(
      {
        commitIntervalMs: 1_000,
        pollTimeoutMs: 100,
        bufferedBytesMax: 100,
        closeTimeoutMs: 1_000,
        taskTimeoutMs: 60_000,
        callsTimeoutMs: 10_000,
      },
      parts as ThreadParts,
    )
  }

  async begin(): Promise<this> {
    const tenure = (): void => {
      if (this.hasNoPlace) throw new RetriableError('KAFKA_REFUSED', 'The group rebalances')
    }
    const member = { poll: ignore, committed: async () => [], tenure } as unknown as ConsumerMember
    this.#ended = this.thread.run(member, this.#stopping.signal, { isOver: () => false })
    this.#ended.catch(ignore)
    await this.assign(0)
    return this
  }

  async assign(partition: number): Promise<void> {
    this.thread.hooks.onAssigned([{ topic: 'in', partition }])
    await this.turns()
  }

  /** Tells when it has given them up. */
  async revoke(...partitions: readonly number[]): Promise<{ isDone: boolean }> {
    const revocation = { isDone: false }
    const places = partitions.map((partition) => ({ topic: 'in', partition }))
    void this.thread.hooks.onRevoked(places).then(() => (revocation.isDone = true))
    await this.turns()
    return revocation
  }

  async turns(): Promise<void> {
    for (let i = 0; i < 20; i++) await turn()
  }

  async pipe(partition: number, first: number, ...values: readonly string[]): Promise<void> {
    const rows = values.map((value, i) => ({ offset: first + i, key: value, value }))
    this.#waiting.push(fetchedPartition(rows, { partition, bytes: 100 * values.length }))
    this.#wakes?.()
    await this.turns()
  }

  /** The next commit is due: a round shows that. */
  async due(): Promise<void> {
    this.clock.advance(1_000)
    this.#wakes?.()
    await this.turns()
  }

  /** Lets it end. @throws what it throws */
  async end(): Promise<unknown> {
    this.#stopping.abort(null)
    return this.#ended
  }

  #running() {
    const { tasks } = this
    const committed = new Map<number, number>()
    const all = (): StreamTask[] => [...tasks.values()]
    return {
      get all() {
        return tasks.values()
      },
      areOnDisk: false,
      askOthers: true,
      get areEntangled() {
        return all().some((task) => task.stores.size > 0 || task.calls.isUsed)
      },
      of: ({ partition }: TopicPartition) => tasks.get(partition),
      ofSameTasks: (others: readonly TopicPartition[], partitions: readonly TopicPartition[]) =>
        partitions.filter((one) => others.some(({ partition }) => partition === one.partition)),
      uncommitted: (): CommittedOffset[] =>
        all()
          .flatMap(({ partitions }) => partitions)
          .filter(({ partition, position }) => position !== (committed.get(partition) ?? 0))
          .map(({ topic, partition, position }) => ({ topic, partition, offset: position, metadata: '' })),
      anyOffset: () => [],
      hasCommitted: (offsets: readonly CommittedOffset[]) =>
        offsets.forEach(({ partition, offset }) => committed.set(partition, offset)),
      persist: ignore,
      prepare: async (partitions: readonly TopicPartition[]) =>
        partitions.map(({ partition }) => this.#task(partition)),
      begin: (begun: readonly StreamTask[]) => begun.forEach((task) => tasks.set(task.partition, task)),
      discard: async () => undefined,
      close: async (places: readonly TopicPartition[]) => {
        for (const { partition } of places) {
          tasks.get(partition)?.close()
          tasks.delete(partition)
        }
      },
    }
  }

  #task(partition: number): StreamTask {
    const { clock, output, changelogs } = this
    const changelog = changelogOf('app', partition, changelogs)
    const starts = [{ topic: 'in', partition, offset: 0, tally: EMPTY_TALLY }]
    const stores = { factory: memoryStores, changelog }
    const ports = { clock, random: systemRandom, output, stores }
    return new StreamTask(this.#topology, this.#topology.subtopologies[0]!, partition, starts, settings, ports)
  }
}
const ignore = (): void => undefined

const begun: Around[] = []
export const beginning = async (...given: ConstructorParameters<typeof Around>): Promise<Around> => {
  const around = new Around(...given)
  begun.push(around)
  return around.begin()
}
afterEach(async () => {
  for (const around of begun.splice(0)) await around.end().catch(ignore)
})

export const asking = (calls: Calls) => (stream: KStream<string | null, string | null>) =>
  stream.mapValuesAsync(calls.ask, { timeoutMs: 100_000 }).to('out', texts)
/** Each record changes a store, which tells its changelog at once. */
export const counted = (stream: KStream<string | null, string | null>): KStream<string | null, string | null> =>
  stream
    .groupByKey(texts)
    .count({ materialized: { name: 'counts', caching: false } })
    .toStream()
    .mapValues((_count, key) => key) as KStream<string | null, string | null>
