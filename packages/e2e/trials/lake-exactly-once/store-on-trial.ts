/** The S3 server that the tables lie in: ours, which fails when it is told to, or versitygw, which does not. Each in a process of its own. */
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import path from 'node:path'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { freePorts } from '../free-ports.ts'
import { BUCKET, type OrderedFault, type S3Order, type S3Said } from './s3-orders.ts'
import { within } from './within.ts'

const SERVER = fileURLToPath(new URL('s3-server.ts', import.meta.url))
const VERSITYGW = fileURLToPath(new URL('../../../../deploy/dev/versitygw.sh', import.meta.url))
const ANSWER_MS = 60_000

export type { OrderedFault }

export interface StoreOnTrial {
  readonly name: string
  /** For the environment of whoever is to reach it. */
  readonly environment: Readonly<Record<string, string>>
  /** Undefined: it cannot be told to fail. */
  readonly faults: FaultyS3 | undefined
  /** Puts what is really there below a prefix (`name/`) into a folder. */
  dump(prefix: string, folder: string): Promise<void>
  stop(): Promise<void>
}

function environmentOf(url: string, id: string, secret: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_S3: url,
    AWS_ACCESS_KEY_ID: id,
    AWS_SECRET_ACCESS_KEY: secret,
    AWS_REGION: 'us-east-1',
  }
}

/** Our server, and its faults by order. */
export class FaultyS3 implements StoreOnTrial {
  readonly name = 'the S3 server of object-store/testing'
  readonly environment: Readonly<Record<string, string>>
  /** How often each fault has struck, by `effect operation`, as of the last order. */
  struck: Readonly<Record<string, number>> = {}
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, () => void>()
  readonly #struck = new Map<string, () => void>()
  #number = 0

  static async start(): Promise<FaultyS3> {
    const child = fork(SERVER, { execArgv: ['--no-warnings', '--conditions=@sluice/source'] })
    const started = await new Promise<Extract<S3Said, { said: 'started' }>>((resolve, reject) => {
      child.once('message', resolve as (said: unknown) => void)
      child.once('exit', (code) => reject(new Error(`the S3 server ended with ${code}`)))
    })
    return new FaultyS3(child, environmentOf(started.url, started.id, started.secret))
  }

  private constructor(child: ChildProcess, environment: Readonly<Record<string, string>>) {
    this.#child = child
    this.environment = environment
    child.on('message', (said: S3Said) => {
      if (said.said === 'struck') this.#struck.get(said.hold)?.()
      if (said.said !== 'done') return
      this.struck = said.struck
      this.#waiting.get(said.number)?.()
      this.#waiting.delete(said.number)
    })
  }

  get faults(): this {
    return this
  }

  add(fault: OrderedFault): Promise<void> {
    return this.#order({ order: 'fault', fault })
  }

  /**
   * The next request to which it applies is held. The promise of `struck` is kept when that has come to pass; without `release` the
   * request is never answered.
   */
  async hold(name: string, fault: OrderedFault): Promise<{ readonly struck: Promise<void> }> {
    const struck = new Promise<void>((resolve) => void this.#struck.set(name, resolve))
    await this.add({ ...fault, hold: name })
    return { struck }
  }

  release(hold: string): Promise<void> {
    return this.#order({ order: 'release', hold })
  }

  /** Each request fails in one of the ways that pass, with this chance. */
  chance(seed: number, rate: number): Promise<void> {
    return this.#order({ order: 'chance', seed, rate })
  }

  clear(): Promise<void> {
    return this.#order({ order: 'clear' })
  }

  dump(prefix: string, folder: string): Promise<void> {
    return this.#order({ order: 'dump', prefix, folder })
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL')
    else return
    await ended
  }

  async #order(order: S3Order): Promise<void> {
    const number = ++this.#number
    const answered = new Promise<void>((resolve) => void this.#waiting.set(number, resolve))
    this.#child.send({ ...order, number })
    await within(answered, ANSWER_MS, `the S3 server has done what it was told (${order.order})`)
  }
}

/** Why versitygw cannot be tried here; null when it can. */
export function whyNoVersitygw(): string | null {
  try {
    execFileSync('bash', [VERSITYGW, 'built'], { stdio: 'pipe' })
    return null
  } catch {
    return 'it is not built (deploy/dev/versitygw.sh build)'
  }
}

export async function startVersitygw(folder: string): Promise<StoreOnTrial> {
  const dir = path.join(folder, 'versitygw')
  const port = await freePorts(1)
  execFileSync('bash', [VERSITYGW, 'start', dir, String(port), BUCKET], { stdio: ['ignore', 'ignore', 'inherit'] })
  return {
    name: 'versitygw',
    environment: environmentOf(`http://127.0.0.1:${port}`, 'SLUICETEST', 'a-secret-of-no-worth'),
    faults: undefined,
    // It keeps objects as files.
    dump: async (prefix, to) => fs.cpSync(path.join(dir, 'root', BUCKET, prefix), to, { recursive: true }),
    stop: async () => void execFileSync('bash', [VERSITYGW, 'stop', dir]),
  }
}
