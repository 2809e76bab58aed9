/** The whole captured conversation with Kafka Connect, played against real workers: processes of their own, on an embedded broker. */
import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { startEmbeddedKafka, type EmbeddedKafka } from '@sluice/embedded-kafka'
import { eventually } from '../support/eventually.ts'
import { SOURCE_LINES, stepsBefore } from '../support/rest-transcript-gaps.ts'
import { readDifferences, readRestCases, runRestTranscript, type CaseReport } from '../support/rest-transcript.ts'
import { freePort } from '../support/free-port.ts'

jest.setTimeout(300_000)

const MAIN = path.join(import.meta.dirname, '../../../cli/src/main.ts')
/** A follower in a group of two is asked this. */
const OF_A_FOLLOWER = 'rest-280'
const PATIENCE_MS = 2_500

interface Worker {
  readonly process: ChildProcess
  readonly url: string
  readonly log: string
}

describe('a distributed worker answers as Kafka Connect', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-rest-'))
  // As long as the folder of the capture, so that columns in messages are compared too.
  const directory = `/tmp/rest-${String(process.pid).padStart(12, '0')}`
  const cases = readRestCases()
  const workers: Worker[] = []
  let kafka: EmbeddedKafka
  let reports: ReadonlyMap<string, CaseReport>

  beforeAll(async () => {
    kafka = await startEmbeddedKafka()
    mkdirSync(directory, { recursive: true })
    for (const file of ['a.txt', 's.txt']) writeFileSync(path.join(directory, file), SOURCE_LINES)
    const play = async (worker: Worker, of: typeof cases): Promise<readonly CaseReport[]> =>
      runRestTranscript(worker.url, of, {
        directory,
        workerId: new URL(workers[0]!.url).host,
        differences: readDifferences(),
        before: stepsBefore,
        patienceMs: PATIENCE_MS,
      })
    const leader = await startWorker()
    const first = await play(
      leader,
      cases.filter(({ id }) => id !== OF_A_FOLLOWER),
    )
    const follower = await startWorker()
    const last = await play(
      follower,
      cases.filter(({ id }) => id === OF_A_FOLLOWER),
    )
    reports = new Map([...first, ...last].map((report) => [report.id, report]))
    const count = (outcome: string): number => [...reports.values()].filter((one) => one.outcome === outcome).length
    process.stdout.write(
      `REST of a real worker: ${cases.length} cases, ${count('same')} the same, ${count('shape')} in shape, ${count('on purpose')} different on purpose, ${count('wrong')} wrong\n`,
    )
  })
  afterAll(async () => {
    await Promise.all(
      workers.map(({ process: child }) => {
        child.kill('SIGTERM')
        return new Promise((resolve) => child.once('exit', resolve))
      }),
    )
    await kafka.close()
    for (const one of [folder, directory]) rmSync(one, { recursive: true, force: true })
  })

  async function startWorker(): Promise<Worker> {
    const port = await freePort()
    const file = path.join(folder, `${port}.properties`)
    const topics = ['config', 'offset', 'status'].flatMap((kind) => [
      `${kind}.storage.topic=${kind}`,
      `${kind}.storage.replication.factor=1`,
    ])
    const settings = [
      `bootstrap.servers=${kafka.bootstrapServers}`,
      'group.id=rest',
      `listeners=http://127.0.0.1:${port}`,
      ...topics,
      'key.converter=org.apache.kafka.connect.storage.StringConverter',
      'value.converter=org.apache.kafka.connect.storage.StringConverter',
      'offset.flush.interval.ms=1000',
      'config.providers=env',
      'config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider',
    ]
    writeFileSync(file, settings.join('\n'))
    const log = path.join(folder, `${port}.log`)
    const output = openSync(log, 'w')
    const command = ['--conditions=@sluice/source', MAIN, 'connect-distributed', file]
    const child = spawn(process.execPath, command, { stdio: ['ignore', output, output] })
    closeSync(output)
    const worker = { process: child, url: `http://127.0.0.1:${port}`, log }
    workers.push(worker)
    const isHealthy = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`The worker has ended\n${readFileSync(log, 'utf8').slice(-2000)}`)
      return (await fetch(`${worker.url}/health`).catch(() => null))?.status === 200
    }
    await eventually('the worker is healthy', isHealthy, 60_000)
    return worker
  }

  test.each(
    cases.map(({ id, method, path: resource, note }) => [
      id,
      `${method} ${resource}${note === undefined ? '' : ` (${note})`}`,
    ]),
  )('%s: %s', (id) => {
    const { outcome, detail } = reports.get(id)!
    expect(outcome === 'wrong' ? detail : '').toBe('')
  })
})
