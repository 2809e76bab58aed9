/** Runs the quickstart as a person would, as a process of its own, and looks at what is left of it. */
import { spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './house-files.ts'
import { markedBy, processesMarked } from './marked-processes.ts'

const DEADLINE_MS = 60_000
const LOOK_MS = 2

export interface Summary {
  readonly read: Readonly<Record<'lines' | 'records' | 'diverted' | 'skipped', number>>
  readonly topics: Readonly<Record<'raw' | 'clean' | 'quarantine', number>>
  readonly judged: {
    readonly in: number
    readonly passed: number
    readonly marked: number
    readonly quarantined: Readonly<Record<string, number>>
    readonly dropped: Readonly<Record<string, number>>
  }
  readonly table: Readonly<Record<'version' | 'files' | 'rows', number>>
  readonly equations: readonly { readonly sentence: string; readonly holds: boolean }[]
  /** What each rule found among the records of this run; everything else is counted from the beginning of the data. */
  readonly rules: readonly {
    readonly records: number
    readonly checks: readonly { readonly id: string; readonly failed: number; readonly errors: number }[]
  }[]
}

let runs = 0

/** A quickstart under way. */
export class QuickstartRun {
  /** Of standard output and standard error. */
  output = ''
  errors = ''
  /** What its processes are marked by, those of other runs in the folder by another. */
  readonly mark: string
  readonly #dir: string
  readonly #child: ChildProcess
  /** Null: it runs. */
  #status: number | null = null
  readonly #ended: Promise<number>
  readonly #ears = new Set<() => void>()

  constructor(dir: string, args: readonly string[] = [], environment: Readonly<Record<string, string>> = {}) {
    this.#dir = dir
    this.mark = `${dir}#${++runs}#`
    const main = path.join(root, 'packages/cli/src/main.ts')
    this.#child = spawn(process.execPath, ['--conditions=@sluice/source', main, 'quickstart', '--dir', dir, ...args], {
      cwd: root,
      env: { ...markedBy(this.mark), ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const hear = (chunk: Buffer): void => {
      this.output += chunk.toString()
      for (const ear of this.#ears) ear()
    }
    this.#child.stdout!.on('data', hear)
    this.#child.stderr!.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString()
      hear(chunk)
    })
    this.#ended = new Promise((resolve) => {
      const late = setTimeout(() => this.#child.kill('SIGKILL'), DEADLINE_MS)
      this.#child.once('close', (code) => {
        clearTimeout(late)
        this.#status = code ?? 137
        resolve(this.#status)
      })
    })
  }

  /** Resolves when it has said so; rejects, with all it said, when it ended without. */
  said(words: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const listen = (): void => {
        if (!this.output.includes(words)) return
        this.#ears.delete(listen)
        resolve()
      }
      this.#ears.add(listen)
      listen()
      void this.#ended.then(() => reject(this.#endedBefore(`it said "${words}"`)))
    })
  }

  /** Resolves when its broker has written something to this topic; rejects as `said`. */
  async wrote(topic: string): Promise<void> {
    const folder = path.join(this.#dir, 'kafka', 'topics', topic)
    while (!hasRecords(folder)) {
      if (this.#status !== null) throw this.#endedBefore(`anything was written to ${topic}`)
      await sleep(LOOK_MS)
    }
  }

  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** The exit status; 137 when it had to be killed because it did not end in time. */
  ended(): Promise<number> {
    return this.#ended
  }

  #endedBefore(what: string): Error {
    return new Error(`ended with ${this.#status} before ${what}:\n${this.output}`)
  }
}

/** Runs it to its end. @throws Error with all it said, unless it ended well */
export async function runToTheEnd(
  dir: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly output: string; readonly errors: string }> {
  const run = new QuickstartRun(dir, args, environment)
  const status = await run.ended()
  if (status !== 0) throw new Error(`the quickstart ended with ${status}:\n${run.output}`)
  return run
}

export function summaryOf(dir: string): Summary {
  return JSON.parse(fs.readFileSync(path.join(dir, 'summary.json'), 'utf8')) as Summary
}

/** What runs that have ended must not leave: processes of theirs, cells too, and the lock. */
export function leftBehind(dir: string): readonly string[] {
  const lock = path.join(dir, 'lock')
  return [...processesMarked(`${dir}#`), ...(fs.existsSync(lock) ? [lock] : [])]
}

/** Whether a log below this folder holds something. */
function hasRecords(topic: string): boolean {
  const files = fs.existsSync(topic) ? fs.readdirSync(topic, { recursive: true, encoding: 'utf8' }) : []
  const logs = files.filter((file) => file.endsWith('.log')).map((file) => path.join(topic, file))
  return logs.some((log) => fs.existsSync(log) && fs.statSync(log).size > 0)
}
