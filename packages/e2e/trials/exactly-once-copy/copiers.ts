/** The processes that copy: one for each slot, started again whenever it ends, and what their journals say. */
import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CopierJob, EXIT } from './copier-job.ts'

const PROGRAM = fileURLToPath(new URL('copier.ts', import.meta.url))
const STOP_TIMEOUT_MS = 15_000

export interface Journals {
  readonly committed: number
  readonly aborted: ReadonlySet<string>
  /** Commits whose outcome was asked for again. */
  readonly unknown: number
  /** Why processes ended by themselves. */
  readonly ends: readonly string[]
}

export class Copiers {
  /** How often a process ended because another had taken over. */
  fenced = 0
  readonly #job: (slot: number, life: number) => CopierJob
  readonly #dir: string
  /** Who has each slot. */
  readonly #processes: (ChildProcess | null)[]
  /** All that have not ended, zombies whose slot another has taken among them. */
  readonly #alive = new Set<ChildProcess>()
  readonly #lives: number[]
  #isStopping = false

  constructor(slots: number, dir: string, job: (slot: number, life: number) => CopierJob) {
    this.#dir = dir
    this.#job = job
    this.#processes = Array.from({ length: slots }, () => null)
    this.#lives = Array.from({ length: slots }, () => 0)
  }

  /** Fills the slot with a process; one that was there goes on by itself. */
  start(slot: number): void {
    const job = this.#job(slot, this.#lives[slot]!++)
    const child = spawn(process.execPath, ['--conditions=@sluice/source', PROGRAM, JSON.stringify(job)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    this.#processes[slot] = child
    this.#alive.add(child)
    child.once('exit', (code) => {
      this.#alive.delete(child)
      if (code === EXIT.fenced) this.fenced++
      if (!this.#isStopping && this.#processes[slot] === child) this.start(slot)
    })
  }

  /** kill -9; the slot is taken by the next process at once. */
  kill(slot: number): void {
    this.#processes[slot]?.kill('SIGKILL')
  }

  /** Stops the process without ending it, and thaws it after so long. Whoever takes its place in the meantime works on. */
  async freeze(slot: number, ms: number): Promise<void> {
    const frozen = this.#processes[slot]
    frozen?.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, ms))
    frozen?.kill('SIGCONT')
  }

  /** As `freeze`, but another process takes the slot, and with it the transactional id, while this one is frozen. */
  async replaceFrozen(slot: number, ms: number): Promise<void> {
    const frozen = this.#processes[slot]
    frozen?.kill('SIGSTOP')
    this.start(slot)
    await new Promise((resolve) => setTimeout(resolve, ms))
    frozen?.kill('SIGCONT')
  }

  /** Resolves when a process of this slot has stopped itself. */
  async frozen(slot: number, timeoutMs: number): Promise<void> {
    const until = Date.now() + timeoutMs
    while (Date.now() < until) {
      const pid = this.#processes[slot]?.pid
      if (pid !== undefined && stateOf(pid) === 'T') return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`copier ${slot} did not freeze within ${timeoutMs} ms`)
  }

  thaw(slot: number): void {
    this.#processes[slot]?.kill('SIGCONT')
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(
      [...this.#alive].map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGCONT')
        child.kill('SIGTERM')
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
        await ended
        clearTimeout(timer)
      }),
    )
  }

  journals(): Journals {
    const lines = fs
      .readdirSync(this.#dir)
      .flatMap((file) => fs.readFileSync(path.join(this.#dir, file), 'utf8').split('\n'))
    const of = (what: string): string[] =>
      lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1))
    return {
      committed: of('committed').length,
      aborted: new Set(of('aborted')),
      unknown: of('unknown').length,
      ends: of('ended'),
    }
  }
}

/** The letter for a process's state, as `ps` has it. */
function stateOf(pid: number): string {
  try {
    return /\) (\w)/.exec(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}
