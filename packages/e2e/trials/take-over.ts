/**
 * `npm run trial -- take-over [--full] [--seed N]`: a cluster of Java's Connect with 20 connectors (running, paused, stopped, failed; with
 * offsets) is stopped; ours starts on its topics and goes on with the same states and positions; then Java again. Then a mixed group: one
 * Java worker and two of ours share 20 connectors, with joins, a leave and a kill. Lines of files are the ledger: none lost, and none
 * twice unless a worker was killed.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type BrokerOnTrial, startApacheKafka, startEmbedded, whyNoApacheKafka } from './broker-on-trial.ts'
import { type Cluster, ConnectWorkerProcess, type Status, until } from './connect/connect-worker.ts'
import { FileFlows, sorted } from './connect/file-flows.ts'
import type { TrialOptions } from './trial-options.ts'

const SETTLE_MS = 120_000
const LINES = 100

export async function trial({ full, only }: TrialOptions): Promise<boolean> {
  const why = whyNoApacheKafka()
  if (why !== null) {
    console.log(`take-over: skipped: it needs Java's Connect, and ${why}`)
    return true
  }
  const brokers = full ? [startEmbedded, () => startApacheKafka('4.3.1')] : [startEmbedded]
  const parts = [
    { name: 'take-over and give-back', run: takeOver },
    { name: 'mixed group', run: mixed },
  ]
  let hasHeld = true
  for (const start of brokers) {
    for (const { name, run } of parts) {
      if (only !== null && !name.includes(only)) continue
      const broker = await start()
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-connect-'))
      let held = false
      try {
        held = await run(broker, folder)
      } finally {
        await broker.stop()
      }
      console.log(`${broker.name}, ${name}: ${held ? 'held' : `FAILED (see ${folder})`}`)
      if (held) fs.rmSync(folder, { recursive: true, force: true })
      hasHeld &&= held
    }
  }
  return hasHeld
}

async function takeOver(broker: BrokerOnTrial, folder: string): Promise<boolean> {
  const cluster: Cluster = { bootstrap: `127.0.0.1:${broker.port}`, groupId: 'moved', folder }
  const flows = new FileFlows(folder, 8)
  const java = await ConnectWorkerProcess.start('java', cluster)
  let expected: ReadonlyMap<string, string>
  let configs: unknown
  try {
    flows.write(LINES)
    for (const [name, config] of flows.connectors()) await java.must('PUT', `/connectors/${name}/config`, config)
    await flows.arrive(LINES, SETTLE_MS)
    const spare = path.join(folder, 'spare.txt')
    fs.writeFileSync(spare, '')
    const source = { 'connector.class': 'FileStreamSource', 'tasks.max': '1', topic: 'spare', file: spare }
    const sink = { 'connector.class': 'FileStreamSink', 'tasks.max': '1', topics: 'lines-0' }
    await java.must('PUT', '/connectors/paused-source/config', source)
    await java.must('PUT', '/connectors/paused-source/pause')
    await java.must('PUT', '/connectors/stopped-source/config', source)
    await java.must('PUT', '/connectors/stopped-source/stop')
    await java.must('PUT', '/connectors/paused-sink/config', { ...sink, file: path.join(folder, 'paused.txt') })
    await java.must('PUT', '/connectors/paused-sink/pause')
    await java.must('PUT', '/connectors/failed-sink/config', { ...sink, file: path.join(folder, 'none', 'out.txt') })
    expected = new Map([
      ...[...flows.connectors().keys()].map((name) => [name, 'RUNNING/RUNNING'] as const),
      ['paused-source', 'PAUSED/PAUSED'],
      ['stopped-source', 'STOPPED/'],
      ['paused-sink', 'PAUSED/PAUSED'],
      ['failed-sink', 'RUNNING/FAILED'],
    ])
    await settled(java, expected)
    await flows.stored(java, SETTLE_MS)
    configs = await java.must('GET', '/connectors?expand=info')
  } finally {
    await java.end('SIGTERM')
  }
  const problems: string[] = []
  for (const [round, runtime] of (['sluice', 'java'] as const).entries()) {
    flows.write(LINES)
    const worker = await ConnectWorkerProcess.start(runtime, cluster)
    try {
      await settled(worker, expected)
      await flows.arrive(LINES * (round + 2), SETTLE_MS)
      await flows.stored(worker, SETTLE_MS)
      const same = sorted(await worker.must('GET', '/connectors?expand=info')) === sorted(configs)
      if (!same) problems.push(`${runtime} tells of other connectors than Java did`)
      problems.push(...flows.problems(false).map((problem) => `after ${runtime}: ${problem}`))
    } catch (error) {
      console.log(worker.tail())
      throw error
    } finally {
      await worker.end('SIGTERM')
    }
  }
  return told(problems, `20 connectors, ${flows.count} flows of ${LINES * 3} lines: `)
}

async function mixed(broker: BrokerOnTrial, folder: string): Promise<boolean> {
  const cluster: Cluster = { bootstrap: `127.0.0.1:${broker.port}`, groupId: 'mixed', folder }
  const flows = new FileFlows(folder, 10)
  const workers = [await ConnectWorkerProcess.start('java', cluster)]
  const running = new Map([...flows.connectors().keys()].map((name) => [name, 'RUNNING/RUNNING'] as const))
  const problems: string[] = []
  let lines = 0
  const goOn = async (what: string): Promise<void> => {
    flows.write(LINES)
    lines += LINES
    await settled(workers[0]!, running, workers)
    await flows.arrive(lines, SETTLE_MS)
    let shares: number[] = []
    const areEven = async (): Promise<boolean> => {
      shares = await sharesOf(workers)
      return Math.max(...shares) - Math.min(...shares) <= 2
    }
    // What is on its way from one to another is still shown where it was.
    await until('the work is shared out evenly', areEven, SETTLE_MS).catch((error: Error) => {
      problems.push(`${what}: ${error.message}`)
    })
    console.log(`  ${what}: connectors and tasks per worker ${shares.join(', ')}`)
  }
  try {
    for (const [name, config] of flows.connectors()) await workers[0]!.must('PUT', `/connectors/${name}/config`, config)
    await goOn('Java alone')
    workers.push(await ConnectWorkerProcess.start('sluice', cluster))
    await goOn('one of ours beside it')
    workers.push(await ConnectWorkerProcess.start('sluice', cluster))
    await goOn('two of ours beside it')
    await workers.pop()!.end('SIGTERM')
    await goOn('one of ours has left')
    workers.push(await ConnectWorkerProcess.start('sluice', cluster))
    await goOn('one of ours has come')
    problems.push(...flows.problems(false))
    await workers.pop()!.end('SIGKILL')
    await goOn('one of ours was killed')
    await workers.shift()!.end('SIGTERM')
    await goOn('Java has left')
    problems.push(...flows.problems(true))
  } catch (error) {
    for (const worker of workers) console.log(worker.tail())
    throw error
  } finally {
    for (const worker of workers) await worker.end('SIGTERM')
  }
  return told(problems, `20 connectors, ${flows.count} flows of ${lines} lines: `)
}

function told(problems: readonly string[], what: string): boolean {
  console.log(`  ${what}${problems.length === 0 ? 'lost 0, twice 0' : `\n    ${problems.join('\n    ')}`}`)
  return problems.length === 0
}

/** Waits until every connector is in its state, and on a worker that is there. */
async function settled(
  worker: ConnectWorkerProcess,
  expected: ReadonlyMap<string, string>,
  workers: readonly ConnectWorkerProcess[] = [worker],
): Promise<void> {
  const ids = new Set(workers.map(({ workerId }) => workerId))
  let others: string[] = []
  const isSettled = async (): Promise<boolean> => {
    const statuses = await worker.statuses()
    others = [...expected].flatMap(([name, state]) => {
      const status = statuses.get(name)
      const found = status === undefined ? 'unknown' : stateOf(status)
      const isHere = [status?.connector, ...(status?.tasks ?? [])].every((work) => ids.has(work?.worker_id ?? ''))
      return found === state && isHere ? [] : [`${name}: ${found}${isHere ? '' : ' elsewhere'}, not ${state}`]
    })
    return others.length === 0
  }
  await until('every connector is in its state', isSettled, SETTLE_MS).catch((error) => {
    throw new Error(others.join('\n'), { cause: error })
  })
}

function stateOf({ connector, tasks }: Status): string {
  return `${connector.state}/${tasks.map(({ state }) => state).join(',')}`
}

/** How many connectors and tasks each has. */
async function sharesOf(workers: readonly ConnectWorkerProcess[]): Promise<number[]> {
  const counts = new Map(workers.map(({ workerId }) => [workerId, 0]))
  for (const { connector, tasks } of (await workers[0]!.statuses()).values()) {
    for (const { worker_id: id } of [connector, ...tasks]) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return [...counts.values()]
}
