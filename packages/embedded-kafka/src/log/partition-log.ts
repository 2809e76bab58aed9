import {
  BatchAppender,
  batchLayout as layout,
  batchSizeBound,
  stampLogAppendTime,
  transactionMarker,
} from '@sluice/kafka-protocol'
import { ApiError } from '../api/handler.ts'
import type {
  Appended,
  OffsetAndTimestamp,
  OwnRecord,
  PartitionLog,
  ProducerDescription,
  ProducerStamp,
  ReadRequest,
  ReadResult,
  TopicConfig,
} from '../broker.ts'
import type { BrokerClock } from '../clock.ts'
import { type BatchHeader, bufferOf, isLogAppendTime, readHeader, stampCreateTime } from './batch-header.ts'
import { checkedBatch } from './batch-rules.ts'
import { confirmFlushed, nameOf, writeCheckpoint } from './checkpoint.ts'
import { type CompactedLog, compaction, dirtyRatio } from './compaction.ts'
import { LeaderEpochs } from './leader-epochs.ts'
import { type LogNotes, readNotes, writeNotes } from './log-notes.ts'
import { findTimestamp, readSegments } from './log-reading.ts'
import { recoverLog } from './log-recovery.ts'
import type { AbortedTransaction, Marker, Producers } from './producers.ts'
import { inCodec } from './recompress.ts'
import { expiredCount } from './retention.ts'
import { batchesOf } from './segment-batches.ts'
import { Segment } from './segment.ts'
import type { LogDirectory } from './storage.ts'

/** What the logs of a broker share. */
export interface LogSurroundings {
  readonly clock: BrokerClock
  readonly isFlushedAlways: boolean
  readonly producerExpirationMs: () => number
  /** The log has written something that is not flushed. */
  onWrite(log: SegmentLog): void
  log(level: 'info' | 'warn' | 'error', message: string): void
}

/** How much is written before it is noted that it need not be read again after a crash. */
const CHECKPOINT_BYTES = 64 * 1024 * 1024
const RELATIVE_OFFSET_MAX = 2 ** 31 - 1

/** The log of a partition: segments in a directory, and the state that follows from them. */
export class SegmentLog implements PartitionLog {
  /** For messages: `orders-0`. */
  readonly name: string
  readonly #directory: LogDirectory
  readonly #config: () => TopicConfig
  readonly #around: LogSurroundings
  readonly #segments: Segment[]
  readonly #producers: Producers
  readonly #epochs: LeaderEpochs
  readonly #notes: LogNotes
  readonly #listeners = new Set<() => void>()
  #active: Segment
  #bytes = 0
  #checkpointBytes: number
  #compaction: Generator<void, void, void> | undefined
  #isClosed = false

