/**
 * A worker is frozen, with its cells, when they have put files and not yet committed them; another takes over and goes on to the end; then the
 * first is thawed, and goes on where it was. The sink as it is must survive that, and three mutants of it beside it must not.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { descendantsOf, signalAll } from './process-tree.ts'
import type { SinkOnTrial, Sinks } from './sinks.ts'
import type { FaultyS3 } from './store-on-trial.ts'
import { isRight, type TableLedger } from './table-ledger.ts'
import { within } from './within.ts'

const RECORDS = 6_000
const ROWS_PER_COMMIT = 100
const STRIKES_MS = 60_000
const ARRIVE_MS = 120_000
/** For a thawed zombie to do what it had in mind. */
const ZOMBIE_MS = 2_500

interface Subject {
  readonly kind: string
  /** What the ledger must find; undefined: nothing. */
  readonly fault?: (ledger: TableLedger) => boolean
  /** What befalls one of its data files, by which it is known that it is in the middle of a flush. */
  readonly held?: 'none' | 'hang'
  readonly settings?: Readonly<Record<string, string>>
}

const SUBJECTS: readonly Subject[] = [
  { kind: 'lake', held: 'none' },
  { kind: 'lake-skip-txn-check', held: 'none', fault: ({ doubled }) => doubled > 0 },
  // Its tasks meet each other at the log: in one process they would commit together.
  { kind: 'lake-412-is-success', settings: { 'commit.group.wait.ms': '0' }, fault: ({ lost }) => lost > 0 },
  { kind: 'lake-commit-before-upload', held: 'hang', fault: ({ lost, missing }) => lost > 0 && missing > 0 },
]

export interface Verdict {
  readonly kind: string
  readonly isMutant: boolean
  readonly holds: boolean
  readonly ledger: TableLedger
}

export async function tryMutants(sinks: Sinks, faults: FaultyS3): Promise<readonly Verdict[]> {
  await faults.clear()
  const zombie = await sinks.startWorker()
  const on: (Subject & { readonly sink: SinkOnTrial })[] = []
  for (const subject of SUBJECTS) {
    const sink = await sinks.create(`on-trial-${subject.kind}`, subject.kind, ROWS_PER_COMMIT, 2, subject.settings)
    on.push({ ...subject, sink })
  }
  await Promise.all(on.map(({ sink }) => sink.orders.write(RECORDS / 2)))
  await Promise.all(on.map(({ sink }) => sinks.passed(sink, RECORDS / 2, ARRIVE_MS)))
  const struck: Promise<void>[] = []
  for (const { sink, held: effect } of on) {
    if (effect === undefined) continue
    const key = `/${sink.connector}/.*\\.parquet$`
    struck.push((await faults.hold(sink.connector, { on: 'PutObject', key, effect })).struck)
  }
  await Promise.all(on.map(({ sink }) => sink.orders.write(RECORDS / 2)))
  await within(Promise.all(struck), STRIKES_MS, 'each sink puts a file')
  const frozen = [zombie.pid, ...descendantsOf(zombie.pid)]
  signalAll(frozen, 'SIGSTOP')
  for (const { sink, held: effect } of on) if (effect !== undefined) await faults.release(sink.connector)
  await sinks.startWorker()
  await Promise.all(on.map(({ sink }) => sinks.passed(sink, RECORDS, ARRIVE_MS)))
  signalAll(frozen, 'SIGCONT')
  await sleep(ZOMBIE_MS)
  await sinks.killEverybody()
  const verdicts: Verdict[] = []
  for (const { kind, fault, sink } of on) {
    const ledger = await sinks.ledger(sink)
    verdicts.push({ kind, isMutant: fault !== undefined, holds: (fault ?? isRight)(ledger), ledger })
  }
  return verdicts
}
