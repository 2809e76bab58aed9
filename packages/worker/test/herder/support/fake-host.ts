import { SluiceError, type Clock, type RawSettings } from '@sluice/sdk'
import type { ConnectorStart, ExactlyOnceGuard, TaskStart, WorkEvents, WorkHost } from '../../../src/cells/work-host.ts'
import type { TargetState, TaskId, WorkState } from '../../../src/herder/herder.ts'
import { taskKey } from '../../../src/herder/holdings.ts'

/** What a connector does when it is not to be well-behaved. `blocks`: never comes back. */
export interface Script {
  start?: 'blocks' | 'fails'
  stop?: 'blocks'
  taskConfigs?:
    | 'blocks'
    | 'fails'
    | 'too many'
    | ((config: RawSettings, tasksMax: number) => readonly RawSettings[] | Promise<readonly RawSettings[]>)
  taskStart?: 'blocks' | 'fails'
  taskStop?: 'blocks'
  setTargetState?: 'blocks'
}

/** Runs nothing: connectors and tasks do what their script says. */
export class FakeHost implements WorkHost {
  readonly calls: string[] = []
  /** How often connectors were asked for task configs. */
  asked = 0
  readonly #events: WorkEvents
  readonly guard: ExactlyOnceGuard
  readonly #clock: Clock
  readonly #scripts: ReadonlyMap<string, Script>
  readonly #connectors = new Map<string, { readonly start: ConnectorStart; state: TargetState }>()
  readonly #tasks = new Map<string, TaskStart>()
  /** Those that have failed: they have ended, and are neither paused nor resumed. */
  readonly #failed = new Set<TaskStart>()
  readonly signs = new Map<string, number>()

  constructor(events: WorkEvents, guard: ExactlyOnceGuard, clock: Clock, scripts: ReadonlyMap<string, Script>) {
    this.#events = events
    this.guard = guard
    this.#clock = clock
    this.#scripts = scripts
  }

  get connectors(): readonly string[] {
    return [...this.#connectors.keys()]
  }

  get tasks(): readonly TaskId[] {
    return [...this.#tasks.values()].map(({ id }) => id)
  }

  /** What the task was started with. */
  started(id: TaskId): TaskStart | undefined {
    return this.#tasks.get(taskKey(id))
  }

  startConnector(start: ConnectorStart): Promise<void> {
    const { connector } = start
    this.calls.push(`start ${connector}`)
    if (this.#connectors.has(connector)) throw new Error(`${connector} runs already`)
    this.#connectors.set(connector, { start, state: start.targetState })
    const { start: script } = this.#script(connector)
    if (script === 'fails') this.#tell(connector, 'FAILED', 'it does not start')
    else if (script !== 'blocks') this.#tell(connector, shown(start.targetState))
    return Promise.resolve()
  }

  async stopConnector(connector: string, timeoutMs: number): Promise<boolean> {
    this.calls.push(`stop ${connector}`)
    const isEnded = this.#script(connector).stop !== 'blocks'
    if (!isEnded) await this.#clock.sleep(timeoutMs)
    this.#connectors.delete(connector)
    return isEnded
  }

  startTask(start: TaskStart): Promise<void> {
    const { id } = start
    this.calls.push(`start ${taskKey(id)}`)
    if (this.#tasks.has(taskKey(id))) throw new Error(`${taskKey(id)} runs already`)
    this.#tasks.set(taskKey(id), start)
    void this.#begin(start)
    return Promise.resolve()
  }

  async stopTasks(ids: readonly TaskId[], timeoutMs: number): Promise<readonly TaskId[]> {
    this.calls.push(`stop ${ids.map(taskKey).join(' ')}`)
    const late = ids.filter((id) => this.#script(id.connector).taskStop === 'blocks')
    if (late.length > 0) await this.#clock.sleep(timeoutMs)
    for (const id of ids) this.#tasks.delete(taskKey(id))
    return late
  }

  setTargetState(connector: string, state: TargetState): Promise<void> {
    this.calls.push(`${state} ${connector}`)
    if (this.#script(connector).setTargetState === 'blocks') return new Promise(() => undefined)
    const running = this.#connectors.get(connector)
    if (running !== undefined && running.state !== state) {
      running.state = state
      this.#tell(connector, shown(state))
    }
    for (const start of this.#tasks.values())
      if (start.id.connector === connector && !this.#failed.has(start))
        this.tellTask(start.id, state === 'STARTED' ? 'RUNNING' : 'PAUSED')
    return Promise.resolve()
  }

  taskConfigs(connector: string, tasksMax: number): Promise<readonly RawSettings[]> {
    this.asked++
    const running = this.#connectors.get(connector)
    if (running === undefined) return Promise.reject(new Error(`${connector} does not run here`))
    const { taskConfigs: script } = this.#script(connector)
    if (script === 'blocks') return new Promise(() => undefined)
    if (script === 'fails') return Promise.reject(new Error('the database is away'))
    if (script === 'too many')
      return Promise.reject(new SluiceError('TASKS_TOO_MANY', 'It made 3 tasks, at most 1', { remedy: 'Raise it.' }))
    const { config } = running.start
    if (script !== undefined) return Promise.resolve(script(config, tasksMax))
    return Promise.resolve(Array.from({ length: tasksMax }, (_, id) => ({ ...config, id: String(id) })))
  }

  lastSignOfLife(id: TaskId): number | null {
    return this.signs.get(taskKey(id)) ?? null
  }

  restartsItself(trace: string): boolean {
    return trace.startsWith('The cell')
  }

  stop(): Promise<void> {
    return Promise.resolve()
  }

  /** As if the task did this by itself. */
  tellTask(id: TaskId, state: WorkState, trace: string | null = null): void {
    const start = this.#tasks.get(taskKey(id))
    if (start !== undefined && state === 'FAILED') this.#failed.add(start)
    queueMicrotask(() => {
      if (this.#tasks.get(taskKey(id)) === start && start !== undefined) this.#events.taskState(id, state, trace, '1.0')
    })
  }

  failConnector(connector: string, trace: string): void {
    this.#tell(connector, 'FAILED', trace)
  }

  useTopic(id: TaskId, topic: string): void {
    this.#events.topicUsed(id, topic)
  }

  requestReconfiguration(connector: string): void {
    this.#events.reconfigurationRequested(connector)
  }

  /** Says something about it although it was stopped: a zombie. */
  speakOf(id: TaskId, state: WorkState): void {
    this.#events.taskState(id, state, null, '1.0')
  }

  async #begin(start: TaskStart): Promise<void> {
    const { id, isExactlyOnce, targetState } = start
    const { taskStart: script } = this.#script(id.connector)
    if (script === 'blocks') return
    try {
      if (isExactlyOnce) {
        await this.guard.fence(id.connector)
        await this.guard.verify(id)
      }
      if (script === 'fails') this.tellTask(id, 'FAILED', 'the task does not start')
      else this.tellTask(id, shown(targetState))
    } catch (error) {
      this.tellTask(id, 'FAILED', String(error))
    }
  }

  #tell(connector: string, state: WorkState, trace: string | null = null): void {
    const running = this.#connectors.get(connector)
    queueMicrotask(() => {
      if (this.#connectors.get(connector) === running && running !== undefined)
        this.#events.connectorState(connector, state, trace, '1.0')
    })
  }

  #script(connector: string): Script {
    return this.#scripts.get(connector) ?? {}
  }
}

function shown(state: TargetState): WorkState {
  return state === 'STARTED' ? 'RUNNING' : state
}
