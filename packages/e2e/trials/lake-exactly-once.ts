/**
 * `npm run trial -- lake-exactly-once [--full] [--seed N] [--only WORDS]`: the lake sink writes a topic to a Delta table in S3 while everything
 * goes wrong. Two workers with cells of their own are killed (SIGKILL) at random moments and at the worst ones, frozen until others have
 * their partitions and thawed; the store refuses, is away, breaks uploads, loses answers. Then the table is read by others than the code on
 * trial (the log as JSON, the rows through DuckDB; and by delta-rs where it is), beside what the topic holds:
 *
 *   lost         offsets that have no row                                                          must be 0
 *   doubled      rows beyond the first of an offset                                                must be 0
 *   disordered   rows of a partition after one of a larger offset                                  must be 0
 *   altered      rows that hold something else than their record                                   must be 0
 *   txns wrong   entries whose progress is not that of their rows; partitions not at their end     must be 0
 *   missing      versions of the log, and files that it names, which are not there                 must be 0
 *
 * Three mutants beside the sink show that the ledger sees: one does not look at the table's progress, one takes 412 for success, one
 * commits before it uploads.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { connect, type Kafka } from '@sluice/kafka'
import { SeededRandom } from '@sluice/sdk/testing'
import { type BrokerOnTrial, startApacheKafka, startEmbedded, whyNoApacheKafka } from './broker-on-trial.ts'
import { countByDeltaRs } from './lake-exactly-once/delta-rs.ts'
import { tryMutants } from './lake-exactly-once/mutants-on-trial.ts'
import { Sinks } from './lake-exactly-once/sinks.ts'
import { FaultyS3, startVersitygw, whyNoVersitygw, type StoreOnTrial } from './lake-exactly-once/store-on-trial.ts'
import { isRight, textOf } from './lake-exactly-once/table-ledger.ts'
import { type Harm, HARMS } from './lake-exactly-once/under-fire.ts'
import type { TrialOptions } from './trial-options.ts'

interface Plan {
  readonly records: number
  readonly rowsPerCommit: number
  readonly harms: readonly Harm[]
  readonly awayMs: number
}

const CONFIGS = { 'group.min.session.timeout.ms': '1000' }
/** Between batches: a slice of them takes about as long as a harm. */
const PAUSE_MS = 150
const ARRIVE_MS = 240_000

/** In short, each harm once. */
function planOf(full: boolean, random: SeededRandom): Plan {
  if (!full) return { records: 40_000, rowsPerCommit: 100, harms: shuffled(HARMS, random), awayMs: 3_000 }
  const harms = shuffled([...HARMS, ...HARMS, ...HARMS, ...HARMS], random)
  return { records: 1_000_000, rowsPerCommit: 500, harms, awayMs: 60_000 }
}

interface Ground {
  readonly broker: BrokerOnTrial
  readonly store: StoreOnTrial
  readonly kafka: Kafka
  readonly folder: string
}

export async function trial({ full, seed, only }: TrialOptions): Promise<boolean> {
  const whyNoApache = whyNoApacheKafka()
  const whyNoVersity = whyNoVersitygw()
  const grounds: {
    readonly name: string
    readonly broker: () => Promise<BrokerOnTrial>
    readonly isFaulty: boolean
  }[] = [{ name: 'embedded Kafka, faulty store', broker: () => startEmbedded(undefined, CONFIGS), isFaulty: true }]
  if (full && whyNoApache === null)
    grounds.push({
      name: 'Apache Kafka, faulty store',
      broker: () => startApacheKafka('4.3.1', undefined, CONFIGS),
      isFaulty: true,
    })
  if (full && whyNoVersity === null)
    grounds.push({
      name: 'embedded Kafka, versitygw',
      broker: () => startEmbedded(undefined, CONFIGS),
      isFaulty: false,
    })
  if (full && whyNoApache !== null) console.log(`lake-exactly-once: Apache Kafka is not tried: ${whyNoApache}`)
  if (full && whyNoVersity !== null) console.log(`lake-exactly-once: versitygw is not tried: ${whyNoVersity}`)
  let hasHeld = true
  for (const [at, { name, broker, isFaulty }] of grounds.entries()) {
    if (only !== null && !name.includes(only)) continue
    hasHeld = (await onGround(broker, isFaulty, at === 0, full, seed)) && hasHeld
  }
  console.log(`lake-exactly-once: ${hasHeld ? 'held' : 'FAILED'}`)
  return hasHeld
}

