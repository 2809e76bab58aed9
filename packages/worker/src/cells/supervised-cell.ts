import { describeError, type Clock, type Logger, type RawSettings } from '@sluice/sdk'
import type { TaskId } from '../herder/herder.ts'
import type { Belongings, Item } from './belongings.ts'
import type { Cell, CellListener } from './cell.ts'
import { insideOf } from './cell.ts'
import { endError, type CellEnd } from './cell-end.ts'
import type { CellCall, CellCalls } from './cell-protocol.ts'
import { RestartPolicy, type RestartLimits } from './restart-policy.ts'
import type { ConnectorStart, TaskStart, WorkEvents, WorkHost } from './work-host.ts'

export interface SupervisedCellParts {
  /** A fresh one, or one that waited for work. `only`: the config of the one connector it is for. */
  readonly takeCell: (name: string, only: RawSettings | null) => Cell
  readonly events: WorkEvents
  readonly restarts: RestartLimits
  /** How long a cell without work is kept for what may come; 0: what comes begins in a process of its own, with the code as it is then. */
  readonly lingerMs: number
  readonly clock: Clock
  readonly logger: Logger
  /** Of a cell with several connectors one has brought it down, or two deaths have no culprit: they are to be parted. */
  readonly partCompany: (cell: SupervisedCell, connectors: readonly string[]) => void
  /** Its process has ended before its time, with work in it. */
  readonly died: () => void
}

const DISMISSAL_MS = 30_000
/** A machine that is short of time must not cost those who share a cell their places: so much longer is waited for its answer. */
const SHARED_PATIENCE_MS = 8_000
/** So often may a cell with several connectors die without a culprit. */
const UNEXPLAINED_MAX = 2

/**
 * What runs in one cell, whichever process that is just now: when the process ends before its time, all of it is FAILED with the reason,
 * and starts again in the next one after a pause; unless it dies again and again.
 */
export class SupervisedCell {
  readonly name: string
  readonly #parts: SupervisedCellParts
  readonly #policy: RestartPolicy
  readonly #connectors = new Map<string, Item<ConnectorStart>>()
  readonly #tasks = new Map<string, Item<TaskStart>>()
  #cell: Cell | null = null
  #pause: AbortController | null = null
  #isPoisoned = false
  #unexplained = 0
  #idleSince: number | null = null
  #begunAt = 0
  #lastEnd: CellEnd | null = null
  #isStopped = false
  /** The connectors that its process was asked to look at settings of. */
  readonly #askedAbout = new Set<string>()

  constructor(name: string, parts: SupervisedCellParts) {
    this.name = name
    this.#parts = parts
    this.#policy = new RestartPolicy(parts.restarts)
  }

