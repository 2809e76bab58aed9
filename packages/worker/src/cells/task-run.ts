import { describeError, SluiceError, type Connector, type Logger } from '@sluice/sdk'
import type { TargetState, WorkState } from '../herder/herder.ts'
import { clean, cleanLogger } from '../provided-values.ts'
import { TaskControl } from '../record-path/task-control.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import { watched, type CallWatch } from './call-watch.ts'
import type { MetricScope } from './cell-metrics.ts'
import type { TaskHandle, WorkEnvironment } from './work-environment.ts'
import type { ExactlyOnceGuard, TaskStart, WorkEvents } from './work-host.ts'

export interface RunParts {
  readonly environment: WorkEnvironment
  readonly events: WorkEvents
  readonly guard: ExactlyOnceGuard
  readonly watch: CallWatch
  readonly logger: Logger
}

/**
 * One task's life (connect.md's WorkerTask): PAUSED before anything is made of it, if that is what it is to be; RUNNING when its connector's
 * part has started; then UNASSIGNED when it was asked to stop, or FAILED with the reason. It never begins again.
 */
export class TaskRun {
  readonly ended: Promise<void>
  readonly #start: TaskStart
  readonly #parts: RunParts
  #logger: Logger
  #values: ReadonlySet<string> = new Set()
  readonly #control: TaskControl
  readonly #metrics: MetricScope
  readonly #stop = new AbortController()
  #handle: TaskHandle | null = null
  #state: WorkState = 'UNASSIGNED'
  #version: string | null = null
  #isSilent = false

  constructor(start: TaskStart, parts: RunParts) {
    this.#start = start
    this.#parts = parts
    this.#logger = parts.logger.child({ connector: start.id.connector, task: start.id.task })
    this.#control = new TaskControl(parts.environment.clock, start.targetState !== 'STARTED', start.pausedKeys)
    this.#metrics = parts.environment.instruments.scope()
    this.ended = this.#run()
  }

  /** Of config providers: not to be told. */
  get values(): ReadonlySet<string> {
    return this.#values
  }

  /** What it is doing, for people; null before it has begun. */
  progress(): unknown {
    return this.#handle?.progress() ?? null
  }

  figures(): readonly FigureGroup[] {
    return this.#handle?.figures?.() ?? []
  }

  /** As `clock.monotonic()`: of its loop, or of the last call of its connector that came back. */
  get lastSignOfLife(): number {
    const { connector, task } = this.#start.id
    return Math.max(this.#control.heartbeat.lastMs, this.#parts.watch.lastReturn(connector, task) ?? 0)
  }

  setTargetState(state: TargetState, pausedKeys = this.#control.pausedKeys): void {
    if (pausedKeys !== this.#control.pausedKeys) this.#control.pausedKeys = pausedKeys
    if (state === 'STARTED') this.#control.resume()
    else this.#control.pause()
  }

  /** `ended` resolves when it has come to its end. */
  requestStop(): void {
    this.#stop.abort()
  }

  /** It did not stop in time: nobody hears of it any more, and nothing of it is stored. */
  cancel(): void {
    this.silence()
    this.#control.cancel()
  }

  /** Nothing is told or shown any more: whoever asked has been answered. Until then a task that has failed shows what it had counted. */
  silence(): void {
    this.#isSilent = true
    this.#metrics.end()
  }

  async #run(): Promise<void> {
    const { id } = this.#start
    try {
      await this.#work()
      this.#tell('UNASSIGNED', null)
    } catch (error) {
      if (this.#isSilent) return
      const reason = error ?? new SluiceError('TASK_FAILED', 'The task failed and did not say why')
      const trace = clean(describeError(reason), this.#values)
      this.#logger.error(`The task failed and stays so until it is restarted: ${trace}`)
      this.#tell('FAILED', trace)
    } finally {
      this.#parts.watch.forget(id.connector, id.task)
    }
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop
    const { environment, guard, watch, events } = this.#parts
    const { id, connectorConfig } = this.#start
    if (this.#control.isPaused) {
      this.#tell('PAUSED', null)
      await this.#control.resumed(signal)
    }
    if (signal.aborted) return
    const of = { connector: id.connector, task: id.task }
    const given = { ...connectorConfig, ...this.#start.config }
    const { settings: config, values } = await environment.resolve(given)
    this.#values = values
    this.#logger = cleanLogger(this.#logger, values)
    const connector = await watch.run({ ...of, what: 'load' }, () => environment.connector(config))
    this.#version = connector.version
    this.#handle = await environment.buildTask(this.#watchedConnector(connector), config, this.#start, {
      control: this.#control,
      guard,
      metrics: this.#metrics,
      logger: this.#logger,
      events: {
        stateChanged: (state) => this.#tell(state, null),
        topicUsed: (topic) => {
          if (!this.#isSilent) events.topicUsed(id, topic)
        },
      },
    })
    await this.#handle.run(signal)
  }

  /** The connector, with each call of the task that it makes noted. */
  #watchedConnector(connector: Connector): Connector {
    const of = { connector: this.#start.id.connector, task: this.#start.id.task }
    const { watch } = this.#parts
    const createTask = (...args: unknown[]): object =>
      watched(
        watch.run({ ...of, what: 'createTask' }, () => Reflect.apply(connector.createTask, connector, args) as object),
        watch,
        of,
      )
    const get = (_: Connector, key: PropertyKey): unknown =>
      key === 'createTask' ? createTask : (Reflect.get(connector, key, connector) as unknown)
    return new Proxy({} as Connector, { get, has: (_, key) => Reflect.has(connector, key) })
  }

  #tell(state: WorkState, trace: string | null): void {
    if (this.#isSilent || (this.#state === state && state !== 'UNASSIGNED')) return
    this.#state = state
    this.#parts.events.taskState(this.#start.id, state, trace, this.#version)
  }
}
