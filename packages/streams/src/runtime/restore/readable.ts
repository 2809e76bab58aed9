/** A table whose source topic is its changelog: what was diverted of that when it was processed is no row of it, whoever restores it. */
import type { FetchedPartition, FetchedRecords } from '@sluice/kafka'
import { isRetriable, NotReadyError, type Converter } from '@sluice/sdk'
import { refuseTimeless } from '../../record-path/end-before.ts'
import type { Topology } from '../../topology/topology.ts'

/** Reads a record as its source does. @throws what the source's serdes throw */
export type ReadRecord = (batch: FetchedRecords, i: number) => void

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
 * @throws what keeps it from being asked for, for now
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
      for (let failure = failureOf(batch, i, read); failure !== null; failure = failureOf(batch, i, read)) {
        if (await canBeHad(failure, signal)) continue
        found.add(batch.offset(i))
        break
      }
  return found
}

function failureOf(batch: FetchedRecords, i: number, read: ReadRecord): { readonly error: unknown } | null {
  try {
    read(batch, i)
    return null
  } catch (error) {
    return { error }
  }
}

/** Whether what was missing is there now. */
async function canBeHad({ error }: { readonly error: unknown }, signal: AbortSignal): Promise<boolean> {
  if (!(error instanceof NotReadyError)) return false
  try {
    await error.ready(signal)
    return true
  } catch (refusal) {
    if (isRetriable(refusal) || signal.aborted) throw refusal
    return false
  }
}
