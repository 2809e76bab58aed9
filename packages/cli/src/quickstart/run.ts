/** The quickstart from beginning to end: lock, Kafka, flow, summary, query. Whatever happens, what was started is stopped. */
import fs from 'node:fs'
import path from 'node:path'
import { connect } from '@sluice/kafka'
import { describeError, MemoryMetrics, SluiceError } from '@sluice/sdk'
import type { Scorecard } from '@sluice/quality'
import { loadProcessor, LogLevels, openLogger } from '@sluice/worker'
import { startBroker } from '../broker.ts'
import { runFlow, type FlowPorts } from './flow.ts'
import { lockFolder } from './lock.ts'
import type { QuickstartPlan } from './plan.ts'
import { planFor } from './plans.ts'
import { ProgressLines } from './progress.ts'
import { printRules } from './rules.ts'
import { writeSettings } from './settings-files.ts'
import { printSummary, summarise, type QuickstartSummary } from './summary.ts'
import { LakeTable, printResult } from './table.ts'
import { travelled } from './time-travel.ts'

export interface QuickstartRequest {
  readonly dir: string
  readonly file: string
  /** Undefined: the bird strikes. */
  readonly key: string | undefined
  /** The data set that the file goes into. Undefined: its own. */
  readonly into?: string | undefined
  /** Where the table is to be. Undefined: below `dir`. */
  readonly s3?: S3Place | undefined
}

export interface S3Place {
  /** As `s3://bucket/prefix`. */
  readonly place: string
  /** Undefined: that of the environment. */
  readonly endpoint: string | undefined
}

/** @throws SluiceError INTERRUPTED; what any stage failed with; INTERNAL when the counts do not add up */
export async function runQuickstart(request: QuickstartRequest, signal: AbortSignal): Promise<void> {
  const { dir, file, key } = request
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  // Into the environment, where the sink finds it too, which has a process of its own.
  if (request.s3?.endpoint !== undefined) process.env['AWS_ENDPOINT_URL_S3'] = request.s3.endpoint
  const { plan, query } = await planFor(dir, file, key, { into: request.into, s3: request.s3?.place })
  const processor = await loadProcessor(plan.processor.module)
  const unlock = lockFolder(dir)
  try {
    const logFile = path.join(dir, 'quickstart.log')
    const logLevels = new LogLevels()
    const logger = openLogger({ file: logFile, levels: logLevels })
    try {
      const where = request.s3 === undefined ? '' : `, but for the table: ${plan.table}`
      say(`\nSluice quickstart: ${file}\n  everything is kept below ${dir}${where}\n`)
      writeSettings(plan)
      const before = await LakeTable.open(plan.table)
      const { summary, rules } = await withKafka({ plan, processor, logger, logLevels, signal }, say)
      const table = await LakeTable.open(plan.table)
      fs.writeFileSync(path.join(dir, 'summary.json'), `${JSON.stringify({ ...summary, rules }, null, 2)}\n`)
      say(`\n${printRules(rules)}${printSummary(summary)}`)
      if (table.files.length > 0) {
        say(`${query}\n\n${printResult(await table.query(plan.dataset, query))}`)
        say(await travelled(table, before.version, plan.dataset, query))
      }
      say(nextCommands(plan, request))
      const broken = summary.equations.filter(({ holds }) => !holds)
      if (broken.length > 0) {
        throw new SluiceError(
          'INTERNAL',
          `The counts do not add up: ${broken.map(({ sentence }) => sentence).join('; ')}`,
        )
      }
    } catch (error) {
      logger.error(describeError(error))
      throw error
    } finally {
      await logger.close()
    }
  } finally {
    unlock()
  }
}

async function withKafka(
  given: Pick<FlowPorts, 'plan' | 'processor' | 'logger' | 'logLevels' | 'signal'>,
  say: (text: string) => void,
): Promise<{ readonly summary: QuickstartSummary; readonly rules: readonly Scorecard[] }> {
  const { plan, logger } = given
  const dataDir = path.join(plan.dir, 'kafka')
  const kafka = await startBroker({ dataDir, log: (level, message) => logger[level](message) })
  try {
    say(`  Kafka is up in this process, at ${kafka.bootstrapServers}, until the end of the run`)
    const lines = new ProgressLines(process.stdout)
    let rules: readonly Scorecard[] = []
    const position = await runFlow({
      ...given,
      broker: kafka.bootstrapServers,
      metrics: new MemoryMetrics(),
      show: (stages, final) => lines.show(stages, final),
      onWorker: (url) => say(`  a worker too, which runs each connector in a process of its own: ${url}\n`),
      onRules: (found) => (rules = found),
    })
    const table = await LakeTable.open(plan.table)
    const client = await connect({ bootstrapServers: kafka.bootstrapServers, clientId: 'quickstart-summary', logger })
    try {
      return { summary: await summarise(client, plan, position, await table.summary()), rules }
    } finally {
      await client.close()
    }
  } finally {
    await kafka.close()
  }
}

function nextCommands(plan: QuickstartPlan, { dir, file, key, into, s3 }: QuickstartRequest): string {
  const table = s3 === undefined ? path.relative(process.cwd(), plan.table) : plan.table
  const at = s3?.endpoint === undefined ? '' : `AWS_ENDPOINT_URL_S3=${s3.endpoint} `
  const folder = path.relative(process.cwd(), dir)
  const given = [
    ...(folder === path.join('.sluice', 'quickstart') ? [] : ['--dir', quoted(folder)]),
    ...(key === undefined ? [] : ['--file', quoted(file), '--key', quoted(key)]),
    ...(into === undefined ? [] : ['--into', quoted(into)]),
    ...(s3 === undefined
      ? []
      : ['--s3', quoted(s3.endpoint === undefined ? s3.place : `${s3.endpoint}${s3.place.slice('s3:/'.length)}`)]),
  ]
  const again = ['npm run quickstart', ...(given.length === 0 ? [] : ['--', ...given])].join(' ')
  return [
    'Try next:',
    `  ${again}    (again: nothing new, nothing added)`,
    `  ${at}npm run sluice -- sql ${quoted(table)} 'describe "${plan.dataset}"'`,
    key === undefined
      ? '  npm run quickstart -- --tour    (flights: a table, windows, late data)\n  npm run quickstart -- --file my.csv --key id    (your own file)'
      : '  npm run quickstart    (the FAA bird strikes)',
    '',
  ].join('\n')
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
