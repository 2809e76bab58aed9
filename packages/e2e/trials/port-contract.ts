/**
 * Every promise of the port on every broker that stands behind it: Apache Kafka 3.9 and 4.3 where there is a Java; the embedded one with `--full` or
 * `--only`, and where there is no other.
 * Prints how many cases hold as a table, parts of the port by brokers, and what each case that does not hold came to.
 */
import { connect } from '@sluice/kafka'
import { CONTRACT_GROUPS, LONE_GROUPS, portContract } from '@sluice/kafka/testing'
import { type BrokerOnTrial, startApacheKafka, startEmbedded, whyNoApacheKafka } from './broker-on-trial.ts'
import type { TrialOptions } from './trial-options.ts'

/** Most cases wait for a broker most of their time. */
const AT_A_TIME = 6

interface Case {
  readonly part: string
  readonly name: string
  readonly body: () => Promise<void>
  /** Not beside others. */
  readonly isAlone: boolean
}

interface Outcome {
  readonly part: string
  readonly name: string
  readonly error: unknown
}

export async function trial({ only, full }: TrialOptions): Promise<boolean> {
  const why = whyNoApacheKafka()
  if (why !== null) console.log(`port-contract: Apache Kafka is not tried: ${why}`)
  const apache = ['3.9.2', '4.3.1'].map((version) => () => startApacheKafka(version))
  // `npm test` tries the embedded one too: the short form leaves it out where there are others.
  const embedded = full || only !== null || why !== null ? [() => startEmbedded()] : []
  const columns: { name: string; outcomes: readonly Outcome[] }[] = []
  for (const start of [...embedded, ...(why === null ? apache : [])]) {
    const broker = await start()
    const since = performance.now()
    try {
      const outcomes = await runAll(broker, only)
      columns.push({ name: broker.name, outcomes })
      console.log(`${broker.name}: ${outcomes.length} cases in ${Math.round((performance.now() - since) / 1000)} s`)
    } finally {
      await broker.stop()
    }
  }
  printTable(columns)
  const failures = columns.flatMap(({ name, outcomes }) =>
    outcomes.filter(({ error }) => error !== null).map((outcome) => ({ broker: name, ...outcome })),
  )
  for (const { broker, part, name, error } of failures) console.log(`\n✗ ${broker}, ${part}: ${name}\n  ${said(error)}`)
  return failures.length === 0
}

async function runAll({ port }: BrokerOnTrial, only: string | null): Promise<Outcome[]> {
  const open = (): ReturnType<typeof connect> =>
    connect({ bootstrapServers: `127.0.0.1:${port}`, clientId: 'port-contract' })
  const cases: Case[] = []
  for (const [part, group] of Object.entries(CONTRACT_GROUPS)) {
    const isAlone = LONE_GROUPS.includes(group)
    portContract((name, body) => cases.push({ part, name, body, isAlone }), open, [group])
  }
  const chosen = cases.filter(({ name }) => only === null || name.includes(only))
  const outcomes: Outcome[] = []
  const work = async (queue: Case[]): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { part, name, body } = next
      const error = await body().then(
        () => null,
        (cause: unknown) => cause ?? 'rejected',
      )
      outcomes.push({ part, name, error })
    }
  }
  const queue = chosen.filter(({ isAlone }) => !isAlone)
  await Promise.all(Array.from({ length: AT_A_TIME }, () => work(queue)))
  await work(chosen.filter(({ isAlone }) => isAlone))
  return outcomes
}

function printTable(columns: readonly { readonly name: string; readonly outcomes: readonly Outcome[] }[]): void {
  const parts = Object.keys(CONTRACT_GROUPS)
  const first = Math.max(...parts.map((part) => part.length))
  const cell = (outcomes: readonly Outcome[]): string =>
    `${outcomes.filter(({ error }) => error === null).length} of ${outcomes.length}`
  const row = (head: string, cells: readonly string[]): string =>
    `  ${head.padEnd(first)}${cells.map((text, i) => `  ${text.padStart(columns[i]!.name.length)}`).join('')}`
  console.log(
    `\n${row(
      'cases that hold',
      columns.map(({ name }) => name),
    )}`,
  )
  for (const part of parts) {
    const cells = columns.map(({ outcomes }) => cell(outcomes.filter((outcome) => outcome.part === part)))
    console.log(row(part, cells))
  }
  console.log(
    row(
      'all',
      columns.map(({ outcomes }) => cell(outcomes)),
    ),
  )
}

function said(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message).split('\n').slice(0, 6).join('\n  ') : String(error)
}
