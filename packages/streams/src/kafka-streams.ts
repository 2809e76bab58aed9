/** Runs a topology against Kafka: joins the group, keeps the record path going, and says where it stands. */
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ConsumerMember, Kafka } from '@sluice/kafka'
import type { Gate, Scorecard } from '@sluice/quality'
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
  type TopicPartition,
} from '@sluice/sdk'
import { streamsAssignor } from './assignment/streams-assignor.ts'
import { gateScores } from './gate-scores.ts'
import { progressOf, type StreamsProgress } from './progress.ts'
import { OutputBatch } from './record-path/output-batch.ts'
import { keyOf } from './runtime/partition-key.ts'
import { RunningTasks } from './runtime/running-tasks.ts'
import { StreamThread } from './runtime/stream-thread.ts'
import { prepareTopics, QUARANTINE_BYTES } from './runtime/topics.ts'
import { AtLeastOnceWriter, ExactlyOnceWriter, type Writer } from './runtime/writer.ts'
import { StreamMetrics } from './stream-metrics.ts'
import type { StreamsSettings } from './streams-settings.ts'
import type { StreamsState } from './streams-state.ts'
import { taskSettingsOf } from './task-settings.ts'
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
 * Kafka Streams' `KafkaStreams`: one instance of an application, a member of the group `application.id`, with the tasks that the group
 * gives it. They go on from the committed offsets, or from where their sources say.
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
  readonly #onState: (state: StreamsState) => void
  #state: StreamsState = 'CREATED'
  readonly #processId = randomUUID()
  #tasks: RunningTasks | null = null
  /** In the attempt under way. */
  #hasCommitted = false
  /** Of the run before, or the last one. */
  #last: StreamsProgress = []
  #lastGates: readonly Gate[] = []

  /** @throws SluiceError TOPOLOGY_INVALID for a topology with global stores; SETTINGS_INVALID for times that cannot be */
  constructor(topology: Topology, settings: StreamsSettings, ports: StreamsPorts) {
    const application = settings['application.id']
    refuseGlobalStores(topology)
    checkTimes(settings)
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
    const tasks = this.#tasks
    if (tasks === null || tasks.size === 0) return this.#last
    return progressOf(tasks.all, (partition) => tasks.committedOf(partition))
  }

  /** What each gate has found since this process took up its partitions: by check, also where nothing failed. */
  scorecards(): readonly Scorecard[] {
    const running = Array.from(this.#tasks?.all ?? []).flatMap((task) => task.gates)
    return gateScores(new Set(running.length > 0 ? running : this.#lastGates))
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

  async #runThroughFailures(signal: AbortSignal, until: RunOptions['until']): ReturnType<StreamThread['run']> {
    const { 'task.timeout.ms': timeoutMs, 'retry.backoff.ms': first, 'retry.backoff.max.ms': longest } = this.#settings
    let failingSince: number | null = null
    for (let attempt = 0; ; attempt++) {
      const startedAt = this.#clock.monotonic()
      try {
        return await this.#attempt(signal, until)
      } catch (error) {
        const now = this.#clock.monotonic()
        // What has committed, or was well for so long, begins to fail now.
        if (failingSince === null || this.#hasCommitted || now - startedAt > timeoutMs)
          [failingSince, attempt] = [now, 0]
        if (!mayPass(error) || signal.aborted || now - failingSince > timeoutMs) throw error
        const pauseMs = Math.min(longest, first * 2 ** attempt)
        this.#logger.warn('Going back to what is committed, after an error that may pass', {
          error: describeError(error),
          pauseMs,
        })
        this.#metrics.restarted()
        this.#become('REBALANCING')
        await this.#clock.sleep(pauseMs, signal)
        if (signal.aborted) return { stop: null, drained: true }
      }
    }
  }

  async #attempt(signal: AbortSignal, until: RunOptions['until']): ReturnType<StreamThread['run']> {
    this.#become('REBALANCING')
    const settings = this.#settings
    const kafka = this.#kafka
    const application = settings['application.id']
    const isExactlyOnce = settings['processing.guarantee'] === 'exactly_once_v2'
    const isolation = isExactlyOnce ? 'read_committed' : 'read_uncommitted'
    const prepared = await prepareTopics(this.#topology.forApplication(application), settings, kafka)
    const { topology, sources: counts } = prepared
    const output = new OutputBatch()
    const changelogs = new OutputBatch()
    this.#hasCommitted = false
    const tasks = new RunningTasks({
      topology,
      kafka,
      settings: taskSettingsOf(settings),
      isolation,
      stateDirectory: path.join(settings['state.dir'] ?? path.join(tmpdir(), 'sluice-streams'), application),
      output,
      changelogs,
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      partitionsOf: (topic) => prepared.partitionsOf(topic),
    })
    this.#tasks = tasks
    let thread: StreamThread | null = null
    const member = kafka.consumerMember({
      groupId: application,
      topics: [...counts.keys()],
      sessionTimeoutMs: settings['session.timeout.ms'],
      heartbeatIntervalMs: settings['heartbeat.interval.ms'],
      ...(settings['group.instance.id'] === null ? {} : { instanceId: settings['group.instance.id'] }),
      assignors: [
        streamsAssignor({
          topology,
          processId: this.#processId,
          userEndPoint: null,
          standbys: settings['num.standby.replicas'],
          held: () => [],
          onAssignment: ({ errorCode }) => {
            if (errorCode !== 0) this.#logger.error('Nothing is assigned: source topics do not exist', { errorCode })
          },
        }),
      ],
      hooks: {
        onAssigned: (partitions) => thread!.hooks.onAssigned(partitions),
        onRevoked: (partitions) => thread!.hooks.onRevoked(partitions),
        onLost: (partitions, cause) => thread!.hooks.onLost(partitions, cause),
      },
    })
    const writer = await this.#openWriter(member)
    const fetcher = kafka.fetcher({ isolation })
    thread = new StreamThread(
      {
        commitIntervalMs: settings['commit.interval.ms'] ?? (isExactlyOnce ? 100 : 5_000),
        pollTimeoutMs: settings['poll.ms'],
        bufferedBytesMax: settings['buffered.bytes.max'],
        closeTimeoutMs: settings['close.timeout.ms'],
        taskTimeoutMs: settings['task.timeout.ms'],
      },
      {
        tasks,
        output,
        changelogs,
        fetcher,
        writer,
        clock: this.#clock,
        logger: this.#logger,
        metrics: this.#metrics,
        onSettled: (isSettled) => this.#settled(isSettled),
        onCommitted: () => {
          this.#hasCommitted = true
        },
      },
    )
    const announce = (): void => this.#become('PENDING_SHUTDOWN')
    signal.addEventListener('abort', announce, { once: true })
    try {
      const finished = await this.#finished(topology, tasks, thread, counts, until)
      const joined = member.join()
      joined.catch(() => undefined)
      await Promise.race([joined, aborted(signal)])
      return await thread.run(member, signal, finished)
    } finally {
      signal.removeEventListener('abort', announce)
      this.#last = this.progress()
      this.#lastGates = Array.from(tasks.all).flatMap((task) => task.gates)
      // Whatever one of them says, the others are closed too.
      const [closed] = await Promise.allSettled([
        tasks.closeAll(),
        this.#close(writer),
        fetcher.close(),
        member.close(),
      ])
      if (closed.status === 'rejected')
        this.#logger.warn('State was not closed in order', { error: describeError(closed.reason) })
    }
  }

  async #openWriter(member: ConsumerMember): Promise<Writer> {
    const settings = this.#settings
    const application = settings['application.id']
    const requestBytesMax = settings['producer.max.request.size'] + QUARANTINE_BYTES
    const producing = {
      compression: settings['producer.compression.type'],
      lingerMs: settings['producer.linger.ms'],
      requestBytesMax,
      bufferBytesMax: Math.max(settings['buffered.bytes.max'], requestBytesMax),
    }
    if (settings['processing.guarantee'] === 'at_least_once')
      return new AtLeastOnceWriter(this.#kafka.producer(producing), member)
    const producer = await this.#kafka.transactionalProducer({
      ...producing,
      // One that stays fences what was left open at once.
      transactionalId: `${application}-${settings['group.instance.id'] ?? this.#processId}-1`,
      transactionTimeoutMs: settings['transaction.timeout.ms'],
    })
    return new ExactlyOnceWriter(producer, member)
  }

  /** When a bounded run has come to its end: asked by the thread between two rounds. */
  async #finished(
    topology: Topology,
    tasks: RunningTasks,
    thread: StreamThread,
    counts: ReadonlyMap<string, number>,
    until: RunOptions['until'],
  ): Promise<() => boolean | Promise<boolean>> {
    if (until === undefined) return () => false
    if (until !== 'end') return () => until(this.progress())
    const internal = new Set(Array.from(topology.repartitions.values(), ({ name }) => name))
    const places = Array.from(counts).flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition): TopicPartition => ({ topic, partition })),
    )
    const ends = await this.#kafka.admin.listOffsets(
      places.filter(({ topic }) => !internal.has(topic)),
      'latest',
    )
    const endOf = new Map(ends.map((one) => [keyOf(one), one.offset]))
    return async () => {
      const partitions = Array.from(tasks.all).flatMap((task) => task.partitions)
      const isThere = partitions.every((one) => one.position >= (endOf.get(keyOf(one)) ?? 0))
      if (this.#state !== 'RUNNING' || !isThere || internal.size === 0) return this.#state === 'RUNNING' && isThere
      // What was put into the application's own topics by now is part of the run too.
      await thread.commit()
      const own = partitions.filter(({ topic }) => internal.has(topic))
      const now = await this.#kafka.admin.listOffsets(
        own.map(({ topic, partition }) => ({ topic, partition })),
        'latest',
      )
      return own.every(({ position }, i) => position >= now[i]!.offset)
    }
  }

  /** Everything that matters is settled by now, or has failed: what is left is given up without a wait. */
  async #close(writer: Writer): Promise<void> {
    try {
      await writer.close()
    } catch (error) {
      this.#logger.debug('Records were given up when the producer was closed', { error: describeError(error) })
    }
  }

  #settled(isSettled: boolean): void {
    if (this.#state === 'REBALANCING' && isSettled) this.#become('RUNNING')
    else if (this.#state === 'RUNNING' && !isSettled) this.#become('REBALANCING')
  }

  #become(state: StreamsState): void {
    if (state === this.#state) return
    this.#state = state
    this.#onState(state)
  }
}

