import os from 'node:os'
import { SluiceError, type Clock, type Logger, type RawSettings, type SettingProblem } from '@sluice/sdk'
import type { ConnectorOffset, TaskId } from '../herder/herder.ts'
import { untilShared } from '../shared-moments.ts'
import { Cell } from './cell.ts'
import type { MetricSample } from './cell-metrics.ts'
import { tellsOfEnd } from './cell-end.ts'
import { spawnCell, type SpawnCell } from './cell-process.ts'
import type { CellCall, CellCalls, CellMeasures, LogLevel } from './cell-protocol.ts'
import { InlineHost, type TaskProgress } from './inline-host.ts'
import { Placement, type Isolation, type Place } from './placement.ts'
import { RESTART_LIMITS, type RestartLimits } from './restart-policy.ts'
import { SpareCells } from './spare-cells.ts'
import { SupervisedCell } from './supervised-cell.ts'
import { Tidying, tidyHeap } from './tidying.ts'
import { lingerMsOf, validationsOf, whichToAsk } from './validation-cells.ts'
import { WATCH_LIMITS, type WatchLimits } from './watchdog.ts'
import type { OpenEnvironment, WorkEnvironment } from './work-environment.ts'
import type { ConnectorStart, ExactlyOnceGuard, TaskStart, WorkEvents, WorkHost } from './work-host.ts'

export interface CellHostOptions {
  /** Of connectors that do not say so themselves. */
  readonly isolation: Isolation
  /** URL or absolute path of the module whose `openEnvironment(given, logger)` makes what the work needs, there and here. */
  readonly module: string
  /** What can go through structured clone. */
  readonly given: unknown
  /** What work in this process is run with; default: what the module opens here. */
  readonly inline?: () => Promise<WorkEnvironment>
  readonly events: WorkEvents
  readonly guard: ExactlyOnceGuard
  readonly logger: Logger
  readonly clock: Clock
  readonly logLevel?: LogLevel
  readonly watch?: Partial<WatchLimits>
  readonly restarts?: Partial<RestartLimits>
  /** Deadline of a question to a connector: its task configs, its validation, its say about offsets. */
  readonly requestTimeoutMs?: number
  /** A cell that hears nothing from its supervisor for so long ends: by default the session time-out of workers. */
  readonly silenceMaxMs?: number
  /** What its cells run, for people. Default `connector`. */
  readonly noun?: 'connector' | 'processor'
  /** Most connectors of a shared cell. */
  readonly sharedMax?: number
  /** Cells that are started ahead, once the first has been needed: a connector then waits for its own modules alone. */
  readonly spareCells?: number
  /** Cells that may begin at once only to be asked about settings. Default: as many as there are cores. */
  readonly beginningMax?: number
  /** How long a cell is kept that has nothing to do (0: ended with its last work); one that was asked about settings longer. */
  readonly lingerMs?: number
  /** Another way to start processes, for tests. */
  readonly spawn?: SpawnCell
  /** Gives back to the system what this process does not need any more. */
  readonly tidy?: () => void
}

const METRICS_TIMEOUT_MS = 1000
const NOTHING: CellMeasures = { samples: [], figures: [] }
const TIDY_AFTER_BEATS = 10

/**
 * Runs connectors in cells. This process imports none of their code (but for `isolation: inline`), and no call here waits for one of
 * them longer than its time-out.
 */
export class CellHost implements WorkHost {
  readonly #options: Required<CellHostOptions>
  readonly #watchLimits: WatchLimits
  readonly #placement: Placement
  readonly #cells = new Map<string, SupervisedCell>()
  readonly #spares: SpareCells
  readonly #ending = new AbortController()
  readonly #tidying: Tidying
  readonly #lastMetrics = new Map<string, CellMeasures>()
  #inline: Promise<{ readonly host: InlineHost; readonly environment: WorkEnvironment }> | null = null
  #inlineNow: InlineHost | null = null
  #logLevel: LogLevel
  #deaths = 0

