/** What a run left behind, counted from positions, offsets and the table; and the sentences that must hold between the counts. */
import { addTallies, decodeTally, EMPTY_TALLY, total, type Kafka, type Tally } from '@sluice/kafka'
import { PARTITIONS, type QuickstartPlan } from './plan.ts'
import type { TableSummary } from './table.ts'
import type { FilePosition } from './watch.ts'

export interface Equation {
  readonly sentence: string
  readonly holds: boolean
}

export interface QuickstartSummary {
  readonly dataset: string
  readonly file: string
  /** The source's own counts, from its stored position: `lines = records + diverted + skipped`. */
  readonly read: {
    readonly lines: number
    readonly records: number
    readonly diverted: number
    readonly skipped: number
  }
  /** Records now in each topic. */
  readonly topics: { readonly raw: number; readonly clean: number; readonly quarantine: number }
  /** The processor's counts, committed with its offsets. */
  readonly judged: Tally
  /** The sink's counts, committed with its offsets. */
  readonly landed: Tally
  readonly table: TableSummary
  readonly equations: readonly Equation[]
}

export async function summarise(
  kafka: Kafka,
  plan: QuickstartPlan,
  position: FilePosition | null,
  table: TableSummary,
): Promise<QuickstartSummary> {
  const { line = 0, records = 0, diverted = 0, skipped = 0 } = position ?? {}
  const topics = {
    raw: await count(kafka, plan.topics.raw),
    clean: await count(kafka, plan.topics.clean),
    quarantine: await count(kafka, plan.topics.quarantine),
  }
  const judged = await tallyOf(kafka, plan.processor.application, plan.topics.raw)
  const landed = await tallyOf(kafka, `connect-${plan.sink['name']!}`, plan.topics.clean)
  const refused = total(landed.quarantined) + total(landed.dropped)
  const quarantined = total(judged.quarantined)
  const dropped = total(judged.dropped)
  // Records that were too large for the raw topic, and whatever is in quarantine twice.
  const unsent = Math.max(0, topics.quarantine - quarantined - diverted - refused)
  const equations: Equation[] = [
    {
      sentence: `${n(line)} lines read = ${n(records)} records + ${n(diverted)} diverted + ${n(skipped)} header, blank, or continued`,
      holds: line === records + diverted + skipped,
    },
    {
      sentence: `${n(judged.in)} judged = ${n(judged.passed)} passed + ${n(quarantined)} quarantined + ${n(dropped)} dropped`,
      holds: judged.in === judged.passed + quarantined + dropped,
    },
    {
      sentence: `${n(judged.in)} judged = ${n(topics.raw)} records in ${plan.topics.raw}`,
      holds: judged.in === topics.raw,
    },
    {
      sentence: `${n(topics.raw)} records in ${plan.topics.raw}${unsent === 0 ? '' : ` + ${n(unsent)} more in quarantine`} ≥ ${n(records)} read`,
      holds: topics.raw + unsent >= records,
    },
    {
      sentence: `${n(topics.clean)} records in ${plan.topics.clean} ≥ ${n(judged.passed)} passed`,
      holds: topics.clean >= judged.passed,
    },
    {
      sentence: `${n(topics.quarantine)} records in ${plan.topics.quarantine} ≥ ${n(quarantined)} quarantined + ${n(diverted)} diverted + ${n(refused)} refused by the sink`,
      holds: topics.quarantine >= quarantined + diverted + refused,
    },
    {
      sentence: `${n(topics.clean)} records in ${plan.topics.clean} = ${n(table.rows)} rows in the table + ${n(refused)} refused by the sink`,
      holds: topics.clean === table.rows + refused,
    },
  ]
  return {
    dataset: plan.dataset,
    file: plan.file,
    read: { lines: line, records, diverted, skipped },
    topics,
    judged,
    landed,
    table,
    equations,
  }
}

/** The table that a person reads. */
export function printSummary(summary: QuickstartSummary): string {
  const { read, topics, judged, landed, table, equations } = summary
  const refused = total(landed.quarantined) + total(landed.dropped)
  const rows: [string, string][] = [
    ['read', `${n(read.records)} records of ${n(read.lines)} lines`],
    ...(read.diverted === 0 ? [] : [['  diverted', n(read.diverted)] as [string, string]]),
    ['passed', n(judged.passed)],
    ['  marked', n(judged.marked)],
    ['quarantined', n(total(judged.quarantined))],
    ...reasons(judged.quarantined),
    ['dropped', n(total(judged.dropped))],
    ...reasons(judged.dropped),
    ...(refused === 0 ? [] : [['refused by the sink', n(refused)] as [string, string]]),
    ...again('sent again', topics.raw - read.records),
    ...again('processed again', topics.clean - judged.passed),
    ['rows in the table', n(table.rows)],
    [
      'table version',
      table.version < 0
        ? 'no table yet'
        : `${n(table.version)} (${n(table.files)} Parquet ${table.files === 1 ? 'file' : 'files'})`,
    ],
  ]
  const width = Math.max(...rows.map(([what]) => what.length))
  const lines = rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`)
  const broken = equations.filter(({ holds }) => !holds)
  const sums =
    broken.length === 0 ? ['  ✓ it adds up'] : broken.map(({ sentence }) => `  ✗ this does not hold: ${sentence}`)
  return `${[...lines, '', ...sums].join('\n')}\n`
}

/** Up to the table it is at least once: what a kill interrupts is done again, and such rows are in the table twice. */
function again(what: string, records: number): [string, string][] {
  return records <= 0 ? [] : [[what, `${n(records)} after an interruption (at least once)`]]
}

function reasons(counts: Readonly<Record<string, number>>): [string, string][] {
  return Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([reason, times]) => [`  ${reason}`, n(times)])
}

async function tallyOf(kafka: Kafka, group: string, topic: string): Promise<Tally> {
  const committed = await kafka.groupOffsets(group).committed(partitions(topic))
  return committed.map(({ metadata }) => decodeTally(metadata)).reduce(addTallies, EMPTY_TALLY)
}

async function count(kafka: Kafka, topic: string): Promise<number> {
  const at = async (where: 'earliest' | 'latest'): Promise<number> =>
    (await kafka.admin.listOffsets(partitions(topic), where)).reduce((sum, { offset }) => sum + offset, 0)
  return (await at('latest')) - (await at('earliest'))
}

function partitions(topic: string): { topic: string; partition: number }[] {
  return Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
}

function n(value: number): string {
  return value.toLocaleString('en')
}
