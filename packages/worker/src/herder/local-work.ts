import { describeError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { WorkEvents, WorkHost } from '../cells/work-host.ts'
import type { Work } from '../group/work-assignment.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore, StoredStatus } from '../storage/status-store.ts'
import type { ConfigReload } from './config-reload.ts'
import { withDeadline } from './deadline.ts'
import type { TaskId, WorkState } from './herder.ts'
import { Holdings, taskKey } from './holdings.ts'
import { Lanes } from './lanes.ts'
import type { StartupFigures } from './startup-figures.ts'

/** Kafka Connect's CONNECTOR_GRACEFUL_SHUTDOWN_TIMEOUT_MS. */
const CONNECTOR_STOP_MS = 5_000
/** What the host promises to take at most, beyond the time it is given; this is for the day it does not keep that. */
const HOST_PATIENCE_MS = 10_000

export interface LocalWorkParts {
  readonly host: WorkHost
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly workerId: string
  /** Of the group; 0 in standalone. */
  readonly generation: () => number
  /** What this worker is to run now: a start whose turn comes too late is left out. */
  readonly wanted: Holdings
  readonly taskStopMs: number
  readonly isExactlyOnce: (connectorConfig: RawSettings) => boolean
  readonly isTrackingTopics: boolean
  readonly watcher: WorkWatcher
  readonly reload: ConfigReload
  readonly startups: StartupFigures
  readonly clock: Clock
  readonly logger: Logger
}

/** Told what has become of the work here, after its status was written. */
export interface WorkWatcher {
  connectorUp(connector: string): void
  taskUp(id: TaskId): void
  /** Before the status is written: what is to be said in it besides, or null. */
  connectorFailed(connector: string, trace: string): string | null
  taskFailed(id: TaskId, trace: string): string | null
  reconfigurationRequested(connector: string): void
}

export interface StopOptions {
  /** The place is lost: others may run it already, so nothing is written about it. */
  readonly isSilent?: boolean
}

/**
 * The connectors and tasks that run here, between the herder and the host. Starts and stops of one of them keep their order; those of
 * different ones do not wait for each other, so that one that hangs is alone with it. Every event becomes a status.
 */
export class LocalWork implements WorkEvents {
  readonly #parts: LocalWorkParts
  readonly #lanes = new Lanes()
  /** What was asked to run and not to stop since. */
  readonly started: Holdings = new Holdings()
  /** What the host has. */
  readonly #running = new Holdings()
  readonly #last = new Map<string, { readonly state: WorkState; readonly version: string | null }>()
  /** The generation of task configs that each task was started with. */
  readonly #epochs = new Map<string, number>()
  readonly #taskEpochs = new Map<string, number>()

  constructor(parts: LocalWorkParts) {
    this.#parts = parts
  }

  /** Starts what is not started yet, in the background. */
  start(work: Work): void {
    for (const connector of work.connectors) {
      if (this.started.connectors.has(connector)) continue
      this.started.connectors.add(connector)
      void this.#lanes.run([laneOf(connector)], () => this.#startConnector(connector))
    }
    for (const id of work.tasks) {
      if (this.started.hasTask(id)) continue
      this.started.addTask(id)
      void this.#lanes.run([taskKey(id)], () => this.#startTask(id))
    }
  }

  /** Resolves when all has ended or was left behind. Never rejects. */
  async stop(work: Work, options: StopOptions = {}): Promise<void> {
    this.started.remove(work)
    if (options.isSilent === true) this.#running.remove(work)
    const connectors = work.connectors.map((connector) =>
      this.#lanes.run([laneOf(connector)], () => this.#stopConnector(connector, options)),
    )
    const tasks = this.#batches(work.tasks).map((ids) =>
      this.#lanes.run(ids.map(taskKey), () => this.#stopTasks(ids, options)),
    )
    await Promise.all([...connectors, ...tasks])
  }

  /**
   * Stops and starts again, with the settings of now; what does not run here any more is left alone. `isMarked`: the status shows
   * RESTARTING between. Resolves when the starts were passed on.
   */
  async restart(work: Work, isMarked: boolean): Promise<void> {
    const { wanted } = this.#parts
    const here: Work = {
      connectors: work.connectors.filter((connector) => wanted.connectors.has(connector)),
      tasks: work.tasks.filter((id) => wanted.hasTask(id)),
    }
    const stopped = this.stop(here)
    // Said at once, so that a rebalance in between does not start them a second time.
    this.started.add(here)
    const starts = [
      ...here.connectors.map((connector) =>
        this.#lanes.run([laneOf(connector)], () => this.#startConnector(connector, isMarked)),
      ),
      ...here.tasks.map((id) => this.#lanes.run([taskKey(id)], () => this.#startTask(id, isMarked))),
    ]
    await stopped
    await Promise.all(starts)
  }

  /** Brings what runs of it to the state of now. A stopped connector has no tasks: they end at once, whoever is told what by the group. */
  async setTargetState(connector: string): Promise<void> {
    let tasks = this.started.tasks.filter((id) => id.connector === connector)
    if (this.#parts.config.snapshot().targetState(connector) === 'STOPPED') {
      await this.stop({ connectors: [], tasks })
      tasks = []
    }
    if (tasks.length === 0 && !this.started.connectors.has(connector)) return
    await this.#lanes.run([laneOf(connector), ...tasks.map(taskKey)], async () => {
      const state = this.#parts.config.snapshot().targetState(connector)
      try {
        await this.#patiently(`Bringing ${connector} to ${state}`, this.#parts.host.setTargetState(connector, state))
      } catch (error) {
        this.#parts.logger.warn('A connector could not be brought to another state', {
          connector,
          state,
          reason: describeError(error),
        })
      }
    })
  }

  /** What is said about a connector that goes on; null: nothing any more. */
  remark(connector: string, trace: string | null): void {
    if (this.#last.get(laneOf(connector))?.state !== 'RUNNING' || !this.#running.connectors.has(connector)) return
    this.#parts.status.putConnector(connector, this.#status(laneOf(connector), 'RUNNING', trace))
  }

  /** The connector is FAILED for a reason that the host does not know of. */
  failConnector(connector: string, trace: string): void {
    if (!this.#running.connectors.has(connector)) return
    this.#remember(laneOf(connector), 'FAILED', null)
    this.#parts.status.putConnectorSafe(connector, this.#status(laneOf(connector), 'FAILED', trace))
  }

  /** What was started and has not ended, failed or not. */
  get running(): Work {
    return this.#running.work()
  }

  stateOf(work: string | TaskId): WorkState | null {
    return this.#last.get(typeof work === 'string' ? laneOf(work) : taskKey(work))?.state ?? null
  }

  /** A new set of task configs is there: tasks that were started before must not claim to be of it. */
  countTaskConfigs(connector: string): void {
    this.#epochs.set(connector, (this.#epochs.get(connector) ?? 0) + 1)
  }

  /** Whether the task runs here with the newest task configs. */
  isCurrent(id: TaskId): boolean {
    return (
      this.started.hasTask(id) &&
      this.#parts.wanted.hasTask(id) &&
      this.#taskEpochs.get(taskKey(id)) === (this.#epochs.get(id.connector) ?? 0)
    )
  }

  connectorState(connector: string, state: WorkState, trace: string | null, version: string | null): void {
    if (!this.#running.connectors.has(connector)) return
    const { status, watcher, startups } = this.#parts
    startups.told(connector, state)
    this.#remember(laneOf(connector), state, version)
    if (state === 'FAILED') {
      const remark = this.started.connectors.has(connector) ? watcher.connectorFailed(connector, trace ?? '') : null
      status.putConnectorSafe(connector, this.#status(laneOf(connector), state, joined(trace, remark)))
    } else if (state === 'UNASSIGNED') status.putConnectorSafe(connector, this.#status(laneOf(connector), state, trace))
    else status.putConnector(connector, this.#status(laneOf(connector), state, trace))
    if (state === 'RUNNING') watcher.connectorUp(connector)
  }

  taskState(id: TaskId, state: WorkState, trace: string | null, version: string | null): void {
    if (!this.#running.hasTask(id)) return
    const { status, watcher, startups } = this.#parts
    startups.told(id, state)
    this.#remember(taskKey(id), state, version)
    if (state === 'FAILED') {
      const remark = this.started.hasTask(id) ? watcher.taskFailed(id, trace ?? '') : null
      status.putTaskSafe(id, this.#status(taskKey(id), state, joined(trace, remark)))
    } else if (state === 'UNASSIGNED') status.putTaskSafe(id, this.#status(taskKey(id), state, trace))
    else status.putTask(id, this.#status(taskKey(id), state, trace))
    if (state === 'RUNNING') watcher.taskUp(id)
  }

  reconfigurationRequested(connector: string): void {
    if (this.#running.connectors.has(connector)) this.#parts.watcher.reconfigurationRequested(connector)
  }

  topicUsed(id: TaskId, topic: string): void {
    const { status, clock, isTrackingTopics } = this.#parts
    if (!isTrackingTopics || !this.#running.hasTask(id)) return
    if (status.topics(id.connector).some((use) => use.topic === topic)) return
    status.putTopic({ topic, connector: id.connector, task: id.task, discoveredAt: clock.now() })
  }

  /** Tasks of one connector stop together, but for those that have something else to end first: no other waits for them. */
  #batches(ids: readonly TaskId[]): readonly (readonly TaskId[])[] {
    const batchOf = (id: TaskId): string => (this.#lanes.isBusy(taskKey(id)) ? taskKey(id) : laneOf(id.connector))
    return [...Map.groupBy(ids, batchOf).values()]
  }

  async #startConnector(connector: string, isMarked = false): Promise<void> {
    const { config, host, status, wanted, reload } = this.#parts
    const asked = config.snapshot().connectorConfig(connector)
    if (asked !== undefined) await reload.starting(connector, asked)
    // Only now: the place may have been lost while values were asked for.
    const snapshot = config.snapshot()
    const settings = snapshot.connectorConfig(connector)
    if (!this.started.connectors.has(connector) || !wanted.connectors.has(connector) || settings === undefined) {
      this.started.connectors.delete(connector)
      reload.ended(connector)
      return
    }
    if (isMarked) status.putConnector(connector, this.#status(laneOf(connector), 'RESTARTING', null))
    this.#running.connectors.add(connector)
    this.#last.delete(laneOf(connector))
    this.#parts.startups.starting(connector)
    try {
      const start = { connector, config: settings, targetState: snapshot.targetState(connector) }
      await this.#patiently(`Starting connector ${connector}`, host.startConnector(start))
    } catch (error) {
      this.connectorState(connector, 'FAILED', describeError(error), null)
    }
  }

  async #startTask(id: TaskId, isMarked = false): Promise<void> {
    const { config, host, status, wanted, isExactlyOnce, reload } = this.#parts
    const before = config.snapshot()
    await reload.starting(id, { ...before.connectorConfig(id.connector), ...before.taskConfig(id) })
    const snapshot = config.snapshot()
    const connectorConfig = snapshot.connectorConfig(id.connector)
    const settings = snapshot.taskConfig(id)
    const isDue = this.started.hasTask(id) && wanted.hasTask(id)
    if (!isDue || settings === undefined || connectorConfig === undefined) {
      this.started.removeTask(id)
      reload.ended(id)
      return
    }
    if (isMarked) status.putTask(id, this.#status(taskKey(id), 'RESTARTING', null))
    this.#running.addTask(id)
    this.#last.delete(taskKey(id))
    this.#taskEpochs.set(taskKey(id), this.#epochs.get(id.connector) ?? 0)
    this.#parts.startups.starting(id)
    try {
      const start = {
        id,
        config: settings,
        connectorConfig,
        targetState: snapshot.targetState(id.connector),
        tasks: snapshot.tasks(id.connector).length,
        isExactlyOnce: isExactlyOnce(connectorConfig),
      }
      await this.#patiently(`Starting task ${taskKey(id)}`, host.startTask(start))
    } catch (error) {
      this.taskState(id, 'FAILED', describeError(error), null)
    }
  }

  async #stopConnector(connector: string, options: StopOptions): Promise<void> {
    const { host, status, logger } = this.#parts
    this.#forget(connector)
    if (!this.#running.connectors.has(connector) && options.isSilent !== true) return
    try {
      const work = host.stopConnector(connector, CONNECTOR_STOP_MS)
      const isEnded = await this.#patiently(`Stopping connector ${connector}`, work, CONNECTOR_STOP_MS)
      if (!isEnded) logger.warn('A connector did not stop in time and is left behind', { connector })
    } catch (error) {
      logger.error('A connector could not be stopped', { connector, reason: describeError(error) })
    }
    if (options.isSilent === true || !this.#running.connectors.delete(connector)) return
    if (this.stateOf(connector) === 'UNASSIGNED') return
    status.putConnectorSafe(connector, this.#status(laneOf(connector), 'UNASSIGNED', null))
    this.#remember(laneOf(connector), 'UNASSIGNED', null)
  }

  async #stopTasks(ids: readonly TaskId[], options: StopOptions): Promise<void> {
    const { host, status, logger, taskStopMs } = this.#parts
    for (const id of ids) this.#forget(id)
    const here = options.isSilent === true ? ids : ids.filter((id) => this.#running.hasTask(id))
    if (here.length === 0) return
    let late: readonly TaskId[] = here
    try {
      late = await this.#patiently(`Stopping ${here.length} tasks`, host.stopTasks(here, taskStopMs), taskStopMs)
    } catch (error) {
      logger.error('Tasks could not be stopped', { tasks: here.length, reason: describeError(error) })
    }
    const cancelled = new Set(late.map(taskKey))
    for (const id of here) {
      if (cancelled.has(taskKey(id)))
        logger.warn('A task did not stop in time and was cancelled', { task: taskKey(id) })
      if (!this.#running.removeTask(id) || cancelled.has(taskKey(id))) continue
      const state = this.stateOf(id)
      // A task that has failed had ended before; one that was cancelled may write nothing any more.
      if (state === 'FAILED' || state === 'UNASSIGNED') continue
      status.putTaskSafe(id, this.#status(taskKey(id), 'UNASSIGNED', null))
      this.#remember(taskKey(id), 'UNASSIGNED', null)
    }
  }

  #forget(work: string | TaskId): void {
    this.#parts.reload.ended(work)
    this.#parts.startups.stopped(work)
  }

  #remember(key: string, state: WorkState, version: string | null): void {
    this.#last.set(key, { state, version: version ?? this.#last.get(key)?.version ?? null })
  }

  #status(key: string, state: WorkState, trace: string | null): StoredStatus {
    const { workerId, generation } = this.#parts
    return { state, workerId, trace, version: this.#last.get(key)?.version ?? null, generation: generation() }
  }

  #patiently<T>(what: string, work: Promise<T>, timeoutMs = 0): Promise<T> {
    return withDeadline(this.#parts.clock, timeoutMs + HOST_PATIENCE_MS, what, work)
  }
}

/** Task keys end in a number behind a dash: this cannot be one. */
function laneOf(connector: string): string {
  return `${connector}-connector`
}

function joined(trace: string | null, remark: string | null): string | null {
  if (remark === null) return trace
  return trace === null || trace === '' ? remark : `${trace}\n${remark}`
}
