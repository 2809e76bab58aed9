import { readBatches } from '@sluice/kafka-protocol'
import type { TopicConfig } from '../broker.ts'
import { type BatchHeader, bufferOf, isControl, isTransactional, readHeader } from './batch-header.ts'
import { nameOf, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import { withoutAnyRecord, withoutRecords } from './compacted-batch.ts'
import { AbortedView, TransactionData } from './compaction-view.ts'
import { type LogNotes, cleanedAt, dirtyFrom, noteCleaned, writeNotes } from './log-notes.ts'
import type { ProducerEnd } from './producers.ts'
import { batchesOf } from './segment-batches.ts'
import { Segment } from './segment.ts'
import type { LogDirectory, LogFile } from './storage.ts'

/** What compaction sees of a log. `segments` is the log's own list: what was put together replaces what it was made of. */
export interface CompactedLog {
  readonly directory: LogDirectory
  readonly segments: Segment[]
  readonly notes: LogNotes
  readonly config: TopicConfig
  readonly now: number
  readonly stableOffset: number
  /** The newest data of each producer, and the epoch of one that only has a marker. */
  readonly producerEnds: ReadonlyMap<number, ProducerEnd>
}

/** Keys of one run are held in memory: what is behind these bytes waits for the next run. */
const KEY_BYTES_MAX = 64 * 1024 * 1024
/** What a map takes for a key beyond its bytes. */
const KEY_OVERHEAD_BYTES = 64
const WRITE_BYTES = 1024 * 1024
/** Between two yields. */
const STEP_BYTES = 1024 * 1024
const RELATIVE_OFFSET_MAX = 2 ** 31 - 1

/** The share of what may be compacted that never was; -1 if there is nothing to do. */
export function dirtyRatio(log: Pick<CompactedLog, 'segments' | 'notes' | 'config' | 'now' | 'stableOffset'>): number {
  const from = dirtyFrom(log.notes)
  let dirty = 0
  let total = 0
  for (const segment of cleanable(log)) {
    total += segment.size
    if (segment.endOffset > from) dirty += segment.size
  }
  return dirty === 0 ? -1 : dirty / total
}

/**
 * Rewrites the older segments of a log so that of every key the newest record stays (with what `delete.retention.ms` still keeps of
 * tombstones and markers), and puts small segments together. Offsets stay as they are. Runs in steps: each yield is a place
 * where others may append, read, or remove segments; if what is being rewritten is gone then, it ends.
 */
export function* compaction(log: CompactedLog): Generator<void, void, void> {
  const { notes, directory, config, now } = log
  const segments = cleanable(log)
  const newest = yield* newestOffsets(log, segments)
  if (segments.length === 0) return
  const endOffset = segments.at(-1)!.endOffset
  const rewriter = new Rewriter(log, newest)
  for (const group of grouped(segments, config.segmentBytes)) {
    if (notes.gapsBefore < endOffset) {
      // On disk before there is a gap: recovery would take one for the end of the log.
      writeNotes(directory, { ...notes, gapsBefore: endOffset })
      notes.gapsBefore = endOffset
    }
    const cleaned = yield* rewriter.rewrite(group)
    if (!replace(log, group, cleaned)) return
  }
  noteCleaned(notes, endOffset, now, config.deleteRetentionMs)
  writeNotes(directory, notes)
}

/** The oldest segments, as far as no open transaction, no minimum age, and not the active one stand in the way. */
function cleanable(log: Pick<CompactedLog, 'segments' | 'config' | 'now' | 'stableOffset'>): Segment[] {
  const { segments, config, now, stableOffset } = log
  const found: Segment[] = []
  for (const segment of segments.slice(0, -1)) {
    const isTooYoung = config.minCompactionLagMs > 0 && now - segment.maxTimestamp < config.minCompactionLagMs
    if (segment.endOffset > stableOffset || isTooYoung) break
    found.push(segment)
  }
  return found
}

/** Key → newest offset in what was never compacted. Drops segments from the end of the list when keys grow too many. */
function* newestOffsets(log: CompactedLog, segments: Segment[]): Generator<void, Map<string, number>, void> {
  const newest = new Map<string, number>()
  const aborted = new AbortedView(log.segments)
  const from = dirtyFrom(log.notes)
  const pace = new Pace()
  let bytes = 0
  for (let s = 0; s < segments.length; s++) {
    const segment = segments[s]!
    if (segment.endOffset <= from) continue
    for (const batch of batchesOf(segment)) {
      if (pace.isDue(batch.length)) yield
      const header = readHeader(batch, 0)
      if (isControl(header) || header.count === 0 || isAborted(header, aborted)) continue
      const records = readBatches(batch, { checkCrc: false })[0]!.records()
      for (let i = 0; i < records.count; i++) {
        const key = records.key(i)
        if (key === null) continue
        const text = keyText(key)
        if (!newest.has(text)) bytes += text.length + KEY_OVERHEAD_BYTES
        newest.set(text, records.offset(i))
      }
    }
    if (bytes > KEY_BYTES_MAX) segments.splice(s + 1)
  }
  return newest
}

/** Rewrites segments one after the other, oldest first: what it has seen of transactions goes with it. */
class Rewriter {
  readonly #log: CompactedLog
  readonly #newest: ReadonlyMap<string, number>
  readonly #aborted: AbortedView
  readonly #transactions = new TransactionData()
  readonly #pace = new Pace()

  constructor(log: CompactedLog, newest: ReadonlyMap<string, number>) {
    this.#log = log
    this.#newest = newest
    this.#aborted = new AbortedView(log.segments)
  }

  /** Writes what stays of a group of segments into a file of its own, and returns what is in it. */
  *rewrite(group: readonly Segment[]): Generator<void, Segment, void> {
    const { directory, config } = this.#log
    const { baseOffset } = group[0]!
    const name = nameOf(baseOffset, 'cleaned')
    directory.remove(name)
    const cleaned = new Segment(baseOffset, directory.open(name))
    const writer = new BatchWriter(cleaned.file)
    for (const segment of group) {
      for (const batch of batchesOf(segment)) {
        if (this.#pace.isDue(batch.length)) yield
        const header = readHeader(batch, 0)
        const kept = this.#keptOf(batch, header)
        if (kept === null) continue
        const lastOffset = header.baseOffset + header.lastOffsetDelta
        const { maxTimestamp } = readHeader(kept, 0)
        cleaned.wrote(writer.position, header.baseOffset, lastOffset, maxTimestamp, config.indexIntervalBytes)
        writer.write(kept)
      }
    }
    writer.end()
    // It must be on the disk before what it replaces is gone.
    cleaned.file.flush()
    // `aborted` stays empty: of aborted transactions nothing is left that a reader would have to skip.
    cleaned.endOffset = group.at(-1)!.endOffset
    return cleaned
  }

  #keptOf(batch: Buffer, header: BatchHeader): Buffer | null {
    const { producerId } = header
    if (isControl(header)) return this.#isMarkerKept(header) ? batch : null
    // An emptied batch too: read again without its marker it would open a transaction for ever.
    if (isTransactional(header)) this.#transactions.sawData(producerId)
    const kept = isAborted(header, this.#aborted) ? null : withoutRecords(batch, header, this.#isKept)
    if (kept !== null) return kept
    const end = this.#log.producerEnds.get(producerId)
    const isLast = end !== undefined && end.lastDataOffset === header.baseOffset + header.lastOffsetDelta
    return isLast ? withoutAnyRecord(batch, header) : null
  }

  readonly #isKept = (key: Uint8Array | null, isTombstone: boolean, offset: number): boolean => {
    if (key === null) return false
    const newest = this.#newest.get(keyText(key))
    if (newest !== undefined && newest > offset) return false
    return !isTombstone || !this.#isPastHorizon(offset)
  }

  /** A marker goes when no data of its transaction is left, and readers have had the time to see it. */
  #isMarkerKept({ producerId, producerEpoch, baseOffset }: BatchHeader): boolean {
    if (this.#transactions.endedWithData(producerId) || !this.#isPastHorizon(baseOffset)) return true
    const end = this.#log.producerEnds.get(producerId)
    return end !== undefined && end.lastDataOffset === -1 && end.epoch === producerEpoch
  }

  #isPastHorizon(offset: number): boolean {
    const { notes, config, now } = this.#log
    return now >= cleanedAt(notes, offset) + config.deleteRetentionMs
  }
}

