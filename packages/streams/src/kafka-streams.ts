/** Runs a topology against Kafka: takes up its partitions, keeps the record path going, and says where it stands. */
import type { Kafka, Producer } from '@sluice/kafka'
import type { Scorecard } from '@sluice/quality'
import {
  describeError,
  isRetriable,
  silentLogger,
  SluiceError,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type Metrics,
  type Random,
} from '@sluice/sdk'
import { gateScores } from './gate-scores.ts'
import { progressOf, type StreamsProgress } from './progress.ts'
import { OutputBatch } from './record-path/output-batch.ts'
import { remember } from './record-path/remember.ts'
import { StreamLoop, type PartitionStanding } from './record-path/stream-loop.ts'
import { StreamMetrics } from './stream-metrics.ts'
import { QUARANTINE_BYTES, takeUp, type TakenUp } from './take-up.ts'
import type { StreamsSettings } from './streams-settings.ts'
import type { StreamsState } from './streams-state.ts'
import type { Topology } from './topology/topology.ts'

/** What an application is given. The connection stays the caller's: it is not closed here. */
export interface StreamsPorts {
  readonly kafka: Kafka
  readonly metrics: Metrics
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** Told of each change of state. */
  readonly onState?: (state: StreamsState) => void
}

export interface RunOptions {
  /** Aborted: stop fetching, let what is under way become durable, commit, return. */
  readonly signal?: AbortSignal
  /**
   * When to stop by itself: `end` where every partition ended when the run began; or a function that is asked between fetches.
   * Default: never.
   */
  readonly until?: 'end' | ((progress: StreamsProgress) => boolean)
}

/**
 * Kafka Streams' `KafkaStreams`, for one process: all partitions of all source topics are its own. It goes on from the offsets
 * committed under `application.id`, or from the earliest record.
 *
 * Every record is passed, quarantined, dropped with a counted reason, or not committed; the counts are committed with the offsets
 * (invariant 2). After a crash the records since the last commit are processed again: at least once.
 */
export class KafkaStreams {
  readonly #topology: Topology
  readonly #settings: StreamsSettings
  readonly #kafka: Kafka
  readonly #metrics: StreamMetrics
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #random: Random
  readonly #onState: (state: StreamsState) => void
  #state: StreamsState = 'CREATED'
  #standings: readonly PartitionStanding[] = []

  /** @throws SluiceError TOPOLOGY_INVALID for a topology with stores */
  constructor(topology: Topology, settings: StreamsSettings, ports: StreamsPorts) {
    const application = settings['application.id']
    refuseStores(topology)
    this.#topology = topology
    this.#settings = settings
    this.#kafka = ports.kafka
    this.#metrics = new StreamMetrics(ports.metrics, application)
    this.#logger = (ports.logger ?? silentLogger).child({ application })
    this.#clock = ports.clock ?? systemClock
    this.#random = ports.random ?? systemRandom
    this.#onState = ports.onState ?? (() => undefined)
  }

  get state(): StreamsState {
    return this.#state
  }

  /** Where each source partition stands: empty before the first partitions are taken up, the last word after the end. */
  progress(): StreamsProgress {
    return progressOf(this.#standings)
  }

  /** What each gate has found since this process took up its partitions: by check, also where nothing failed. */
  scorecards(): readonly Scorecard[] {
    return gateScores(new Set(this.#standings.flatMap(({ task }) => task.gates)))
  }

  /**
   * Runs until stopped; called once. Errors that may pass are retried from the committed offsets, up to `task.timeout.ms` without
   * progress. Rejects with GATE_HALTED (state HALTED), STOP_TIMED_OUT, or what ended the run (state ERROR); whatever was durable by
   * then is committed.
   */
  async run({ signal = new AbortController().signal, until }: RunOptions = {}): Promise<StreamsProgress> {
    if (this.#state !== 'CREATED')
      throw new SluiceError('INTERNAL', 'An application runs once', { remedy: 'Make a new KafkaStreams.' })
    try {
      const { stop, drained } = await this.#runThroughFailures(signal, until)
      if (stop !== null) throw stop
      if (!drained) throw stopTimedOut(this.#settings['close.timeout.ms'])
      this.#become('NOT_RUNNING')
      return this.progress()
    } catch (error) {
      const halted = error instanceof SluiceError && error.code === 'GATE_HALTED'
      if (!halted) this.#become('PENDING_ERROR')
      this.#logger.error(halted ? 'Halted by a gate' : 'Stopped by an error', { error: describeError(error) })
      this.#become(halted ? 'HALTED' : 'ERROR')
      throw error
    }
  }

  async #runThroughFailures(signal: AbortSignal, until: RunOptions['until']): ReturnType<StreamLoop['run']> {
    const { 'task.timeout.ms': timeoutMs, 'retry.backoff.ms': first, 'retry.backoff.max.ms': longest } = this.#settings
    let reached = -1
    let failingSince = 0
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(signal, until)
      } catch (error) {
        const now = this.#clock.monotonic()
        const committed = this.#standings.reduce((sum, standing) => sum + (standing.committed ?? 0), 0)
        if (committed > reached) [reached, failingSince, attempt] = [committed, now, 0]
        if (!isRetriable(error) || signal.aborted || now - failingSince > timeoutMs) throw error
        const pauseMs = Math.min(longest, first * 2 ** attempt)
        this.#logger.warn('Going back to what is committed, after an error that may pass', {
          error: describeError(error),
          pauseMs,
        })
        this.#metrics.restarted()
        this.#become('REBALANCING')
        await this.#clock.sleep(pauseMs, signal)
      }
    }
  }

