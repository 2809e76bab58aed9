/** The quickstart from beginning to end: lock, Kafka, flow, summary, query. Whatever happens, what was started is stopped. */
import fs from 'node:fs'
import path from 'node:path'
import { connect } from '@sluice/kafka'
import { describeError, MemoryMetrics, SluiceError } from '@sluice/sdk'
import type { Scorecard } from '@sluice/quality'
import { LogLevels, openLogger } from '@sluice/worker'
import { startBroker } from '../broker.ts'
import { loadProcessor } from '../processors.ts'
import { runFlow, type FlowPorts } from './flow.ts'
import { lockFolder } from './lock.ts'
import type { QuickstartPlan } from './plan.ts'
import { planFor } from './plans.ts'
import { ProgressLines } from './progress.ts'
import { printRules } from './rules.ts'
import { writeSettings } from './settings-files.ts'
import { printSummary, summarise, type QuickstartSummary } from './summary.ts'
import { LocalTable, printResult } from './table.ts'

export interface QuickstartRequest {
  readonly dir: string
  readonly file: string
  /** Undefined: the bird strikes. */
  readonly key: string | undefined
}

/** @throws SluiceError INTERRUPTED; what any stage failed with; INTERNAL when the counts do not add up */
export async function runQuickstart(request: QuickstartRequest, signal: AbortSignal): Promise<void> {
  const { dir, file, key } = request
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const { plan, query } = await planFor(dir, file, key)
  const processor = await loadProcessor(plan.processor.module)
  const unlock = lockFolder(dir)
  try {
    const logFile = path.join(dir, 'quickstart.log')
    const logLevels = new LogLevels()
    const logger = openLogger({ file: logFile, levels: logLevels })
    try {
      say(`\nSluice quickstart: ${file}\n  everything is kept below ${dir}\n`)
      writeSettings(plan)
      const { summary, rules } = await withKafka({ plan, processor, logger, logLevels, signal }, say)
      const table = await LocalTable.open(plan.tableDir)
      fs.writeFileSync(path.join(dir, 'summary.json'), `${JSON.stringify({ ...summary, rules }, null, 2)}\n`)
      say(`\n${printRules(rules)}${printSummary(summary)}`)
      if (table.files.length > 0) say(`${query}\n\n${printResult(await table.query(plan.dataset, query))}`)
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
    const table = await LocalTable.open(plan.tableDir)
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

function nextCommands(plan: QuickstartPlan, { dir, file, key }: QuickstartRequest): string {
  const table = path.relative(process.cwd(), plan.tableDir)
  const folder = path.relative(process.cwd(), dir)
  const given = [
    ...(folder === path.join('.sluice', 'quickstart') ? [] : ['--dir', quoted(folder)]),
    ...(key === undefined ? [] : ['--file', quoted(file), '--key', quoted(key)]),
  ]
  const again = ['npm run quickstart', ...(given.length === 0 ? [] : ['--', ...given])].join(' ')
  return [
    'Try next:',
    `  ${again}    (again: nothing new, nothing added)`,
    `  npm run sluice -- sql ${quoted(table)} 'describe "${plan.dataset}"'`,
    key === undefined
      ? '  npm run quickstart -- --file my.csv --key id    (your own file)'
      : '  npm run quickstart    (the FAA bird strikes)',
    '',
  ].join('\n')
}

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
