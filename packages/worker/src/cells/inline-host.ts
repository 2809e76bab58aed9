import { SluiceError, type Logger, type RawSettings, type SettingProblem } from '@sluice/sdk'
import type { ConnectorOffset, TaskId } from '../herder/herder.ts'
import type { FigureGroup } from '../record-path/task-figures.ts'
import { CallWatch } from './call-watch.ts'
import { ConnectorRun } from './connector-run.ts'
import { alterOffsets, describeWork, validateConfig } from './connector-questions.ts'
import { TaskRun, type RunParts } from './task-run.ts'
import type { WorkEnvironment } from './work-environment.ts'
import type { ConnectorStart, ExactlyOnceGuard, TaskStart, WorkEvents, WorkHost } from './work-host.ts'

export interface InlineHostOptions {
  readonly environment: WorkEnvironment
  readonly events: WorkEvents
  readonly guard: ExactlyOnceGuard
  readonly logger: Logger
  /** Who is inside of which connector's code; its own without one. */
  readonly watch?: CallWatch
}

/** How far a task has come, for people. */
export interface TaskProgress {
  readonly id: TaskId
  readonly progress: unknown
}

/**
 * Runs connectors and tasks in this process. A call of a connector that never returns holds up nobody else, as long as it does not
 * hold the event loop: against that there are cells.
 */
export class InlineHost implements WorkHost {
  readonly #parts: RunParts
  readonly #connectors = new Map<string, ConnectorRun>()
  readonly #tasks = new Map<string, { readonly id: TaskId; readonly run: TaskRun }>()

  constructor({ environment, events, guard, logger, watch }: InlineHostOptions) {
    this.#parts = { environment, events, guard, logger, watch: watch ?? new CallWatch(environment.clock) }
  }

  get connectors(): readonly string[] {
    return [...this.#connectors.keys()]
  }

  get tasks(): readonly TaskId[] {
    return [...this.#tasks.values()].map(({ id }) => id)
  }

  /** Of config providers, in the settings of what is here: not to be told. */
  get values(): ReadonlySet<string> {
    const tasks = [...this.#tasks.values()].map(({ run }) => run)
    return new Set([...this.#connectors.values(), ...tasks].flatMap(({ values }) => [...values]))
  }

  async startConnector(start: ConnectorStart): Promise<void> {
    if (this.#connectors.has(start.connector))
      throw new SluiceError('INTERNAL', `The connector ${start.connector} runs here already: it must be stopped first`)
    this.#connectors.set(start.connector, new ConnectorRun(start, this.#parts))
  }

  async stopConnector(connector: string, timeoutMs: number): Promise<boolean> {
    const run = this.#connectors.get(connector)
    if (run === undefined) return true
    const inTime = await run.stop(timeoutMs)
    this.#connectors.delete(connector)
    return inTime
  }

  async startTask(start: TaskStart): Promise<void> {
    const key = keyOf(start.id)
    if (this.#tasks.has(key))
      throw new SluiceError('INTERNAL', `The task ${key} runs here already: it must be stopped first`)
    this.#tasks.set(key, { id: start.id, run: new TaskRun(start, this.#parts) })
  }

  async stopTasks(ids: readonly TaskId[], timeoutMs: number): Promise<readonly TaskId[]> {
    const found = ids.flatMap((id) => this.#tasks.get(keyOf(id)) ?? [])
    for (const { run } of found) run.requestStop()
    const ended = new Set<TaskId>()
    const late = new AbortController()
    await Promise.race([
      Promise.all(found.map(({ id, run }) => run.ended.then(() => ended.add(id)))),
      this.#parts.environment.clock.sleep(timeoutMs, late.signal),
    ])
    late.abort()
    for (const { id, run } of found) {
      if (ended.has(id)) run.silence()
      else run.cancel()
      this.#tasks.delete(keyOf(id))
    }
    const cancelled = found.filter(({ id }) => !ended.has(id)).map(({ id }) => id)
    if (cancelled.length > 0)
      this.#parts.logger.error('Tasks did not stop in time and were cancelled', {
        tasks: cancelled.map(keyOf).join(', '),
        timeoutMs,
      })
    return cancelled
  }

  async setTargetState(...[connector, state, keys]: Parameters<WorkHost['setTargetState']>): Promise<void> {
    this.#connectors.get(connector)?.setTargetState(state)
    for (const { id, run } of this.#tasks.values()) if (id.connector === connector) run.setTargetState(state, keys)
  }

  async taskConfigs(connector: string, tasksMax: number): Promise<readonly RawSettings[]> {
    const run = this.#connectors.get(connector)
    if (run === undefined) throw new SluiceError('INTERNAL', `The connector ${connector} does not run here`)
    return run.taskConfigs(tasksMax)
  }

  async validate(config: RawSettings, signal: AbortSignal): Promise<readonly SettingProblem[]> {
    return validateConfig(this.#parts, config, signal)
  }

  async describe(config: RawSettings): Promise<object> {
    return describeWork(this.#parts, config)
  }

  async alterOffsets(connector: string, config: RawSettings, offsets: readonly ConnectorOffset[]): Promise<boolean> {
    return alterOffsets(this.#parts, connector, config, offsets)
  }

  lastSignOfLife(id: TaskId): number | null {
    return this.#tasks.get(keyOf(id))?.run.lastSignOfLife ?? null
  }

  progress(connector: string): readonly TaskProgress[] {
    return [...this.#tasks.values()]
      .filter(({ id }) => id.connector === connector)
      .map(({ id, run }) => ({ id, progress: run.progress() }))
  }

  /** What all tasks here measure, under Kafka Connect's names. */
  figures(): readonly FigureGroup[] {
    return [...this.#tasks.values()].flatMap(({ run }) => run.figures())
  }

  /** Tasks first, so that what they have under way is stored; then the connectors' instances. */
  async stop(timeoutMs: number): Promise<void> {
    const { clock } = this.#parts.environment
    const until = clock.monotonic() + timeoutMs
    await this.stopTasks(this.tasks, timeoutMs)
    const leftMs = Math.max(0, until - clock.monotonic())
    await Promise.all(this.connectors.map((connector) => this.stopConnector(connector, leftMs)))
  }
}

function keyOf(id: TaskId): string {
  return `${id.connector}-${id.task}`
}
