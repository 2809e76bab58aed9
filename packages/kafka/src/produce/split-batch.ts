import { type RecordBatch, advanceSequence, readBatches } from '@sluice/kafka-protocol'
import type { SluiceError } from '@sluice/sdk'
import type { BufferPool } from './buffer-pool.ts'
import { type BatchIdentity, ProducerBatch } from './producer-batch.ts'

/** A batch's header, and what its first record takes more than one that follows. */
const MARGIN_BYTES = 128

/**
 * Bytes by which a record may grow when another one is the first of its batch: it is that one's time and number that every record
 * is told by, in as few bytes as the difference takes.
 */
const RECORD_GROWTH_BYTES = 8

/**
 * Two batches with the records of one that the broker found too large, in order, sharing its numbers: the broker has not
 * written it, so it expects them. Memory is leased beyond the bound if need be, or a full pool could never be emptied.
 */
export function splitBatch(batch: ProducerBatch, pool: BufferPool): readonly [ProducerBatch, ProducerBatch] {
  const [sealed] = readBatches(batch.bytes!, { checkCrc: false })
  const { count, compression, isTransactional } = sealed!
  const middle = Math.ceil(count / 2)
  const identity = batch.identity!
  const head = copyOf(batch, sealed!, pool, (i) => i < middle)
  const tail = copyOf(batch, sealed!, pool, (i) => i >= middle)
  batch.splitInto(head, tail)
  head.seal(identity, compression, isTransactional)
  tail.seal(numberedFrom(identity, head.count), compression, isTransactional)
  return [head, tail]
}

/** A batch, not numbered yet, with the records of one that the broker refused because of those at the indexes of `errors` (KIP-467). */
export function withoutRefused(
  batch: ProducerBatch,
  errors: ReadonlyMap<number, SluiceError>,
  pool: BufferPool,
): ProducerBatch {
  const [sealed] = readBatches(batch.bytes!, { checkCrc: false })
  const rest = copyOf(batch, sealed!, pool, (i) => !errors.has(i))
  batch.failSome(errors, rest)
  return rest
}

function copyOf(
  batch: ProducerBatch,
  sealed: RecordBatch,
  pool: BufferPool,
  isWanted: (index: number) => boolean,
): ProducerBatch {
  const records = sealed.records()
  const bytes = records.source.length + records.count * RECORD_GROWTH_BYTES + MARGIN_BYTES
  const copy = new ProducerBatch(pool.leaseAnyway(bytes), batch.createdAt)
  for (let i = 0; i < records.count; i++) {
    if (!isWanted(i)) continue
    const isIn = copy.appender.append(records.key(i), records.value(i), records.timestamp(i), records.headers(i))
    if (!isIn) throw new Error('the records of a batch do not fit into one of their own')
  }
  copy.failures = 1
  copy.isFull = true
  copy.lastError = batch.lastError
  return copy
}

function numberedFrom(identity: BatchIdentity, by: number): BatchIdentity {
  return { ...identity, baseSequence: advanceSequence(identity.baseSequence, by) }
}
