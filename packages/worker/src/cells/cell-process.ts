/** A cell's operating system process, as its supervisor has it. */
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { CELL_MAIN, isSource } from '../programs.ts'
import { readLines, type LineLimits } from './bounded-lines.ts'
import type { Call } from './call-watch.ts'
import type { FromCell, ToCell } from './cell-protocol.ts'
import { LastWordsPage, type LastWords } from './last-words.ts'

export interface CellExit {
  readonly code: number | null
  readonly signal: string | null
  /** The last ones of standard error. */
  readonly lastLines: readonly string[]
  readonly words: LastWords | null
  /** Who was inside of a connector's code. */
  readonly call: Call | null
}

/** Told in order; `exited` once, last. */
export interface CellProcessEvents {
  heard(message: FromCell): void
  /** A line that the cell wrote itself, past its logger. */
  wrote(stream: 'stdout' | 'stderr', line: string): void
  exited(exit: CellExit): void
}

export interface CellProcess {
  readonly pid: number
  send(message: ToCell): void
  /** To the process and all that it has started. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void
  /** Null: the system does not say. */
  residentBytes(): number | null
  /** Whose code is being run now. */
  call(): Call | null
}

export interface CellProcessOptions {
  /** Of the JavaScript heap. */
  readonly heapMaxBytes: number
  /** Of V8, beside those that every cell has. */
  readonly flags?: readonly string[]
}

export type SpawnCell = (options: CellProcessOptions, events: CellProcessEvents) => CellProcess

const MIB = 1_048_576
const LAST_LINES = 20
const LINES: LineLimits = { charsMax: 4096, linesPerSecondMax: 500 }
/** Of the addresses in V8's own code, which it writes when memory is out, nobody learns anything. */
const NATIVE_FRAME = /^\s*(?:\d+: 0x[0-9a-f]+ .*|-+ Native stack trace -+|)$/
/** Cells give way to their supervisor, which answers people and holds the worker's place in its group. */
const NICE = 5
const SETPRIV = '/usr/bin/setpriv'

/** Starts this program once more with `cell-main` as its script, in a session of its own, so that a Ctrl-C is the supervisor's alone. */
export const spawnCell: SpawnCell = (options, events) => {
  const page = new LastWordsPage()
  const { command, args } = withParentDeath([process.execPath, ...flags(options), fileURLToPath(CELL_MAIN)])
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', page.fd],
    serialization: 'advanced',
    detached: true,
    env: { MALLOC_ARENA_MAX: '2', NODE_COMPILE_CACHE: compileCache(), ...process.env },
  })
  return new NodeCellProcess(child, page, events)
}

class NodeCellProcess implements CellProcess {
  readonly #child: ChildProcess
  readonly #page: LastWordsPage
  readonly #events: CellProcessEvents
  readonly #lastLines: string[] = []
  #isGone = false

  constructor(child: ChildProcess, page: LastWordsPage, events: CellProcessEvents) {
    this.#child = child
    this.#page = page
    this.#events = events
    if (child.pid !== undefined) lowerPriority(child.pid)
    child.on('message', (message) => events.heard(message as FromCell))
    this.#read('stdout', child.stdout!)
    this.#read('stderr', child.stderr!)
    child.on('error', (error) => this.#lastLines.push(error.message))
    child.once('close', (code, signal) => this.#gone(code, signal))
    // Grandchildren may hold its pipes open: its end is its end.
    child.once('exit', (code, signal) => setTimeout(() => this.#gone(code, signal), 200).unref())
    if (child.pid === undefined) setImmediate(() => this.#gone(null, null))
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  send(message: ToCell): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.pid === 0) return
    try {
      process.kill(-this.pid, signal)
    } catch {
      // It is gone already, with all it had started.
    }
  }

  residentBytes(): number | null {
    try {
      const pages = fs.readFileSync(`/proc/${this.pid}/statm`, 'latin1').split(' ')[1]
      return Number(pages) * PAGE_BYTES
    } catch {
      return null
    }
  }

  call(): Call | null {
    return this.#isGone ? null : this.#page.call()
  }

  #read(stream: 'stdout' | 'stderr', from: Readable): void {
    readLines(from, LINES, (line) => {
      if (NATIVE_FRAME.test(line)) return
      if (stream === 'stderr') {
        this.#lastLines.push(line)
        if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift()
      }
      this.#events.wrote(stream, line)
    })
  }

  #gone(code: number | null, signal: string | null): void {
    if (this.#isGone) return
    const exit = { code, signal, lastLines: this.#lastLines, words: this.#page.words(), call: this.#page.call() }
    this.#isGone = true
    this.#page.close()
    // What it has started does not outlive it.
    this.signal('SIGKILL')
    this.#events.exited(exit)
  }
}

const PAGE_BYTES = 4096

/** Those of this process that say how modules are found; and the cell's own limits. */
function flags({ heapMaxBytes, flags = [] }: CellProcessOptions): readonly string[] {
  const own = process.execArgv.filter((flag) =>
    /^(?:--conditions=|--import=|--require=|--enable-source-maps$)/.test(flag),
  )
  const source = isSource ? ['--conditions=@sluice/source'] : []
  return [
    ...new Set([...own, ...source]),
    '--disable-warning=ExperimentalWarning',
    `--max-old-space-size=${Math.max(16, Math.round(heapMaxBytes / MIB))}`,
    '--v8-pool-size=1',
    ...flags,
  ]
}

/**
 * Where cells find what cells before them have compiled: it takes most of the time out of a start, and some of the memory. In a folder
 * that is this user's alone, because what lies there is run.
 */
function compileCache(): string {
  return path.join(process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache'), 'sluice', 'compiled')
}

/** Where the system can promise it, a cell that holds its event loop ends with a supervisor that was killed, too. */
function withParentDeath(line: readonly string[]): { readonly command: string; readonly args: readonly string[] } {
  const [command, ...args] = line
  if (process.platform !== 'linux' || !fs.existsSync(SETPRIV)) return { command: command!, args }
  return { command: SETPRIV, args: ['--pdeathsig', 'KILL', '--', ...line] }
}

function lowerPriority(pid: number): void {
  try {
    os.setPriority(pid, NICE)
  } catch {
    // It has ended, or the system does not allow it: then it runs as it is.
  }
}
