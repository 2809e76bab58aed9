/**
 * Fills the stores of tasks that begin from their changelogs: everything up to where the changelogs end now. A task processes nothing
 * before its stores are complete; the others go on meanwhile.
 */
import type { FetchedPartition, Kafka } from '@sluice/kafka'
import {
  NotReadyError,
  SluiceError,
  type Clock,
  type Logger,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import type { ChangelogRecord } from '../../state/store-context.ts'
import { keyOf } from '../partition-key.ts'
import { unreadableIn, type ReadRecord } from './readable.ts'

/** A poll that brings nothing for so long means that the records are gone, or that a transaction is open for too long. */
const SILENCE_MS = 60_000
const POLL_TIMEOUT_MS = 1_000
/** Of all changelogs that are read at a time. */
const RECORDS_AT_ONCE = 4_000_000
const NONE: ReadonlySet<number> = new Set()

/** A store to fill, and the changelog that it is filled from. */
export interface RestoringStore extends TopicPartition {
  readonly task: string
  readonly store: string
  /** Takes records of the changelog, oldest first, and that it was read up to `next`. */
  readonly apply: (records: readonly ChangelogRecord[], next: number) => void
  /**
   * Takes many records better than `apply` does, in place of it; null: this store does not. `expected`: how many at most; `share`: among
   * how many stores the memory for that is divided.
   */
  readonly bulk?: (expected: number, share: number) => BulkRestore | null
  /** Of a topic that others write: what this cannot read is left out. Absent, or null: the records are the store's own. */
  readonly read?: ReadRecord | null
  /** Where the store is already: the first record that it does not hold. Null: it holds none. */
  readonly from: number | null
  /** Whether the changelog is to hold all from its first record on: then one that does not is the end of the matter. Default: false. */
  readonly isComplete?: boolean
  /** Where the state ends that the task begins with, if that is not the end of the changelog: of a topic that others write. */
  readonly until: number | null
}

/** Records on their way to a store, written at once at the end. */
export interface BulkRestore {
  add(key: Uint8Array, value: Uint8Array | null, timestamp: number): void
  /** The changelog was read up to `next`. Called once. */
  finish(next: number): Promise<void>
}

export interface RestorationParts {
  readonly kafka: Kafka
  readonly clock: Clock
  readonly logger: Logger
  /** With exactly once, what was aborted is none of the state. */
  readonly isolation: 'read_committed' | 'read_uncommitted'
}

/**
 * Resolves when all are complete, or the signal is aborted. What is read is all that was in the changelogs when it was called, also
 * behind a transaction that is still open: what the task has committed itself may lie there, since an owner before it that was cut off may
 * have left one. So that is waited for; it is short, or it is an error that names it.
 * @throws SluiceError KAFKA_TIMEOUT, retriable, when nothing comes for a minute; CHANGELOG_TRUNCATED; STATE_TORN; TASK_FAILED
 * for a record of its changelog that a store cannot read; what fetching throws
 */
export async function restore(
  stores: readonly RestoringStore[],
  { kafka, clock, logger, isolation }: RestorationParts,
  signal: AbortSignal,
): Promise<void> {
  if (stores.length === 0) return
  const places = stores.map(({ topic, partition }) => ({ topic, partition }))
  const [ends, first] = await Promise.all([
    kafka.admin.listOffsets(places, 'latest').then(byPlace),
    kafka.admin.listOffsets(places, 'earliest').then(byPlace),
  ])
  const waiting: Reading[] = []
  for (const one of stores) {
    const begin = first.get(keyOf(one)) ?? 0
    const from = Math.max(one.from ?? 0, begin)
    const end = one.until ?? ends.get(keyOf(one)) ?? 0
    if (one.from !== null && one.from > end)
      throw one.isComplete === true ? cutAtEnd(one, one.from, end) : cutOff(one, one.from, end)
    if (one.isComplete === true && (one.from ?? 0) < begin) throw truncated(one, one.from ?? 0, begin)
    if (one.from !== null && one.from < begin) throw cutShort(one, one.from, begin)
    if (from < end) waiting.push({ ...one, at: from, end, rows: null })
  }
  if (waiting.length === 0) return
  const open = new Map<string, Reading>()
  const startedAt = clock.monotonic()
  const fetcher = kafka.fetcher({ isolation, reset: 'earliest' })
  let records = 0
  try {
    const assign = (): void => {
      admit(waiting, open)
      fetcher.assign(Array.from(open.values(), ({ topic, partition, at }) => ({ topic, partition, offset: at })))
    }
    assign()
    let heardAt = startedAt
    while (open.size > 0 && !signal.aborted) {
      const arrived = await fetcher.poll(POLL_TIMEOUT_MS, signal)
      if (arrived.length > 0) heardAt = clock.monotonic()
      else if (clock.monotonic() - heardAt > SILENCE_MS) throw await silent([...open.values()][0]!, kafka)
      const before = open.size
      for (const fetched of arrived) {
        const key = keyOf(fetched)
        const reading = open.get(key)
        if (reading === undefined) continue
        records += applyAll(fetched, reading, await leftOutOf(fetched, reading, logger, signal), logger)
        reading.at = fetched.nextOffset
        if (reading.at < reading.end) continue
        open.delete(key)
        await reading.rows?.finish(reading.end)
      }
      if (open.size < before) assign()
    }
  } finally {
    await fetcher.close()
    await finishAll(open.values())
  }
  const ms = Math.round(clock.monotonic() - startedAt)
  logger.info('State restored from changelogs', { stores: stores.length, records, ms })
}

/** What was read before it was interrupted need not be read again. Whatever one of them says, none keeps its files. */
async function finishAll(readings: Iterable<Reading>): Promise<void> {
  const failures: unknown[] = []
  for (const { rows, at } of readings) await rows?.finish(at).catch((error: unknown) => failures.push(error))
  if (failures.length > 0) throw failures[0]
}

/** All at once, unless they are large: each has less memory to be sorted in the more there are. */
function admit(waiting: Reading[], open: Map<string, Reading>): void {
  let records = 0
  for (const { at, end } of open.values()) records += end - at
  for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
    records += next.end - next.at
    if (open.size > 0 && records > RECORDS_AT_ONCE) return
    waiting.shift()
    open.set(keyOf(next), next)
    next.rows = next.bulk?.(next.end - next.at, open.size) ?? null
  }
}

