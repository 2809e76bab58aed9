/** A table whose source topic is its changelog: what was diverted of that when it was processed is no row of it, whoever restores it. */
import type { FetchedPartition, FetchedRecords } from '@sluice/kafka'
import { DataError, NotReadyError, SluiceError, type Converter, type ErrorCode } from '@sluice/sdk'
import { refuseTimeless } from '../../record-path/end-before.ts'
import type { Topology } from '../../topology/topology.ts'

/** Reads a record as its source does. @throws what the source's serdes throw */
export type ReadRecord = (batch: FetchedRecords, i: number) => void

/** What a registry says of the schema of a record; anything else that it refuses says nothing of the record. */
const OF_THE_RECORD: ReadonlySet<ErrorCode> = new Set(['SCHEMA_UNKNOWN', 'SUBJECT_UNKNOWN', 'SCHEMA_INVALID'])
/** A record has a schema of its key and one of its value. A serde that has still not got them does not get them. */
const ASKED_MOST = 10

/** Null: the changelog of the store is its own. */
export function readerOf({ stores, sources }: Topology, store: string): ReadRecord | null {
  const topic = stores.get(store)?.sourceTopic
  const source = sources.find(({ topics }) => topic !== undefined && topics.includes(topic))
  if (topic === undefined || source === undefined) return null
  const [key, value] = [doubtful(source.key.converter), doubtful(source.value.converter)]
  const hasOwnTimes = source.timestampExtractor === undefined
  return (batch, i) => {
    if (key !== null || value !== null) {
      const headers = batch.headers(i)
      key?.decode(topic, batch.key(i), headers)
      value?.decode(topic, batch.value(i), headers)
    }
    if (hasOwnTimes) refuseTimeless({ topic, partition: -1, offset: batch.offset(i), timestamp: batch.timestamp(i) })
  }
}

function doubtful(converter: Converter): Converter | null {
  return converter.takesAll === true ? null : converter
}

/**
 * The offsets, before `end`, of records that cannot be read. What a serde has to ask for first is waited for.
 * @throws what keeps it from being asked for: of the record that says nothing
 */
export async function unreadableIn(
  batches: FetchedPartition['batches'],
  end: number,
  read: ReadRecord,
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const found = new Set<number>()
  for (const batch of batches)
    for (let i = 0; i < batch.count && batch.offset(i) < end; i++)
      try {
        read(batch, i)
      } catch (error) {
        if (!(await isReadableThen(error, () => read(batch, i), signal))) found.add(batch.offset(i))
      }
  return found
}

/** Whether a record can be read when there is what its serdes have missed. */
async function isReadableThen(error: unknown, read: () => void, signal: AbortSignal): Promise<boolean> {
  let failure = error
  for (let asked = 0; failure instanceof NotReadyError; asked++) {
    if (signal.aborted || asked === ASKED_MOST) throw failure
    if (!(await canBeHad(failure, signal))) return false
    try {
      read()
      return true
    } catch (next) {
      failure = next
    }
  }
  return false
}

/** Whether what was missing is there now. */
async function canBeHad(error: NotReadyError, signal: AbortSignal): Promise<boolean> {
  try {
    await error.ready(signal)
    return true
  } catch (refusal) {
    const isOfTheRecord = refusal instanceof SluiceError && OF_THE_RECORD.has(refusal.code)
    if (isOfTheRecord || refusal instanceof DataError) return false
    throw refusal
  }
}
