import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'
import { endError, endOf, taskName, type CellEnd } from './cell-end.ts'
import type { CellExit, CellProcess, SpawnCell } from './cell-process.ts'
import type { CellBirth, CellCall, CellCalls, CellOrder, CellOrders, FromCell, Pong } from './cell-protocol.ts'
import { Watchdog, type WatchLimits } from './watchdog.ts'
import { fromWire, toWire } from './wire-error.ts'
import type { ExactlyOnceGuard, WorkEvents } from './work-host.ts'

export interface CellParts {
  readonly spawn: SpawnCell
  readonly birth: Omit<CellBirth, 'type'>
  readonly limits: WatchLimits
  readonly guard: ExactlyOnceGuard
  readonly clock: Clock
  readonly logger: Logger
}

/** What a cell tells whoever has it. */
export interface CellListener extends WorkEvents {
  ended(end: CellEnd): void
}

interface Waiting {
  readonly what: CellCall
  resolve(value: unknown): void
  reject(error: Error): void
}

/** More calls than that wait for nobody who could still want their answers. */
const WAITING_MAX = 1000
/** … but for those that end work: of them there are as many as there is work in the cell, and none of it may be left out. */
const OF_WORK: ReadonlySet<CellCall> = new Set<CellCall>(['stopConnector', 'stopTasks', 'stop'])
const TERM_GRACE_MS = 5000
const STALLED_GRACE_MS = 500
const MIB = 1_048_576

/** A cell from its start to its end, as the supervisor sees it. It is never started again: `SupervisedCell` takes another. */
export class Cell {
  /** What it runs, for people. */
  name: string
  readonly #parts: CellParts
  readonly #process: CellProcess
  readonly #watchdog: Watchdog
  readonly #logger: Logger
  readonly #waiting = new Map<number, Waiting>()
  readonly #exited = Promise.withResolvers<void>()
  #listener: CellListener | null = null
  #seq = 0
  #end: CellEnd | null = null
  #endedFor: string | null = null
  #isStopping = false
  #isBegun = false
  #pong: { readonly at: number; readonly pong: Pong } | null = null
  readonly #toldStuck = new Set<string>()

