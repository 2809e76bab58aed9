import { ProtocolError } from '../protocol-error.ts'

const MAGIC = 0x184d2204
const HAS_BLOCK_CHECKSUMS = 0x10
const HAS_CONTENT_SIZE = 0x08
const HAS_DICTIONARY = 0x01
const UNCOMPRESSED = 0x80000000
/** 64 KiB; each one more is four times as much. */
const BLOCK_CODE_MIN = 4

/**
 * How many bytes an LZ4 frame (LZ4 Frame Format 1.6) decompresses to, or a bound of it that is at most `enough`: the announced content
 * size is optional and could lie. No block holds more than the size that its frame names, to which the decompressor holds it; only where
 * that says too little are the sequences of the blocks read, which cannot lie either.
 */
export function lz4FrameSize(bytes: Uint8Array, enough: number): number {
  const code = (bytes[5]! >> 4) & 7
  if (code >= BLOCK_CODE_MIN) {
    const bound = sizeOfBlocks(bytes, 2 ** (8 + 2 * code))
    if (bound <= enough) return bound
  }
  return sizeOfBlocks(bytes, undefined)
}

/** @param blockMax taken for what a compressed block holds; undefined: that is read off its sequences */
function sizeOfBlocks(bytes: Uint8Array, blockMax: number | undefined): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes.length < 7 || view.getUint32(0, true) !== MAGIC) throw malformed(0)
  const flags = bytes[4]!
  let at = 7 + ((flags & HAS_CONTENT_SIZE) === 0 ? 0 : 8) + ((flags & HAS_DICTIONARY) === 0 ? 0 : 4)
  let size = 0
  for (;;) {
    if (at + 4 > bytes.length) throw malformed(at)
    const word = view.getUint32(at, true)
    at += 4
    if (word === 0) return size
    const length = word & ~UNCOMPRESSED
    if (length > bytes.length - at) throw malformed(at)
    size += word >= UNCOMPRESSED ? length : (blockMax ?? blockSize(bytes, at, at + length))
    at += length + ((flags & HAS_BLOCK_CHECKSUMS) === 0 ? 0 : 4)
  }
}

/** A block is sequences of literals and matches; the last has literals only. */
function blockSize(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  let size = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < end) literals += more = bytes[at++]!
    }
    at += literals
    size += literals
    if (at >= end) break
    at += 2
    let match = token & 15
    if (match === 15) {
      let more = 255
      while (more === 255 && at < end) match += more = bytes[at++]!
    }
    size += match + 4
  }
  if (at > end) throw malformed(end)
  return size
}

function malformed(position: number): ProtocolError {
  return new ProtocolError('MALFORMED', 'Not an LZ4 frame, or one that is cut off', { position })
}
