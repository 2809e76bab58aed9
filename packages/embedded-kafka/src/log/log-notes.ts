import type { LogDirectory } from './storage.ts'

/** What a log must remember that its segments do not tell. */
export interface LogNotes {
  /** Records before it are deleted, even if a segment still holds them. */
  startOffset: number
  /** Compaction may have left gaps between the batches before this offset; behind it each batch follows the one before. */
  gapsBefore: number
  /** Up to which offset the log was compacted, and when that was first so (milliseconds): oldest first. */
  cleaned: { readonly endOffset: number; readonly at: number }[]
}

const NAME = 'notes.json'

export function readNotes(directory: LogDirectory): LogNotes {
  const bytes = directory.read(NAME)
  if (bytes === undefined) return { startOffset: 0, gapsBefore: 0, cleaned: [] }
  try {
    return JSON.parse(bytes.toString()) as LogNotes
  } catch {
    // A power cut can empty it. Then nothing that the segments hold is given up.
    return { startOffset: 0, gapsBefore: Number.MAX_SAFE_INTEGER, cleaned: [] }
  }
}

export function writeNotes(directory: LogDirectory, notes: LogNotes): void {
  directory.write(NAME, Buffer.from(JSON.stringify(notes)))
}

/** Where the part of the log begins that was never compacted. */
export function dirtyFrom(notes: LogNotes): number {
  return notes.cleaned.at(-1)?.endOffset ?? 0
}

/** When the record at an offset was first seen by a compaction; Infinity if it was not yet. */
export function cleanedAt(notes: LogNotes, offset: number): number {
  return notes.cleaned.find(({ endOffset }) => endOffset > offset)?.at ?? Infinity
}

/** The log is compacted up to an offset. Of times that lie further back than `horizonMs` the newest is enough. */
export function noteCleaned(notes: LogNotes, endOffset: number, at: number, horizonMs: number): void {
  if (endOffset > dirtyFrom(notes)) notes.cleaned.push({ endOffset, at })
  const recent = notes.cleaned.findIndex((entry) => at - entry.at < horizonMs)
  notes.cleaned.splice(0, (recent === -1 ? notes.cleaned.length : recent) - 1)
}