/** Gathers batches into large writes. */
class BatchWriter {
  readonly #file: LogFile
  #pending: Buffer[] = []
  #pendingBytes = 0

  constructor(file: LogFile) {
    this.#file = file
  }

  get position(): number {
    return this.#file.size + this.#pendingBytes
  }

  write(batch: Buffer): void {
    this.#pending.push(batch)
    this.#pendingBytes += batch.length
    if (this.#pendingBytes >= WRITE_BYTES) this.end()
  }

  end(): void {
    this.#file.write(Buffer.concat(this.#pending))
    this.#pending = []
    this.#pendingBytes = 0
  }
}

/** Says when enough was done at a stretch. */
class Pace {
  #bytes = 0

  isDue(bytes: number): boolean {
    this.#bytes += bytes
    if (this.#bytes < STEP_BYTES) return false
    this.#bytes = 0
    return true
  }
}

/** Neighbours that fit one segment together. */
function grouped(segments: readonly Segment[], segmentBytes: number): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const group = groups.at(-1)
    bytes += segment.size
    const isFitting =
      group !== undefined && bytes <= segmentBytes && segment.endOffset - group[0]!.baseOffset <= RELATIVE_OFFSET_MAX
    if (isFitting) group.push(segment)
    else {
      groups.push([segment])
      bytes = segment.size
    }
  }
  return groups
}

