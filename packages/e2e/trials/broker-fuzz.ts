/**
 * Mutated requests of every API and version that the embedded broker advertises, while a healthy client asks on:
 *
 *   crashes    the broker's process ended                                                                       must be 0
 *   hangs      a request that may not wait had neither an answer nor its connection closed within five seconds  must be 0
 *   unanswered a well-formed request cost its connection                                                      must be 0
 *   starved    the healthy client waited for more than two seconds                                              must be 0
 *   failures   the broker's own errors, as told in its log                                                      must be 0
 *   growth     memory in use beyond what it was after the first tenth                                           must be under 32 MiB
 *   held       memory and connections of clients that are gone                                                  must be 0
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type ApiName, apiVersions } from '@sluice/kafka-protocol'
import { FuzzConnection, type Outcome } from './broker-fuzz/fuzz-connection.ts'
import { HealthyClient } from './broker-fuzz/healthy-client.ts'
import { mutate } from './broker-fuzz/mutate.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import { RequestMaker } from './broker-fuzz/request-maker.ts'
import type { TrialOptions } from './trial-options.ts'

const BROKER = fileURLToPath(new URL('broker-fuzz/broker-process.ts', import.meta.url))
const PATIENCE_MS = 5_000
const WAITING_MS = 15
const STARVED_MS = 2_000
const CONNECTIONS = 8
const GROWTH_BYTES_MAX = 32 << 20
const RSS_BYTES_MAX = 512 << 20
/** APIs that may wait for something to happen. */
const WAITING: readonly ApiName[] = ['Fetch', 'JoinGroup', 'SyncGroup']

interface Report {
  readonly rss: number
  /** What is in use after a collection of garbage, in bytes. */
  readonly live: number
  readonly heldBytes: number
  readonly connections: number
  readonly failures: readonly (readonly [message: string, times: number])[]
}

export async function trial({ full, seed }: TrialOptions): Promise<boolean> {
  const total = full ? 120_000 : 20_000
  const broker = fork(BROKER, { execArgv: ['--conditions=@sluice/source', '--expose-gc'] })
  const run = { sent: 0, isCrashed: false }
  const isOver = (): boolean => run.isCrashed || run.sent >= total
  broker.on('exit', () => (run.isCrashed = true))
  const [{ port }] = (await once(broker, 'message')) as [{ port: number }]
  const healthy = await HealthyClient.open(port)
  const around = { topics: [await healthy.createTopic('fuzz-a'), await healthy.createTopic('fuzz-b')] }
  const offered = await healthy.offered()
  const targets = offered.flatMap(({ apiKey, minVersion, maxVersion }) => {
    // Produce is advertised from a version on that nobody speaks any more.
    const { name, minVersion: spoken } = apiVersions(apiKey)!
    const first = Math.max(minVersion, spoken)
    return Array.from({ length: maxVersion - first + 1 }, (_, i) => ({ name, version: first + i }))
  })
  console.log(`seed ${seed}: ${total} mutated requests of ${offered.length} APIs in ${targets.length} versions`)

  const outcomes: Record<Outcome, number> = { answered: 0, closed: 0, waiting: 0 }
  const hangs: string[] = []
  const unanswered: string[] = []
  let settled: Report | undefined

  async function work(lane: number): Promise<void> {
    const random = new SeededRandom(seed * 1000 + lane)
    const maker = new RequestMaker(random, around)
    const connection = new FuzzConnection(port)
    while (!isOver()) {
      const target = targets[run.sent++ % targets.length]!
      const other = random.pick(targets)
      const { frame, isLengthFalse, isWhole } = mutate(
        maker.frame(target.name, target.version),
        maker.frame(other.name, other.version),
        random,
      )
      const key = frame.length >= 6 ? frame.readInt16BE(4) : -1
      const name = apiVersions(key)?.name
      // Acks of 0 are not answered.
      const mayWait = isLengthFalse || name === 'Produce' || (name !== undefined && WAITING.includes(name))
      const outcome = await connection.send(frame, mayWait ? WAITING_MS : PATIENCE_MS)
      outcomes[outcome]++
      // Of a produce request without acknowledgement a closed connection is the answer.
      if (outcome === 'closed' && isWhole && name !== 'Produce') {
        unanswered.push(`${name} v${target.version} ${frame.toString('hex').slice(0, 400)}`)
      }
      if (outcome === 'waiting') {
        connection.reset()
        if (!mayWait) hangs.push(`${name} ${frame.toString('hex').slice(0, 400)}`)
      }
    }
    connection.reset()
  }

  const watch = healthy.keepAsking(isOver)
  const tidy = (async () => {
    while (!isOver()) {
      await new Promise((resolve) => setTimeout(resolve, 250))
      if (settled === undefined && run.sent > total / 10) settled = await report(broker)
      if (!run.isCrashed) await healthy.deleteTopicsBut(around.topics.map(({ name }) => name))
    }
  })()
  await Promise.all([watch, tidy, ...Array.from({ length: CONNECTIONS }, (_, lane) => work(lane))])
  if (run.isCrashed) {
    console.log(`the broker crashed after ${run.sent} requests`)
    return false
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  const end = await report(broker)
  healthy.close()
  broker.send('end')
  const growth = end.live - (settled ?? end).live
  const held = { heldBytes: end.heldBytes, connections: end.connections }
  console.log(
    `outcomes ${JSON.stringify(outcomes)}; the healthy client waited for ${Math.round(healthy.slowestMs)} ms at most`,
  )
  console.log(
    `in use ${mib((settled ?? end).live)} -> ${mib(end.live)} MiB, rss ${mib(end.rss)} MiB; held at the end: ${JSON.stringify(held)}`,
  )
  for (const [message, times] of end.failures.slice(0, 10)) console.log(`failure, ${times} times: ${message}`)
  for (const hang of hangs.slice(0, 10)) console.log(`hang: ${hang}`)
  for (const one of unanswered.slice(0, 10)) console.log(`unanswered: ${one}`)
  const starved = healthy.slowestMs > STARVED_MS ? 1 : 0
  console.log(
    `crashes 0, hangs ${hangs.length}, unanswered ${unanswered.length}, starved ${starved}, failures ${end.failures.length}, growth ${mib(growth)} MiB`,
  )
  return (
    hangs.length + unanswered.length + starved + end.failures.length === 0 &&
    growth < GROWTH_BYTES_MAX &&
    end.rss < RSS_BYTES_MAX &&
    end.heldBytes === 0 &&
    end.connections <= 1
  )
}

async function report(broker: ChildProcess): Promise<Report> {
  broker.send('report')
  const [answer] = (await once(broker, 'message')) as [Report]
  return answer
}

function mib(bytes: number): number {
  return Math.round(bytes / (1 << 20))
}
