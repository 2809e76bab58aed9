/**
 * One of an instance's stream threads from its start to its end: a member of the group with all that it needs, opened for each attempt
 * and closed after it. Errors that may pass lead back to what is committed.
 */
import type { ConsumerMember, Kafka, MetricGroup } from '@sluice/kafka'
import type { Gate } from '@sluice/quality'
import { describeError, SluiceError, type Clock, type Logger, type Random } from '@sluice/sdk'
import { streamsAssignor } from '../../assignment/streams-assignor.ts'
import type { AssignmentInfo } from '../../assignment/assignment-info.ts'
import { ThreadMetrics } from '../../metrics/thread-metrics.ts'
import { progressOf, type StreamsProgress } from '../../progress.ts'
import { OutputBatch } from '../../record-path/output-batch.ts'
import { CannotTakeBack } from '../../record-path/failures.ts'
import { madeReady, mayPass, refusedIn } from './commit-failures.ts'
import type { FailedRecord } from '../../record-path/task-contract.ts'
import type { StreamMetrics } from '../../stream-metrics.ts'
import type { StreamsSettings } from '../../streams-settings.ts'
import { taskSettingsOf } from '../../task-settings.ts'
import type { Ground } from './ground.ts'
import { openSnapshots } from '../snapshots/open-snapshots.ts'
import type { Pauses } from './pauses.ts'
import { purgedTopics, RepartitionPurge } from '../topics/repartition-purge.ts'
import { WrittenTopics } from '../topics/written-topics.ts'
import { Patience } from './patience.ts'
import { Probing } from './probing.ts'
import { recoveryOf } from './recovery.ts'
import { RunningTasks } from '../tasks/running-tasks.ts'
import type { Snapshots, TaskCut } from '../snapshots/snapshots.ts'
import { StandbyTasks } from '../tasks/standby-tasks.ts'
import { StreamThread } from './stream-thread.ts'
import type { PreparedTopics } from '../topics/topics.ts'
import { threadSettingsOf } from './thread-parts.ts'
import { openWriter } from '../writer/open-writer.ts'
import type { Writer } from '../writer/writer.ts'

export interface ThreadLifeParts {
  /** From 1. */
  readonly index: number
  readonly kafka: Kafka
  readonly settings: StreamsSettings
  readonly processId: string
  readonly stateDirectory: string
  readonly pauses: Pauses
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly metrics: StreamMetrics
  /** Asked for each attempt; null: the run is over. `isAnew`: what the last attempt stood on may not be so any more. */
  ground(isAnew: boolean): Promise<Ground | null>
  /** What the group's leader says beside the partitions. */
  onAssignment(info: AssignmentInfo): void
  /** Another member reads a topic that it does not know. */
  onUnknownTopic(): void
  onState(): void
}

/** Kafka Streams' states of a thread, as far as they can be told apart here. */
export type ThreadState = 'CREATED' | 'STARTING' | 'RUNNING' | 'PENDING_SHUTDOWN' | 'DEAD'

export class ThreadLife {
  readonly name: string
  readonly #parts: ThreadLifeParts
  readonly #metrics: ThreadMetrics
  readonly #patience: Patience
  readonly #stopping = new AbortController()
  readonly #ended = Promise.withResolvers<void>()
  #state: ThreadState = 'CREATED'
  #departure: 'default' | 'leave' = 'default'
  #tasks: RunningTasks | null = null
  #thread: StreamThread | null = null
  /** Kept through all attempts; null: none are wanted, or nothing has begun. */
  #snapshots: Snapshots | null = null
  #takesBack = false
  readonly #failedBefore = new Map<string, FailedRecord>()
  /** The topic that did not take a record, in the attempt before. */
  #refusedBy: unknown = null
  /** In the attempt under way. */
  #hasCommitted = false
  /** Of the last attempt; none of one that has failed: what it had not committed does not count. */
  #last: StreamsProgress = []
  #lastGates: readonly Gate[] = []

  constructor(parts: ThreadLifeParts) {
    this.#parts = parts
    this.#patience = new Patience(parts.settings, parts.clock)
    this.name = `${parts.settings['application.id']}-${parts.processId}-StreamThread-${parts.index}`
    const level = parts.settings['metrics.recording.level'] === 'INFO' ? 'INFO' : 'DEBUG'
    this.#metrics = new ThreadMetrics(this.name, level, parts.clock, () => this.#tasks?.all ?? [])
  }

  /** Under Kafka Streams' names: see `STREAM_METRIC_GROUPS`. */
  metrics(): readonly MetricGroup[] {
    return this.#metrics.read()
  }

  get index(): number {
    return this.#parts.index
  }

  get state(): ThreadState {
    return this.#state
  }

  /** What a bounded run asks; null between two attempts. */
  get thread(): StreamThread | null {
    return this.#thread
  }

  /** All tasks as of the last commit: while the thread stands still. */
  cut(): readonly TaskCut[] {
    return this.#tasks?.cut() ?? []
  }