/**
 * Puts a cleaned file in the place of the segments it was made from. At each point a crash leaves either all of the old, or the new
 * one with remainders that lie within its offsets, which the next start removes. False, and nothing done, if the log has changed.
 */
function replace(log: CompactedLog, group: readonly Segment[], cleaned: Segment): boolean {
  const { directory, segments } = log
  const { baseOffset } = cleaned
  const last = group.at(-1)!
  const at = segments.indexOf(group[0]!)
  if (at === -1 || group.some((segment, i) => segments[at + i] !== segment)) {
    directory.remove(nameOf(baseOffset, 'cleaned'))
    return false
  }
  const state = readCheckpoint(directory, last.baseOffset, last.size)
  directory.remove(nameOf(baseOffset, 'checkpoint'))
  directory.rename(nameOf(baseOffset, 'cleaned'), nameOf(baseOffset, 'log'))
  const { index, endOffset, maxTimestamp, firstTimestamp } = cleaned
  const segment = new Segment(baseOffset, directory.open(nameOf(baseOffset, 'log')))
  Object.assign(segment, { index, endOffset, maxTimestamp, firstTimestamp })
  // At once: what may fail from here on leaves remainders, and no list of what is not there.
  segments.splice(at, group.length, segment)
  if (state !== undefined) writeCheckpoint(directory, segment, state)
  for (const { baseOffset: merged } of group.slice(1)) {
    directory.remove(nameOf(merged, 'log'))
    directory.remove(nameOf(merged, 'checkpoint'))
  }
  return true
}

function isAborted(header: BatchHeader, aborted: AbortedView): boolean {
  return isTransactional(header) && aborted.has(header.producerId, header.baseOffset)
}

/** A key as text of one character a byte: maps compare it fast. */
function keyText(key: Uint8Array): string {
  return bufferOf(key).toString('latin1')
}
