/**
 * `npm run trial -- same-config [--full] [--seed N] [--only NAME]`: ten connectors as users post them (chains of transforms, predicates,
 * secrets, dead letters, converters) run on Java's Kafka Connect and on ours from the same JSON and the same input. What came out (keys,
 * values, headers, times, partitions, lines of files) is compared byte for byte, but for what is printed as not compared.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { startApacheKafka, startEmbedded, whyNoApacheKafka, type BrokerOnTrial } from './broker-on-trial.ts'
import type { Runtime } from './connect/connect-worker.ts'
import { compareChains } from './same-config/chains.ts'
import { compared, EXCEPTIONS, mutantsOf } from './same-config/differences.ts'
import { TRIALLED } from './same-config/given.ts'
import { type Outcome, outcomes } from './same-config/outcome.ts'
import type { TrialOptions } from './trial-options.ts'

const CHAINS = 200
const CHAINS_FULL = 5_000

export async function trial({ full, seed, only }: TrialOptions): Promise<boolean> {
  const why = whyNoApacheKafka()
  if (why !== null) {
    console.log(`same-config: skipped: it needs Java's Connect, and ${why}`)
    return true
  }
  const isSame = await sameConnectors(full, only)
  return (only !== null || sameChains(seed, full ? CHAINS_FULL : CHAINS)) && isSame
}

async function sameConnectors(full: boolean, only: string | null): Promise<boolean> {
  const trialled = TRIALLED.filter(({ name }) => only === null || name.includes(only))
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-same-config-'))
  const on = async (runtime: Runtime): Promise<ReadonlyMap<string, Outcome>> => {
    const broker: BrokerOnTrial = full ? await startApacheKafka('4.3.1') : await startEmbedded()
    try {
      return await outcomes(runtime, `127.0.0.1:${broker.port}`, path.join(folder, runtime), trialled)
    } finally {
      await broker.stop()
    }
  }
  const [java, ours] = await Promise.all([on('java'), on('sluice')])
  let records = 0
  let different = 0
  let seen = 0
  for (const { name, isUnordered = false } of trialled) {
    const { count, differences } = compared(java.get(name)!, ours.get(name)!, isUnordered)
    console.log(`  ${name}: ${count} records, ${differences.length} differences`)
    for (const difference of differences) console.log(`    ${difference}`)
    const mutants = mutantsOf(java.get(name)!)
    const unseen = mutants.filter((mutant) => compared(java.get(name)!, mutant, isUnordered).differences.length === 0)
    if (unseen.length > 0) console.log(`    the comparison does not see ${unseen.length} of ${mutants.length} mutants`)
    records += count
    different += differences.length + unseen.length
    seen += mutants.length - unseen.length
  }
  for (const exception of EXCEPTIONS) console.log(`  not compared: ${exception}`)
  console.log(
    `same-config: ${trialled.length} configurations, ${records} records compared, ${different} differences; ${seen} mutants seen`,
  )
  if (different === 0) fs.rmSync(folder, { recursive: true, force: true })
  else console.log(`  see ${folder}`)
  return different === 0
}

function sameChains(seed: number, count: number): boolean {
  const { records, refused, onPurpose, differences } = compareChains(seed, count)
  for (const [reason, times] of onPurpose) console.log(`  on purpose: ${reason} (${times})`)
  for (const difference of differences) console.log(`  ${difference}`)
  const said = `${records} records, ${refused} of which both refuse, ${differences.length} differences`
  console.log(`same-config: ${count} chains of transforms by seed ${seed}: ${said}`)
  return differences.length === 0
}
