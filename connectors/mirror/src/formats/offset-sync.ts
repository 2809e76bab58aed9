import type { ProducerRecord } from '@sluice/kafka'
import type { RawHeader, TopicPartition } from '@sluice/sdk'
import { FieldReader, FieldWriter } from './fields.ts'

/**
 * So many records that follow one another without a gap on both clusters: the record at `upstream` and `count - 1` behind it lie at
 * `downstream` and behind it.
 */
export interface OffsetRun {
  readonly upstream: number
  readonly downstream: number
  readonly count: number
}

/** Where records of a source's partition lie on the target. */
export interface OffsetSync extends TopicPartition {
  /** In the order of both clusters. */
  readonly runs: readonly OffsetRun[]
}

/**
 * The header in which runs are told: three integers of 64 bits for each. Java's readers leave it alone and find in key and value what
 * they know: the topic's partition, and where one record of it lies, which is the last one of the runs.
 */
const RUNS = 'sluice.runs'

/** The record of the topic of offset syncs. @param sync has a run */
export function offsetSyncRecord(topic: string, sync: OffsetSync): ProducerRecord {
  const last = sync.runs.at(-1)!
  const header = new FieldWriter()
  for (const { upstream, downstream, count } of sync.runs) header.int64(upstream).int64(downstream).int64(count)
  return {
    topic,
    partition: 0,
    key: new FieldWriter().text(sync.topic).int32(sync.partition).bytes(),
    value: new FieldWriter()
      .int64(last.upstream + last.count - 1)
      .int64(last.downstream + last.count - 1)
      .bytes(),
    timestamp: null,
    headers: [{ key: RUNS, value: header.bytes() }],
  }
}

/** One that Java wrote tells of one record. @throws DataError */
export function readOffsetSync(key: Uint8Array, value: Uint8Array, headers: readonly RawHeader[] | null): OffsetSync {
  const keys = new FieldReader(key)
  const place = { topic: keys.text(), partition: keys.int32() }
  const runs = headers?.find((header) => header.key === RUNS)?.value ?? null
  if (runs !== null) return { ...place, runs: readRuns(runs) }
  const values = new FieldReader(value)
  return { ...place, runs: [{ upstream: values.int64(), downstream: values.int64(), count: 1 }] }
}

function readRuns(bytes: Uint8Array): readonly OffsetRun[] {
  const reader = new FieldReader(bytes)
  const runs: OffsetRun[] = []
  while (reader.left > 0) runs.push({ upstream: reader.int64(), downstream: reader.int64(), count: reader.int64() })
  return runs
}
