/**
 * The quickstart's tour: two files, a processor with a table, windows and late data, and a table in the lake, all deployed over REST as an
 * operator would, on a worker that runs each in a process of its own.
 */
import path from 'node:path'
import { connect, type Kafka } from '@sluice/kafka'
import type { Delays, Flight } from '@sluice/processor-flights'
import { describeError, MemoryMetrics, SluiceError, type Logger } from '@sluice/sdk'
import { LogLevels, openLogger } from '@sluice/worker'
import { ConnectClient } from '@sluice/worker/client'
import { startBroker } from '../../broker.ts'
import { Connectors } from '../connectors.ts'
import { removeLeftMembers } from '../left-members.ts'
import { lockFolder } from '../lock.ts'
import { ProgressLines } from '../progress.ts'
import { startWorker } from '../start-worker.ts'
import { LakeTable, printResult } from '../table.ts'
import { interrupted } from '../watch.ts'
import { PARTITIONS, PROCESSOR, TABLE, TOPICS, tourPlan, type TourPlan } from './plan.ts'
import { readAll } from './read-all.ts'
import { writeReports } from './reports.ts'
import { printSums, sumsOf, type TourSums } from './sums.ts'
import { watchTour } from './watch.ts'

const QUERY =
  'select date, state, flights, delayed, mean_delay, worst_delay\n' +
  `  from (select *, day as date from ${TABLE}) where flights >= 10 order by mean_delay desc limit 5`

/** Records of 2001 would be deleted as fast as they are written, had their topics the usual retention. */
const KEPT = { 'retention.ms': '-1' }

/** @throws SluiceError INTERRUPTED; what any stage failed with; INTERNAL when the counts do not add up */
export async function runTour(dir: string, signal: AbortSignal): Promise<void> {
  const say = (text: string): void => void process.stdout.write(`${text}\n`)
  const plan = tourPlan(path.join(dir, 'tour'))
  const unlock = lockFolder(plan.dir)
  try {
    const levels = new LogLevels()
    const logger = openLogger({ file: path.join(plan.dir, 'tour.log'), levels })
    try {
      say(
        `\nThe tour: flights and the airports they leave become delays per state and day\n  everything is kept below ${plan.dir}\n`,
      )
      writeReports(plan.reports)
      const sums = await withKafka(plan, { logger, levels, say, signal })
      const table = await LakeTable.open(plan.table)
      say(`\n${printSums(sums)}\n${QUERY}\n\n${printResult(await table.query(TABLE, QUERY))}`)
      if (sums.wrong !== null) throw new SluiceError('INTERNAL', `The counts do not add up: ${sums.wrong}`)
    } catch (error) {
      logger.error(describeError(error))
      throw signal.aborted ? interrupted() : error
    } finally {
      await logger.close()
    }
  } finally {
    unlock()
  }
}

interface Ports {
  readonly logger: Logger
  readonly levels: LogLevels
  readonly say: (text: string) => void
  readonly signal: AbortSignal
}

async function withKafka(plan: TourPlan, ports: Ports): Promise<TourSums> {
  const { logger } = ports
  const broker = await startBroker({
    dataDir: path.join(plan.dir, 'kafka'),
    log: (level, message) => logger[level](message),
  })
  try {
    ports.say(`  Kafka is up in this process, at ${broker.bootstrapServers}, until the end of the tour`)
    const kafka = await connect({ bootstrapServers: broker.bootstrapServers, clientId: 'tour', logger })
    try {
      await prepare(kafka, plan)
      await withWorker(plan, broker.bootstrapServers, kafka, ports)
      const [clean, late, delays] = await Promise.all([
        readAll<Flight>(kafka, TOPICS.clean),
        readAll<Flight>(kafka, TOPICS.late),
        readAll<Delays>(kafka, TOPICS.delays),
      ])
      return sumsOf(clean, late, delays)
    } finally {
      await kafka.close()
    }
  } finally {
    await broker.close()
  }
}

/** Makes the topics, and puts members out of the groups that a run that was killed has left in them. */
async function prepare(kafka: Kafka, plan: TourPlan): Promise<void> {
  await kafka.admin.ensureTopics(
    Object.values(TOPICS).map((topic) => ({ topic, partitions: PARTITIONS, configs: KEPT })),
  )
  await removeLeftMembers(kafka, [plan.worker['group.id']!, PROCESSOR, `connect-${plan.sink['name']!}`])
}

async function withWorker(
  plan: TourPlan,
  bootstrapServers: string,
  kafka: Kafka,
  { logger, levels, say, signal }: Ports,
): Promise<void> {
  const failed = new AbortController()
  const worker = await startWorker({
    settings: plan.worker,
    broker: bootstrapServers,
    logger,
    logLevels: levels,
    metrics: new MemoryMetrics(),
    onFatal: (error) => failed.abort(error),
  })
  try {
    say(`  a worker too, which runs connectors and the processor in processes of their own: ${worker.url}\n`)
    const over = AbortSignal.any([signal, failed.signal])
    const client = new ConnectClient({ server: worker.url })
    const connectors = new Connectors(worker.url, over)
    await connectors.put(plan.sink)
    // The airports are there before the first flight is joined.
    await connectors.put(plan.sources.airports)
    const body = plan.processor
    await client.call('putProcessorConfig', { path: { processor: PROCESSOR }, body }, over)
    await connectors.put(plan.sources.flights)
    const lines = new ProgressLines(process.stdout)
    await watchTour({
      plan,
      kafka,
      connectors,
      client,
      show: (stages, final) => lines.show(stages, final),
      signal: over,
    })
  } catch (error) {
    throw failed.signal.aborted ? failed.signal.reason : error
  } finally {
    await worker.stop()
  }
}
