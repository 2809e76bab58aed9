import { advanceSequence, readBatches } from '@sluice/kafka-protocol'
import type { BufferPool } from './buffer-pool.ts'
import { type BatchIdentity, ProducerBatch } from './producer-batch.ts'

/** Bytes by which half of a batch may outgrow what its records took in the whole: the header, and the first deltas. */
const MARGIN_BYTES = 128

/**
 * Two batches with the records of one that the broker found too large, in order, sharing its numbers: the broker has not
 * written it, so it expects them. Memory is leased beyond the bound if need be, or a full pool could never be emptied.
 */
export function splitBatch(batch: ProducerBatch, pool: BufferPool): readonly [ProducerBatch, ProducerBatch] {
  const [sealed] = readBatches(batch.bytes!, { checkCrc: false })
  const records = sealed!.records()
  const middle = Math.ceil(records.count / 2)
  const identity = batch.identity!
  const copy = (from: number, to: number): ProducerBatch => {
    const half = new ProducerBatch(pool.leaseAnyway(records.source.length + MARGIN_BYTES), batch.createdAt)
    for (let i = from; i < to; i++) {
      half.appender.append(records.key(i), records.value(i), records.timestamp(i), records.headers(i))
    }
    half.failures = 1
    half.isFull = true
    half.lastError = batch.lastError
    return half
  }
  const head = copy(0, middle)
  const tail = copy(middle, records.count)
  batch.splitInto(head, tail)
  head.seal(identity, sealed!.compression)
  tail.seal(numberedFrom(identity, head.count), sealed!.compression)
  return [head, tail]
}

function numberedFrom(identity: BatchIdentity, by: number): BatchIdentity {
  return { ...identity, baseSequence: advanceSequence(identity.baseSequence, by) }
}
