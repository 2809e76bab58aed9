/** Runs a topology against Kafka: keeps its threads going, and says where they stand. */
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Kafka, MetricGroup } from '@sluice/kafka'
import { openObjectStore } from '@sluice/object-store'
import type { Scorecard } from '@sluice/quality'
import {
  describeError,
  silentLogger,
  SluiceError,
  systemClock,
  systemRandom,
  type Clock,
  type Logger,
  type Random,
} from '@sluice/sdk'
import type { AssignmentInfo } from './assignment/assignment-info.ts'
import { SHUTDOWN_REQUESTED } from './assignment/streams-assignor.ts'
import { gateScores } from './gate-scores.ts'
import { mergeProgress, type StreamsProgress } from './progress.ts'
import { beginFromSavepoint } from './runtime/snapshots/begin-from-savepoint.ts'
import { CommonGround } from './runtime/thread/ground.ts'
import { checkPause, Pauses, type PauseTarget } from './runtime/thread/pauses.ts'
import { requestShutdown, shutdownRequested } from './runtime/shutdown-request.ts'
import { takeSavepoint } from './runtime/snapshots/take-savepoint.ts'
import { ThreadLife, type ThreadState } from './runtime/thread/thread-life.ts'
import { TopologyFile, type TopologyRecord } from './runtime/topics/topology-record.ts'
import { planTopics, prepareTopics } from './runtime/topics/topics.ts'
import { savepointRefused } from './state/snapshots/savepoint-manifest.ts'
import { StreamMetrics } from './stream-metrics.ts'
import { checkTimes, quarantineTopicOf, type StreamsSettings } from './streams-settings.ts'
import { answering, telling, type RunOptions, type StreamsPorts } from './streams-ports.ts'
import { STREAMS_STATES, type StreamsState } from './streams-state.ts'
import type { TopologyPlan } from './topology/plan.ts'
import { refuseQuarantineLoops } from './topology/quarantine-loop.ts'
import type { Topology } from './topology/topology.ts'

/**
 * Kafka Streams' `KafkaStreams`: one instance of an application. Each of its threads is a member of the group `application.id`, with the
 * tasks that the group gives it. They go on from the committed offsets, or from where their sources say.
 *
 * Threads share one JavaScript thread: several of them overlap waits (commits, fetches, restoring), they do not add processors.
 *
 * Every record is passed, quarantined, dropped with a counted reason, or not committed; the counts are committed with the offsets
 * (invariant 2). After a crash the records since the last commit are processed again: what came of them is seen twice (at least once),
 * or was never seen (exactly once).
 */
export class KafkaStreams {
  readonly #topology: Topology
  readonly #settings: StreamsSettings
  readonly #kafka: Kafka
  readonly #metrics: StreamMetrics
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #random: Random
  readonly #processId: string
  readonly #record: TopologyRecord
  readonly #onState: (state: StreamsState) => void
  readonly #onUncaughtException: NonNullable<StreamsPorts['onUncaughtException']>
  #state: StreamsState = 'CREATED'
  /** By index; also those that have ended with the run. */
  readonly #threads = new Map<number, ThreadLife>()
  /** Threads, and what is to become one, whose end is waited for. */
  #underWay = 0
  readonly #ended = Promise.withResolvers<void>()
  readonly #stopping = new AbortController()
  #failure: { readonly error: unknown } | null = null
  readonly #pauses = new Pauses()
  #failedThreads = 0
  /** Of the run; null before it. */
  #ground: CommonGround | null = null
  /** In a row, for the pause before the next one; and when the last one was. */
  #replacements = 0
  #replacedAt = -Infinity

  /** @throws SluiceError SETTINGS_INVALID for times that cannot be; TOPOLOGY_INVALID for a source of its own quarantine topic */
  constructor(topology: Topology, settings: StreamsSettings, ports: StreamsPorts) {
    const application = settings['application.id']
    checkTimes(settings)
    refuseQuarantineLoops(topology, quarantineTopicOf(settings))
    this.#topology = topology
    this.#settings = settings
    this.#kafka = ports.kafka
    this.#metrics = new StreamMetrics(ports.metrics, application)
    this.#logger = (ports.logger ?? silentLogger).child({ application })
    this.#clock = ports.clock ?? systemClock
    this.#random = ports.random ?? systemRandom
    this.#processId = ports.processId ?? randomUUID()
    this.#record = ports.record ?? new TopologyFile(this.#stateDirectory())
    this.#onState = telling(ports, this.#logger)
    this.#onUncaughtException = answering(ports, this.#logger)
  }

