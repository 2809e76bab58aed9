import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { eventually } from './eventually.ts'

const TAIL_LINES = 40

/** A client in a process of its own. What it prints is kept; disposing of it ends it, whatever it is doing. */
export class Program implements AsyncDisposable {
  /** Standard output, line by line. */
  readonly lines: string[] = []
  readonly #name: string
  readonly #process: ChildProcess
  readonly #ended: Promise<number | null>
  readonly #errors: string[] = []
  #hasEnded = false

  constructor(name: string, command: string, args: readonly string[], onLine?: (line: string) => void) {
    this.#name = name
    this.#process = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    this.#process.stdin!.on('error', () => {}) // it ended before it had read everything: its status tells
    createInterface({ input: this.#process.stdout! }).on('line', (line) => {
      this.lines.push(line)
      onLine?.(line)
    })
    createInterface({ input: this.#process.stderr! }).on('line', (line) => {
      this.#errors.push(line)
      if (this.#errors.length > TAIL_LINES) this.#errors.shift()
    })
    this.#ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject)
      this.#process.once('close', (code) => {
        this.#hasEnded = true
        resolve(code)
      })
    })
    this.#ended.catch(() => {})
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  write(text: string): void {
    this.#process.stdin!.write(text)
  }

  closeInput(): void {
    this.#process.stdin!.end()
  }

  /** Waits for a line, also one that came before. */
  async said(pattern: RegExp, deadlineMs?: number): Promise<RegExpMatchArray> {
    let found: RegExpMatchArray | null = null
    await this.#watched(
      `it says ${pattern}`,
      () => {
        for (const line of this.lines) found ??= line.match(pattern)
        if (found === null && this.#hasEnded) throw new Error('it has ended')
        return found !== null
      },
      deadlineMs,
    )
    return found!
  }

  /** Waits for its end by itself, with status 0. */
  async succeeds(deadlineMs?: number): Promise<string[]> {
    await this.#watched('it ends', () => this.#hasEnded, deadlineMs)
    const status = await this.#ended
    if (status !== 0) throw new Error(`${this.#name} ended with status ${status}\n${this.report()}`)
    return this.lines
  }

  /** Ends it and waits until it is gone. */
  async end(signal: 'SIGTERM' | 'SIGKILL', deadlineMs = 30_000): Promise<void> {
    if (this.#hasEnded) return
    this.#process.kill(signal)
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), deadlineMs)
    await this.#ended.catch(() => {})
    clearTimeout(timer)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end('SIGKILL')
  }

  /** The last of what it printed, for the message of a failed test. */
  report(): string {
    return [...this.lines.slice(-TAIL_LINES), '--- standard error:', ...this.#errors].join('\n')
  }

  async #watched(what: string, holds: () => boolean, deadlineMs?: number): Promise<void> {
    try {
      await eventually(what, holds, deadlineMs)
    } catch (error) {
      throw new Error(`${this.#name}: ${(error as Error).message}\n${this.report()}`, { cause: error })
    }
  }
}
