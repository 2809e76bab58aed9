/** What the threads of an instance stand on while nothing fails: its topics, its global stores, and when the run is over. */
import { isDeepStrictEqual } from 'node:util'
import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Random, SluiceError, TopicPartition } from '@sluice/sdk'
import type { StreamsProgress } from '../../progress.ts'
import type { StreamMetrics } from '../../stream-metrics.ts'
import type { StreamsSettings } from '../../streams-settings.ts'
import { commitIntervalOf, taskSettingsOf } from '../../task-settings.ts'
import type { Topology } from '../../topology/topology.ts'
import { Judged, LogEnd, never, type Finish } from './finish.ts'
import { GlobalThread } from '../global/global-thread.ts'
import type { Pauses } from './pauses.ts'
import type { StreamThread } from './stream-thread.ts'
import type { TopologyRecord } from '../topics/topology-record.ts'
import { SourceWatch, sourcesCame, sourcesGone, type SourceChange } from '../topics/source-watch.ts'
import { prepareTopics, readingOf, type PreparedTopics } from '../topics/topics.ts'

export interface Ground {
  readonly prepared: PreparedTopics
  /** Null: there are no global stores. */
  readonly globals: GlobalThread | null
  readonly finish: Finish
}

export interface GroundParts {
  /** The application's: see `Topology.forApplication`. */
  readonly topology: Topology
  readonly settings: StreamsSettings
  readonly kafka: Kafka
  readonly record: TopologyRecord
  readonly stateDirectory: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: StreamMetrics
  /** Those that run at the moment. */
  readonly threads: () => Iterable<StreamThread>
  readonly progress: () => StreamsProgress
  readonly pauses: Pick<Pauses, 'parked'>
}

/** When a run ends by itself: see `RunOptions`. */
export type Until = 'end' | ((progress: StreamsProgress) => boolean)

/** Made once for all threads, and anew when one of them goes back to what is committed. Global stores are kept up through all of that. */
export class CommonGround {
  readonly #parts: GroundParts
  readonly #until: Until | undefined
  readonly #signal: AbortSignal
  #current: Promise<Ground | null> | null = null
  #globals: GlobalThread | null = null
  #globalTopics: PreparedTopics['globals'] = new Map()
  /** Where a bounded run ends: as it was when that was first known. */
  #finish: Finish | null = null
  #watch: SourceWatch | null = null
  /** What is read is not what it was: nothing can stand on what was made before. */
  #hasOtherSources = false

  /** @param signal aborted: nothing more is made */
  constructor(parts: GroundParts, until: Until | undefined, signal: AbortSignal) {
    this.#parts = parts
    this.#until = until
    this.#signal = signal
  }

  /** As it was made last; null: it has not been, or the run was over. */
  get current(): Promise<Ground | null> {
    return this.#current ?? Promise.resolve(null)
  }

  /** `isAnew`: what was made may not be so any more. Null: the run is over. @throws what `prepareTopics` and `GlobalThread.start` throw */
  get(isAnew: boolean): Promise<Ground | null> {
    const isSound = !this.#hasOtherSources && (this.#globals === null || this.#globals.failure === null)
    if (this.#current !== null && !isAnew && isSound) return this.#current
    // One after the other: there is one set of global stores.
    const before = this.current.catch(() => null)
    return (this.#current = before.then(() => this.#make()))
  }

  /** The group's leader misses some of the topics that are read, or knows others. */
  lookForSources(): void {
    this.#watch?.lookNow()
  }

  /** Of a run that has come to its end by itself: see `Finish`. */
  get leftUndone(): SluiceError | null {
    return this.#finish?.leftUndone ?? null
  }

  async close(): Promise<void> {
    this.#watch?.stop()
    await this.#globals?.close()
  }

  async #make(): Promise<Ground | null> {
    if (this.#signal.aborted) return null
    const { topology, settings, kafka, record } = this.#parts
    const prepared = await prepareTopics(topology, settings, kafka, record)
    this.#watchSources(prepared)
    const globals = await this.#openGlobals(prepared)
    this.#finish ??= await this.#finishOf(prepared)
    return this.#signal.aborted ? null : { prepared, globals, finish: this.#finish }
  }

  /** Null: there are none. Those of the attempt before go on, unless it was they that failed, or their topics are larger by now. */
  async #openGlobals({ topology, globals: topics }: PreparedTopics): Promise<GlobalThread | null> {
    if (topics.size === 0) return null
    const areAsBefore = isDeepStrictEqual(topics, this.#globalTopics)
    if (this.#globals !== null && this.#globals.failure === null && areAsBefore) return this.#globals
    await this.#globals?.close()
    this.#globals = null
    this.#globalTopics = topics
    const { settings, kafka, stateDirectory, clock, random, logger, metrics } = this.#parts
    const taskSettings = taskSettingsOf(settings)
    const parts = {
      topology,
      topics,
      kafka,
      settings: taskSettings,
      isolation: taskSettings.isolation,
      stateDirectory,
      commitIntervalMs: commitIntervalOf(settings),
      timeoutMs: settings['task.timeout.ms'],
      clock,
      random,
      logger,
      metrics,
    }
    this.#globals = await GlobalThread.start(parts, this.#signal)
    this.#globals?.onFailure((error) => {
      for (const thread of this.#parts.threads()) thread.fail(error)
    })
    return this.#globals
  }

  #watchSources({ sources, globals }: PreparedTopics): void {
    const { settings, kafka, clock, logger, topology } = this.#parts
    this.#watch?.stop()
    this.#hasOtherSources = false
    this.#watch = new SourceWatch({
      admin: kafka.admin,
      sources: new Map([...sources, ...globals]),
      matching: topology.hasPatterns
        ? (topics) => readingOf(topology, topics, settings).sources.flatMap((source) => source.topics)
        : null,
      // A run that ends by itself ends where what it found at first has its end.
      looksForMore: this.#until === undefined,
      intervalMs: settings['metadata.max.age.ms'],
      clock,
      logger,
      onChange: (change) => this.#sourcesChanged(change),
    })
  }

  #sourcesChanged({ missing, more, refused }: SourceChange): void {
    const { topology, threads } = this.#parts
    this.#hasOtherSources = true
    if (refused !== null) {
      for (const thread of threads()) thread.fail(refused)
      return
    }
    if (missing.length > 0) {
      const error = sourcesGone(missing, new Set(topology.sources.flatMap((source) => source.topics)))
      for (const thread of threads()) thread.fail(error)
      return
    }
    for (const thread of threads()) void goBack(thread, sourcesCame(more))
  }

  async #finishOf({ topology, sources }: PreparedTopics): Promise<Finish> {
    const { settings, kafka, progress, threads, pauses } = this.#parts
    const until = this.#until
    if (until === undefined) return never
    if (until !== 'end') return new Judged(() => until(progress()))
    const group = kafka.groupOffsets(settings['application.id'])
    return LogEnd.now({
      admin: kafka.admin,
      isolation: taskSettingsOf(settings).isolation,
      places: Array.from(sources).flatMap(([topic, count]) =>
        Array.from({ length: count }, (_, partition): TopicPartition => ({ topic, partition })),
      ),
      internal: new Set(Array.from(topology.repartitions.values(), ({ name }) => name)),
      committed: (partitions) => group.committed(partitions),
      threads,
      parked: () => pauses.parked(),
    })
  }
}

/** To what is committed, which is all that it has processed, if that can be had. */
async function goBack(thread: StreamThread, reason: SluiceError): Promise<void> {
  const fail = (): Promise<void> => Promise.resolve(thread.fail(reason))
  await thread.standingStill(fail).catch(fail)
}
