import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, openSync } from 'node:fs'
import path from 'node:path'

const APP = new URL('app.ts', import.meta.url).pathname
const END_MS = 30_000

/** One process of the application. */
export class Instance {
  readonly #child: ChildProcess
  readonly #ended: Promise<void>

  /** @param folder for its state and its log */
  constructor(address: string, prefix: string, guarantee: string, folder: string) {
    mkdirSync(folder, { recursive: true })
    const log = openSync(path.join(folder, 'log.txt'), 'a')
    const args = ['--conditions=@sluice/source', APP, address, prefix, guarantee, path.join(folder, 'state')]
    this.#child = spawn(process.execPath, args, { stdio: ['ignore', log, log] })
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()))
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** Killed, when it does not end by itself. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#child.kill(signal)
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(late)
  }
}