  async #attempt(signal: AbortSignal, until: RunOptions['until']): ReturnType<StreamLoop['run']> {
    this.#become('REBALANCING')
    const settings = this.#settings
    const output = new OutputBatch()
    const taken = await takeUp(this.#topology, settings, this.#kafka, {
      output,
      clock: this.#clock,
      random: this.#random,
    })
    this.#standings = taken.standings
    for (const task of new Set(taken.standings.map((standing) => standing.task))) this.#metrics.started(task)
    await this.#remember(taken, signal)
    const fetcher = this.#kafka.fetcher()
    const producer = this.#kafka.producer({
      compression: settings['producer.compression.type'],
      lingerMs: settings['producer.linger.ms'],
      requestBytesMax: settings['producer.max.request.size'] + QUARANTINE_BYTES,
      bufferBytesMax: settings['buffered.bytes.max'],
    })
    const loop = new StreamLoop(
      taken.standings,
      output,
      {
        commitIntervalMs: settings['commit.interval.ms'],
        pollTimeoutMs: settings['poll.ms'],
        inFlightBytesMax: settings['buffered.bytes.max'],
        closeTimeoutMs: settings['close.timeout.ms'],
        taskTimeoutMs: settings['task.timeout.ms'],
      },
      {
        fetcher,
        producer,
        offsets: this.#kafka.groupOffsets(settings['application.id']),
        clock: this.#clock,
        logger: this.#logger,
        metrics: this.#metrics,
      },
    )
    const announce = (): void => this.#become('PENDING_SHUTDOWN')
    signal.addEventListener('abort', announce, { once: true })
    try {
      this.#become('RUNNING')
      return await loop.run(signal, this.#finished(taken, until))
    } finally {
      signal.removeEventListener('abort', announce)
      await this.#close(producer)
      await fetcher.close()
    }
  }

  async #remember(taken: TakenUp, signal: AbortSignal): Promise<void> {
    if (taken.standings.every(({ task }) => task.memoryRecords === 0)) return
    const fetcher = this.#kafka.fetcher()
    try {
      await remember(taken.standings, taken.earliest, { fetcher, clock: this.#clock, logger: this.#logger }, signal)
    } finally {
      await fetcher.close()
    }
  }

  #finished(taken: TakenUp, until: RunOptions['until']): () => boolean {
    if (until === undefined) return () => false
    if (until === 'end') return () => taken.standings.every(({ partition }, i) => partition.position >= taken.ends[i]!)
    return () => until(this.progress())
  }

  /** Everything that matters is settled by now, or has failed: what is left is given up without a wait. */
  async #close(producer: Producer): Promise<void> {
    try {
      await producer.close(0)
    } catch (error) {
      this.#logger.debug('Records were given up when the producer was closed', { error: describeError(error) })
    }
  }

  #become(state: StreamsState): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState(state)
  }
}

function refuseStores({ stores }: Topology): void {
  if (stores.size === 0) return
  throw new SluiceError('TOPOLOGY_INVALID', 'A topology with state stores is not run against Kafka yet', {
    place: { stores: [...stores.keys()].join(', ') },
    remedy: 'Run it in the TopologyTestDriver.',
  })
}

function stopTimedOut(timeoutMs: number): SluiceError {
  return new SluiceError(
    'STOP_TIMED_OUT',
    `What was put out did not become durable within ${timeoutMs} ms of the stop`,
    {
      remedy: 'Nothing is lost: it is processed again at the next start. Raise close.timeout.ms if the broker is slow.',
    },
  )
}
