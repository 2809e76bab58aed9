import { ProtocolError } from '../protocol-error.ts'

/**
 * The framing of snappy-java, which Kafka's Java clients write and read: 16 bytes of header (magic, version, lowest compatible
 * version), then blocks of raw snappy behind their compressed length. Clients in C and Go also send one raw snappy block
 * without framing; readers accept both.
 */

/** Raw snappy, one block at a time. */
export interface SnappyBlocks {
  compressSync(bytes: Uint8Array): Uint8Array
  uncompressSync(bytes: Uint8Array): Uint8Array | string
}

const HEADER = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1)
const MAGIC_LENGTH = 8
/** The block size of Kafka's Java clients. */
const BLOCK_LENGTH = 32 * 1024

/** Compresses into the framing, in blocks of 32 KiB. */
export function snappyJavaCompress(bytes: Uint8Array, snappy: SnappyBlocks): Uint8Array {
  const parts: Uint8Array[] = [HEADER]
  for (let at = 0; at < bytes.length; at += BLOCK_LENGTH) {
    const block = snappy.compressSync(bytes.subarray(at, at + BLOCK_LENGTH))
    const length = new Uint8Array(4)
    new DataView(length.buffer).setInt32(0, block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** Uncompresses a framed stream or one raw block: at most `bytesMax` bytes, known from the blocks' own preambles. */
export function snappyJavaUncompress(bytes: Uint8Array, bytesMax: number, snappy: SnappyBlocks): Uint8Array {
  const blocks = isFramed(bytes, 0) ? framedBlocks(bytes) : [bytes]
  let total = 0
  for (const block of blocks) total += uncompressedLength(block)
  if (total > bytesMax) {
    throw new ProtocolError('BATCH_TOO_LARGE', `A snappy batch decompresses to ${total} bytes, more than ${bytesMax}`, {
      remedy: 'Raise decompressedBytesMax if the producer is trusted.',
    })
  }
  const parts = blocks.map((block) => snappy.uncompressSync(block) as Uint8Array)
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts, total)
}

function framedBlocks(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const blocks: Uint8Array[] = []
  let at = 0
  while (at < bytes.length) {
    // Concatenated streams repeat the header.
    if (isFramed(bytes, at)) {
      at += HEADER.length
      continue
    }
    if (at + 4 > bytes.length) throw malformed(at)
    const length = view.getInt32(at)
    at += 4
    if (length < 0 || length > bytes.length - at) throw malformed(at)
    if (length > 0) blocks.push(bytes.subarray(at, at + length))
    at += length
  }
  return blocks
}

function isFramed(bytes: Uint8Array, at: number): boolean {
  if (bytes.length - at < HEADER.length) return false
  for (let i = 0; i < MAGIC_LENGTH; i++) if (bytes[at + i] !== HEADER[i]) return false
  return true
}

/** A raw block begins with its uncompressed length as a varint of at most 32 bits. */
function uncompressedLength(block: Uint8Array): number {
  let length = 0
  for (let i = 0; i < 5 && i < block.length; i++) {
    length += (block[i]! & 127) * 2 ** (7 * i)
    if (block[i]! < 128) return length
  }
  throw malformed(0)
}

function malformed(position: number): ProtocolError {
  return new ProtocolError('MALFORMED', 'Snappy blocks end in the middle', { position })
}