  /** As `StreamThread.standingStill`. @throws SluiceError INTERRUPTED, retriable, between two attempts */
  standingStill(work: () => Promise<void>): Promise<void> {
    const thread = this.#thread
    if (thread !== null) return thread.standingStill(work)
    return Promise.reject(
      new SluiceError('INTERRUPTED', 'The thread goes back to what is committed just now', { retriable: true }),
    )
  }

  progress(): StreamsProgress {
    const tasks = this.#tasks
    if (tasks === null || tasks.size === 0) return this.#last
    return progressOf(tasks.all, (partition) => tasks.committedOf(partition))
  }

  get gates(): readonly Gate[] {
    const running = Array.from(this.#tasks?.all ?? []).flatMap((task) => task.gates)
    return running.length > 0 ? running : this.#lastGates
  }

  get isRemoved(): boolean {
    return this.#departure === 'leave'
  }

  /** Lets it commit and end, for good, and resolves when it has. */
  async remove(): Promise<void> {
    this.#departure = 'leave'
    this.stop()
    await this.#ended.promise
  }

  /** Lets it commit and end. */
  stop(): void {
    if (this.#state !== 'DEAD') this.#become('PENDING_SHUTDOWN')
    this.#stopping.abort(null)
  }

  /** As `StreamThread.run`; called once. @throws what does not pass, or did not within `task.timeout.ms` */
  async run(): ReturnType<StreamThread['run']> {
    try {
      return await this.#runThroughFailures(this.#stopping.signal)
    } finally {
      await this.#snapshots?.close()
      this.#become('DEAD')
      this.#ended.resolve()
    }
  }

  async #runThroughFailures(signal: AbortSignal): ReturnType<StreamThread['run']> {
    const { clock, logger, metrics } = this.#parts
    for (let isAnew = false; ; isAnew = true) {
      this.#patience.begin()
      try {
        return await this.#attempt(signal, isAnew)
      } catch (error) {
        // What is known now goes otherwise the next time.
        const hasLearnt = error instanceof CannotTakeBack && this.#learn(error)
        if (this.#hasCommitted || hasLearnt) this.#patience.progressed()
        const refused = refusedIn(error)
        // The first time it may be that a topic takes less than it did when this began, which is known the next time.
        if (refused !== null && !this.#hasCommitted && refused.place?.['topic'] === this.#refusedBy) throw refused
        this.#refusedBy = refused?.place?.['topic'] ?? null
        const pauseMs = this.#patience.pauseMs()
        if (!mayPass(error) || signal.aborted || pauseMs === null) throw error
        logger.warn('Going back to what is committed, after an error that may pass', {
          error: describeError(error),
          pauseMs,
        })
        metrics.restarted()
        this.#become('STARTING')
        await Promise.all([clock.sleep(pauseMs, signal), madeReady(error, signal)])
        if (signal.aborted) return { stop: null, drained: true }
      }
    }
  }

  async #attempt(signal: AbortSignal, isAnew: boolean): ReturnType<StreamThread['run']> {
    this.#become('STARTING')
    const { kafka, settings, clock, logger, metrics, pauses, stateDirectory, random } = this.#parts
    this.#hasCommitted = false
    const ground = await this.#parts.ground(isAnew)
    if (ground === null || signal.aborted) return { stop: null, drained: true }
    const { prepared, globals, finish } = ground
    const taskSettings = {
      ...taskSettingsOf(settings),
      takesBack: this.#takesBack,
      failedBefore: this.#failedBefore,
    }
    const { isolation } = taskSettings
    const application = settings['application.id']
    this.#snapshots ??= openSnapshots(settings, { application, kafka, clock, logger, stateDirectory })
    const snapshots = this.#snapshots
    const { topology } = prepared
    const written = new WrittenTopics(topology, settings)
    const recordLimits = await written.limits(prepared.recordLimits, kafka.admin)
    const probing = new Probing(clock, (reason) => member.requestRejoin(reason))
    const standbys = new StandbyTasks({
      topology,
      applicationId: application,
      kafka,
      isolation,
      stateDirectory,
      snapshots,
      clock,
      logger,
      onCaughtUp: () => probing.caughtUp(),
    })
    const output = new OutputBatch()
    const changelogs = new OutputBatch()
    const tasks = new RunningTasks({
      topology: prepared.topology,
      kafka,
      settings: taskSettings,
      isolation,
      stateDirectory,
      globalStores: globals?.stores ?? new Map(),
      output,
      changelogs,
      clock,
      random,
      logger,
      partitionsOf: (topic) => prepared.partitionsOf(topic),
      chosen: (topic, node) => written.add(topic, node),
      recordLimits,
      snapshots,
      standbys,
      measured: (store, definition, task) => this.#metrics.measured(store, definition, task),
    })
    let thread: StreamThread | null = null
    const member: ConsumerMember = this.#memberOf(prepared, { standbys, probing }, () => thread!)
    const writer = await openWriter(this.#parts, member).catch(async (error: unknown) => {
      await member.close(0)
      throw error
    })
    const fetcher = kafka.fetcher({ isolation, bytesMax: settings['consumer.fetch.max.bytes'], isLent: true })
    thread = new StreamThread(threadSettingsOf(settings), {
      tasks,
      output,
      changelogs,
      fetcher,
      writer,
      clock,
      logger,
      metrics,
      threadMetrics: this.#metrics,
      snapshots,
      pauses,
      purge: new RepartitionPurge({
        admin: kafka.admin,
        topics: purgedTopics(prepared.topology),
        intervalMs: settings['repartition.purge.interval.ms'],
        clock,
        logger,
      }),
      onSettled: (isSettled) => this.#settled(isSettled),
      onCommitted: (isOfSomething) => {
        // While tasks are on their way those commits go through that have nothing to say.
        if (this.#state === 'RUNNING') this.#patience.isWell()
        if (!isOfSomething) return
        this.#hasCommitted = true
        for (const [name, record] of this.#failedBefore)
          if ((tasks.committedOf(record) ?? 0) > record.offset) this.#failedBefore.delete(name)
      },
    })
    this.#tasks = tasks
    this.#thread = thread
    let hasFailed = true
    try {
      if (globals !== null && globals.failure !== null) throw globals.failure.error
      const joined = member.join()
      joined.catch(() => undefined)
      await Promise.race([joined, aborted(signal)])
      const end = await thread.run(member, signal, finish)
      if (end.stop instanceof CannotTakeBack) throw end.stop
      const missing = end.drained ? null : await written.missing(kafka.admin, clock)
      if (missing !== null) throw missing
      hasFailed = false
      return end
    } catch (error) {
      throw written.named(error)
    } finally {
      this.#last = hasFailed ? [] : this.progress()
      this.#lastGates = this.gates
      this.#thread = null
      finish.left(thread, hasFailed)
      // Whatever one of them says, the others are closed too.
      probing.close()
      const [closed] = await Promise.allSettled([
        Promise.all([tasks.closeAll(), standbys.close()]),
        this.#close(writer),
        fetcher.close(),
        member.close(undefined, this.#departure),
      ])
      if (closed.status === 'rejected')
        logger.warn('State was not closed in order', { error: describeError(closed.reason) })
    }
  }

  #memberOf(
    { topology, sources }: PreparedTopics,
    { standbys, probing }: { readonly standbys: StandbyTasks; readonly probing: Probing },
    thread: () => StreamThread,
  ): ConsumerMember {
    const { kafka, settings, processId, clock } = this.#parts
    return kafka.consumerMember({
      groupId: settings['application.id'],
      topics: [...sources.keys()],
      sessionTimeoutMs: settings['session.timeout.ms'],
      heartbeatIntervalMs: settings['heartbeat.interval.ms'],
      rebalanceTimeoutMs: settings['max.poll.interval.ms'],
      metadataAgeMaxMs: settings['metadata.max.age.ms'],
      ...(settings['group.instance.id'] === null
        ? {}
        : { instanceId: this.#instanceId(settings['group.instance.id']) }),
      assignors: [
        streamsAssignor({
          topology,
          processId,
          userEndPoint: null,
          standbys: settings['num.standby.replicas'],
          held: () => standbys.held(),
          uniqueField: () => probing.count,
          recovery: recoveryOf(settings, topology, kafka, clock),
          onAssignment: (info) => {
            standbys.assign(
              info.standbyTasks.map(({ task }) => task),
              info.activeTasks,
            )
            probing.plan(info.nextRebalanceMs)
            this.#parts.onAssignment(info)
          },
          onUnknownTopic: () => this.#parts.onUnknownTopic(),
        }),
      ],
      hooks: {
        onAssigned: (partitions) => thread().hooks.onAssigned(partitions),
        onRevoked: (partitions) => thread().hooks.onRevoked(partitions),
        onLost: (partitions, cause) => thread().hooks.onLost(partitions, cause),
      },
    })
  }

  /** Each thread is a static member of its own; the first has the name that was given. */
  #instanceId(given: string): string {
    return this.index === 1 ? given : `${given}-${this.index}`
  }

  /** Everything that matters is settled by now, or has failed: what is left is given up without a wait. */
  async #close(writer: Writer): Promise<void> {
    try {
      await writer.close()
    } catch (error) {
      this.#parts.logger.debug('Records were given up when the producer was closed', { error: describeError(error) })
    }
  }

  /**
   * What a record that fails has changed in stores is noted from now on; that costs a little, and most applications need it never. Returns
   * whether the next attempt goes otherwise for it. One that is tried again has a time-out of its own, behind which it is diverted.
   */
  #learn({ isBeyond, record, failure }: CannotTakeBack): boolean {
    const isKnown = this.#takesBack && (!isBeyond || (this.#failedBefore.has(record) && failure.retry === null))
    this.#takesBack = true
    if (isBeyond) this.#failedBefore.set(record, failure)
    return !isKnown
  }

  #settled(isSettled: boolean): void {
    if (this.#state === 'STARTING' && isSettled) this.#become('RUNNING')
    else if (this.#state === 'RUNNING' && !isSettled) this.#become('STARTING')
  }

  #become(state: ThreadState): void {
    if (state === this.#state || this.#state === 'DEAD') return
    if (this.#state === 'PENDING_SHUTDOWN' && state !== 'DEAD') return
    this.#state = state
    this.#parts.onState()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
