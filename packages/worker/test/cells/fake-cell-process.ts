import type { CellExit, CellProcess, CellProcessEvents, SpawnCell } from '../../src/cells/cell-process.ts'
import type { CellCall, CellOrder, FromCell, ToCell } from '../../src/cells/cell-protocol.ts'
import type { Call } from '../../src/cells/call-watch.ts'

/** A cell in the test's hand: what it was told, and what it answers. */
export class FakeCellProcess implements CellProcess {
  static next = 1000
  readonly pid = FakeCellProcess.next++
  readonly heard: ToCell[] = []
  readonly signals: string[] = []
  /** Whether pings are answered. */
  isWell = true
  /** Whether calls are. */
  answers = true
  resident = 50_000_000
  inside: Call | null = null
  /** What a call comes to; undefined: nothing. */
  readonly results: Map<CellCall, unknown> = new Map<CellCall, unknown>([['stopTasks', []]])
  readonly #events: CellProcessEvents

  constructor(events: CellProcessEvents) {
    this.#events = events
  }

  send(message: ToCell): void {
    this.heard.push(message)
    if (message.type === 'ping' && this.isWell)
      this.say({ type: 'pong', residentBytes: this.resident, open: [], silent: [] })
    if (message.type === 'call' && this.answers) {
      this.say({ type: 'answer', seq: message.seq, value: this.results.get(message.what), error: null })
      if (message.what === 'stop') this.exit({ code: 0 })
    }
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.signals.push(signal)
    if (signal === 'SIGKILL') this.exit({ signal })
  }

  residentBytes(): number {
    return this.resident
  }

  call(): Call | null {
    return this.inside
  }

  say(message: FromCell): void {
    this.#events.heard(message)
  }

  exit(exit: Partial<CellExit>): void {
    this.#events.exited({ code: null, signal: null, lastLines: [], words: null, call: this.inside, ...exit })
  }

  /** What it was told and asked to do, in order. */
  get calls(): readonly (CellCall | CellOrder)[] {
    return this.heard.flatMap((message) => (message.type === 'call' || message.type === 'order' ? [message.what] : []))
  }
}

export class FakeCells {
  readonly all: FakeCellProcess[] = []
  /** Whether those that are started answer calls. */
  areAnswering = true
  /** Whether they answer pings: not before their modules are there. */
  areWell = true
  readonly spawn: SpawnCell = (_, events) => {
    const made = new FakeCellProcess(events)
    made.answers = this.areAnswering
    made.isWell = this.areWell
    this.all.push(made)
    return made
  }

  get last(): FakeCellProcess {
    return this.all.at(-1)!
  }
}
