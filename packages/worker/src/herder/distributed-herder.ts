import { describeError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { ExactlyOnceGuard, WorkEvents, WorkHost } from '../cells/work-host.ts'
import type { WorkerGroup, WorkerGroupHooks } from '../group/worker-group.ts'
import type { Measures } from '../operations/measures.ts'
import type { ConfigStore } from '../storage/config-store.ts'
import type { StatusStore } from '../storage/status-store.ts'
import { ConfigChanges } from './config-changes.ts'
import type { ResolveConfig } from './config-reload.ts'
import { Fencing, TaskGuard } from './fencing.ts'
import { HerderLoop } from './herder-loop.ts'
import {
  HerderError,
  type ConnectorInfo,
  type ConnectorOffset,
  type ConnectorStateInfo,
  type Herder,
  type HerderStage,
  type InternalRequest,
  type RestartRequest,
  type TargetState,
  type TaskId,
} from './herder.ts'
import { Holdings } from './holdings.ts'
import { LeaderRequests } from './leader-requests.ts'
import { Leadership } from './leadership.ts'
import { LocalAnswers } from './local-answers.ts'
import { LocalSide } from './local-side.ts'
import type { LocalWork } from './local-work.ts'
import { OffsetRequests } from './offsets.ts'
import type {
  ConnectorOffsets,
  FenceProducers,
  HerderLoggers,
  HerderPlugins,
  LeaderAddress,
  LeaderDoor,
  OffsetsHook,
} from './ports.ts'
import { RebalanceFigures } from './rebalance-figures.ts'
import { Rebalances } from './rebalances.ts'
import { unknownConnector } from './refusals.ts'
import { RemovedStatuses } from './removed-statuses.ts'
import { Restarts } from './restarts.ts'
import { SessionKeys } from './session-keys.ts'
import type { DistributedSettings } from './settings.ts'
import { Tick } from './tick.ts'

const FLUSH_MS = 5_000

export interface DistributedHerderParts {
  readonly workerId: string
  readonly kafkaClusterId: string
  readonly config: ConfigStore
  readonly status: StatusStore
  readonly group: (hooks: WorkerGroupHooks) => WorkerGroup
  readonly host: (events: WorkEvents, guard: ExactlyOnceGuard) => WorkHost
  readonly resolve: ResolveConfig
  readonly plugins: HerderPlugins
  readonly loggers: HerderLoggers
  readonly offsets: ConnectorOffsets
  readonly offsetsHook: OffsetsHook
  /** How another worker's leader is asked. */
  readonly leader: (address: LeaderAddress) => LeaderDoor
  readonly fenceProducers: FenceProducers
  readonly settings: DistributedSettings
  /** Start-up has failed: the worker cannot do anything. */
  readonly onFatal: (error: unknown) => void
  readonly clock: Clock
  readonly logger: Logger
}

/** The herder of a worker that shares its work with others, Java's workers among them (`DistributedHerder`). */
export class DistributedHerder extends LocalAnswers implements Herder {
  readonly mode = 'distributed'
  readonly workerId: string
  readonly kafkaClusterId: string
  readonly #parts: DistributedHerderParts
  readonly #wanted = new Holdings()
  readonly #group: WorkerGroup
  readonly #tick: Tick
  readonly #side: LocalSide
  readonly #changes: ConfigChanges
  readonly #rebalances: Rebalances
  readonly #rebalanceFigures: RebalanceFigures
  readonly #leadership: Leadership
  readonly #sessionKeys: SessionKeys
  readonly #fencing: Fencing
  readonly #offsets: OffsetRequests
  readonly #leader: LeaderRequests
  /** The leader, when it is another worker. */
  readonly #otherLeader: LeaderDoor
  readonly #restarts: Restarts
  readonly #loop: HerderLoop
  readonly #ending = new AbortController()
  #isReady = false
  #running: Promise<void> | null = null
  #stopping: Promise<void> | null = null

  constructor(parts: DistributedHerderParts) {
    const { settings, config, status, plugins, clock, logger, workerId } = parts
    super(parts)
    this.#parts = parts
    this.workerId = workerId
    this.kafkaClusterId = parts.kafkaClusterId
    const wanted = this.#wanted
    const isLeader = (): boolean => this.#rebalances.isLeader
    const leaderUrl = (): string | null => this.#rebalances.leaderUrl
    const generation = (): number => this.#group.generation
    const tick = (): Tick => this.#tick
    const local = (): LocalWork => this.#side.local

    this.#rebalanceFigures = new RebalanceFigures(clock)
    this.#tick = new Tick({ clock, logger, isSettled: () => this.#rebalances.isSettled })
    this.#leadership = new Leadership({ config, tick, isLeader, leaderUrl, logger })
    const removed = new RemovedStatuses({ config, status, workerId, generation })
    this.#rebalances = new Rebalances({
      group: () => this.#group,
      config,
      status,
      local,
      tick,
      wanted,
      times: settings,
      figures: this.#rebalanceFigures,
      onAssigned: (assignment) => this.#leadership.assigned(assignment),
      onLost: () => this.#leadership.lost(),
      onShared: () => {
        if (isLeader()) removed.forgetAll()
      },
      onRevoked: (work) => removed.forget(work),
      clock,
      logger,
    })
    this.#group = parts.group(this.#rebalances.hooks())
    this.#sessionKeys = new SessionKeys({
      settings: settings.sessionKeys,
      config,
      // Without a place nobody is let in unsigned: the request may be served when there is one.
      isSigning: () =>
        this.#group.protocol === null ? (settings.isSessioned ?? true) : this.#group.protocol === 'sessioned',
      clock,
    })
    this.#otherLeader = parts.leader({ leaderUrl, signing: () => this.#sessionKeys.signing() })
    this.#fencing = new Fencing({
      config,
      fenceProducers: parts.fenceProducers,
      asLeader: (what, work) =>
        this.#leadership.request(what, 'Only the leader may process zombie fencing requests.', work),
    })
    const guard = new TaskGuard({
      config,
      syncTimeoutMs: settings.syncTimeoutMs,
      fence: (connector) => this.#fence(connector),
      isCurrent: (id) => this.#side.local.isCurrent(id),
      clock,
    })
    this.#side = new LocalSide({
      ...parts,
      view: this.view,
      guard,
      wanted,
      generation,
      isExactlyOnce: (of) => settings.isExactlyOnceSource && plugins.connectorType(of) === 'source',
      publish: (connector, configs) => this.#publish(connector, configs),
      later: (...args) => this.#tick.later(...args),
    })
    const { automatic } = this.#side
    this.#changes = new ConfigChanges({
      wake: () => this.#tick.wake(),
      onLoggerLevel: (namespace, level) => this.#setLoggerLevel(namespace, level),
      onTasks: (connector) => this.#side.local.countTaskConfigs(connector),
    })
    this.#offsets = new OffsetRequests({ offsets: parts.offsets, hook: parts.offsetsHook, logger })
    this.#leader = new LeaderRequests({
      config,
      status,
      plugins,
      view: this.view,
      offsets: this.#offsets,
      leadership: this.#leadership,
      tick,
      fence: (connector) => this.#fencing.fence(connector),
      isExactlyOnce: settings.isExactlyOnceSource,
      syncTimeoutMs: settings.syncTimeoutMs,
    })
    this.#restarts = new Restarts({
      config,
      group: () => this.#group,
      wanted,
      local: local(),
      automatic,
      tick: this.#tick,
      isLeader,
      leaderUrl,
      clock,
    })
    this.#loop = new HerderLoop({
      tick: this.#tick,
      rebalances: this.#rebalances,
      leadership: this.#leadership,
      sessionKeys: this.#sessionKeys,
      changes: this.#changes,
      config,
      status,
      view: this.view,
      side: this.#side,
      rebalanceTimeoutMs: settings.rebalanceTimeoutMs,
      clock,
      logger,
    })
  }

  get isReady(): boolean {
    return this.#isReady
  }

  stage(): HerderStage {
    return this.#tick.stage()
  }

  measures(): Measures {
    const { offset } = this.#parts.config.snapshot()
    const place = this.#rebalanceFigures.read(this.#group, this.#rebalances.leaderUrl, this.#wanted.work())
    return {
      samples: [...this.#tick.samples(), { name: 'sluice_config_topic_offset', labels: {}, value: offset }],
      figures: [...this.#side.figures(), ...place],
    }
  }

  start(): Promise<void> {
    this.#running ??= this.#run()
    return Promise.resolve()
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop())
  }

  async healthCheck(): Promise<void> {
    await this.#tick.request('checking its health', () => undefined, { needsSettled: false })
  }

  connectorInfo(connector: string): Promise<ConnectorInfo> {
    return this.#read(`reading connector ${connector}`, () => this.view.info(connector))
  }

  connectorConfig(connector: string): Promise<RawSettings> {
    return this.#read(`reading the config of connector ${connector}`, () => this.view.config(connector))
  }

  putConnectorConfig(
    connector: string,
    config: RawSettings,
    options: { readonly mayReplace: boolean; readonly targetState?: TargetState },
  ): Promise<{ readonly isCreated: boolean; readonly info: ConnectorInfo }> {
    return this.#leader.putConfig(connector, config, options)
  }

  patchConnectorConfig(connector: string, patch: Readonly<Record<string, string | null>>): Promise<ConnectorInfo> {
    return this.#leader.patchConfig(connector, patch)
  }

  deleteConnector(connector: string): Promise<void> {
    return this.#leader.deleteConnector(connector)
  }

  restartConnector(connector: string): Promise<void> {
    return this.#restarts.restartConnector(connector)
  }

  restartConnectorAndTasks(request: RestartRequest): Promise<ConnectorStateInfo> {
    return this.#leader.restartAll(request)
  }

  restartTask(id: TaskId): Promise<void> {
    return this.#restarts.restartTask(id)
  }

  pauseConnector(connector: string): Promise<void> {
    return this.#setTargetState(connector, 'PAUSED')
  }

  resumeConnector(connector: string): Promise<void> {
    return this.#setTargetState(connector, 'STARTED')
  }

  stopConnector(connector: string): Promise<void> {
    return this.#leader.stopConnector(connector)
  }

  taskConfigs(connector: string): Promise<readonly { readonly id: TaskId; readonly config: RawSettings }[]> {
    return this.#read(`reading the tasks of connector ${connector}`, () => this.view.taskConfigs(connector))
  }

  async putTaskConfigs(
    connector: string,
    configs: readonly RawSettings[],
    request: InternalRequest | null,
  ): Promise<void> {
    this.#sessionKeys.verify(request)
    await this.#leader.putTaskConfigs(connector, configs)
  }

  async fenceZombies(connector: string, request: InternalRequest | null): Promise<void> {
    this.#sessionKeys.verify(request)
    await this.#fencing.fence(connector)
  }

  async connectorOffsets(connector: string): Promise<readonly ConnectorOffset[]> {
    const { config, type } = await this.connectorInfo(connector)
    return this.#offsets.list(connector, config, type === 'sink')
  }

  alterConnectorOffsets(connector: string, offsets: readonly ConnectorOffset[] | null): Promise<string> {
    return this.#leader.alterOffsets(connector, offsets)
  }

  setClusterLoggerLevel(namespace: string, level: string): Promise<void> {
    return this.#parts.config.putLoggerLevel(namespace, level)
  }

  async #run(): Promise<void> {
    const { config, status, logger, onFatal } = this.#parts
    try {
      await this.#tick.during('initializing and reading to the end of internal topics', async () => {
        await status.start()
        await config.start(this.#changes)
      })
    } catch (error) {
      if (this.#stopping !== null) return
      logger.error('The worker could not start', { reason: describeError(error) })
      return onFatal(error)
    }
    this.#changes.begin(config.snapshot().connectors())
    this.#isReady = true
    await this.#loop.run()
  }

  async #stop(): Promise<void> {
    const { config, status, settings, clock } = this.#parts
    this.#tick.halt(new HerderError(500, 'Worker is shutting down'))
    this.#side.reconfiguration.stop()
    this.#ending.abort()
    await this.#tick.during('shutting down', async () => {
      // What runs is stopped, and said to be, before the place is given up.
      await this.#group.close()
      await this.#side.local.stop(this.#side.local.started.work())
      await this.#side.host.stop(settings.taskStopMs)
      await status.flush(FLUSH_MS)
      await Promise.all([status.stop(), config.stop()])
      // It may be in the middle of something that takes longer than anybody wants to wait.
      const isOver = new AbortController()
      await Promise.race([this.#running, clock.sleep(FLUSH_MS, isOver.signal)])
      isOver.abort()
    })
    this.#isReady = false
  }

  /** At once; before start-up is complete it waits for it. */
  #read<T>(what: string, work: () => T): Promise<T> {
    if (!this.#isReady) return this.#tick.request(what, work, { needsSettled: false })
    return new Promise((resolve) => resolve(work()))
  }

  async #setTargetState(connector: string, state: TargetState): Promise<void> {
    const { config } = this.#parts
    if (!config.snapshot().has(connector)) throw unknownConnector(connector)
    await config.putTargetState(connector, state)
  }

  #setLoggerLevel(namespace: string, level: string): void {
    const { loggers, logger } = this.#parts
    try {
      loggers.set(namespace, level)
    } catch (error) {
      logger.warn('A log level from the config topic is not known here', { reason: describeError(error) })
    }
  }

  /** Task configs of a connector that runs here, on their way to the config topic. */
  async #publish(connector: string, configs: readonly RawSettings[]): Promise<void> {
    if (this.#rebalances.isLeader) return this.#leader.putTaskConfigs(connector, configs)
    await this.#otherLeader.putTaskConfigs(connector, configs, this.#ending.signal)
  }

  async #fence(connector: string): Promise<void> {
    if (this.#rebalances.isLeader) return this.#fencing.fence(connector)
    await this.#otherLeader.fenceZombies(connector, this.#ending.signal)
  }
}