/** A transaction that is open for longer than it may be is aborted by the broker. */
function checkTimes(settings: StreamsSettings): void {
  const {
    'processing.guarantee': guarantee,
    'commit.interval.ms': commitMs,
    'transaction.timeout.ms': timeoutMs,
  } = settings
  if (guarantee !== 'exactly_once_v2' || commitMs === null || commitMs < timeoutMs) return
  throw new SluiceError(
    'SETTINGS_INVALID',
    `commit.interval.ms (${commitMs}) is not below transaction.timeout.ms (${timeoutMs})`,
    {
      remedy: 'Commit more often, or raise transaction.timeout.ms: a transaction is open from one commit to the next.',
    },
  )
}

function refuseGlobalStores({ stores }: Topology): void {
  const global = [...stores.values()].filter(({ isGlobal }) => isGlobal === true)
  if (global.length === 0) return
  throw new SluiceError('TOPOLOGY_INVALID', 'A topology with global stores is not run against Kafka yet', {
    place: { stores: global.map(({ definition }) => definition.name).join(', ') },
    remedy: 'Run it in the TopologyTestDriver, or read the topic as a table and join by its key.',
  })
}

/** Whether going back to what is committed may help: also for one whose place, or whose transaction, was taken from it. */
function mayPass(error: unknown): boolean {
  if (isRetriable(error)) return true
  if (!(error instanceof SluiceError) || error.place?.['error'] === 'FENCED_INSTANCE_ID') return false
  return error.code === 'KAFKA_FENCED' || error.code === 'KAFKA_TRANSACTION_ABORTABLE'
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
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