  constructor(options: CellHostOptions) {
    this.#options = {
      logLevel: 'info',
      watch: {},
      restarts: {},
      requestTimeoutMs: 30_000,
      silenceMaxMs: 10_000,
      noun: 'connector',
      sharedMax: 100,
      spareCells: options.isolation === 'connector' ? 1 : 0,
      beginningMax: os.availableParallelism(),
      lingerMs: 10_000,
      spawn: spawnCell,
      tidy: tidyHeap,
      inline: () => openHere(options),
      ...options,
    }
    this.#logLevel = this.#options.logLevel
    this.#tidying = new Tidying(this.#options.tidy, TIDY_AFTER_BEATS)
    this.#watchLimits = { ...WATCH_LIMITS, ...options.watch }
    this.#placement = new Placement(options.isolation, this.#options.sharedMax, this.#options.noun)
    this.#spares = new SpareCells({
      count: this.#options.spareCells,
      spawn: () => this.#spawn('nobody yet'),
      clock: this.#options.clock,
    })
    void this.#watch()
  }

  get connectors(): readonly string[] {
    return [...(this.#inlineNow?.connectors ?? []), ...[...this.#cells.values()].flatMap((cell) => cell.connectors)]
  }

  get tasks(): readonly TaskId[] {
    return [...(this.#inlineNow?.tasks ?? []), ...[...this.#cells.values()].flatMap((cell) => cell.tasks)]
  }

  async startConnector(start: ConnectorStart): Promise<void> {
    this.#tidying.again()
    const place = this.#placement.place(start.connector, start.config)
    if (place.type === 'cell') this.#cell(place.name).startConnector(start)
    else await (await this.#inlineHost()).startConnector(start)
  }

  async startTask(start: TaskStart): Promise<void> {
    const place = this.#placement.place(start.id.connector, start.connectorConfig)
    if (place.type === 'cell') this.#cell(place.name).startTask(start)
    else await (await this.#inlineHost()).startTask(start)
  }

  async stopConnector(connector: string, timeoutMs: number): Promise<boolean> {
    const host = this.#whereIs(connector)
    const inTime = (await host?.stopConnector(connector, timeoutMs)) ?? true
    this.#forgetIfGone(connector)
    return inTime
  }

  async stopTasks(ids: readonly TaskId[], timeoutMs: number): Promise<readonly TaskId[]> {
    const byHost = Map.groupBy(ids, ({ connector }) => this.#whereIs(connector))
    const late = await Promise.all(
      [...byHost].map(async ([host, own]) => (await host?.stopTasks(own, timeoutMs)) ?? []),
    )
    for (const connector of new Set(ids.map((id) => id.connector))) this.#forgetIfGone(connector)
    return late.flat()
  }

  async setTargetState(...target: Parameters<WorkHost['setTargetState']>): Promise<void> {
    await this.#whereIs(target[0])?.setTargetState(...target)
  }

  async taskConfigs(connector: string, tasksMax: number): Promise<readonly RawSettings[]> {
    const place = this.#placement.known(connector)
    if (place?.type === 'cell') return this.#ask(place.name, 'taskConfigs', [connector, tasksMax])
    return (await this.#inlineHost()).taskConfigs(connector, tasksMax)
  }

  /**
   * What the connector itself finds wrong with a config. It is asked in a cell for its class, so that it harms nobody who runs, whatever
   * name the config has; and in one that asks nobody else, as long as there are not too many.
   * @throws SluiceError CELL_TIMEOUT, CELL_BUSY, CELL_ENDED, PLUGIN_UNKNOWN, or the connector's own
   */
  async validate(config: RawSettings): Promise<readonly SettingProblem[]> {
    const { requestTimeoutMs } = this.#options
    if (this.#placement.isolationOf(config) === 'inline')
      return (await this.#inlineHost()).validate(config, AbortSignal.timeout(requestTimeoutMs))
    return this.#askAside(config, 'validate', [config, requestTimeoutMs])
  }

  /** What the work says of itself under this config, asked where it is validated. @throws as `validate` */
  async describe(config: RawSettings): Promise<object> {
    if (this.#placement.isolationOf(config) === 'inline') return (await this.#inlineHost()).describe(config)
    return this.#askAside(config, 'describe', [config])
  }

  /** Whether the connector knows that these offsets are right. @throws as `validate` */
  async alterOffsets(connector: string, config: RawSettings, offsets: readonly ConnectorOffset[]): Promise<boolean> {
    const place = this.#placement.known(connector) ?? this.#placement.place(connector, config)
    try {
      if (place.type === 'inline') return await (await this.#inlineHost()).alterOffsets(connector, config, offsets)
      return await this.#ask(place.name, 'alterOffsets', [connector, config, offsets])
    } finally {
      this.#forgetIfGone(connector)
    }
  }

  lastSignOfLife(id: TaskId): number | null {
    const place = this.#placement.known(id.connector)
    if (place?.type === 'inline') return this.#inlineNow?.lastSignOfLife(id) ?? null
    const heard = place === undefined ? null : (this.#cells.get(place.name)?.cell?.lastPong ?? null)
    const found = heard?.pong.silent.find((task) => task.id.connector === id.connector && task.id.task === id.task)
    return heard === null ? null : heard.at - (found?.silentMs ?? 0)
  }

  /** What died with its cell starts again with the next one, or stays down if that dies as well. */
  restartsItself(trace: string): boolean {
    return tellsOfEnd(trace)
  }

  /** Counts and positions of a connector's tasks, for people; empty where nobody answers in time. */
  async progress(connector: string): Promise<readonly TaskProgress[]> {
    const place = this.#placement.known(connector)
    if (place?.type === 'inline') return this.#inlineNow?.progress(connector) ?? []
    const cell = place === undefined ? null : (this.#cells.get(place.name)?.cell ?? null)
    return (await cell?.call('progress', [connector], METRICS_TIMEOUT_MS).catch(() => [])) ?? []
  }

  /** Of all cells; where one does not answer in time, what it said last. */
  async metrics(): Promise<CellMeasures> {
    const all = await Promise.all(
      [...this.#cells.values()].map(async ({ name, cell }) => {
        const measures = await cell?.call('metrics', [], METRICS_TIMEOUT_MS).catch(() => this.#lastMetrics.get(name))
        if (measures !== undefined) this.#lastMetrics.set(name, measures)
        return measures ?? NOTHING
      }),
    )
    const inline = (await this.#inline?.catch(() => null)) ?? null
    if (inline !== null) all.push({ samples: inline.environment.metrics(), figures: inline.host.figures() })
    return {
      samples: [...all.flatMap(({ samples }) => samples), ...this.#ownSamples()],
      figures: all.flatMap(({ figures }) => figures),
    }
  }

  setLogLevel(level: LogLevel): void {
    this.#logLevel = level
    for (const { cell } of this.#cells.values()) cell?.setLogLevel(level)
    this.#spares.setLogLevel(level)
  }

  /** The processes, for people and for measurements. */
  cells(): readonly { readonly name: string; readonly pid: number; readonly residentBytes: number | null }[] {
    return [...this.#cells.values()].flatMap(({ name, cell }) =>
      cell === null ? [] : [{ name, pid: cell.pid, residentBytes: cell.lastPong?.pong.residentBytes ?? null }],
    )
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#ending.abort()
    const inline = await this.#inline?.catch(() => null)
    await Promise.all([
      ...[...this.#cells.values()].map((cell) => cell.stop(timeoutMs)),
      this.#spares.stop(timeoutMs),
      inline?.host.stop(timeoutMs),
    ])
    await inline?.environment.close()
    this.#cells.clear()
  }

  #ownSamples(): readonly MetricSample[] {
    const cells = this.cells()
    const labels: MetricSample['labels'] = this.#options.noun === 'connector' ? {} : { of: this.#options.noun }
    return [
      { name: 'sluice_cells', labels, value: cells.length },
      { name: 'sluice_cell_deaths_total', labels, value: this.#deaths },
      ...cells.flatMap(({ name, residentBytes }) =>
        residentBytes === null
          ? []
          : [{ name: 'sluice_cell_resident_bytes', labels: { ...labels, cell: name }, value: residentBytes }],
      ),
    ]
  }

  async #watch(): Promise<void> {
    const [{ clock }, { signal }] = [this.#options, this.#ending]
    for (;;) {
      await clock.sleep(untilShared(this.#watchLimits.heartbeatIntervalMs, clock.monotonic()), signal)
      if (signal.aborted) return
      for (const [name, cell] of this.#cells) {
        cell.look()
        if (cell.isOver) this.#forgetCell(name)
      }
      this.#spares.look()
      this.#tidying.beat()
      if (this.#cells.size > 0) this.#spares.fill()
    }
  }

  #forgetCell(name: string): void {
    this.#cells.delete(name)
    this.#lastMetrics.delete(name)
  }

  async #askAside<C extends CellCall>(
    config: RawSettings,
    what: C,
    args: CellCalls[C]['args'],
  ): Promise<CellCalls[C]['answer']> {
    const cell = this.#validationCell(config)
    try {
      return await cell.ask(what, args, this.#options.requestTimeoutMs)
    } catch (error) {
      // What is still at work in it is nobody's any more.
      if (error instanceof SluiceError && error.code === 'CELL_TIMEOUT') cell.giveUp(error.message)
      throw error
    }
  }

  #ask<C extends CellCall>(name: string, what: C, args: CellCalls[C]['args']): Promise<CellCalls[C]['answer']> {
    return this.#cell(name).ask(what, args, this.#options.requestTimeoutMs)
  }

  #whereIs(connector: string): SupervisedCell | InlineHost | null {
    const place = this.#placement.known(connector)
    if (place === undefined) return null
    return place.type === 'inline' ? this.#inlineNow : (this.#cells.get(place.name) ?? null)
  }

  #forgetIfGone(connector: string): void {
    const host = this.#whereIs(connector)
    if (host?.connectors.includes(connector) === true) return
    if (host?.tasks.some((id) => id.connector === connector) === true) return
    this.#placement.forget(connector)
  }

  #validationCell(config: RawSettings): SupervisedCell {
    const names = validationsOf(config['connector.class'] ?? '')
    const cells = names.map((name) => ({ name, waiting: this.#cells.get(name)?.cell?.waiting ?? null }))
    const beginning = [...this.#cells.values()].filter(({ cell }) => cell?.isBegun === false).length
    // Where the connector will not go on in it, more processes that begin at once would only make all of them late.
    const isLeft = this.#placement.isolationOf(config) === 'shared'
    return this.#cell(whichToAsk(cells, !isLeft || beginning < this.#options.beginningMax))
  }

  #cell(name: string): SupervisedCell {
    let cell = this.#cells.get(name)
    if (this.#ending.signal.aborted) throw new SluiceError('INTERRUPTED', 'The worker is shutting down')
    if (cell === undefined) this.#cells.set(name, (cell = this.#supervised(name)))
    return cell
  }

  #supervised(name: string): SupervisedCell {
    const { events, restarts, lingerMs, clock, logger } = this.#options
    return new SupervisedCell(name, {
      events,
      restarts: { ...RESTART_LIMITS, ...restarts },
      lingerMs: lingerMsOf(name, lingerMs),
      clock,
      logger,
      takeCell: (of, only) => this.#takeCell(of, only),
      partCompany: (cell, connectors) => this.#part(cell, connectors),
      died: () => void this.#deaths++,
    })
  }

  #part(cell: SupervisedCell, connectors: readonly string[]): void {
    for (const connector of connectors) {
      this.#options.logger.warn(
        'The connector gets a cell of its own: the one it shared has ended, because of it or for unknown reasons',
        { connector, cell: cell.name },
      )
      const belongings = cell.takeOut(connector)
      const own: Place = this.#placement.part(connector)
      if (own.type === 'cell') this.#cell(own.name).startAfterDeath(belongings)
    }
  }

  /**
   * Of those that are there already, first one that was asked about this connector and no other: a connector that is created begins where
   * its settings were just looked at, with its code loaded.
   */
  #takeCell(name: string, only: RawSettings | null): Cell {
    this.#spares.taken()
    const cell = this.#validated(only) ?? this.#spares.take() ?? this.#spawn(name)
    cell.name = name
    return cell
  }

  #validated(only: RawSettings | null): Cell | null {
    const { name: connector, 'connector.class': connectorClass } = only ?? {}
    if (connector === undefined || connectorClass === undefined) return null
    for (const name of validationsOf(connectorClass)) {
      const cell = this.#cells.get(name)?.release(connector) ?? null
      if (cell !== null) return cell
    }
    return null
  }

  #spawn(name: string): Cell {
    const { spawn, module, given, silenceMaxMs, guard, clock, logger } = this.#options
    const birth = { module, given, logLevel: this.#logLevel, silenceMaxMs }
    return new Cell(name, { spawn, birth, limits: this.#watchLimits, guard, clock, logger })
  }

  async #inlineHost(): Promise<InlineHost> {
    this.#inline ??= this.#openInline()
    return (await this.#inline).host
  }

  async #openInline(): Promise<{ readonly host: InlineHost; readonly environment: WorkEnvironment }> {
    const { inline, events, guard, logger } = this.#options
    const environment = await inline()
    const host = new InlineHost({ environment, events, guard, logger })
    this.#inlineNow = host
    return { host, environment }
  }
}

async function openHere({ module, given, logger }: CellHostOptions): Promise<WorkEnvironment> {
  const url = module.startsWith('/') ? `file://${module}` : module
  const { openEnvironment } = (await import(url)) as { readonly openEnvironment: OpenEnvironment }
  return openEnvironment(given, logger)
}
