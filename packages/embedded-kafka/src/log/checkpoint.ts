import { crc32c } from '@sluice/kafka-protocol'
import { BOOT } from './boot.ts'
import type { AbortedTransaction, StoredProducer } from './producers.ts'
import type { Segment } from './segment.ts'
import { SegmentIndex } from './segment-index.ts'
import type { LogDirectory } from './storage.ts'

/**
 * What is known of a segment's first `size` bytes, and of the log where they end, so that nobody has to read them again: a small
 * file beside the segment, written when it is rolled, now and then while it grows, and when the broker stops.
 */
export interface Checkpoint {
  readonly size: number
  readonly endOffset: number
  readonly maxTimestamp: number
  readonly firstTimestamp: number
  readonly aborted: readonly AbortedTransaction[]
  readonly epochs: readonly (readonly [number, number])[]
  readonly producers: readonly StoredProducer[]
  readonly index: SegmentIndex
}

interface Header extends Omit<Checkpoint, 'index'> {
  readonly format: 1
  /** The run of the system in which it was written; `flushed` if the segment had reached the disk. */
  readonly boot: string
}

const FLUSHED = 'flushed'
/** Checksum of all that follows, length of the header. */
const PREFIX_BYTES = 8

export function nameOf(baseOffset: number, suffix: 'log' | 'checkpoint' | 'cleaned'): string {
  return `${String(baseOffset).padStart(20, '0')}.${suffix}`
}

export function writeCheckpoint(
  directory: LogDirectory,
  segment: Segment,
  state: Pick<Checkpoint, 'epochs' | 'producers'>,
  isFlushed = false,
): void {
  const { size, endOffset, maxTimestamp, firstTimestamp, aborted, index } = segment
  const { epochs, producers } = state
  const boot = isFlushed ? FLUSHED : BOOT
  const facts: Header = {
    format: 1,
    boot,
    size,
    endOffset,
    maxTimestamp,
    firstTimestamp,
    aborted,
    epochs,
    producers,
  }
  const header = Buffer.from(JSON.stringify(facts))
  const bytes = Buffer.concat([Buffer.alloc(PREFIX_BYTES), header, index.encode()])
  bytes.writeUInt32LE(header.length, 4)
  bytes.writeUInt32LE(crc32c(bytes.subarray(4)), 0)
  directory.write(nameOf(segment.baseOffset, 'checkpoint'), bytes)
}

/** The checkpoint of a segment, if there is one that its file can be trusted to match; `size` is the file's. */
export function readCheckpoint(directory: LogDirectory, baseOffset: number, size: number): Checkpoint | undefined {
  const bytes = directory.read(nameOf(baseOffset, 'checkpoint'))
  if (bytes === undefined || bytes.length < PREFIX_BYTES) return undefined
  if (crc32c(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined
  const headerEnd = PREFIX_BYTES + bytes.readUInt32LE(4)
  const header = JSON.parse(bytes.toString('utf8', PREFIX_BYTES, headerEnd)) as Header
  const isTrusted = header.format === 1 && (header.boot === FLUSHED || header.boot === BOOT) && header.size <= size
  return isTrusted ? { ...header, index: SegmentIndex.decode(bytes.subarray(headerEnd)) } : undefined
}

/** Marks that a segment as its checkpoint describes it is on the disk. */
export function confirmFlushed(directory: LogDirectory, baseOffset: number): void {
  const bytes = directory.read(nameOf(baseOffset, 'checkpoint'))
  if (bytes === undefined) return
  const headerEnd = PREFIX_BYTES + bytes.readUInt32LE(4)
  const header = JSON.parse(bytes.toString('utf8', PREFIX_BYTES, headerEnd)) as Header
  const changed = Buffer.from(JSON.stringify({ ...header, boot: FLUSHED }))
  const written = Buffer.concat([Buffer.alloc(PREFIX_BYTES), changed, bytes.subarray(headerEnd)])
  written.writeUInt32LE(changed.length, 4)
  written.writeUInt32LE(crc32c(written.subarray(4)), 0)
  directory.write(nameOf(baseOffset, 'checkpoint'), written)
}
