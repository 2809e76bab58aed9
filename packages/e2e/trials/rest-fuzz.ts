/**
 * `npm run trial -- rest-fuzz [--full] [--seed N]`: sends two distributed workers, a leader and a follower, what the contract of REST
 * allows and what it does not, over HTTP, while lines of a file flow through both. Counted:
 *
 *   requests    20,000 (short: 2,000) drawn from the contract, then spoilt: answers outside of it, 5xx of our own, hangs    must be 0
 *   bodies      10 MB, 40 MB, slow ones, cut off ones, no HTTP: other answers than expected                                must be 0
 *   names       connectors of names that have broken something, which could not be created, read, restarted or deleted     must be 0
 *   processors  that came about by the requests, and could not be looked at and deleted at the other worker                  must be 0
 *   list        of 10,000 connectors in one list, those that it does not have                                              must be 0
 *   lines       of the file that did not arrive once                                                                       must be 0
 *   memory      of each worker, in MiB                                    must be below 768, with the 10,000 connectors below 1,024
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { connect } from '@sluice/kafka'
import { fuzzRest, NASTY_NAMES } from '@sluice/worker/testing'
import { proportionalMiB } from '../bench/process-tree.ts'
import { startEmbedded } from './broker-on-trial.ts'
import { type Cluster, ConnectWorkerProcess, until } from './connect/connect-worker.ts'
import { FileFlows } from './connect/file-flows.ts'
import { percentile } from './isolation/answers.ts'
import { badCases, type BadCase } from './rest-fuzz/bad-bodies.ts'
import type { TrialOptions } from './trial-options.ts'

const LINES_AT_A_TIME = 200
const ARRIVE_MS = 60_000
const LISTED = 10_000
const LIST_MS = 120_000
const BODY_MS = 2_000
const MEMORY_MAX_MIB = 768
const MEMORY_LISTED_MAX_MIB = 1_024
const PROBLEMS_SHOWN = 10

export async function trial({ full, seed }: TrialOptions): Promise<boolean> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-fuzz-'))
  const broker = await startEmbedded()
  const cluster: Cluster = {
    bootstrap: `127.0.0.1:${broker.port}`,
    groupId: 'fuzz',
    folder,
    settings: {
      isolation: 'shared',
      'cell.shared.connectors.max': '100000',
      'rest.body.timeout.ms': String(BODY_MS),
    },
  }
  const workers: ConnectWorkerProcess[] = []
  try {
    for (let i = 0; i < 2; i++) workers.push(await ConnectWorkerProcess.start('sluice', cluster))
    const held = await new Fuzzing(workers, cluster).run(full ? 20_000 : 2_000, seed)
    console.log(`rest-fuzz: ${held ? 'held' : `FAILED (see ${folder})`}`)
    if (held) fs.rmSync(folder, { recursive: true, force: true })
    return held
  } catch (error) {
    for (const worker of workers) console.log(worker.tail())
    throw error
  } finally {
    for (const worker of workers) await worker.end('SIGTERM')
    await broker.stop()
  }
}

class Fuzzing {
  readonly #workers: readonly ConnectWorkerProcess[]
  readonly #cluster: Cluster
  readonly #flows: FileFlows
  #held = true

  constructor(workers: readonly ConnectWorkerProcess[], cluster: Cluster) {
    this.#workers = workers
    this.#cluster = cluster
    this.#flows = new FileFlows(cluster.folder, 1)
  }

  async run(requests: number, seed: number): Promise<boolean> {
    const [leader] = this.#workers
    this.#flows.write(LINES_AT_A_TIME)
    for (const [name, config] of this.#flows.connectors())
      await leader!.must('PUT', `/connectors/${name}/config`, config)
    await this.#linesArrive()
    this.#memory('before', MEMORY_MAX_MIB)
    await this.#requests(requests, seed)
    await this.#processors()
    await this.#linesArrive()
    await this.#bodies()
    await this.#names()
    this.#memory('after the requests', MEMORY_MAX_MIB)
    await this.#list()
    await this.#linesArrive()
    this.#count('lines', this.#flows.lines, this.#flows.problems(false))
    this.#memory('with the list', MEMORY_LISTED_MAX_MIB)
    return this.#held
  }

  async #requests(requests: number, seed: number): Promise<void> {
    for (const [i, { url, workerId }] of this.#workers.entries()) {
      this.#flows.write(LINES_AT_A_TIME)
      const report = await fuzzRest(url, { requests: requests / this.#workers.length, seed: seed + i })
      const counts = [...report.statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
      console.log(`  ${workerId}: ${counts.join(', ')}`)
      console.log(
        `  p50 ${ms(percentile(report.tookMs, 0.5))}, p99 ${ms(percentile(report.tookMs, 0.99))}, slowest ${ms(percentile(report.tookMs, 1))}`,
      )
      this.#count('requests', report.requests, report.problems)
    }
  }

  /** Some of them run, most of them fail: they are of names that have broken something, and none has lines to read. */
  async #processors(): Promise<void> {
    const [first, second] = this.#workers as [ConnectWorkerProcess, ConnectWorkerProcess]
    const names = ((await first.must('GET', '/v1/processors')) as readonly { readonly name: string }[]).map(
      ({ name }) => name,
    )
    const problems: string[] = []
    for (const name of names) {
      try {
        for (const what of ['', '/status', '/versions', '/logs', '/topology'])
          await second.must('GET', `/v1/processors/${encodeURIComponent(name)}${what}`)
        await second.must('DELETE', `/v1/processors/${encodeURIComponent(name)}`)
      } catch (error) {
        problems.push(`${JSON.stringify(name)}: ${String(error)}`)
      }
    }
    const areGone = async (): Promise<boolean> =>
      ((await first.must('GET', '/v1/processors')) as readonly unknown[]).length === 0
    await until('they are gone', areGone, ARRIVE_MS, 20).catch((error: unknown) => problems.push(String(error)))
    this.#count('processors', names.length, problems)
  }

  async #bodies(): Promise<void> {
    for (const { url, workerId } of this.#workers) {
      const cases = badCases(BODY_MS)
      const problems: string[] = []
      const tryOne = async ({ name, expected, send }: BadCase): Promise<void> => {
        const status = await send(url).catch(String)
        if (!expected.some((one) => one === status)) problems.push(`${name} to ${workerId}: ${status}`)
      }
      for (const one of cases) if (one.isSlow !== true) await tryOne(one)
      await Promise.all(cases.filter(({ isSlow }) => isSlow === true).map(tryOne))
      this.#count('bodies', cases.length, problems)
    }
  }

  /** Made at one worker, looked at and deleted at the other. */
  async #names(): Promise<void> {
    const [first, second] = this.#workers as [ConnectWorkerProcess, ConnectWorkerProcess]
    const mine = new Set(this.#flows.connectors().keys())
    for (const name of (await second.must('GET', '/connectors')) as readonly string[])
      if (!mine.has(name) && !isUnaddressable(name)) await second.must('DELETE', at(name))
    const problems: string[] = []
    let created = 0
    const config = { 'connector.class': 'FileStreamSource', topic: 'fuzz', file: '/nowhere' }
    for (const given of new Set(NASTY_NAMES)) {
      const answer = await first.ask('POST', '/connectors', { name: given, config })
      if (answer.status === 400 || answer.status === 409) continue
      const name = (answer.body as { readonly name?: string }).name
      if (answer.status !== 201 || name === undefined) problems.push(`${JSON.stringify(given)}: ${answer.status}`)
      else if (!isUnaddressable(name)) {
        created++
        problems.push(...(await this.#live(name, second)))
      }
    }
    const left = ((await first.must('GET', '/connectors')) as readonly string[]).filter(
      (name) => !mine.has(name) && !isUnaddressable(name),
    )
    problems.push(...left.map((name) => `${JSON.stringify(name)} is still there`))
    this.#count('names', created, problems)
  }

  async #live(name: string, worker: ConnectWorkerProcess): Promise<string[]> {
    const runs = async (): Promise<boolean> => {
      const { status, body } = await worker.ask('GET', `${at(name)}/status`)
      return status === 200 && (body as { connector: { state: string } }).connector.state === 'RUNNING'
    }
    try {
      await until('it runs', runs, ARRIVE_MS, 20)
      await worker.must('POST', `${at(name)}/restart`)
      await worker.must('GET', `${at(name)}/tasks`)
      await worker.must('GET', `${at(name)}/topics`)
      await worker.must('DELETE', at(name))
      return []
    } catch (error) {
      return [`${JSON.stringify(name)}: ${String(error)}`]
    }
  }

  /** They come by the config topic, as they would to a worker that takes a large cluster over. */
  async #list(): Promise<void> {
    const names = Array.from({ length: LISTED }, (_, i) => `listed-${i}`)
    const kafka = await connect({ bootstrapServers: this.#cluster.bootstrap })
    const producer = kafka.producer()
    try {
      const entry = (key: string, value: object): Parameters<typeof producer.produce>[0][number] => {
        const topic = `${this.#cluster.groupId}-configs`
        const [k, v] = [key, JSON.stringify(value)].map((text) => Buffer.from(text)) as [Buffer, Buffer]
        return { topic, partition: 0, key: k, value: v, timestamp: null, headers: null }
      }
      const properties = { 'connector.class': 'FileStreamSource', topic: 'fuzz', file: '/nowhere' }
      await producer.produce(
        names.flatMap((name) => [
          entry(`target-state-${name}`, { state: 'PAUSED', 'state.v2': 'STOPPED' }),
          entry(`connector-${name}`, { properties: { ...properties, name } }),
        ]),
      )
    } finally {
      await producer.close(5_000)
      await kafka.close()
    }
    for (const worker of this.#workers) {
      let states = new Map<string, string>()
      const isThere = async (): Promise<boolean> => {
        states = new Map([...(await worker.statuses())].map(([name, { connector }]) => [name, connector.state]))
        return names.every((name) => states.get(name) === 'STOPPED')
      }
      const since = performance.now()
      await until('they are all STOPPED', isThere, LIST_MS, 500).catch(() => undefined)
      const took = performance.now() - since
      const listed = new Set((await worker.must('GET', '/connectors')) as readonly string[])
      const missing = names.filter((name) => !listed.has(name) || states.get(name) !== 'STOPPED')
      console.log(`  ${worker.workerId}: all ${LISTED} are shown STOPPED after ${ms(took)}`)
      for (const list of ['/connectors', '/connectors?expand=status', '/connectors?expand=info&expand=status'])
        console.log(`  GET ${list}: ${ms(await timeOf(() => worker.must('GET', list)))}`)
      this.#count('list', LISTED, missing)
    }
  }

  async #linesArrive(): Promise<void> {
    this.#flows.write(LINES_AT_A_TIME)
    await this.#flows.arrive(this.#flows.lines, ARRIVE_MS)
  }

  #memory(when: string, maxMiB: number): void {
    const found = this.#workers.map(({ pid }) => proportionalMiB(pid))
    const shown = found.map((mib) => `${mib.toFixed(0)} MiB`).join(', ')
    console.log(`memory of the workers ${when}: ${shown} (bar ${maxMiB} MiB)`)
    if (Math.max(...found) > maxMiB) this.#held = false
  }

  #count(what: string, of: number, problems: readonly string[]): void {
    console.log(`${what}: ${of}, wrong ${problems.length}`)
    for (const problem of problems.slice(0, PROBLEMS_SHOWN)) console.log(`  ${problem}`)
    if (problems.length > 0 || of === 0) this.#held = false
  }
}

/** A URL parser takes dots for a way up, however they are written. */
function isUnaddressable(name: string): boolean {
  return name === '.' || name === '..'
}

function at(name: string): string {
  return `/connectors/${encodeURIComponent(name)}`
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const since = performance.now()
  await work()
  return performance.now() - since
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}