  constructor(name: string, parts: CellParts) {
    this.name = name
    this.#parts = parts
    this.#logger = parts.logger
    this.#watchdog = new Watchdog(parts.limits, parts.clock.monotonic())
    this.#process = parts.spawn(
      { heapMaxBytes: heapOf(parts.limits) },
      {
        heard: (message) => this.#hear(message),
        wrote: (stream, line) => this.#logger[stream === 'stderr' ? 'warn' : 'info'](line, { cell: this.name, stream }),
        exited: (exit) => this.#gone(exit),
      },
    )
    this.#process.send({ type: 'birth', ...parts.birth })
    this.#ping()
  }

  listen(listener: CellListener): void {
    this.#listener = listener
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Whether it may still be given work. */
  get isUsable(): boolean {
    return this.#end === null && this.#endedFor === null && !this.#isStopping
  }

  /** Whether it has said anything: before that its modules are still on their way. */
  get isBegun(): boolean {
    return this.#isBegun
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** What the last heart-beat said, and when, as `clock.monotonic()`. */
  get lastPong(): { readonly at: number; readonly pong: Pong } | null {
    return this.#pong
  }

  /** Resolves when the process is gone. */
  get exited(): Promise<void> {
    return this.#exited.promise
  }

  /**
   * Has the cell do something. A cell that does not answer fails this call alone.
   * @throws SluiceError CELL_TIMEOUT, CELL_BUSY, CELL_ENDED, or what the call itself came to
   */
  async call<C extends CellCall>(
    what: C,
    args: CellCalls[C]['args'],
    timeoutMs: number,
  ): Promise<CellCalls[C]['answer']> {
    if (this.#end !== null) throw endError(this.#end)
    if (this.#waiting.size >= WAITING_MAX && !OF_WORK.has(what)) throw this.#busy(what)
    const seq = ++this.#seq
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(seq, { what, resolve, reject })
    this.#process.send({ type: 'call', seq, what, args })
    const over = new AbortController()
    void this.#giveUpAfter(timeoutMs, over.signal, () => reject(this.#late(what, timeoutMs)))
    try {
      return (await promise) as CellCalls[C]['answer']
    } finally {
      over.abort(null)
      this.#waiting.delete(seq)
    }
  }

  /** Has the cell begin or change work. What comes of it the listener is told; when the cell ends, of all that it had. */
  order<O extends CellOrder>(what: O, args: CellOrders[O]): void {
    if (this.#end === null) this.#process.send({ type: 'order', what, args })
  }

  setLogLevel(level: CellBirth['logLevel']): void {
    this.#process.send({ type: 'level', level })
  }

  /** Once per heart-beat: asks for a sign of life, and looks at what the last ones were. */
  look(): void {
    if (this.#end !== null || this.#endedFor !== null) return
    // A cell that stands still cannot say how large it is.
    const residentBytes = this.#watchdog.isOwed
      ? this.#process.residentBytes()
      : (this.#pong?.pong.residentBytes ?? null)
    const verdict = this.#watchdog.look(this.#parts.clock.monotonic(), residentBytes)
    if (verdict.type === 'stalled')
      this.end(`${this.#stalled(verdict.forMs)}, longer than cell.stall.timeout.ms allows`, STALLED_GRACE_MS)
    else if (verdict.type === 'too-large')
      this.end(
        `it had ${Math.round(verdict.residentBytes / MIB)} MiB of memory, and may have ${Math.round(this.#parts.limits.memoryMaxBytes / MIB)} MiB`,
        TERM_GRACE_MS,
      )
    else {
      if (verdict.type === 'stalling') this.#logger.warn(this.#stalled(verdict.forMs), { cell: this.name })
      this.#ping()
    }
  }

  /** Ends it whatever it does: SIGTERM, and SIGKILL when it is not gone after `graceMs`. */
  end(reason: string, graceMs: number): void {
    if (this.#end !== null || this.#endedFor !== null) return
    this.#endedFor = reason
    this.#logger.error(`A cell is ended: ${reason}`, { cell: this.name, pid: this.pid })
    if (graceMs > 0) this.#process.signal('SIGTERM')
    void this.goneWithin(graceMs)
  }

  /** In order: tasks, connectors, clients. After `timeoutMs` it is killed. */
  async stop(timeoutMs: number): Promise<void> {
    if (this.#end !== null) return
    this.#isStopping = true
    const insideMs = insideOf(timeoutMs)
    this.call('stop', [insideMs], timeoutMs).catch((error: unknown) => {
      if (this.#end === null)
        this.#logger.warn('A cell did not stop in order', { cell: this.name, reason: describeError(error) })
    })
    await this.goneWithin(timeoutMs)
  }

  /** Resolves when the process is gone; it is killed when that takes longer. For one that was told to end. */
  async goneWithin(timeoutMs: number): Promise<void> {
    const over = new AbortController()
    if (timeoutMs > 0) await Promise.race([this.#exited.promise, this.#parts.clock.sleep(timeoutMs, over.signal)])
    over.abort()
    if (this.#end !== null) return
    this.#process.signal('SIGKILL')
    await this.#exited.promise
  }

  async #giveUpAfter(timeoutMs: number, over: AbortSignal, late: () => void): Promise<void> {
    await this.#parts.clock.sleep(timeoutMs, over)
    if (!over.aborted) late()
  }

  #ping(): void {
    if (this.#watchdog.isOwed) return
    this.#watchdog.pinged()
    this.#process.send({ type: 'ping' })
  }

  /** Connectors can send through the same channel: whatever comes in must not bring the supervisor down. */
  #hear(message: FromCell): void {
    try {
      this.#heard(message)
    } catch (error) {
      this.#logger.warn('A cell has sent what is no message of a cell', {
        cell: this.name,
        reason: describeError(error),
      })
    }
  }

  #heard(message: FromCell): void {
    this.#isBegun = true
    // What becomes of work while its cell is being ended is told with the reason, when it is gone.
    const listener = this.#endedFor === null ? this.#listener : null
    switch (message.type) {
      case 'ready':
        return
      case 'pong':
        if (!Array.isArray(message.open) || !Array.isArray(message.silent)) throw new Error('a pong without its parts')
        this.#watchdog.ponged()
        this.#pong = { at: this.#parts.clock.monotonic(), pong: message }
        return this.#tellStuck(message)
      case 'answer':
        return this.#answered(message)
      case 'log':
        for (const { level, message: text, fields } of message.lines) this.#logger.child(fields)[level](text)
        return
      case 'connector':
        return listener?.connectorState(message.connector, message.state, message.trace, message.version)
      case 'task':
        return listener?.taskState(message.id, message.state, message.trace, message.version)
      case 'reconfiguration':
        return listener?.reconfigurationRequested(message.connector)
      case 'topic':
        return listener?.topicUsed(message.id, message.topic)
      case 'fence':
        return this.#tell(message.seq, this.#parts.guard.fence(message.connector))
      case 'verify':
        return this.#tell(message.seq, this.#parts.guard.verify(message.id))
    }
  }

  #answered({ seq, value, error }: Extract<FromCell, { type: 'answer' }>): void {
    const waiting = this.#waiting.get(seq)
    if (error === null) waiting?.resolve(value)
    else waiting?.reject(fromWire(error))
  }

  #tell(seq: number, question: Promise<void>): void {
    question.then(
      () => this.#process.send({ type: 'told', seq, error: null }),
      (error: unknown) => this.#process.send({ type: 'told', seq, error: toWire(error) }),
    )
  }

  /** Once for each call that does not come back. */
  #tellStuck({ open }: Pong): void {
    const now = new Set<string>()
    for (const { connector, task, what, forMs } of open) {
      if (forMs < this.#parts.limits.stuckWarnMs) continue
      const key = `${taskName(connector, task)} ${what}`
      now.add(key)
      if (this.#toldStuck.has(key)) continue
      const place = task === null ? { connector } : { connector, task }
      this.#logger.warn(`${what} has not come back for ${Math.round(forMs / 1000)} s`, { ...place, cell: this.name })
    }
    this.#toldStuck.clear()
    for (const key of now) this.#toldStuck.add(key)
  }

  #stalled(forMs: number): string {
    const call = this.#process.call()
    const whose = call === null ? '' : `, inside of ${call.what} of ${taskName(call.connector, call.task)}`
    return `its event loop has stood still for ${Math.round(forMs / 1000)} s${whose}`
  }

  #late(what: CellCall, timeoutMs: number): SluiceError {
    const longer = OF_WORK.has(what) ? '' : ", or give it longer by the worker's setting cell.request.timeout.ms"
    return new SluiceError('CELL_TIMEOUT', `The cell of ${this.name} did not answer ${what} within ${timeoutMs} ms`, {
      remedy: `See what its code does in that call, and while it is loaded${longer}; others are not held up by it.`,
    })
  }

  #busy(what: CellCall): SluiceError {
    const waiting = this.#waiting.size
    return new SluiceError('CELL_BUSY', `The cell of ${this.name} is not asked ${what}: it owes ${waiting} answers`, {
      remedy:
        'See what its code does in the calls that it does not answer, or who asks that often; others are not held up by it.',
    })
  }

  #gone(exit: CellExit): void {
    const { name, pid } = this
    this.#end = endOf({ name, pid, heapMaxBytes: heapOf(this.#parts.limits), endedFor: this.#endedFor }, exit)
    for (const waiting of this.#waiting.values()) waiting.reject(endError(this.#end))
    if (!this.#isStopping) this.#logger.error(this.#end.reason, { cell: name })
    this.#exited.resolve()
    this.#listener?.ended(this.#end)
  }
}

/** What of a deadline is left for the cell itself, so that its answer is here before it. */
export function insideOf(timeoutMs: number): number {
  return timeoutMs - Math.min(500, timeoutMs / 10)
}

function heapOf({ memoryMaxBytes }: WatchLimits): number {
  return memoryMaxBytes / 2
}