  get connectors(): readonly string[] {
    return [...this.#connectors.values()].filter((item) => !item.isLeaving).map(({ start }) => start.connector)
  }

  get tasks(): readonly TaskId[] {
    return [...this.#tasks.values()].filter((item) => !item.isLeaving).map(({ start }) => start.id)
  }

  /** The connectors that have anything here. */
  get inhabitants(): ReadonlySet<string> {
    return new Set([...this.connectors, ...this.tasks.map(({ connector }) => connector)])
  }

  /** No work, no process, no pause: it can be forgotten. */
  get isOver(): boolean {
    return this.#connectors.size === 0 && this.#tasks.size === 0 && this.#cell === null
  }

  get cell(): Cell | null {
    return this.#cell
  }

  startConnector(start: ConnectorStart): void {
    const isAlone = this.#connectors.size === 0 && this.#tasks.size === 0
    this.#connectors.set(start.connector, { start, state: null, version: null, isLeaving: false })
    this.#begin(isAlone, () => this.#startConnector(start))
  }

  startTask(start: TaskStart): void {
    const isAlone = this.#connectors.size === 0 && this.#tasks.size === 0
    this.#tasks.set(keyOf(start.id), { start, state: null, version: null, isLeaving: false })
    this.#begin(isAlone, () => this.#startTask(start))
  }

  async stopConnector(connector: string, timeoutMs: number): Promise<boolean> {
    const item = this.#connectors.get(connector)
    if (item === undefined) return true
    item.isLeaving = true
    const of = new Set([connector])
    const inTime = await this.#orderly('stopConnector', [connector, insideOf(timeoutMs)], of, timeoutMs, true, false)
    if (this.#connectors.get(connector) === item) this.#connectors.delete(connector)
    if (!inTime) this.#endIfEmpty(`connector ${connector} did not stop in time`)
    this.#dismissIfEmpty()
    return inTime
  }

  async stopTasks(ids: readonly TaskId[], timeoutMs: number): Promise<readonly TaskId[]> {
    const items = ids.flatMap((id) => this.#tasks.get(keyOf(id)) ?? [])
    if (items.length === 0) return []
    for (const item of items) item.isLeaving = true
    const here = items.map(({ start }) => start.id)
    const of = new Set(here.map(({ connector }) => connector))
    const cancelled = await this.#orderly('stopTasks', [here, insideOf(timeoutMs)], of, timeoutMs, [], here)
    for (const item of items)
      if (this.#tasks.get(keyOf(item.start.id)) === item) this.#tasks.delete(keyOf(item.start.id))
    if (cancelled.length > 0) this.#endIfEmpty(`tasks did not stop in time: ${cancelled.map(keyOf).join(', ')}`)
    this.#dismissIfEmpty()
    return cancelled
  }

  setTargetState(...target: Parameters<WorkHost['setTargetState']>): void {
    const [connector, targetState, pausedKeys] = target
    const item = this.#connectors.get(connector)
    if (item !== undefined) item.start = { ...item.start, targetState }
    for (const task of this.#tasks.values())
      if (task.start.id.connector === connector)
        task.start = { ...task.start, targetState, ...(pausedKeys && { pausedKeys }) }
    this.#cell?.order('setTargetState', target)
  }

  /** @throws SluiceError CELL_TIMEOUT, CELL_BUSY, CELL_ENDED, or the connector's own */
  async ask<C extends CellCall>(
    what: C,
    args: CellCalls[C]['args'],
    timeoutMs: number,
  ): Promise<CellCalls[C]['answer']> {
    this.#idleSince = null
    const isDown = this.#pause !== null || this.#isPoisoned
    if (isDown && this.#lastEnd !== null) throw endError(this.#lastEnd)
    const about =
      what === 'validate' || what === 'describe'
        ? ((args as CellCalls['validate' | 'describe']['args'])[0]['name'] ?? '')
        : null
    // Who describes the same once more may have mended its code meanwhile, of which a process loads every module once.
    if (what === 'describe' && this.#askedAbout.has(about!) && this.#cell?.waiting === 0 && this.inhabitants.size === 0)
      void this.#dismiss()
    const cell = this.#live()
    if (about !== null) this.#askedAbout.add(about)
    return cell.call(what, args, timeoutMs)
  }

  /** Ends the process now: what it was asked for has taken too long. */
  giveUp(reason: string): void {
    this.#cell?.end(reason, 0)
  }

  /**
   * Gives up its process, if it has one that is well, has nothing to do, and was asked about this connector and no other: what others have
   * left behind in it, timers or secrets, is not this one's.
   */
  release(connector: string): Cell | null {
    const cell = this.#cell
    if (cell === null || !cell.isUsable || cell.waiting > 0 || this.inhabitants.size > 0) return null
    if (this.#askedAbout.size !== 1 || !this.#askedAbout.has(connector)) return null
    this.#cell = null
    return cell
  }

  /** Gives up a connector with all that it has here, for another cell. It must have ended here. */
  takeOut(connector: string): Belongings {
    const found = this.#connectors.get(connector)
    this.#connectors.delete(connector)
    const tasks = [...this.#tasks.values()].filter(({ start }) => start.id.connector === connector)
    for (const { start } of tasks) this.#tasks.delete(keyOf(start.id))
    // What was being stopped has ended with the cell: whoever waits for that hands it to somebody else.
    return {
      connector: found?.isLeaving === false ? found : null,
      tasks: tasks.filter(({ isLeaving }) => !isLeaving),
    }
  }

  /** Starts again as if something had died here: what comes from another cell brings its past along. */
  startAfterDeath(belongings: Belongings): void {
    const { connector, tasks } = belongings
    if (connector !== null) this.#connectors.set(connector.start.connector, connector)
    for (const task of tasks) this.#tasks.set(keyOf(task.start.id), task)
    this.#decide(0)
  }

  /** Once per heart-beat. */
  look(): void {
    this.#cell?.look()
    const now = this.#parts.clock.monotonic()
    const isIdle =
      this.#connectors.size === 0 && this.#tasks.size === 0 && this.#cell !== null && this.#cell.waiting === 0
    if (!isIdle) this.#idleSince = null
    else if (this.#idleSince === null) this.#idleSince = now
    else if (now - this.#idleSince >= this.#parts.lingerMs) void this.#dismiss()
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#isStopped = true
    this.#pause?.abort()
    await this.#cell?.stop(timeoutMs)
    this.#connectors.clear()
    this.#tasks.clear()
  }

  /** Something new is to run: at once, unless the cell is in its pause, after which everything begins. */
  #begin(isAlone: boolean, pass: () => void): void {
    if (this.#isPoisoned) {
      // By hand: one more try, without the credit that others have.
      this.#isPoisoned = false
      this.#policy.forgive()
    }
    if (this.#pause !== null || this.#isStopped) return
    // While a process is on its way out, what it had begins again together, when it is gone.
    if (this.#cell?.isUsable === false && !isAlone) return
    this.#live()
    pass()
  }

  #live(): Cell {
    if (this.#cell?.isUsable === true) return this.#cell
    const cell = this.#parts.takeCell(this.name, this.#onlyConfig())
    this.#cell = cell
    this.#askedAbout.clear()
    cell.listen(this.#listener(cell))
    return cell
  }

  /** Of the one connector that it has; null: it has none, or several. */
  #onlyConfig(): RawSettings | null {
    if (this.inhabitants.size !== 1) return null
    const [connector] = this.#connectors.values()
    const [task] = this.#tasks.values()
    return connector?.start.config ?? task?.start.connectorConfig ?? null
  }

  #startConnector(start: ConnectorStart): void {
    this.#begunAt = this.#parts.clock.monotonic()
    this.#cell!.order('startConnector', [start])
  }

  #startTask(start: TaskStart): void {
    this.#begunAt = this.#parts.clock.monotonic()
    this.#cell!.order('startTask', [start])
  }

  /**
   * A stop: `gone` when the process ended by itself, `late` when it did not answer, for which it is ended here and now. One that is on its
   * way out may still write: nobody may begin in its place before it is gone.
   */
  async #orderly<C extends CellCall>(
    what: C,
    args: CellCalls[C]['args'],
    of: ReadonlySet<string>,
    timeoutMs: number,
    gone: CellCalls[C]['answer'],
    late: CellCalls[C]['answer'],
  ): Promise<CellCalls[C]['answer']> {
    const cell = this.#cell
    if (cell === null) return gone
    const until = this.#parts.clock.monotonic() + timeoutMs
    if (cell.isUsable) {
      try {
        return await cell.call(what, args, timeoutMs + this.#patienceMs(of))
      } catch (error) {
        if (cell.isUsable) {
          cell.end(describeError(error), 0)
          await cell.exited
          return late
        }
      }
    }
    await cell.goneWithin(until - this.#parts.clock.monotonic())
    return gone
  }

  /** Beyond a deadline of these connectors. */
  #patienceMs(of: ReadonlySet<string>): number {
    return [...this.inhabitants].every((connector) => of.has(connector)) ? 0 : SHARED_PATIENCE_MS
  }

  /** What was left behind in it must not go on writing. */
  #endIfEmpty(reason: string): void {
    if (this.#connectors.size === 0 && this.#tasks.size === 0) this.#cell?.end(reason, 0)
  }

  #dismissIfEmpty(): void {
    if (this.#parts.lingerMs === 0 && this.#connectors.size === 0 && this.#tasks.size === 0) void this.#dismiss()
  }

  async #dismiss(): Promise<void> {
    const cell = this.#cell
    this.#idleSince = null
    await cell?.stop(DISMISSAL_MS)
  }

  #listener(cell: Cell): CellListener {
    const { events } = this.#parts
    const isCurrent = (): boolean => this.#cell === cell
    return {
      connectorState: (connector, state, trace, version) => {
        const item = this.#connectors.get(connector)
        if (!isCurrent() || item === undefined) return
        Object.assign(item, { state, version })
        events.connectorState(connector, state, trace, version)
      },
      taskState: (id, state, trace, version) => {
        const item = this.#tasks.get(keyOf(id))
        if (!isCurrent() || item === undefined) return
        Object.assign(item, { state, version })
        events.taskState(id, state, trace, version)
      },
      reconfigurationRequested: (connector) => {
        if (isCurrent() && this.#connectors.has(connector)) events.reconfigurationRequested(connector)
      },
      topicUsed: (id, topic) => {
        if (isCurrent() && this.#tasks.has(keyOf(id))) events.topicUsed(id, topic)
      },
      ended: (end) => {
        if (isCurrent()) this.#ended(end)
      },
    }
  }

  #ended(end: CellEnd): void {
    this.#cell = null
    this.#lastEnd = end
    if (this.#isStopped || (this.#connectors.size === 0 && this.#tasks.size === 0)) return
    const { events, died } = this.#parts
    died()
    // What has failed by itself before keeps its own reason, and stays as it is.
    const lost = <S>(items: Iterable<Item<S>>): Item<S>[] =>
      [...items].filter((item) => !item.isLeaving && item.state !== 'FAILED')
    for (const item of lost(this.#connectors.values())) {
      item.state = 'UNASSIGNED'
      events.connectorState(item.start.connector, 'FAILED', end.reason, item.version)
    }
    for (const item of lost(this.#tasks.values())) {
      item.state = 'UNASSIGNED'
      events.taskState(item.start.id, 'FAILED', end.reason, item.version)
    }
    const apart = this.#whoMustGo(end)
    if (apart.length > 0) {
      this.#parts.partCompany(this, apart)
      this.#policy.reset()
      if (this.#connectors.size > 0 || this.#tasks.size > 0) this.#restart()
    } else this.#decide(this.#parts.clock.monotonic() - this.#begunAt)
  }

  /** Of several connectors, those that shall have a cell of their own. */
  #whoMustGo({ culprit }: CellEnd): readonly string[] {
    const { inhabitants } = this
    if (inhabitants.size < 2) return []
    if (culprit !== null && inhabitants.has(culprit)) return [culprit]
    this.#unexplained++
    return this.#unexplained < UNEXPLAINED_MAX ? [] : [...inhabitants]
  }

  #decide(livedMs: number): void {
    const decision = this.#policy.died(livedMs)
    if (decision.type === 'poison') {
      this.#isPoisoned = true
      for (const item of [...this.#connectors.values(), ...this.#tasks.values()]) item.state = 'FAILED'
      this.#parts.logger.error(
        'A cell died again and again soon after its start: it stays down until somebody restarts what it had',
        {
          cell: this.name,
        },
      )
      return
    }
    void this.#restartAfter(decision.delayMs)
  }

  async #restartAfter(delayMs: number): Promise<void> {
    const pause = new AbortController()
    this.#pause = pause
    this.#parts.logger.warn('A cell is started again', { cell: this.name, delayMs })
    await this.#parts.clock.sleep(delayMs, pause.signal)
    this.#pause = null
    if (!this.#isStopped) this.#restart()
  }

  #restart(): void {
    // What has failed by itself comes back when somebody starts it.
    const isDue = ({ state, isLeaving }: Item<unknown>): boolean => !isLeaving && state !== 'FAILED'
    const connectors = [...this.#connectors.values()].filter(isDue)
    const tasks = [...this.#tasks.values()].filter(isDue)
    if (connectors.length === 0 && tasks.length === 0) return
    this.#live()
    for (const { start } of connectors) this.#startConnector(start)
    for (const { start } of tasks) this.#startTask(start)
  }
}

function keyOf(id: TaskId): string {
  return `${id.connector}-${id.task}`
}
