/**
 * `npm run trial -- connect-kill [--full] [--seed N]`: two distributed workers carry files into topics and topics into files while workers
 * are killed and frozen, and the broker is killed and comes back. Then the ledger, read by kafkajs (read_committed) and from the files:
 *
 *   exactly once   sources with exactly.once.source.support=enabled: lost 0, twice 0, disordered 0
 *   at least once  sources without: lost 0; what is twice is printed
 *   sinks          lost 0; what is twice is printed
 *
 * Three mutants show that the ledger sees: a cluster without exactly once is judged as one with; positions are forgotten; offsets are moved on.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { type BrokerOnTrial, startEmbedded } from './broker-on-trial.ts'
import { type Cluster, ConnectWorkerProcess, until } from './connect/connect-worker.ts'
import { type LineLedger, linesOfTopics, recordsIn } from './connect/line-ledger.ts'
import { FileFlows } from './connect/file-flows.ts'
import { SeededRandom } from '@sluice/sdk/testing'
import type { TrialOptions } from './trial-options.ts'

const ARRIVE_MS = 180_000
const FLOWS = 4
const LINES_AT_A_TIME = 2_000
const FROZEN_MS = 8_000

interface Scenario {
  readonly name: string
  readonly support: 'enabled' | 'disabled'
  /** What the ledger must not hold beside what is lost. */
  readonly isExactlyOnce: boolean
  readonly mutant?: 'forget-positions' | 'move-offsets' | 'no-transactions'
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'exactly once', support: 'enabled', isExactlyOnce: true },
  { name: 'at least once', support: 'disabled', isExactlyOnce: false },
]

const MUTANTS: readonly Scenario[] = [
  { name: 'mutant no-transactions', support: 'disabled', isExactlyOnce: true, mutant: 'no-transactions' },
  { name: 'mutant forget-positions', support: 'enabled', isExactlyOnce: true, mutant: 'forget-positions' },
  { name: 'mutant move-offsets', support: 'disabled', isExactlyOnce: false, mutant: 'move-offsets' },
]

export async function trial({ full, seed, only }: TrialOptions): Promise<boolean> {
  const seeds = full ? Array.from({ length: 20 }, (_, i) => seed + i) : [seed]
  let hasHeld = true
  // The short form tries the ledger with one of them.
  const mutants = full || only !== null ? MUTANTS : MUTANTS.slice(-1)
  for (const scenario of [...SCENARIOS, ...mutants]) {
    if (only !== null && !scenario.name.includes(only)) continue
    for (const one of scenario.mutant === undefined ? seeds : [seed]) {
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-connect-'))
      const held = await run(scenario, new SeededRandom(one), folder, one, full)
      if (held) fs.rmSync(folder, { recursive: true, force: true })
      else console.log(`  see ${folder}`)
      hasHeld &&= held
    }
  }
  console.log(`connect-kill: ${hasHeld ? 'held' : 'FAILED'}`)
  return hasHeld
}

async function run(
  scenario: Scenario,
  random: SeededRandom,
  folder: string,
  seed: number,
  full: boolean,
): Promise<boolean> {
  const broker = await startEmbedded()
  const cluster: Cluster = {
    bootstrap: `127.0.0.1:${broker.port}`,
    groupId: 'killed',
    folder,
    settings: { 'exactly.once.source.support': scenario.support },
  }
  const flows = new FileFlows(folder, FLOWS)
  const workers: ConnectWorkerProcess[] = []
  const told: string[] = []
  let lines = 0
  const write = (): void => {
    flows.write(LINES_AT_A_TIME)
    lines += LINES_AT_A_TIME
  }
  try {
    for (let i = 0; i < 2; i++) workers.push(await ConnectWorkerProcess.start('sluice', cluster))
    for (const [name, config] of flows.connectors()) await workers[0]!.must('PUT', `/connectors/${name}/config`, config)
    write()
    await flows.arrive(lines, ARRIVE_MS)
    // A mutant is to be seen, however little goes wrong beside it.
    const harms = scenario.mutant !== undefined ? 2 : full ? 8 : 3
    for (let i = 0; i < harms; i++) {
      write()
      told.push(await harm(workers, cluster, broker, random))
      write()
      if (random.chance(0.5)) await flows.arrive(lines, ARRIVE_MS)
    }
    if (scenario.mutant === 'no-transactions') await killBetween(workers, cluster, write)
    else if (scenario.mutant !== undefined) await plant(scenario.mutant, workers[0]!, cluster, flows, write)
    await flows.arrive(lines, ARRIVE_MS)
    const topics = flows.topics()
    const isWhole = async (): Promise<boolean> => (await linesOfTopics(cluster.bootstrap, topics, lines)).lost === 0
    // A mutant that loses lines is not waited for.
    if (scenario.mutant === undefined) await until('the topics are whole', isWhole, ARRIVE_MS, 2_000)
    return report(scenario, seed, told, await linesOfTopics(cluster.bootstrap, topics, lines), flows)
  } catch (error) {
    for (const worker of workers) console.log(worker.tail())
    throw error
  } finally {
    for (const worker of workers) await worker.end('SIGKILL')
    await broker.stop()
  }
}