interface Reading extends RestoringStore {
  at: number
  rows: BulkRestore | null
  readonly end: number
}

/** What was written behind the end that was looked up belongs to nobody's restoration: this task writes it itself from then on. */
function applyAll(
  { batches, nextOffset }: FetchedPartition,
  reading: Reading,
  leftOut: ReadonlySet<number>,
  logger: Logger,
): number {
  const { apply, at, end, rows, until } = reading
  if (rows !== null) return addAll(batches, end, rows, leftOut)
  const records = recordsOf({ batches }, end, leftOut)
  const next = Math.min(nextOffset, end)
  try {
    apply(records, next)
  } catch (error) {
    if (passes(error)) throw error
    if (until === null) throw unreadable(reading, at, next, error)
    applyReadable(records, next, reading, logger)
  }
  return records.length
}

/** What cannot be read of a topic that others write was diverted when it was processed: the table never had it. */
async function leftOutOf(
  { batches }: FetchedPartition,
  reading: Reading,
  logger: Logger,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const { read = null, end } = reading
  if (read === null) return NONE
  const leftOut = await unreadableIn(batches, end, read, signal)
  if (leftOut.size > 0) tellLeftOut(leftOut.size, reading, logger)
  return leftOut
}

/** The same of what its source can read, and the store cannot. */
function applyReadable(records: readonly ChangelogRecord[], next: number, reading: Reading, logger: Logger): void {
  let leftOut = 0
  for (const record of records)
    try {
      reading.apply([record], next)
    } catch (error) {
      if (passes(error)) throw error
      leftOut++
    }
  tellLeftOut(leftOut, reading, logger)
}

function tellLeftOut(records: number, { task, store, topic, partition }: Reading, logger: Logger): void {
  const place = { task, store, topic, partition, records }
  logger.warn('Records of a source topic that its table cannot read are left out', place)
}

/** What is the matter is said already, or it is not the record's. */
function passes(error: unknown): boolean {
  return error instanceof NotReadyError || (error instanceof SluiceError && error.code.startsWith('STATE_'))
}

