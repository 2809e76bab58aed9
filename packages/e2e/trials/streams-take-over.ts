/**
 * `npm run trial -- streams-take-over [--full] [--seed N] [--only WORDS]`: an application of Kafka Streams (a count, a count in windows
 * behind a repartition, a join of tables; exactly once) is stopped, and ours goes on under its name: from its offsets, its changelogs and
 * its repartition topic. Then it is given back, with the state of before and with none; and in the end both are members of one group, come
 * and go, and are killed. Every update must be in the outputs once, as a model makes them of all input: lost 0, twice 0, disordered 0.
 *
 * Two mutants show that the ledger sees: a changelog that is deleted between the two, and an application of ours that writes other bytes
 * for the keys of a changelog.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { SeededRandom } from '@sluice/sdk/testing'
import { startApacheKafka, whyNoApacheKafka } from './broker-on-trial.ts'
import type { Mutant } from './streams/taken-over.ts'
import { TakenOverRun } from './streams/taken-over-run.ts'
import type { TrialOptions } from './trial-options.ts'

interface Part {
  readonly name: string
  readonly run: (run: TakenOverRun, full: boolean) => Promise<void>
  /** Whether the ledger has to find something. */
  readonly isMutant?: true
  readonly isFullOnly?: true
}

const PARTS: readonly Part[] = [
  { name: 'take-over and give-back', run: takeOver },
  { name: 'mixed group', run: mixed },
  { name: 'mutant key-bytes', run: (run) => inTurn(run, 'key-bytes'), isMutant: true },
  { name: 'mutant changelog deleted', run: (run) => inTurn(run, null), isMutant: true, isFullOnly: true },
]

export async function trial({ full, seed, only }: TrialOptions): Promise<boolean> {
  const why = whyNoApacheKafka()
  if (why !== null) {
    console.log(`streams-take-over: skipped: it needs Kafka Streams, and ${why}`)
    return true
  }
  const broker = await startApacheKafka('4.3.1', undefined, {
    // What a killed instance had open is given up when its time is over, and not up to ten seconds later.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '500',
  })
  let hasHeld = true
  try {
    for (const [at, part] of PARTS.entries()) {
      if (only === null ? part.isFullOnly === true && !full : !part.name.includes(only)) continue
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-trial-streams-'))
      const startedAt = performance.now()
      const run = await TakenOverRun.open({
        bootstrap: `127.0.0.1:${broker.port}`,
        application: `part-${at}`,
        folder,
        random: new SeededRandom(seed),
        numbers: full ? 20_000 : 2_000,
      })
      try {
        await part.run(run, full)
      } catch (error) {
        console.log(await run.report())
        throw error
      } finally {
        await run.close()
      }
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(0)
      const { lost, twice, disordered } = run.ledger()
      const isRight = lost === 0 && twice === 0 && disordered === 0
      const holds = isRight !== (part.isMutant === true)
      const verdict = part.isMutant === true ? (holds ? 'caught' : 'NOT CAUGHT') : holds ? 'held' : 'FAILED'
      console.log(`${part.name}, ${seconds} s: ${run.told.join('; ')}`)
      console.log(
        `  ${run.inputs} inputs, ${run.outputs} outputs: lost ${lost}, twice ${twice}, disordered ${disordered}`,
      )
      console.log(`  ${verdict}${holds ? '' : ` (see ${folder})`}`)
      if (holds) fs.rmSync(folder, { recursive: true, force: true })
      hasHeld &&= holds
    }
  } finally {
    await broker.stop()
  }
  console.log(`streams-take-over: ${hasHeld ? 'held' : 'FAILED'}`)
  return hasHeld
}

const TURNS = [
  ['java', 'java', 'Kafka Streams began'],
  ['sluice', 'sluice', 'ours took over with nothing on disk'],
  ['java', 'java', 'Kafka Streams went on with its own old state'],
  ['sluice', 'sluice', 'ours went on with its own old state'],
  ['java', 'java-anew', 'Kafka Streams went on with nothing on disk'],
] as const

/** Each alone, on what the other has left. */
async function takeOver(run: TakenOverRun, full: boolean): Promise<void> {
  for (const [runtime, state, what] of full ? TURNS : TURNS.slice(0, 4)) {
    const instance = run.start(runtime, state)
    await run.put()
    await run.arrived()
    await instance.end('SIGTERM')
    run.told.push(what)
  }
}

/** Both in one group. */
async function mixed(run: TakenOverRun): Promise<void> {
  const java = run.start('java', 'java')
  await run.put()
  await run.arrived()
  const ours = run.start('sluice', 'sluice')
  run.told.push(`partitions of Kafka Streams and ours ${(await run.shares()).join(' and ')}`)
  await run.put()
  await run.arrived()
  await java.end('SIGTERM')
  await run.put()
  await run.arrived()
  run.told.push('Kafka Streams left')
  run.start('java', 'java-anew')
  run.told.push(`it came back: ${(await run.shares()).join(' and ')}`)
  const putting = run.put()
  await ours.end('SIGKILL')
  await putting
  await run.arrived()
  run.told.push('ours was killed while records came')
}

/** Kafka Streams, then ours; without a mutant application, the changelog of the count is gone in between. */
async function inTurn(run: TakenOverRun, mutant: Mutant | null): Promise<void> {
  const java = run.start('java', 'java')
  await run.put()
  await run.arrived()
  await java.end('SIGTERM')
  if (mutant === null) await run.deleteChangelog('counts')
  run.start('sluice', 'sluice', mutant)
  run.told.push('Kafka Streams began, ours took over')
  await run.put()
  await run.arrived()
}
