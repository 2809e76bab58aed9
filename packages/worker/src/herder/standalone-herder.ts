import type { Clock, Logger, RawSettings } from '@sluice/sdk'
import type { ExactlyOnceGuard, WorkEvents, WorkHost } from '../cells/work-host.ts'
import type { Measures } from '../operations/measures.ts'
import type { ConfigListener, ConfigStore } from '../storage/config-store.ts'
import type { StatusStore, StoredStatus } from '../storage/status-store.ts'
import type { ResolveConfig } from './config-reload.ts'
import { assertValid, patched } from './config-edits.ts'
import {
  HerderError,
  type ConnectorInfo,
  type ConnectorOffset,
  type ConnectorStateInfo,
  type Herder,
  type RestartRequest,
  type TargetState,
  type TaskId,
} from './herder.ts'
import { Holdings, taskKey } from './holdings.ts'
import { Lanes } from './lanes.ts'
import { LocalAnswers } from './local-answers.ts'
import { LocalSide } from './local-side.ts'
import { OffsetRequests } from './offsets.ts'
import type { ConnectorOffsets, HerderLoggers, HerderPlugins, OffsetsHook } from './ports.ts'
import { notStopped, unknownConnector } from './refusals.ts'
import { restartPlan } from './restart-plan.ts'
import type { HerderSettings } from './settings.ts'

export interface StandaloneHerderParts {
  readonly workerId: string
  readonly kafkaClusterId: string
  /** In memory: a write has been told to its listener when it resolves. */
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly host: (events: WorkEvents, guard: ExactlyOnceGuard) => WorkHost
  readonly resolve: ResolveConfig
  readonly plugins: HerderPlugins
  readonly loggers: HerderLoggers
  readonly offsets: ConnectorOffsets
  readonly offsetsHook: OffsetsHook
  readonly settings: HerderSettings
  readonly clock: Clock
  readonly logger: Logger
}

const FLUSH_MS = 5_000

/** The herder of one process that is everything (`StandaloneHerder`): configs are kept in memory alone, and nobody has to be asked. */
export class StandaloneHerder extends LocalAnswers implements Herder {
  readonly mode = 'standalone'
  readonly workerId: string
  readonly kafkaClusterId: string
  readonly #parts: StandaloneHerderParts
  readonly #wanted = new Holdings()
  /** Requests about one connector come one after the other. */
  readonly #lanes = new Lanes()
  readonly #side: LocalSide
  readonly #offsets: OffsetRequests
  readonly #ending = new AbortController()
  #isReady = false
  #stopping: Promise<void> | null = null

