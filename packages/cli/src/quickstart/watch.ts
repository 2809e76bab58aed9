/** Looks at all three stages, from outside, until each has caught up with the one before it. */
import fs from 'node:fs'
import type { Kafka } from '@sluice/kafka'
import { SluiceError, systemClock } from '@sluice/sdk'
import type { KafkaStreams } from '@sluice/streams'
import type { Connectors } from './connectors.ts'
import { PARTITIONS, type QuickstartPlan } from './plan.ts'
import type { StageProgress } from './progress.ts'

export const LOOK_MS = 100

/** Where the file source stands, as its position says. */
export interface FilePosition {
  readonly position: number
  readonly line: number
  readonly records: number
  readonly diverted: number
  readonly skipped: number
}

export interface WatchedParts {
  readonly plan: QuickstartPlan
  readonly kafka: Kafka
  readonly connectors: Connectors
  readonly processor: Pick<KafkaStreams, 'progress'>
  readonly show: (stages: readonly StageProgress[], final: boolean) => void
  readonly signal: AbortSignal
}

/**
 * @returns where the sources of all files of the data set stand in the end, added up; null where they found nothing to store a position for
 * @throws SluiceError INTERRUPTED; TASK_FAILED with a connector's reason
 */
export async function watch(parts: WatchedParts): Promise<FilePosition | null> {
  const { plan, kafka, connectors, processor, show, signal } = parts
  const [source, sink] = [plan.source['name']!, plan.sink['name']!]
  // A file that is not there is told of by the source, with what to do about it.
  const size = fs.statSync(plan.file, { throwIfNoEntry: false })?.size
  for (;;) {
    if (signal.aborted) throw interrupted()
    const areRunning = await connectors.areRunning([source, sink])
    const position = await filePosition(connectors, source)
    const read =
      areRunning && size !== undefined && ((position?.position ?? 0) >= size || (await hasNothing(parts, size)))
    const raw = read ? await ends(kafka, plan.topics.raw) : null
    const processed = processor.progress()
    const judged =
      raw !== null &&
      processed.length > 0 &&
      processed.every(({ partition, committed }) => (committed ?? 0) >= raw[partition]!)
    const clean = judged ? await ends(kafka, plan.topics.clean) : null
    const put = await committed(connectors, sink)
    const landed = clean !== null && clean.every((end, partition) => put[partition]! >= end)
    const stages: StageProgress[] = [
      {
        stage: 'source',
        what: 'lines read',
        done: position?.line ?? 0,
        total: read ? (position?.line ?? 0) : null,
        complete: read,
      },
      {
        stage: 'processor',
        what: 'records judged',
        done: sum(processed.map(({ tally }) => tally.in)),
        total: raw && sum(raw),
        complete: judged,
      },
      { stage: 'lake sink', what: 'records put', done: sum(put), total: clean && sum(clean), complete: landed },
    ]
    show(stages, landed)
    if (landed) return withEarlier(position, connectors, plan.earlierSources)
    await systemClock.sleep(LOOK_MS, signal)
  }
}

export function interrupted(): SluiceError {
  return new SluiceError('INTERRUPTED', 'Interrupted; what is committed is safe, and the next run goes on from there')
}

async function filePosition(connectors: Connectors, source: string): Promise<FilePosition | null> {
  const [stored] = await connectors.offsets(source)
  return stored === undefined ? null : (stored.offset as unknown as FilePosition)
}

/** All files of the data set together. */
async function withEarlier(
  position: FilePosition | null,
  connectors: Connectors,
  sources: readonly string[],
): Promise<FilePosition | null> {
  if (sources.length === 0) return position
  const earlier = await Promise.all(sources.map((source) => filePosition(connectors, source)))
  const found = [position, ...earlier].filter((each) => each !== null)
  if (found.length === 0) return null
  const total = (of: (each: FilePosition) => number): number => sum(found.map(of))
  return {
    position: total((each) => each.position),
    line: total((each) => each.line),
    records: total((each) => each.records),
    diverted: total((each) => each.diverted),
    skipped: total((each) => each.skipped),
  }
}

/** Whether the source stands at the end of a file in which it found nothing, not even something to store a position for. */
async function hasNothing({ plan, connectors }: WatchedParts, size: number): Promise<boolean> {
  const [polled, position, known] = await connectors.measured(plan.source['name']!, [
    'sluice_source_records_polled_total',
    'sluice_file_source_position_bytes',
    'sluice_file_source_size_bytes',
  ])
  return polled === 0 && position === size && known === size
}

/** The sink's committed offset of each partition, by its number; 0 where there is none yet. */
async function committed(connectors: Connectors, sink: string): Promise<readonly number[]> {
  const offsets = Array.from({ length: PARTITIONS }, () => 0)
  for (const { partition, offset } of await connectors.offsets(sink))
    offsets[Number(partition['kafka_partition'])] = Number(offset?.['kafka_offset'] ?? 0)
  return offsets
}

/** The end offset of each partition, by its number. */
async function ends(kafka: Kafka, topic: string): Promise<readonly number[]> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  const found = await kafka.admin.listOffsets(partitions, 'latest')
  return found.toSorted((a, b) => a.partition - b.partition).map(({ offset }) => offset)
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
