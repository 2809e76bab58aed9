import type { SourcePartition, SourceRecord } from '@sluice/sdk'
import type { OffsetRun, OffsetSync } from '../formats/offset-sync.ts'

interface Growing {
  readonly topic: string
  readonly partition: number
  readonly runs: { -readonly [K in keyof OffsetRun]: OffsetRun[K] }[]
}

/**
 * What a delivery says of where records lie, by partition of the source, in as few runs as there are.
 * @param records of one mirror, whose positions are `{"offset"}`
 * @param offsets on the target; -1: not known, and then nothing is told of the record
 */
export function collectRuns(records: readonly (SourceRecord | null)[], offsets: Float64Array): readonly OffsetSync[] {
  const all = new Map<SourcePartition, Growing>()
  let at: SourcePartition | undefined
  let growing: Growing | undefined
  for (let i = 0; i < records.length; i++) {
    const record = records[i]
    const downstream = offsets[i]!
    if (record === null || record === undefined || downstream < 0) continue
    if (record.sourcePartition !== at) {
      at = record.sourcePartition
      growing = all.get(at)
      if (growing === undefined) all.set(at, (growing = begin(at)))
    }
    grow(growing!, Number(record.sourcePosition['offset']), downstream)
  }
  return [...all.values()]
}

function begin(partition: SourcePartition): Growing {
  return { topic: String(partition['topic']), partition: Number(partition['partition']), runs: [] }
}

function grow({ runs }: Growing, upstream: number, downstream: number): void {
  const last = runs.at(-1)
  if (last !== undefined && upstream === last.upstream + last.count && downstream === last.downstream + last.count)
    last.count += 1
  else runs.push({ upstream, downstream, count: 1 })
}
