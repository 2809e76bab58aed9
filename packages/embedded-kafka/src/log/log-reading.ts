import { readBatches } from '@sluice/kafka-protocol'
import type { OffsetAndTimestamp, ReadRequest, ReadResult } from '../broker.ts'
import type { AbortedTransaction } from './producers.ts'
import type { Segment } from './segment.ts'

const NOTHING: ReadResult = { records: [], bytes: 0, aborted: null }
const NOTHING_COMMITTED: ReadResult = { records: [], bytes: 0, aborted: [] }

/** The place in `segments` of the one that holds an offset; they are in order, and the first begins at or before it. */
function segmentOf(segments: readonly Segment[], offset: number): number {
  let low = 0
  let high = segments.length - 1
  // Most reads are near the end.
  if (segments[high]!.baseOffset <= offset) return high
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle
    else high = middle - 1
  }
  return low
}

/** Whole batches of one segment from an offset on, up to a limit that no batch crosses. */
export function readSegments(segments: readonly Segment[], request: ReadRequest, limit: number): ReadResult {
  const { offset, bytesMax, isAtLeastOne, isCommittedOnly } = request
  const nothing = isCommittedOnly ? NOTHING_COMMITTED : NOTHING
  if (offset >= limit) return nothing
  for (let i = segmentOf(segments, offset); i < segments.length; i++) {
    const segment = segments[i]!
    const position = segment.positionOf(offset)
    const stop = limit >= segment.endOffset ? segment.size : segment.positionOf(limit)
    // Compaction may have taken what stood at the end of a segment.
    if (position === segment.size) continue
    if (position >= stop) return nothing
    let end = stop
    if (stop - position > bytesMax) {
      end = segment.boundaryBefore(position + bytesMax, position)
      if (end === position) {
        if (!isAtLeastOne) return nothing
        end = position + segment.lengthAt(position)
      }
    }
    const records = segment.file.lend(position, end - position)
    if (!isCommittedOnly) return { records, bytes: end - position, aborted: null }
    const endOffset = end === segment.size ? segment.endOffset : segment.baseOffsetAt(end)
    return { records, bytes: end - position, aborted: abortedBetween(segments, i, offset, endOffset) }
  }
  return nothing
}

/** Those that overlap the offsets, in the order of their first; their markers may be in any later segment. */
function abortedBetween(
  segments: readonly Segment[],
  from: number,
  offset: number,
  endOffset: number,
): { readonly producerId: number; readonly firstOffset: number }[] {
  const found: AbortedTransaction[] = []
  search: for (let i = from; i < segments.length; i++) {
    const { aborted } = segments[i]!
    for (let k = firstEndingAt(aborted, offset); k < aborted.length; k++) {
      const one = aborted[k]!
      if (one.firstOffset < endOffset) found.push(one)
      if (one.stableOffset >= endOffset) break search
    }
  }
  found.sort((a, b) => a.firstOffset - b.firstOffset)
  return found.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
}

/** Aborted transactions are in the order of their markers. */
function firstEndingAt(aborted: readonly AbortedTransaction[], offset: number): number {
  let low = 0
  let high = aborted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (aborted[middle]!.lastOffset < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** The first record at or behind `startOffset` whose timestamp is at least this. */
export function findTimestamp(
  segments: readonly Segment[],
  timestamp: number,
  startOffset: number,
): OffsetAndTimestamp | undefined {
  for (const segment of segments) {
    if (segment.maxTimestamp < timestamp || segment.endOffset <= startOffset) continue
    let position = segment.positionOfTimestamp(timestamp)
    for (; position < segment.size; position += segment.lengthAt(position)) {
      const batch = readBatches(segment.batchAt(position), { checkCrc: false })[0]!
      if (batch.maxTimestamp < timestamp || batch.lastOffset < startOffset) continue
      const records = batch.records()
      for (let i = 0; i < records.count; i++) {
        if (records.timestamp(i) < timestamp || records.offset(i) < startOffset) continue
        return { offset: records.offset(i), timestamp: records.timestamp(i), leaderEpoch: batch.leaderEpoch }
      }
    }
  }
  return undefined
}
