/** Looks at all stages of the tour, from outside, until each has caught up with the one before it. */
import fs from 'node:fs'
import type { Kafka } from '@sluice/kafka'
import { SluiceError, systemClock } from '@sluice/sdk'
import type { ConnectClient } from '@sluice/worker/client'
import type { Connectors } from '../connectors.ts'
import type { StageProgress } from '../progress.ts'
import { LOOK_MS, type FilePosition } from '../watch.ts'
import { LakeTable } from '../table.ts'
import { PARTITIONS, PROCESSOR, REPARTITIONED, TOPICS, type TourPlan } from './plan.ts'
import { readAll } from './read-all.ts'

export interface WatchedTour {
  readonly plan: TourPlan
  readonly kafka: Kafka
  readonly connectors: Connectors
  readonly client: ConnectClient
  readonly show: (stages: readonly StageProgress[], final: boolean) => void
  readonly signal: AbortSignal
}

/** Longer than a start, a rebalance or a restart take. */
const STANDSTILL_MS = 120_000

/** @throws SluiceError INTERRUPTED; TASK_FAILED with the reason of whatever failed; WAIT_TIMED_OUT when nothing moves */
export async function watchTour({ plan, kafka, connectors, client, show, signal }: WatchedTour): Promise<void> {
  const names = [plan.sources.airports, plan.sources.flights, plan.sink].map((config) => config['name']!)
  const size = { airports: sizeOf(plan.sources.airports['file']!), flights: sizeOf(plan.reports) }
  let stand = ''
  /** How many there are, once all is processed. */
  let days: number | null = null
  let movedAt = systemClock.monotonic()
  for (;;) {
    signal.throwIfAborted()
    const [areRunning, airports, flights] = await Promise.all([
      connectors.areRunning(names),
      positionOf(connectors, plan.sources.airports['name']!),
      positionOf(connectors, plan.sources.flights['name']!),
    ])
    await assertProcessorIsWell(client, signal)
    const isRead = areRunning && airports.position >= size.airports && flights.position >= size.flights
    const lag = isRead ? await lagOf(kafka, [TOPICS.airports, TOPICS.flights, REPARTITIONED]) : null
    const isProcessed = lag === 0
    if (isProcessed) days ??= (await readAll(kafka, TOPICS.delays)).length
    const table = await LakeTable.open(plan.table)
    const { rows } = await table.summary()
    const hasLanded = days !== null && rows >= days
    const stages: StageProgress[] = [
      {
        stage: 'sources',
        what: 'lines read',
        done: airports.line + flights.line,
        total: isRead ? airports.line + flights.line : null,
        complete: isRead,
      },
      {
        stage: 'processor',
        what: 'flights and airports joined',
        done: isRead ? airports.line + flights.line - (lag ?? 0) : 0,
        total: isRead ? airports.line + flights.line : null,
        complete: isProcessed,
      },
      { stage: 'lake sink', what: 'days of states put', done: rows, total: days, complete: hasLanded },
    ]
    show(stages, hasLanded)
    if (hasLanded) return
    const standNow = stages.map(({ done, complete }) => `${done} ${complete}`).join()
    if (standNow !== stand) movedAt = systemClock.monotonic()
    stand = standNow
    if (systemClock.monotonic() - movedAt > STANDSTILL_MS) {
      throw new SluiceError(
        'WAIT_TIMED_OUT',
        `Nothing has moved for ${STANDSTILL_MS / 1000} s, and not all has arrived`,
        {
          remedy: `See ${plan.dir}/tour.log.`,
        },
      )
    }
    await systemClock.sleep(LOOK_MS, signal)
  }
}

async function assertProcessorIsWell(client: ConnectClient, signal: AbortSignal): Promise<void> {
  const status = await client.call('processorStatus', { path: { processor: PROCESSOR } }, signal)
  const failed = status.instances.find(({ state }) => state === 'FAILED')
  if (failed === undefined) return
  throw new SluiceError('TASK_FAILED', `The processor ${PROCESSOR} failed: ${failed.trace ?? 'it does not say why'}`)
}

function sizeOf(file: string): number {
  return fs.statSync(file).size
}

async function positionOf(connectors: Connectors, source: string): Promise<Pick<FilePosition, 'position' | 'line'>> {
  const [stored] = await connectors.offsets(source)
  return (stored?.offset as FilePosition | undefined) ?? { position: 0, line: 0 }
}

/** What the processor has still to commit of them. */
async function lagOf(kafka: Kafka, topics: readonly string[]): Promise<number> {
  const partitions = topics.flatMap((topic) =>
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })),
  )
  const [ends, committed] = await Promise.all([
    kafka.admin.listOffsets(partitions, 'latest'),
    kafka.groupOffsets(PROCESSOR).committed(partitions),
  ])
  const at = new Map(committed.map(({ topic, partition, offset }) => [`${topic}-${partition}`, offset]))
  return ends.reduce(
    (sum, { topic, partition, offset }) => sum + Math.max(0, offset - (at.get(`${topic}-${partition}`) ?? 0)),
    0,
  )
}