async function onGround(
  startBroker: () => Promise<BrokerOnTrial>,
  isFaulty: boolean,
  hasMutants: boolean,
  full: boolean,
  seed: number,
): Promise<boolean> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-lake-'))
  const broker = await startBroker()
  const store = await (isFaulty ? FaultyS3.start() : startVersitygw(folder))
  const kafka = await connect({ bootstrapServers: `127.0.0.1:${broker.port}`, clientId: 'trial' })
  let hasHeld = false
  try {
    const ground = { broker, store, kafka, folder }
    hasHeld = await underFire(ground, planOf(full, new SeededRandom(seed)), seed)
    if (hasMutants) hasHeld = (await mutants(ground)) && hasHeld
  } finally {
    await kafka.close()
    await store.stop()
    await broker.stop()
    if (hasHeld) fs.rmSync(folder, { recursive: true, force: true })
    else console.log(`  see ${folder}`)
  }
  return hasHeld
}

async function underFire(ground: Ground, plan: Plan, seed: number): Promise<boolean> {
  const since = performance.now()
  const sinks = sinksOn(ground, 'under-fire')
  const random = new SeededRandom(seed + 1)
  const { faults } = ground.store
  const harms = plan.harms.filter(({ needsFaults }) => faults !== undefined || !needsFaults)
  let killed = 0
  try {
    await sinks.startBoth()
    const sink = await sinks.create('orders', 'lake', plan.rowsPerCommit, 2)
    const slice = Math.floor(plan.records / (harms.length + 1))
    await sink.orders.write(slice)
    await sinks.passed(sink, 1, ARRIVE_MS)
    for (const harm of harms) {
      const writing = sink.orders.write(slice, PAUSE_MS)
      killed += await harm.strike({ sinks, sink, faults, random, awayMs: plan.awayMs })
      await writing
      if (random.chance(0.4)) await sinks.passed(sink, sink.orders.count - slice, ARRIVE_MS)
    }
    await sink.orders.write(Math.max(0, plan.records - sink.orders.count))
    await sinks.passed(sink, sink.orders.count, ARRIVE_MS)
    await faults?.clear()
    await sinks.killEverybody()
    const ledger = await sinks.ledger(sink)
    const seen = countByDeltaRs(sinks.tableFolder(sink.connector))
    const holds = isRight(ledger) && (seen === null || (seen.rows === ledger.rows && seen.places === ledger.rows))
    const seconds = Math.round((performance.now() - since) / 1000)
    console.log(
      `${ground.broker.name}, ${ground.store.name}: ${sink.orders.count.toLocaleString('en')} records in ${seconds} s, seed ${seed}; ${killed} processes killed, ${sinks.fenced()} tasks fenced`,
    )
    console.log(`  ${harms.map(({ name }) => name).join(', ')}`)
    if (faults !== undefined)
      console.log(
        `  faults: ${Object.entries(faults.struck)
          .map(([what, times]) => `${what} ${times}`)
          .join(', ')}`,
      )
    console.log(`  ${textOf(ledger)}${seen === null ? '' : `; delta-rs sees ${seen.rows} rows`}`)
    console.log(`  ${holds ? 'held' : 'FAILED'}`)
    if (!holds) console.log(sinks.tails())
    return holds
  } finally {
    await sinks.stop()
  }
}

async function mutants(ground: Ground): Promise<boolean> {
  const { faults } = ground.store
  if (faults === undefined) return true
  const sinks = sinksOn(ground, 'mutants')
  try {
    const verdicts = await tryMutants(sinks, faults)
    for (const { kind, isMutant, holds, ledger } of verdicts) {
      const verdict = isMutant ? (holds ? 'caught' : 'NOT CAUGHT') : holds ? 'held' : 'FAILED'
      console.log(
        `a zombie comes back, ${isMutant ? `mutant ${kind}` : 'the sink itself'}: ${verdict}\n  ${textOf(ledger)}`,
      )
    }
    return verdicts.every(({ holds }) => holds)
  } finally {
    await sinks.stop()
  }
}

function sinksOn({ broker, store, kafka, folder }: Ground, name: string): Sinks {
  return new Sinks({ bootstrap: `127.0.0.1:${broker.port}`, kafka, store, folder, name })
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  return items
    .map((item) => ({ item, at: random.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