  constructor(name: string, directory: LogDirectory, config: () => TopicConfig, around: LogSurroundings) {
    this.name = name
    this.#directory = directory
    this.#config = config
    this.#around = around
    this.#notes = readNotes(directory)
    const cleanedOffset = this.#notes.gapsBefore
    const found = recoverLog(directory, { indexIntervalBytes: config().indexIntervalBytes, cleanedOffset })
    this.#segments = found.segments
    this.#producers = found.producers
    this.#epochs = found.epochs
    if (found.truncatedBytes > 0) {
      around.log('warn', `${name}: ${found.truncatedBytes} bytes at the end were no whole batch and are cut off`)
    }
    const end = this.#segments.at(-1)?.endOffset ?? 0
    if (this.#segments.length === 0 || end < this.#notes.startOffset) {
      const base = Math.max(end, this.#notes.startOffset)
      this.#segments.push(new Segment(base, directory.open(nameOf(base, 'log'))))
    }
    this.#active = this.#segments.at(-1)!
    this.#checkpointBytes = found.checkpointBytes
    this.#countBytes()
    this.#notes.startOffset = Math.max(this.#notes.startOffset, this.#segments[0]!.baseOffset)
  }

  get startOffset(): number {
    return this.#notes.startOffset
  }

  get endOffset(): number {
    return this.#active.endOffset
  }

  get stableOffset(): number {
    return Math.max(this.#notes.startOffset, Math.min(this.#producers.firstOpenOffset, this.#active.endOffset))
  }

  get bytes(): number {
    return this.#bytes
  }

  append(records: Uint8Array, leaderEpoch: number, isStrict = false): Appended {
    const config = this.#config()
    const now = this.#around.clock.now()
    let { bytes, header } = checkedBatch(bufferOf(records), config, now)
    if (config.compression !== 'producer') {
      bytes = inCodec(bytes, config.compression)
      header = readHeader(bytes, 0)
    }
    if (bytes.length > config.segmentBytes) {
      throw new ApiError(
        'RECORD_LIST_TOO_LARGE',
        `A record batch of ${bytes.length} bytes is larger than segment.bytes (${config.segmentBytes}).`,
      )
    }
    if (header.producerId >= 0) {
      const duplicate = this.#producers.duplicateOf(header)
      if (duplicate !== undefined) {
        const { baseOffset, lastOffset, timestamp } = duplicate
        const logAppendTime = config.timestampType === 'append' ? timestamp : -1
        return { baseOffset, lastOffset, logAppendTime, isDuplicate: true }
      }
      this.#producers.check(header, isStrict)
    }
    return this.#write(bytes, header, leaderEpoch, config.timestampType === 'append' ? now : -1)
  }

  appendOwn(records: readonly OwnRecord[], leaderEpoch: number, producer?: ProducerStamp): Appended {
    const now = this.#around.clock.now()
    let bound: number = layout.RECORDS
    for (const { key, value } of records) bound += batchSizeBound(key, value, null)
    const appender = new BatchAppender(Buffer.allocUnsafe(bound))
    for (const { key, value } of records) appender.append(key, value, now)
    const batch = bufferOf(appender.seal(producer === undefined ? {} : { ...producer, isTransactional: true }))
    const header = readHeader(batch, 0)
    if (producer !== undefined) this.#producers.checkOwn(header)
    return this.#write(batch, header, leaderEpoch, -1)
  }

  appendMarker(
    type: 'commit' | 'abort',
    producer: ProducerStamp,
    coordinatorEpoch: number,
    leaderEpoch: number,
  ): Appended {
    const marker: Marker = { type, ...producer, coordinatorEpoch }
    this.#producers.checkMarker(marker)
    const batch = bufferOf(transactionMarker({ ...marker, timestamp: this.#around.clock.now() }))
    return this.#write(batch, readHeader(batch, 0), leaderEpoch, -1, marker)
  }

  read(request: ReadRequest): ReadResult {
    const { offset, isCommittedOnly } = request
    if (offset < this.startOffset || offset > this.endOffset) throw this.#outOfRange(offset)
    return readSegments(this.#segments, request, isCommittedOnly ? this.stableOffset : this.endOffset)
  }

  replay(from: number, onBatch: (records: Uint8Array) => void): void {
    for (const segment of this.#segments.slice()) {
      if (segment.endOffset <= from) continue
      for (const batch of batchesOf(segment, segment.positionOf(from))) onBatch(batch)
    }
  }

  offsetForTimestamp(timestamp: number, endOffset: number): OffsetAndTimestamp | undefined {
    const found = findTimestamp(this.#segments, timestamp, this.startOffset)
    return found === undefined || found.offset >= endOffset ? undefined : found
  }

  maxTimestamp(): OffsetAndTimestamp | undefined {
    let latest = -1
    for (const { maxTimestamp } of this.#segments) if (maxTimestamp > latest) latest = maxTimestamp
    return latest === -1 ? undefined : findTimestamp(this.#segments, latest, this.startOffset)
  }

  endOffsetForEpoch(leaderEpoch: number): { readonly epoch: number; readonly endOffset: number } {
    return this.#epochs.endOffset(leaderEpoch, this.endOffset)
  }

  /** A leader of this epoch writes from here on. */
  beginEpoch(leaderEpoch: number): void {
    this.#epochs.begin(leaderEpoch, this.endOffset)
  }

  deleteRecordsBefore(offset: number): void {
    if (offset < 0 || offset > this.endOffset) throw this.#outOfRange(offset)
    if (offset <= this.startOffset) return
    writeNotes(this.#directory, { ...this.#notes, startOffset: offset })
    this.#notes.startOffset = offset
    this.#epochs.truncateBefore(offset)
    this.#removeSegments(this.#segments.findIndex((segment) => segment.endOffset > offset || segment === this.#active))
  }

  producers(): readonly ProducerDescription[] {
    return this.#producers.describe()
  }

  hasOpenTransaction({ producerId, producerEpoch }: ProducerStamp): boolean {
    const entry = this.#producers.get(producerId)
    return entry !== undefined && entry.transactionOffset !== -1 && entry.epoch === producerEpoch
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  retain(): void {
    this.removeExpired()
    this.compactIfDirty()
  }

  /** Forgets producers that were silent for long, and removes the segments that retention allows to remove. */
  removeExpired(): void {
    const config = this.#config()
    const now = this.#around.clock.now()
    this.#producers.expire(now, this.#around.producerExpirationMs())
    if (config.isDeleted) {
      const count = expiredCount(this.#segments, this.#bytes, config, now)
      if (count > 0) {
        if (count === this.#segments.length) this.#roll()
        this.#removeSegments(count)
      }
    }
  }

  /** Compacts in the background once there is enough to be gained. */
  compactIfDirty(): void {
    const config = this.#config()
    if (config.isCompacted && dirtyRatio(this.#toCompact()) >= config.minCleanableDirtyRatio) this.#compactInSteps()
  }

  compact(): void {
    if (this.#active.size > 0) this.#roll()
    this.#compaction = undefined
    const running = compaction(this.#toCompact())
    while (running.next().done !== true);
    this.#countBytes()
  }

  flush(): void {
    this.#active.file.flush()
  }

  /** Notes what need not be read again, and lets go of memory and files. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#active.size > this.#checkpointBytes) this.#checkpoint(this.#active)
    this.release()
  }

  /** Lets go of memory and files, as a crash would. */
  release(): void {
    this.#isClosed = true
    for (const { file } of this.#segments) file.close()
  }

  #write(bytes: Buffer, header: BatchHeader, leaderEpoch: number, logAppendTime: number, marker?: Marker): Appended {
    const config = this.#config()
    if (this.#isRollDue(bytes.length, header, config, logAppendTime)) this.#roll()
    const segment = this.#active
    const { file } = segment
    const position = file.size
    const baseOffset = segment.endOffset
    const lastOffset = baseOffset + header.lastOffsetDelta
    const reserved = file.reserve(bytes.length)
    reserved.set(bytes)
    reserved.writeInt32BE(Math.floor(baseOffset / 4294967296), layout.BASE_OFFSET)
    reserved.writeUInt32BE(baseOffset % 4294967296, layout.BASE_OFFSET + 4)
    reserved.writeInt32BE(leaderEpoch, layout.LEADER_EPOCH)
    if (logAppendTime !== -1) stampLogAppendTime(reserved, logAppendTime)
    else if (isLogAppendTime(header)) stampCreateTime(reserved)
    file.append(reserved)
    if (this.#around.isFlushedAlways) this.#flushOrUndo(segment, position)

    const maxTimestamp = logAppendTime === -1 ? header.maxTimestamp : logAppendTime
    segment.wrote(position, baseOffset, lastOffset, maxTimestamp, config.indexIntervalBytes)
    this.#bytes += bytes.length
    this.#epochs.begin(leaderEpoch, baseOffset)
    if (marker !== undefined) this.#noteAborted(segment, this.#producers.ended(marker, baseOffset, maxTimestamp))
    else if (header.producerId >= 0) this.#producers.wrote({ ...header, baseOffset, maxTimestamp })
    if (segment.size - this.#checkpointBytes > CHECKPOINT_BYTES) this.#checkpoint(segment)
    this.#around.onWrite(this)
    if (this.#listeners.size > 0) for (const listener of Array.from(this.#listeners)) listener()
    return { baseOffset, lastOffset, logAppendTime, isDuplicate: false }
  }

  #flushOrUndo(segment: Segment, size: number): void {
    try {
      segment.file.flush()
    } catch (error) {
      segment.file.truncate(size)
      throw error
    }
  }

  #noteAborted(segment: Segment, aborted: AbortedTransaction | undefined): void {
    if (aborted !== undefined) segment.aborted.push(aborted)
  }

  #isRollDue(length: number, header: BatchHeader, config: TopicConfig, logAppendTime: number): boolean {
    const { size, baseOffset, endOffset, firstTimestamp } = this.#active
    if (size === 0) return false
    if (size + length > config.segmentBytes) return true
    if (endOffset + header.lastOffsetDelta - baseOffset > RELATIVE_OFFSET_MAX) return true
    const timestamp = logAppendTime === -1 ? header.maxTimestamp : logAppendTime
    return firstTimestamp >= 0 && timestamp - firstTimestamp > config.segmentMs
  }

  /** Begins a new segment at the end. */
  #roll(): void {
    const full = this.#active
    const base = full.endOffset
    if (full.baseOffset === base) return
    const segment = new Segment(base, this.#directory.open(nameOf(base, 'log')))
    // The file exists from now on, so that the end of the log is known even when everything before it is gone.
    segment.file.append(segment.file.reserve(0))
    this.#checkpoint(full)
    full.file.flushLater(() => {
      if (!this.#isClosed && this.#segments.includes(full)) confirmFlushed(this.#directory, full.baseOffset)
    })
    this.#segments.push(segment)
    this.#active = segment
    this.#checkpointBytes = 0
  }

  /** Without it the next start reads the segment again: no reason to refuse what is being written. */
  #checkpoint(segment: Segment): void {
    this.#checkpointBytes = segment.size
    try {
      writeCheckpoint(this.#directory, segment, { epochs: this.#epochs.store(), producers: this.#producers.store() })
    } catch (error) {
      this.#around.log('warn', `${this.name}: ${String(error)}`)
    }
  }

  #removeSegments(count: number): void {
    if (count <= 0) return
    for (const segment of this.#segments.splice(0, count)) {
      this.#bytes -= segment.size
      this.#directory.remove(nameOf(segment.baseOffset, 'log'))
      this.#directory.remove(nameOf(segment.baseOffset, 'checkpoint'))
    }
    this.#notes.startOffset = Math.max(this.#notes.startOffset, this.#segments[0]!.baseOffset)
    this.#epochs.truncateBefore(this.#notes.startOffset)
  }

  /** Lets others have their turn between the steps. */
  #compactInSteps(): void {
    if (this.#compaction !== undefined) return
    const running = compaction(this.#toCompact())
    this.#compaction = running
    const step = (): void => {
      if (this.#compaction !== running || this.#isClosed) return
      try {
        if (running.next().done !== true) return void setImmediate(step)
        this.#countBytes()
      } catch (error) {
        this.#around.log('error', `${this.name} cannot be compacted: ${String(error)}`)
      }
      this.#compaction = undefined
    }
    step()
  }

  #toCompact(): CompactedLog {
    return {
      directory: this.#directory,
      segments: this.#segments,
      notes: this.#notes,
      config: this.#config(),
      now: this.#around.clock.now(),
      stableOffset: this.stableOffset,
      producerEnds: this.#producers.ends(),
    }
  }

  #countBytes(): void {
    this.#bytes = 0
    for (const segment of this.#segments) this.#bytes += segment.size
  }

  #outOfRange(offset: number): ApiError {
    return new ApiError(
      'OFFSET_OUT_OF_RANGE',
      `${this.name} holds offsets ${this.startOffset} to ${this.endOffset}, not ${offset}.`,
    )
  }
}