/** One thing goes wrong, and comes right again. */
async function harm(
  workers: ConnectWorkerProcess[],
  cluster: Cluster,
  broker: BrokerOnTrial,
  random: SeededRandom,
): Promise<string> {
  const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms))
  await pause(random.below(800))
  const at = random.below(workers.length)
  const worker = workers[at]!
  const which = at === 0 ? 'the older worker' : 'the younger worker'
  switch (random.below(4)) {
    case 0:
    case 1:
      await worker.end('SIGKILL')
      await pause(random.below(2_000))
      workers.splice(at, 1)
      workers.push(await ConnectWorkerProcess.start('sluice', cluster))
      return `${which} killed`
    case 2:
      worker.signal('SIGSTOP')
      await pause(FROZEN_MS)
      worker.signal('SIGCONT')
      return `${which} frozen for ${FROZEN_MS} ms`
    default:
      await broker.killAndRestart()
      return 'the broker killed'
  }
}

/** Kills everybody when lines are on their way, and before positions are stored, which is done once a second. */
async function killBetween(workers: ConnectWorkerProcess[], cluster: Cluster, write: () => void): Promise<void> {
  for (let i = 0; i < 3; i++) {
    write()
    await new Promise((resolve) => void setTimeout(resolve, 400))
    await Promise.all(workers.splice(0).map((worker) => worker.end('SIGKILL')))
    for (let n = 0; n < 2; n++) workers.push(await ConnectWorkerProcess.start('sluice', cluster))
  }
}

async function plant(
  mutant: 'forget-positions' | 'move-offsets',
  worker: ConnectWorkerProcess,
  { bootstrap }: Cluster,
  flows: FileFlows,
  write: () => void,
): Promise<void> {
  if (mutant === 'forget-positions') {
    await flows.sourceStored(worker, 0, ARRIVE_MS)
    await worker.must('PUT', '/connectors/source-0/stop')
    await worker.must('DELETE', '/connectors/source-0/offsets')
    write()
    await worker.must('PUT', '/connectors/source-0/resume')
    return
  }
  // What is passed over must be in the topic and not yet in the file: otherwise nothing is lost by it.
  await flows.sourceStored(worker, 0, ARRIVE_MS)
  await flows.sinkStored(worker, 0, await recordsIn(bootstrap, 'lines-0'), ARRIVE_MS)
  await worker.must('PUT', '/connectors/sink-0/stop')
  write()
  await flows.sourceStored(worker, 0, ARRIVE_MS)
  const { offsets } = (await worker.must('GET', '/connectors/sink-0/offsets')) as {
    readonly offsets: readonly { readonly partition: object; readonly offset: { readonly kafka_offset: number } }[]
  }
  const [{ partition, offset }] = offsets as [(typeof offsets)[number]]
  const moved = { kafka_offset: offset.kafka_offset + LINES_AT_A_TIME / 2 }
  await worker.must('PATCH', '/connectors/sink-0/offsets', { offsets: [{ partition, offset: moved }] })
  await worker.must('PUT', '/connectors/sink-0/resume')
}

function report(
  scenario: Scenario,
  seed: number,
  told: readonly string[],
  ledger: LineLedger,
  flows: FileFlows,
): boolean {
  const { lost, twice, disordered } = ledger
  const sinks = flows.problems(true)
  const isRight = lost === 0 && sinks.length === 0 && (!scenario.isExactlyOnce || (twice === 0 && disordered === 0))
  const holds = isRight === (scenario.mutant === undefined)
  const what = `${FLOWS} flows of ${flows.lines} lines; ${told.join(', ')}`
  console.log(`${scenario.name}, seed ${seed}: ${what}`)
  console.log(
    `  topics: lost ${lost}, twice ${twice}, disordered ${disordered}; sinks: ${sinks.join('; ') || 'lost 0'}`,
  )
  console.log(`  ${scenario.mutant === undefined ? (holds ? 'held' : 'FAILED') : holds ? 'caught' : 'NOT CAUGHT'}`)
  return holds
}