  get state(): StreamsState {
    return this.#state
  }

  /**
   * What would become of each store and internal topic, compared with what the topology was when they were written. Changes nothing; `run`
   * refuses what is refused here.
   * @throws SluiceError TOPOLOGY_INVALID when a source topic does not exist
   */
  async plan(): Promise<TopologyPlan> {
    const topology = this.#topology.forApplication(this.#settings['application.id'])
    return await planTopics(topology, this.#settings, this.#kafka, this.#record)
  }

  /** The threads that there are, in the order of their numbers. */
  threads(): readonly { readonly name: string; readonly state: ThreadState }[] {
    return this.#inOrder().map(({ name, state }) => ({ name, state }))
  }

  /** Where each source partition stands: empty before the first partitions are taken up, the last word after the end. */
  progress(): StreamsProgress {
    return mergeProgress(this.#inOrder().map((thread) => thread.progress()))
  }

  /** What each gate has found since this process took up its partitions: by check, also where nothing failed. */
  scorecards(): readonly Scorecard[] {
    return gateScores(new Set(this.#inOrder().flatMap(({ gates }) => gates)))
  }

  /** What Kafka Streams measures, under its names: see `STREAM_METRIC_GROUPS`. Of what runs now; measured when it is asked for. */
  metrics(): readonly MetricGroup[] {
    const threads = this.#inOrder()
    const values = {
      'client-state': STREAMS_STATES.indexOf(this.#state),
      'alive-stream-threads': threads.filter(({ state }) => state !== 'DEAD').length,
      'failed-stream-threads': this.#failedThreads,
    }
    const clientId = `${this.#settings['application.id']}-${this.#processId}`
    const client = { group: 'stream-metrics', tags: { 'client-id': clientId }, values }
    return [client, ...threads.flatMap((thread) => thread.metrics())]
  }

  /**
   * Nothing of it is processed until `resume` with the same target; without one, nothing at all. The instance stays in its group, so that
   * nobody else does it instead. At any time, also before `run`; it takes effect between two rounds. Records of a `key` are held back, and
   * all others of their partition go on. @throws SluiceError TOPOLOGY_INVALID for a key of a topic that is read once more at a restart
   */
  pause(target: PauseTarget = {}): void {
    checkPause(target, this.#topology.forApplication(this.#settings['application.id']))
    this.#pauses.add(target)
  }

  resume(target: PauseTarget = {}): void {
    this.#pauses.remove(target)
  }

  /** Whether the target is paused, by itself or with more. */
  isPaused(target: PauseTarget = {}): boolean {
    return this.#pauses.has(target)
  }

  /** One more member of the group, as in KIP-663. Returns its name; null unless the application is running. */
  addStreamThread(): string | null {
    if (this.#state !== 'RUNNING' && this.#state !== 'REBALANCING') return null
    let index = 1
    while (this.#threads.has(index)) index++
    return this.#start(index).name
  }

  /**
   * Ends the thread that was added last: what it has processed is committed, its tasks go to the others, also of a static member.
   * Without any thread left the application waits for one to be added. Resolves to its name; to null when there is none to end.
   */
  async removeStreamThread(): Promise<string | null> {
    if (this.#state !== 'RUNNING' && this.#state !== 'REBALANCING') return null
    const thread = this.#inOrder().findLast(({ state }) => state !== 'PENDING_SHUTDOWN' && state !== 'DEAD')
    if (thread === undefined) return null
    await thread.remove()
    this.#threads.delete(thread.index)
    this.#threadsChanged()
    return thread.name
  }

  /**
   * Runs until stopped; called once. Errors that may pass are retried from the committed offsets, up to `task.timeout.ms` without
   * progress. Rejects with GATE_HALTED (state HALTED), STOP_TIMED_OUT, or what ended the run (state ERROR); whatever was durable by
   * then is committed. A run until the `end` that has nothing left to do but what waits behind parked records rejects with TASK_FAILED,
   * which names them; what somebody has paused it waits for.
   */
  async run({ signal = new AbortController().signal, until }: RunOptions = {}): Promise<StreamsProgress> {
    if (this.#state !== 'CREATED')
      throw new SluiceError('INTERNAL', 'An application runs once', { remedy: 'Make a new KafkaStreams.' })
    this.#ground = this.#groundFor(until)
    const onAbort = (): void => {
      this.#become('PENDING_SHUTDOWN')
      this.#stop()
    }
    this.#become('REBALANCING')
    for (let index = 1; index <= this.#settings['num.stream.threads']; index++) this.#start(index)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    await this.#ended.promise
    signal.removeEventListener('abort', onAbort)
    await this.#ground.close()
    const { leftUndone } = this.#ground
    if (leftUndone !== null) this.#failure ??= { error: leftUndone }
    if (this.#failure === null) {
      this.#become('NOT_RUNNING')
      return this.progress()
    }
    const { error } = this.#failure
    this.#logger.error(isHalt(error) ? 'Halted by a gate' : 'Stopped by an error', { error: describeError(error) })
    this.#become(isHalt(error) ? 'HALTED' : 'ERROR')
    throw error
  }

  /**
   * Copies the state of all tasks, and where their sources stand, at one commit, to a place of its own in an object store (a `file:`,
   * `s3:` or `memory:` URL, or a path). While the state is copied on disk nothing is processed; it is written to the store beside the work.
   * Every instance that has tasks is asked for it, with the same place, and goes on when all have given theirs: at most `timeoutMs`
   * (default 60,000) may pass until then, and until nothing is left in the application's own topics. Returns the tasks with state. @throws SluiceError SAVEPOINT_REFUSED, STORE_UNAVAILABLE, STATE_DISK_FULL
   */
  async savepoint(
    url: string,
    { timeoutMs = 60_000 }: { readonly timeoutMs?: number } = {},
  ): Promise<readonly string[]> {
    const ground = (await this.#ground?.current) ?? null
    if (this.#state !== 'RUNNING' || ground === null)
      throw savepointRefused(`The application is ${this.#state}`, 'Take savepoints while it is RUNNING.')
    return takeSavepoint({
      application: this.#settings['application.id'],
      prepared: ground.prepared,
      instance: this.#processId,
      threads: () => this.#inOrder().filter(({ state }) => state === 'RUNNING'),
      pauses: this.#pauses,
      kafka: this.#kafka,
      stateDirectory: this.#stateDirectory(),
      store: openObjectStore(url, { clock: this.#clock }),
      clock: this.#clock,
      logger: this.#logger,
      timeoutMs,
    })
  }

  /**
   * Before `run`, of an application that has not begun yet: makes its topics and gives it the state and the positions of a savepoint, also
   * of one with another `application.id`. Called once, by one of its instances. Its stores must be those of the savepoint, or more.
   * @throws SluiceError SAVEPOINT_REFUSED, SNAPSHOT_UNUSABLE, STORE_UNAVAILABLE; no offset is committed then
   */
  async beginFrom(url: string): Promise<void> {
    if (this.#state !== 'CREATED')
      throw savepointRefused(`The application is ${this.#state}`, 'Begin from a savepoint before the run.')
    const application = this.#settings['application.id']
    const prepared = await prepareTopics(this.#topology.forApplication(application), this.#settings, this.#kafka)
    const store = openObjectStore(url, { clock: this.#clock })
    await beginFromSavepoint({ application, prepared, kafka: this.#kafka, store, logger: this.#logger })
  }

  #inOrder(): readonly ThreadLife[] {
    return [...this.#threads.values()].toSorted((a, b) => a.index - b.index)
  }

  #start(index: number): ThreadLife {
    const thread = new ThreadLife({
      index,
      kafka: this.#kafka,
      settings: this.#settings,
      processId: this.#processId,
      stateDirectory: this.#stateDirectory(),
      pauses: this.#pauses,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger.child({ thread: index }),
      metrics: this.#metrics,
      ground: (isAnew) => this.#ground!.get(isAnew),
      onAssignment: (info) => this.#assigned(info),
      onUnknownTopic: () => this.#ground?.lookForSources(),
      onState: () => this.#threadsChanged(),
    })
    this.#threads.set(index, thread)
    this.#underWay++
    void this.#live(thread)
    return thread
  }

  /** Never rejects. */
  async #live(thread: ThreadLife): Promise<void> {
    try {
      const { stop, drained } = await thread.run()
      if (stop !== null) throw stop
      if (!drained) throw stopTimedOut(this.#settings['close.timeout.ms'])
    } catch (error) {
      if (!thread.isRemoved || isHalt(error)) await this.#failed(thread, error)
      else this.#logger.error('A thread that was removed has failed', { error: describeError(error) })
    }
    this.#underWay--
    if (this.#underWay === 0 && (this.#stopping.signal.aborted || !thread.isRemoved)) this.#ended.resolve()
  }

  async #failed(thread: ThreadLife, error: unknown): Promise<void> {
    this.#failedThreads++
    if (isHalt(error) || this.#stopping.signal.aborted) return this.#fail(error)
    const response = this.#onUncaughtException(error, thread.name)
    this.#logger.warn('A thread has failed', { thread: thread.name, error: describeError(error), response })
    if (response === 'REPLACE_THREAD') return this.#replace(thread)
    if (response === 'SHUTDOWN_APPLICATION') await this.#shutDownAll()
    this.#fail(error)
  }

  async #replace({ index }: ThreadLife): Promise<void> {
    const { 'retry.backoff.ms': first, 'retry.backoff.max.ms': longest, 'task.timeout.ms': timeoutMs } = this.#settings
    const now = this.#clock.monotonic()
    // Whoever was well for so long begins to fail now.
    if (now - this.#replacedAt > timeoutMs) this.#replacements = 0
    this.#replacedAt = now
    const pauseMs = Math.min(longest, first * 2 ** this.#replacements++)
    await this.#clock.sleep(pauseMs, this.#stopping.signal)
    if (!this.#stopping.signal.aborted) this.#start(index)
  }

  /** The first reason stands. */
  #fail(error: unknown): void {
    this.#failure ??= { error }
    if (!isHalt(this.#failure.error)) this.#become('PENDING_ERROR')
    this.#stop()
  }

  #stop(): void {
    this.#stopping.abort(null)
    for (const thread of this.#threads.values()) thread.stop()
    if (this.#underWay === 0) this.#ended.resolve()
  }

  /** Best effort: whoever is not reached goes on. */
  async #shutDownAll(): Promise<void> {
    try {
      const ground = await this.#ground?.current
      if (ground === null || ground === undefined) return
      const { topology, sources } = ground.prepared
      await requestShutdown(this.#kafka, this.#settings, { topology, topics: [...sources.keys()] }, this.#processId)
    } catch (error) {
      this.#logger.error('The other instances could not be told to stop', { error: describeError(error) })
    }
  }

  #assigned({ errorCode }: AssignmentInfo): void {
    if (errorCode === SHUTDOWN_REQUESTED) this.#fail(shutdownRequested())
    else if (errorCode !== 0) {
      this.#logger.error('Nothing is assigned: source topics do not exist', { errorCode })
      this.#ground?.lookForSources()
    }
  }

  #groundFor(until: RunOptions['until']): CommonGround {
    const parts = {
      topology: this.#topology.forApplication(this.#settings['application.id']),
      settings: this.#settings,
      kafka: this.#kafka,
      record: this.#record,
      stateDirectory: this.#stateDirectory(),
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      metrics: this.#metrics,
      threads: () => this.#inOrder().flatMap(({ thread }) => thread ?? []),
      progress: () => this.progress(),
      pauses: this.#pauses,
    }
    return new CommonGround(parts, until, this.#stopping.signal)
  }

  #stateDirectory(): string {
    const { 'state.dir': folder, 'application.id': application } = this.#settings
    return path.join(folder ?? path.join(tmpdir(), 'sluice-streams'), application)
  }

  #threadsChanged(): void {
    const { state } = this
    if (state !== 'REBALANCING' && state !== 'RUNNING') return
    const those = this.#inOrder().filter((thread) => thread.state !== 'PENDING_SHUTDOWN' && thread.state !== 'DEAD')
    if (those.length === 0) return
    const areRunning = those.every((thread) => thread.state === 'RUNNING')
    this.#become(areRunning ? 'RUNNING' : 'REBALANCING')
  }

  #become(state: StreamsState): void {
    if (state === this.#state || (this.#state === 'PENDING_ERROR' && state !== 'ERROR')) return
    this.#state = state
    this.#onState(state)
  }
}

function isHalt(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'GATE_HALTED'
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