/** Those before `end`, without the ones that have no key, or whose offsets are left out. */
export function recordsOf(
  { batches }: Pick<FetchedPartition, 'batches'>,
  end: number,
  leftOut: ReadonlySet<number> = NONE,
): ChangelogRecord[] {
  const records: ChangelogRecord[] = []
  for (const batch of batches) {
    for (let i = 0; i < batch.count && batch.offset(i) < end; i++) {
      const key = batch.key(i)
      if (key === null || (leftOut.size > 0 && leftOut.has(batch.offset(i)))) continue
      const timestamp = batch.timestamp(i)
      records.push({ key, value: batch.value(i), timestamp, headers: batch.headers(i), offset: batch.offset(i) })
    }
  }
  return records
}

function addAll(
  batches: FetchedPartition['batches'],
  end: number,
  rows: BulkRestore,
  leftOut: ReadonlySet<number>,
): number {
  let count = 0
  for (const batch of batches) {
    for (let i = 0; i < batch.count && batch.offset(i) < end; i++) {
      const key = batch.key(i)
      if (key === null || (leftOut.size > 0 && leftOut.has(batch.offset(i)))) continue
      rows.add(key, batch.value(i), batch.timestamp(i))
      count++
    }
  }
  return count
}

function byPlace(offsets: readonly TopicPartitionOffset[]): Map<string, number> {
  return new Map(offsets.map((one) => [keyOf(one), one.offset]))
}

function unreadable(
  { task, store, topic, partition }: RestoringStore,
  offset: number,
  end: number,
  cause: unknown,
): SluiceError {
  return new SluiceError('TASK_FAILED', `A changelog has a record that store ${store} cannot read`, {
    cause,
    place: { topic, partition, offset, end, task },
    remedy:
      'Run the version that wrote it, or give the store another name, under which it is built from what is read from now on.',
  })
}

function cutOff({ task, topic, partition }: RestoringStore, from: number, end: number): SluiceError {
  return new SluiceError('STATE_TORN', 'The state on disk holds more than its changelog', {
    place: { topic, partition, offset: from, end, task },
    remedy: 'The changelog was cut off or made anew: the state of this task is restored from what is there.',
  })
}

function truncated({ task, topic, partition }: RestoringStore, from: number, begin: number): SluiceError {
  return new SluiceError(
    'CHANGELOG_TRUNCATED',
    'A changelog has lost its first records, and no state here holds them',
    {
      place: { topic, partition, offset: from, begin, task },
      remedy:
        'Start where the state directory or a snapshot is that goes beyond that offset, or start from a savepoint. To go on without what is ' +
        'lost, delete the changelog topic: the store then begins empty.',
    },
  )
}

function cutAtEnd({ task, topic, partition }: RestoringStore, from: number, end: number): SluiceError {
  return new SluiceError(
    'CHANGELOG_TRUNCATED',
    'A changelog has lost its last records, or was made anew: the state here has more',
    {
      place: { topic, partition, offset: from, end, task },
      remedy:
        'If the application is to begin anew, remove its state directory. Otherwise bring the topic back, or start from a savepoint: what the ' +
        'changelog has is not all that was counted.',
    },
  )
}

function cutShort({ task, topic, partition }: RestoringStore, from: number, begin: number): SluiceError {
  return new SluiceError('STATE_TORN', 'The state on disk ends before what its changelog still has', {
    place: { topic, partition, offset: from, begin, task },
    remedy: 'Records of the changelog were deleted meanwhile: the state of this task is restored from what is there.',
  })
}

/** Says whose transaction it is that is waited for, if it is one. */
async function silent({ task, topic, partition, at, end }: Reading, { admin }: Kafka): Promise<SluiceError> {
  const place = { topic, partition, offset: at, end, task }
  const [found] = await admin.partitions.describeProducers([{ topic, partition }]).catch(() => [])
  const open = (found?.value ?? []).find((producer) => producer.currentTransactionStartOffset >= 0)
  if (open === undefined)
    return new SluiceError('KAFKA_TIMEOUT', 'A changelog does not arrive up to its end', {
      place,
      retriable: true,
      remedy: 'See whether the partition has a leader.',
    })
  const { producerId, producerEpoch, currentTransactionStartOffset: since } = open
  return new SluiceError(
    'KAFKA_TIMEOUT',
    'A transaction that stays open keeps a changelog from being read to its end',
    {
      place: { ...place, producerId: Number(producerId), producerEpoch, since },
      retriable: true,
      remedy:
        'It ends after the transaction.timeout.ms of its producer at the latest. If it does not, it hangs: abort it (kafka-transactions.sh abort).',
    },
  )
}
