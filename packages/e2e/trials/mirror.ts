/**
 * `npm run trial -- mirror [--full] [--seed N]`: two mirrors, one from Apache Kafka to the embedded broker and one back, each run by a worker
 * of its own with exactly-once support that is killed (SIGKILL) five times (`--full`: ten, five times over), while a topic is written to: by
 * itself, in transactions, and in transactions that are aborted. Groups that consume it stop cleanly at different times, and go on at the
 * target from the offsets that the mirror has committed for them. Then, by Java's consumers:
 *
 *   topics   lost 0, twice 0, and every partition is the source's record for record: key, value, headers, time
 *   groups   what a group has read here and there is every record once: missing 0, again 0; and Java's RemoteClusterUtils finds the same
 *            places in the checkpoints: unlike 0
 *
 * So it is shown that nothing is lost or doubled by a worker that dies anywhere, and that offsets are translated exactly, whatever gaps
 * transactions have left in either topic. Two mutants run beside the first mirror and must be seen: one notes records one too far (groups miss
 * some), one notes them before the broker has answered (groups read some again).
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startApacheKafka, startEmbedded, whyNoApacheKafka } from './broker-on-trial.ts'
import { MIRROR, MUTANTS, OneWay, type OneWayOptions, type Outcome } from './mirror/one-way.ts'
import type { TrialOptions } from './trial-options.ts'

/** So that a killed worker's place is free again soon. */
const CONFIGS = { 'group.min.session.timeout.ms': '1000' }

export async function trial({ full, seed }: TrialOptions): Promise<boolean> {
  const why = whyNoApacheKafka()
  if (why !== null) {
    console.log(`mirror: neither Apache Kafka nor Java's consumers are here (${why}): not run`)
    return true
  }
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-mirror-'))
  let hasHeld = true
  for (const one of full ? Array.from({ length: 5 }, (_, i) => seed + i) : [seed])
    hasHeld = (await bothWays(one, full, fs.mkdtempSync(path.join(folder, `seed-${one}-`)))) && hasHeld
  console.log(`mirror: ${hasHeld ? 'held' : 'FAILED'}`)
  if (hasHeld) fs.rmSync(folder, { recursive: true, force: true })
  else console.log(`  see ${folder}`)
  return hasHeld
}

/** On brokers of its own: topics and groups have the same names for every seed. */
async function bothWays(seed: number, full: boolean, folder: string): Promise<boolean> {
  const brokers = await Promise.all([startApacheKafka('4.3.1', undefined, CONFIGS), startEmbedded(undefined, CONFIGS)])
  const [a, b] = brokers
  const common = { folder, seed, kills: full ? 10 : 5, groups: full ? 11 : 6 }
  const ways: readonly OneWayOptions[] = [
    { ...common, name: `${a.name} to ${b.name}`, from: a, to: b, mirrors: [MIRROR, ...MUTANTS] },
    { ...common, name: `${b.name} to ${a.name}`, from: b, to: a, mirrors: [MIRROR], seed: seed + 1000 },
  ]
  try {
    const outcomes = await Promise.all(ways.map((way) => runOne(way)))
    return outcomes.map((of, i) => report(ways[i]!, of)).every(Boolean)
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()))
  }
}

async function runOne(options: OneWayOptions): Promise<readonly Outcome[]> {
  const way = await OneWay.start(options)
  try {
    return await way.run()
  } catch (error) {
    console.log(way.tail())
    throw error
  } finally {
    await way.stop()
  }
}

function report({ name, kills, groups, seed }: OneWayOptions, outcomes: readonly Outcome[]): boolean {
  console.log(`${name}, seed ${seed}: worker killed ${kills} times, ${groups} groups moved over`)
  return outcomes.map((outcome) => judge(outcome)).every(Boolean)
}

function judge({ mirror, ...found }: Outcome): boolean {
  const { records, lost, twice, differences, consumed, goneOnWith, missing, again, unlike } = found
  const isWhole = lost === 0 && twice === 0 && differences.length === 0 && records > 0
  const hasMoved = consumed > 0 && goneOnWith > 0
  const isExact = missing === 0 && again === 0 && unlike === 0
  const isSeen = mirror.fault === 'missing' ? missing > 0 : again > 0
  const holds = isWhole && hasMoved && (mirror.fault === undefined ? isExact : isSeen)
  const verdict = mirror.fault === undefined ? (holds ? 'held' : 'FAILED') : holds ? 'caught' : 'NOT CAUGHT'
  console.log(`  ${mirror.fault === undefined ? 'mirror' : `mutant ${mirror.source}`}: ${verdict}`)
  console.log(
    `    topic: ${records} records; lost ${lost}, twice ${twice}, partitions that differ ${differences.length}`,
  )
  for (const difference of differences) console.log(`      ${difference}`)
  console.log(
    `    groups: ${consumed} read here, ${goneOnWith} there; missing ${missing}, again ${again}, unlike ${unlike}`,
  )
  return holds
}
