/** Runs the client programs of this folder, each as a process of its own, and tells which of them this machine has. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ClientFigures, type ClientJob, writePayloads } from './client-run.ts'

const HERE = path.dirname(fileURLToPath(import.meta.url))
const KAFKA = path.join(HERE, '../../../../deploy/dev/kafka.sh')
const TIMEOUT_MS = 240_000
const SHORT_TIMEOUT_MS = 60_000
/** A peer that stumbles once is no reason to be without its figure. */
const PEER_TRIES = 2
/** Java's compiler is busy with less. */
const JAVA_WARM_UP_RECORDS = 1_000_000

export type ClientName = 'sluice' | 'platformatic' | 'kafkajs' | 'librdkafka (C)' | 'Java'

/** What is built once for all runs; `missing` says why a client is not run. */
export class ClientPrograms {
  readonly missing: Map<ClientName, string> = new Map()
  readonly #dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-clients-'))
  readonly #jars: string | null

  constructor() {
    for (const bytes of [100, 1024]) writePayloads(bytes, this.#payloads(bytes))
    this.#jars = this.#buildJava()
    this.#buildLibrdkafka()
    for (const [name, why] of this.missing) console.log(`  ${name} is not here: ${why}`)
    process.once('exit', () => fs.rmSync(this.#dir, { recursive: true, force: true }))
  }

  /** Null where the client is not installed, and where a peer failed twice, which is said. Our own client has to get there. */
  async run(client: ClientName, job: ClientJob, isShort: boolean): Promise<ClientFigures | null> {
    if (this.missing.has(client)) return null
    if (client === 'sluice') return this.#run(client, job, isShort)
    for (let attempt = 0; attempt < PEER_TRIES; attempt++) {
      try {
        return await this.#run(client, job, isShort)
      } catch (error) {
        console.log(`  ${(error as Error).message}`)
      }
    }
    return null
  }

  async #run(client: ClientName, job: ClientJob, isShort: boolean): Promise<ClientFigures> {
    const [command, ...args] = this.#command(client, job, isShort)
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.stderr.on('data', (text: Buffer) => (err += text.toString()))
    const timer = setTimeout(() => child.kill('SIGKILL'), isShort ? SHORT_TIMEOUT_MS : TIMEOUT_MS)
    const [code, signal] = await once(child, 'close')
    clearTimeout(timer)
    const line = out.split('\n').findLast((text) => text.startsWith('{'))
    if (code === 0 && line !== undefined) return JSON.parse(line) as ClientFigures
    throw new Error(`${client} could not ${job.mode} (${String(code ?? signal)}): ${err.slice(-500)}`)
  }

  #command(client: ClientName, job: ClientJob, isShort: boolean): string[] {
    const { mode, bootstrap, topic, target, partitions, records, bytes, compression } = job
    if (client === 'librdkafka (C)') {
      const numbers = [partitions, records, bytes].map(String)
      return [
        path.join(this.#dir, 'librdkafka'),
        mode,
        bootstrap,
        topic,
        ...numbers,
        compression,
        this.#payloads(bytes),
      ]
    }
    if (client === 'Java') {
      const warmUp = isShort || mode !== 'produce' ? Math.floor(records / 4) : JAVA_WARM_UP_RECORDS
      const java = ['java', '-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=error']
      const numbers = [partitions, records, bytes].map(String)
      const what = [mode, bootstrap, topic, target, ...numbers, compression, this.#payloads(bytes), String(warmUp)]
      return [...java, '-cp', `${this.#dir}:${this.#jars}/*`, 'JavaClients', ...what]
    }
    const options = Object.entries(job).flatMap(([name, value]) => [`--${name}`, String(value)])
    const node = [process.execPath, '--conditions=@sluice/source', '--disable-warning=TimeoutNegativeWarning']
    return [...node, path.join(HERE, `${client}.ts`), ...options]
  }

  #payloads(bytes: number): string {
    return path.join(this.#dir, `payloads-${bytes}`)
  }

  #buildJava(): string | null {
    const missing = ['java', 'javac', 'mvn'].filter((tool) => spawnSync('which', [tool]).status !== 0)
    if (missing.length > 0) {
      this.missing.set('Java', `${missing.join(' and ')} not found`)
      return null
    }
    const jars = execFileSync('bash', [KAFKA, 'jars'], { encoding: 'utf8' }).trim()
    execFileSync('javac', ['-cp', `${jars}/*`, '-d', this.#dir, path.join(HERE, 'JavaClients.java')])
    return jars
  }

  #buildLibrdkafka(): void {
    const program = path.join(this.#dir, 'librdkafka')
    const build = spawnSync('gcc', ['-O2', path.join(HERE, 'librdkafka.c'), '-lrdkafka', '-o', program])
    if (build.status !== 0) this.missing.set('librdkafka (C)', 'it does not compile; it needs gcc and librdkafka-dev')
  }
}
