import { batchLayout as layout } from '@sluice/kafka-protocol'
import { batchLength } from './batch-header.ts'
import type { Segment } from './segment.ts'

const PIECE_BYTES = 1024 * 1024

/** The whole batches of a segment from a position on, read in large pieces; up to where it ends when the walk begins. */
export function* batchesOf(segment: Segment, from = 0): Generator<Buffer, void, void> {
  const { file } = segment
  const end = file.size
  let pieceBytes = PIECE_BYTES
  let position = from
  while (position < end) {
    const views = file.read(position, Math.min(pieceBytes, end - position))
    // Views are cut between batches; only the last one may end within one.
    for (const bytes of views) {
      let at = 0
      while (bytes.length - at >= layout.RECORDS) {
        const length = batchLength(bytes, at)
        if (length > bytes.length - at) {
          pieceBytes = Math.max(PIECE_BYTES, length)
          break
        }
        yield bytes.subarray(at, at + length)
        at += length
      }
      position += at
    }
  }
}