  constructor(parts: StandaloneHerderParts) {
    super(parts)
    this.#parts = parts
    this.workerId = parts.workerId
    this.kafkaClusterId = parts.kafkaClusterId
    this.#side = new LocalSide({
      ...parts,
      view: this.view,
      guard: NO_GUARD,
      wanted: this.#wanted,
      generation: () => 0,
      isExactlyOnce: () => false,
      publish: (connector, configs) => this.#lanes.run([connector], () => this.#renewTasks(connector, configs)),
      later: (_what, delayMs, work) => void this.#later(delayMs, work),
    })
    this.#offsets = new OffsetRequests({ offsets: parts.offsets, hook: parts.offsetsHook, logger: parts.logger })
  }

  get isReady(): boolean {
    return this.#isReady
  }

  stage(): null {
    return null
  }

  measures(): Measures {
    return { samples: [], figures: this.#side.figures() }
  }

  async start(): Promise<void> {
    const { config, status, settings } = this.#parts
    await status.start()
    await config.start(this.#listener())
    this.#isReady = true
    if (settings.stuckAfterMs !== null) void this.#watch(settings.stuckAfterMs / 4)
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  async healthCheck(): Promise<void> {
    this.#assertRunning()
  }

  async connectorInfo(connector: string): Promise<ConnectorInfo> {
    return this.view.info(connector)
  }

  async connectorConfig(connector: string): Promise<RawSettings> {
    return this.view.config(connector)
  }

  async putConnectorConfig(
    connector: string,
    config: RawSettings,
    options: { readonly mayReplace: boolean; readonly targetState?: TargetState },
  ): Promise<{ readonly isCreated: boolean; readonly info: ConnectorInfo }> {
    await assertValid(this.#parts.plugins, config)
    return this.#lanes.run([connector], async () => {
      this.#assertRunning()
      const isCreated = !this.#parts.config.snapshot().has(connector)
      if (!isCreated && !options.mayReplace) throw new HerderError(409, `Connector ${connector} already exists`)
      await this.#parts.config.putConnector(connector, config, options.targetState ?? null)
      return { isCreated, info: this.view.info(connector) }
    })
  }

  patchConnectorConfig(connector: string, patch: Readonly<Record<string, string | null>>): Promise<ConnectorInfo> {
    return this.#lanes.run([connector], async () => {
      const config = patched(connector, this.view.config(connector), patch)
      await assertValid(this.#parts.plugins, config)
      this.#assertRunning()
      await this.#parts.config.putConnector(connector, config, null)
      return this.view.info(connector)
    })
  }

  deleteConnector(connector: string): Promise<void> {
    return this.#lanes.run([connector], async () => {
      this.view.config(connector)
      await this.#parts.config.removeConnector(connector)
      await this.#give(connector)
    })
  }

  async restartConnector(connector: string): Promise<void> {
    this.#assertKnown(connector, ':')
    this.#side.automatic?.forget(connector)
    await this.#side.local.restart({ connectors: [connector], tasks: [] }, false)
  }

  async restartConnectorAndTasks(request: RestartRequest): Promise<ConnectorStateInfo> {
    const { connector } = request
    this.#assertKnown(connector, ':')
    const plan = restartPlan(request, this.#parts.status, this.view.type(connector))
    if (plan === null) throw new HerderError(404, `Status for connector ${connector} not found`)
    const { automatic } = this.#side
    if (plan.restartsConnector) automatic?.forget(connector)
    for (const id of plan.tasks) automatic?.forget(id)
    void this.#side.local.restart({ connectors: plan.restartsConnector ? [connector] : [], tasks: plan.tasks }, true)
    return plan.shown
  }

  async restartTask(id: TaskId): Promise<void> {
    this.#assertKnown(id.connector, ':')
    if (this.#parts.config.snapshot().taskConfig(id) === undefined)
      throw new HerderError(404, `Unknown task: ${taskKey(id)}`)
    this.#side.automatic?.forget(id)
    await this.#side.local.restart({ connectors: [], tasks: [id] }, false)
  }

  pauseConnector(connector: string): Promise<void> {
    return this.#setTargetState(connector, 'PAUSED')
  }

  resumeConnector(connector: string): Promise<void> {
    return this.#setTargetState(connector, 'STARTED')
  }

  async stopConnector(connector: string): Promise<void> {
    this.#assertKnown(connector)
    await this.#lanes.run([connector], async () => {
      this.#assertKnown(connector)
      await this.#renewTasks(connector, [])
      await this.#parts.config.putTargetState(connector, 'STOPPED')
    })
  }

  async taskConfigs(connector: string): Promise<readonly { readonly id: TaskId; readonly config: RawSettings }[]> {
    return this.view.taskConfigs(connector)
  }

  async putTaskConfigs(): Promise<void> {
    throw new HerderError(
      500,
      'Kafka Connect in standalone mode does not support externally setting task configurations.',
    )
  }

  async fenceZombies(): Promise<void> {
    throw new HerderError(500, 'Kafka Connect in standalone mode does not support exactly-once source connectors.')
  }

  async connectorOffsets(connector: string): Promise<readonly ConnectorOffset[]> {
    const { config, type } = this.view.info(connector)
    return this.#offsets.list(connector, config, type === 'sink')
  }

  async alterConnectorOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    if (offsets?.length === 0)
      throw new HerderError(400, 'Partitions / offsets need to be provided for an alter offsets request')
    const { config, type } = this.view.info(connector)
    const assertStopped = async (): Promise<void> => {
      const snapshot = this.#parts.config.snapshot()
      if (snapshot.targetState(connector) !== 'STOPPED' || snapshot.tasks(connector).length > 0)
        throw notStopped(connector)
    }
    await assertStopped()
    return this.#offsets.alter({ connector, config, isSink: type === 'sink', wanted: offsets, assertStopped })
  }

  /** This worker is the cluster. */
  async setClusterLoggerLevel(namespace: string, level: string): Promise<void> {
    this.#parts.loggers.set(namespace, level)
  }

  async #stop(): Promise<void> {
    const { config, status, settings } = this.#parts
    this.#ending.abort()
    this.#side.reconfiguration.stop()
    await this.#side.local.stop(this.#side.local.started.work())
    await this.#side.host.stop(settings.taskStopMs)
    await status.flush(FLUSH_MS)
    await Promise.all([status.stop(), config.stop()])
    this.#isReady = false
  }

  #listener(): ConfigListener {
    const { automatic } = this.#side
    const nothing = (): void => undefined
    return {
      connectorChanged: (connector) => {
        const work = { connectors: [connector], tasks: [] }
        automatic?.forget(connector)
        if (this.#wanted.connectors.has(connector)) void this.#side.local.restart(work, false)
        else {
          this.#wanted.add(work)
          this.#side.local.start(work)
        }
      },
      connectorRemoved: nothing,
      tasksChanged: (ids) => {
        for (const connector of new Set(ids.map((id) => id.connector))) this.#side.local.countTaskConfigs(connector)
      },
      targetStateChanged: (connector) => {
        void this.#side.local.setTargetState(connector)
        if (this.#parts.config.snapshot().targetState(connector) === 'STARTED') automatic?.resumed(connector)
      },
      sessionKeyChanged: nothing,
      restartRequested: nothing,
      loggerLevelChanged: nothing,
    }
  }

  async #setTargetState(connector: string, state: TargetState): Promise<void> {
    this.#assertKnown(connector)
    await this.#parts.config.putTargetState(connector, state)
  }

  /** The old tasks stop before the new ones start; what is not there any more is forgotten. */
  async #renewTasks(connector: string, configs: readonly RawSettings[]): Promise<void> {
    const { config, status } = this.#parts
    if (!config.snapshot().has(connector)) return
    if (configs.length > 0 && config.snapshot().targetState(connector) === 'STOPPED') return
    const old = this.#wanted.tasks.filter((id) => id.connector === connector)
    this.#side.automatic?.forgetConnector(connector)
    await config.putTaskConfigs(connector, configs)
    const now = config.snapshot().tasks(connector)
    this.#wanted.remove({ connectors: [], tasks: old })
    this.#wanted.add({ connectors: [], tasks: now })
    const stopped = this.#side.local.stop({ connectors: [], tasks: old })
    this.#side.local.start({ connectors: [], tasks: now })
    await stopped
    for (const id of old) if (id.task >= now.length) status.putTask(id, this.#destroyed())
  }

  /** Stops what there is of a connector, and forgets it. */
  async #give(connector: string): Promise<void> {
    const { status } = this.#parts
    const tasks = this.#wanted.tasks.filter((id) => id.connector === connector)
    this.#wanted.remove({ connectors: [connector], tasks })
    this.#side.reconfiguration.cancel(connector)
    this.#side.automatic?.forgetConnector(connector)
    await this.#side.local.stop({ connectors: [connector], tasks })
    for (const { id } of status.tasks(connector)) status.putTask({ connector, task: id }, this.#destroyed())
    status.putConnector(connector, this.#destroyed())
    status.removeTopics(connector)
  }

  async #later(delayMs: number, work: () => void | Promise<void>): Promise<void> {
    const { signal } = this.#ending
    await this.#parts.clock.sleep(delayMs, signal)
    if (!signal.aborted) await work()
  }

  async #watch(everyMs: number): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      await this.#parts.clock.sleep(everyMs, signal)
      if (!signal.aborted) this.#side.stuckTasks.look()
    }
  }

  #assertKnown(connector: string, colon: ':' | '' = ''): void {
    this.#assertRunning()
    if (!this.#parts.config.snapshot().has(connector)) throw unknownConnector(connector, colon)
  }

  #assertRunning(): void {
    if (this.#stopping !== null) throw new HerderError(500, 'Worker is shutting down')
  }

  #destroyed(): StoredStatus {
    return { state: 'DESTROYED', workerId: this.workerId, trace: null, version: null, generation: 0 }
  }
}

const NO_GUARD: ExactlyOnceGuard = {
  fence: () =>
    Promise.reject(
      new HerderError(500, 'Kafka Connect in standalone mode does not support exactly-once source connectors.'),
    ),
  verify: () => Promise.resolve(),
}
