/** Workers as processes of their own, on an embedded broker, to play the captured conversation against. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { startEmbeddedKafka, type EmbeddedKafka } from '@sluice/embedded-kafka'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { SOURCE_LINES, stepsBefore } from './rest-transcript-gaps.ts'
import { readDifferences, runRestTranscript, type CaseReport, type RestCase } from './rest-transcript.ts'

const MAIN = path.join(import.meta.dirname, '../../../cli/src/main.ts')
const PATIENCE_MS = 2_500

export interface TranscriptWorker {
  readonly process: ChildProcess
  readonly url: string
}

export class TranscriptRun {
  /** For files of workers. */
  readonly folder: string = mkdtempSync(path.join(tmpdir(), 'sluice-rest-'))
  /** As long as the folder of the capture, so that columns in messages are compared too. */
  readonly #directory = `/tmp/rest-${String(process.pid).padStart(12, '0')}`
  readonly #kafka: EmbeddedKafka
  readonly #workers: TranscriptWorker[] = []

  static async begin(): Promise<TranscriptRun> {
    return new TranscriptRun(await startEmbeddedKafka())
  }

  private constructor(kafka: EmbeddedKafka) {
    this.#kafka = kafka
    mkdirSync(this.#directory, { recursive: true })
    for (const file of ['a.txt', 's.txt']) writeFileSync(path.join(this.#directory, file), SOURCE_LINES)
  }

  /** Resolves when it is healthy. @param settings lines of its properties file, beside those that every worker of the capture had */
  async start(
    command: 'connect-distributed' | 'connect-standalone',
    settings: readonly string[],
  ): Promise<TranscriptWorker> {
    const port = await freePort()
    const file = path.join(this.folder, `${port}.properties`)
    const all = [
      `bootstrap.servers=${this.#kafka.bootstrapServers}`,
      `listeners=http://127.0.0.1:${port}`,
      'key.converter=org.apache.kafka.connect.storage.StringConverter',
      'value.converter=org.apache.kafka.connect.storage.StringConverter',
      'offset.flush.interval.ms=1000',
      'config.providers=env',
      'config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider',
      ...settings,
    ]
    writeFileSync(file, all.join('\n'))
    const log = path.join(this.folder, `${port}.log`)
    const output = openSync(log, 'w')
    const child = spawn(process.execPath, ['--conditions=@sluice/source', MAIN, command, file], {
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    const worker = { process: child, url: `http://127.0.0.1:${port}` }
    this.#workers.push(worker)
    const isHealthy = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`The worker has ended\n${readFileSync(log, 'utf8').slice(-2000)}`)
      return (await fetch(`${worker.url}/health`).catch(() => null))?.status === 200
    }
    await eventually('the worker is healthy', isHealthy, 60_000)
    return worker
  }

  /** The first worker is the one that the capture asked. */
  play(worker: TranscriptWorker, cases: readonly RestCase[]): Promise<readonly CaseReport[]> {
    return runRestTranscript(worker.url, cases, {
      directory: this.#directory,
      workerId: new URL(this.#workers[0]!.url).host,
      differences: readDifferences(),
      before: stepsBefore,
      patienceMs: PATIENCE_MS,
    })
  }

  async end(): Promise<void> {
    await Promise.all(
      this.#workers.map(({ process: child }) => {
        child.kill('SIGTERM')
        return new Promise((resolve) => child.once('exit', resolve))
      }),
    )
    await this.#kafka.close()
    for (const one of [this.folder, this.#directory]) rmSync(one, { recursive: true, force: true })
  }
}

/** One line on how many were how. */
export function summaryOf(what: string, reports: readonly CaseReport[]): string {
  const count = (outcome: CaseReport['outcome']): number => reports.filter((one) => one.outcome === outcome).length
  return `REST of ${what}: ${reports.length} cases, ${count('same')} the same, ${count('shape')} in shape, ${count('on purpose')} different on purpose, ${count('wrong')} wrong\n`
}

/** A case as a row of `test.each`. */
export function titled({ id, method, path: resource, note }: RestCase): readonly [string, string] {
  return [id, `${method} ${resource}${note === undefined ? '' : ` (${note})`}`]
}
