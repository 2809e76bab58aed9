import {
  describeError,
  SluiceError,
  type Connector,
  type ConnectorContext,
  type Logger,
  type ParsedSettings,
  type RawSettings,
  type RunningConnector,
  type SettingsDeclaration,
} from '@sluice/sdk'
import type { TargetState } from '../herder/herder.ts'
import { clean, cleanError, cleanLogger } from '../provided-values.ts'
import type { MetricScope } from './cell-metrics.ts'
import { taskConfigsOf } from './task-configs.ts'
import type { RunParts } from './task-run.ts'
import type { ConnectorStart } from './work-host.ts'

type State = 'INIT' | 'STARTED' | 'PAUSED' | 'STOPPED' | 'FAILED'
type AnySettings = ParsedSettings<SettingsDeclaration>

interface Made {
  readonly connector: Connector
  readonly config: RawSettings
  readonly settings: AnySettings
}

/**
 * The life of a connector's instance (connect.md's WorkerConnector). What it is to be may be asked for at any time: the last wish
 * counts, those before it that have not begun are forgotten. FAILED accepts nothing but STOPPED.
 */
export class ConnectorRun {
  readonly #start: ConnectorStart
  readonly #parts: RunParts
  #logger: Logger
  #values: ReadonlySet<string> = new Set()
  readonly #metrics: MetricScope
  readonly #ending = new AbortController()
  #made: Promise<Made> | null = null
  #version: string | null = null
  #running: RunningConnector | null = null
  #state: State = 'INIT'
  #wish: TargetState | null = null
  #work: Promise<void> = Promise.resolve()
  #isWorking = false
  #isSilent = false

  constructor(start: ConnectorStart, parts: RunParts) {
    this.#start = start
    this.#parts = parts
    this.#logger = parts.logger.child({ connector: start.connector })
    this.#metrics = parts.environment.instruments.scope()
    this.setTargetState(start.targetState)
  }

  /** Of config providers: not to be told. */
  get values(): ReadonlySet<string> {
    return this.#values
  }

  setTargetState(state: TargetState): void {
    this.#wish = state
    if (this.#isWorking || this.#ending.signal.aborted) return
    this.#isWorking = true
    this.#work = this.#fulfil()
  }

  /** @throws SluiceError TASKS_TOO_MANY, or the connector's own */
  async taskConfigs(tasksMax: number): Promise<readonly RawSettings[]> {
    try {
      const { connector, config, settings } = await this.#make()
      const running = this.#running
      const made = await this.#call('taskSettings', () =>
        running?.taskSettings === undefined
          ? connector.taskSettings?.(settings, config, tasksMax)
          : running.taskSettings(settings, config, tasksMax),
      )
      return taskConfigsOf(connector, config, made ?? [config], tasksMax)
    } catch (error) {
      throw cleanError(error, this.#values)
    }
  }

  /** Waits for at most `timeoutMs`; afterwards nothing more is told or shown. Whether it ended in time. */
  async stop(timeoutMs: number): Promise<boolean> {
    this.#wish = null
    this.#ending.abort()
    const late = new AbortController()
    const inTime = await Promise.race([
      this.#work.then(() => this.#end()).then(() => true),
      this.#parts.environment.clock.sleep(timeoutMs, late.signal).then(() => false),
    ])
    late.abort()
    this.#isSilent = true
    this.#metrics.end()
    if (!inTime) this.#logger.error('The connector did not stop in time and is left behind', { timeoutMs })
    return inTime
  }

  async #fulfil(): Promise<void> {
    for (let wish = this.#wish; wish !== null; wish = this.#wish) {
      this.#wish = null
      try {
        await this.#become(wish)
      } catch (error) {
        this.#fail(error)
      }
    }
    this.#isWorking = false
  }

  async #become(wish: TargetState): Promise<void> {
    if (this.#state === wish || (this.#state === 'FAILED' && wish !== 'STOPPED')) return
    if (wish === 'STARTED') {
      const { connector, settings } = await this.#make()
      // It may say that it cannot go on before its start has come back.
      this.#state = 'STARTED'
      const begin = (): Promise<RunningConnector> | undefined =>
        connector.start?.(settings, this.#context(), this.#ending.signal)
      this.#running = (await this.#call('start', begin)) ?? null
      if (this.#isStarted()) this.#tell('RUNNING')
      return
    }
    await this.#stopRunning()
    this.#state = wish
    this.#tell(wish)
  }

  #isStarted(): boolean {
    return this.#state === 'STARTED'
  }

  async #end(): Promise<void> {
    try {
      await this.#stopRunning()
      this.#tell('UNASSIGNED')
    } catch (error) {
      this.#fail(error)
    }
  }

  async #stopRunning(): Promise<void> {
    const running = this.#running
    this.#running = null
    if (running !== null) await this.#call('stop', () => running.stop())
  }

  #make(): Promise<Made> {
    return (this.#made ??= this.#load())
  }

  async #load(): Promise<Made> {
    const { environment } = this.#parts
    const { settings: config, values } = await environment.resolve(this.#start.config)
    this.#values = values
    this.#logger = cleanLogger(this.#logger, values)
    const connector = await this.#call('load', () => environment.connector(config))
    this.#version = connector.version
    return { connector, config, settings: connector.settings.parse(config) }
  }

  #context(): ConnectorContext {
    const { connector } = this.#start
    const { environment, events } = this.#parts
    return {
      connector,
      logger: this.#logger,
      metrics: this.#metrics,
      clock: environment.clock,
      requestTaskReconfiguration: () => {
        if (!this.#isSilent) events.reconfigurationRequested(connector)
      },
      raiseError: (error) => this.#fail(error),
    }
  }

  #fail(error: unknown): void {
    if (this.#state === 'FAILED' || this.#isSilent) return
    this.#state = 'FAILED'
    const reason = error ?? new SluiceError('TASK_FAILED', 'The connector failed and did not say why')
    const trace = clean(describeError(reason), this.#values)
    this.#logger.error(`The connector failed and stays so until it is restarted: ${trace}`)
    this.#parts.events.connectorState(this.#start.connector, 'FAILED', trace, this.#version)
  }

  #tell(state: 'RUNNING' | 'PAUSED' | 'STOPPED' | 'UNASSIGNED'): void {
    if (!this.#isSilent) this.#parts.events.connectorState(this.#start.connector, state, null, this.#version)
  }

  #call<T>(what: string, work: () => T): T {
    return this.#parts.watch.run({ connector: this.#start.connector, task: null, what }, work)
  }
}
