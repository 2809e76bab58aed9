import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './taken-over.ts'

const KAFKA_SH = fileURLToPath(new URL('../../../../deploy/dev/kafka.sh', import.meta.url))
const END_MS = 40_000
const TAIL_BYTES = 4_000

export type Runtime = 'java' | 'sluice'

/** One instance of the application in a process of its own, Kafka Streams' or ours. */
export class TakenOverInstance {
  readonly runtime: Runtime
  readonly #child: ChildProcess
  readonly #log: string
  readonly #ended: Promise<number | null>
  #isAsked = false

  /** @param folder where its state stays from one start to the next, and its log */
  constructor(runtime: Runtime, bootstrap: string, application: string, folder: string, mutant: Mutant | null = null) {
    fs.mkdirSync(folder, { recursive: true })
    this.runtime = runtime
    this.#log = path.join(folder, 'log.txt')
    const log = fs.openSync(this.#log, 'a')
    const [command, ...args] = commandOf(runtime)
    const given = [bootstrap, application, path.join(folder, 'state'), ...(mutant === null ? [] : [mutant])]
    this.#child = spawn(command!, [...args, ...given], { stdio: ['ignore', log, log] })
    fs.closeSync(log)
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve))
  }

  /** It has ended, and nobody asked it to. */
  get hasFailed(): boolean {
    return this.#child.exitCode !== null && !this.#isAsked
  }

  /** Killed, when it does not end by itself. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#isAsked = true
    this.#child.kill(signal)
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS)
    await this.#ended
    clearTimeout(late)
  }

  /** The end of what it has said. */
  tail(): string {
    return `${this.runtime}: ${fs.readFileSync(this.#log, 'utf8').slice(-TAIL_BYTES)}`
  }
}

function commandOf(runtime: Runtime): string[] {
  if (runtime === 'sluice')
    return [process.execPath, '--conditions=@sluice/source', path.join(import.meta.dirname, 'taken-over-app.ts')]
  const jars = execFileSync('bash', [KAFKA_SH, 'jars', '4.3.1'], { encoding: 'utf8' }).trim()
  const options = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
  return ['java', ...options, '-cp', `${jars}/*`, path.join(import.meta.dirname, 'TakenOver.java')]
}
