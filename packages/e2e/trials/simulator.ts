/**
 * Runs applications in simulated time by seed, with crashes, freezes, zombies, lost requests and answers, aborted transactions and
 * rebalances, and checks invariants 1 to 4 of docs/explanation/invariants.md. Then plants bugs: each has to be found, and the seed that
 * finds it to do so again, by the same trace.
 *
 * `--seed N` runs that seed alone and prints its trace.
 */
import { describeFault, shrink, simulate, type Simulation } from '@sluice/streams/testing'
import { MUTANTS, type Mutant } from './simulator/mutants.ts'
import { scenarioOf } from './simulator/scenarios.ts'
import type { TrialOptions } from './trial-options.ts'

const SEEDS_FULL = 1_000
const SEEDS_SHORT = 150
/** A bug that is not found by so many seeds is missed. */
const SEEDS_PER_MUTANT = 200
/** One in so many seeds is run twice, for the same trace. */
const REPLAY_ONE_IN = 10
const BAR_S = 120

export async function trial({ full, seed }: TrialOptions): Promise<boolean> {
  if (process.argv.includes('--seed')) return await runOne(seed)
  const seedsHold = await runAll(full ? SEEDS_FULL : SEEDS_SHORT)
  const found: boolean[] = []
  for (const mutant of MUTANTS) found.push(await isFound(mutant))
  const missed = found.filter((one) => !one).length
  console.log(`${MUTANTS.length - missed} of ${MUTANTS.length} planted bugs found`)
  return seedsHold && missed === 0
}

async function runAll(seeds: number): Promise<boolean> {
  const startedAt = performance.now()
  const cpu = process.cpuUsage()
  const counts = { crashes: 0, stops: 0, freezes: 0, zombies: 0, losses: 0, slow: 0, aborted: 0, rebalances: 0 }
  let [broken, differing, replayed, steps, simulatedMs] = [0, 0, 0, 0, 0]
  for (let seed = 1; seed <= seeds; seed++) {
    const { name, options } = scenarioOf(seed)
    const simulation = await simulate(options)
    steps += simulation.trace.length
    simulatedMs += simulation.lastedMs
    count(simulation, counts)
    if (simulation.violations.length > 0) {
      broken++
      say(seed, name, simulation)
    }
    if (seed % REPLAY_ONE_IN !== 0) continue
    replayed++
    if ((await simulate(options)).hash !== simulation.hash) {
      differing++
      console.log(`seed ${seed} (${name}) does not replay`)
    }
  }
  const tookS = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpu)
  console.log(`${seeds} seeds, ${steps} steps, ${(simulatedMs / 3_600_000).toFixed(1)} simulated hours`)
  console.log(
    Object.entries(counts)
      .map(([what, times]) => `${times} ${what}`)
      .join(', '),
  )
  console.log(`${broken} seeds broke an invariant; ${differing} of ${replayed} did not replay to the same trace`)
  console.log(`${tookS.toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} CPU-s (bar for 1000 seeds: ${BAR_S} s)`)
  return broken === 0 && differing === 0
}

async function isFound({ name, guarantee, plant }: Mutant): Promise<boolean> {
  for (let seed = 1; seed <= SEEDS_PER_MUTANT; seed++) {
    const options = { ...scenarioOf(seed, guarantee).options, around: plant }
    const simulation = await simulate(options)
    if (simulation.violations.length === 0) continue
    const again = await simulate(options)
    const smallest = await shrink(options, simulation)
    const isSame = again.hash === simulation.hash
    const { invariant, what } = smallest.violations[0]!
    console.log(
      `planted: ${name}: found by seed ${seed}, ${isSame ? 'twice by the same trace' : 'NOT by the same trace again'}`,
    )
    console.log(`  invariant ${invariant}: ${what.slice(0, 200)}`)
    console.log(
      `  ${simulation.faults.length} faults shrunk to ${smallest.faults.length}: ${smallest.faults.map(describeFault).join('; ')}`,
    )
    return isSame
  }
  console.log(`planted: ${name}: NOT found by ${SEEDS_PER_MUTANT} seeds`)
  return false
}

async function runOne(seed: number): Promise<boolean> {
  const { name, options } = scenarioOf(seed)
  const simulation = await simulate(options)
  for (const line of simulation.trace) console.log(line)
  say(seed, name, simulation)
  return simulation.violations.length === 0
}

function say(seed: number, name: string, { violations, faults, hash }: Simulation): void {
  console.log(`seed ${seed} (${name}): ${violations.length} violations, trace ${hash}`)
  for (const { invariant, what } of violations.slice(0, 3))
    console.log(`  invariant ${invariant}: ${what.slice(0, 300)}`)
  for (const fault of faults) console.log(`  ${describeFault(fault)}`)
}

/** What happened, by the trace: a fault may strike an instance that is down. */
function count({ faults, trace }: Simulation, counts: Record<string, number>): void {
  const add = (what: string, times: number): void => void (counts[what] = (counts[what] ?? 0) + times)
  const lines = (words: string): number => trace.filter((line) => line.includes(words)).length
  add('crashes', lines(' crashes'))
  add('stops', faults.filter(({ kind }) => kind === 'stop').length)
  add('freezes', faults.filter(({ kind }) => kind === 'freeze').length)
  add('zombies', lines('INVALID_PRODUCER_EPOCH') + lines('UNKNOWN_MEMBER_ID') + lines('ILLEGAL_GENERATION'))
  add('losses', faults.filter(({ kind }) => kind.startsWith('lose')).length)
  add('slow', faults.filter(({ kind }) => kind === 'slow').length)
  add('aborted', lines(' aborted') - lines(' transaction of input-'))
  add('rebalances', lines('broker group rebalances'))
}
