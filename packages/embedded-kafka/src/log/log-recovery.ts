import { batchLayout as layout, crc32c } from '@sluice/kafka-protocol'
import { isControl, lastOffsetOf, readHeader } from './batch-header.ts'
import { type Checkpoint, nameOf, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { markerOf } from './control-records.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { Producers } from './producers.ts'
import { Segment } from './segment.ts'
import type { LogDirectory } from './storage.ts'

export interface RecoveredLog {
  readonly segments: Segment[]
  readonly producers: Producers
  readonly epochs: LeaderEpochs
  /** What was behind the last whole batch, and is gone now. */
  readonly truncatedBytes: number
  /** How much of the last segment need not be read the next time. */
  readonly checkpointBytes: number
}

export interface RecoveryRules {
  readonly indexIntervalBytes: number
  /** Before it, compaction may have left gaps between batches; behind it each batch follows the one before. */
  readonly cleanedOffset: number
}

const SCAN_BYTES = 4 * 1024 * 1024
const LOG_NAME = /^(\d{20})\.log$/

/**
 * Opens the segments of a directory. What their checkpoints cover is taken as it is; the rest is read batch by batch and checked,
 * and from the first byte on that is no whole batch the log is cut off: it was being written when the process ended.
 */
export function recoverLog(
  directory: LogDirectory,
  { indexIntervalBytes, cleanedOffset }: RecoveryRules,
): RecoveredLog {
  const names = directory.names()
  for (const name of names) if (name.endsWith('.cleaned')) directory.remove(name)
  const bases = names.flatMap((name) => LOG_NAME.exec(name)?.[1] ?? []).map(Number)
  bases.sort((a, b) => a - b)

  const segments: Segment[] = []
  const state = { producers: new Producers(), epochs: new LeaderEpochs() }
  let known: Checkpoint | undefined
  let isStateKnown = true
  let truncatedBytes = 0
  let checkpointBytes = 0
  for (const baseOffset of bases) {
    const previous = segments.at(-1)
    if (truncatedBytes > 0 || (previous !== undefined && baseOffset < previous.endOffset)) {
      // Behind a cut nothing can follow; and what compaction has put together with an earlier segment is there already.
      directory.remove(nameOf(baseOffset, 'log'))
      directory.remove(nameOf(baseOffset, 'checkpoint'))
      continue
    }
    const segment = new Segment(baseOffset, directory.open(nameOf(baseOffset, 'log')))
    const checkpoint = readCheckpoint(directory, baseOffset, segment.size)
    const covered = checkpoint?.size ?? 0
    checkpointBytes = covered
    if (checkpoint !== undefined) {
      adopt(segment, checkpoint)
      known = checkpoint
      isStateKnown = false
    }
    if (covered < segment.size) {
      if (!isStateKnown) load(state, known)
      isStateKnown = true
      truncatedBytes += scan(segment, covered, state, { indexIntervalBytes, cleanedOffset })
    }
    segments.push(segment)
    // The last one gets its checkpoint when it is full, or the broker stops.
    if (covered < segment.size && baseOffset !== bases.at(-1)) {
      writeCheckpoint(directory, segment, { epochs: state.epochs.store(), producers: state.producers.store() })
    }
  }
  if (!isStateKnown) load(state, known)
  return { segments, ...state, truncatedBytes, checkpointBytes }
}

function adopt(segment: Segment, { endOffset, maxTimestamp, firstTimestamp, aborted, index }: Checkpoint): void {
  Object.assign(segment, { endOffset, maxTimestamp, firstTimestamp, aborted: [...aborted], index })
}

function load(state: { producers: Producers; epochs: LeaderEpochs }, checkpoint: Checkpoint | undefined): void {
  if (checkpoint === undefined) return
  state.producers.load(checkpoint.producers)
  state.epochs.load(checkpoint.epochs)
}

/** Reads a segment from a position on; returns how many bytes had to be cut off. */
function scan(
  segment: Segment,
  from: number,
  state: { producers: Producers; epochs: LeaderEpochs },
  rules: RecoveryRules,
): number {
  const { file } = segment
  let position = from
  let pieceBytes = SCAN_BYTES
  while (position < file.size) {
    const wanted = Math.min(pieceBytes, file.size - position)
    const views = file.read(position, wanted)
    const bytes = views.length === 1 ? views[0]! : Buffer.concat(views)
    let at = 0
    let length = 0
    while (bytes.length - at >= layout.RECORDS) {
      length = bytes.readInt32BE(at + layout.BATCH_LENGTH) + layout.LENGTH_OVERHEAD
      if (length < layout.RECORDS || length > file.size - position) return cut(segment, position)
      if (length > bytes.length - at) break
      if (!isWhole(bytes, at, length, segment.endOffset, rules.cleanedOffset)) return cut(segment, position)
      note(segment, bytes.subarray(at, at + length), position, state, rules.indexIntervalBytes)
      at += length
      position += length
    }
    if (bytes.length - at < layout.RECORDS && position + layout.RECORDS > file.size) break
    pieceBytes = Math.max(SCAN_BYTES, length)
  }
  return position < file.size ? cut(segment, position) : 0
}

function isWhole(bytes: Buffer, at: number, length: number, endOffset: number, cleanedOffset: number): boolean {
  if (bytes[at + layout.MAGIC] !== 2) return false
  const crc = bytes.readUInt32BE(at + layout.CRC)
  if (crc32c(bytes.subarray(at + layout.ATTRIBUTES, at + length)) !== crc) return false
  // The checksum does not cover the offset, so a damaged one shows only here.
  const header = readHeader(bytes, at)
  const isInPlace =
    header.baseOffset === endOffset || (header.baseOffset > endOffset && header.baseOffset < cleanedOffset)
  return isInPlace && header.lastOffsetDelta >= 0
}

function note(
  segment: Segment,
  batch: Buffer,
  position: number,
  { producers, epochs }: { producers: Producers; epochs: LeaderEpochs },
  indexIntervalBytes: number,
): void {
  const header = readHeader(batch, 0)
  const { baseOffset, maxTimestamp } = header
  segment.wrote(position, baseOffset, lastOffsetOf(batch, 0), maxTimestamp, indexIntervalBytes)
  epochs.begin(header.leaderEpoch, baseOffset)
  if (header.producerId < 0) return
  if (!isControl(header)) return producers.wrote(header)
  const marker = markerOf(batch)
  const aborted = marker === undefined ? undefined : producers.ended(marker, baseOffset, maxTimestamp)
  if (aborted !== undefined) segment.aborted.push(aborted)
}

function cut(segment: Segment, position: number): number {
  const bytes = segment.file.size - position
  segment.file.truncate(position)
  return bytes
}
