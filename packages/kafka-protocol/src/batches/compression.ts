import { createRequire } from 'node:module'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ProtocolError } from '../protocol-error.ts'
import { lz4FrameSize } from './lz4-frame.ts'
import { type SnappyBlocks, snappyJavaCompress, snappyJavaUncompress } from './snappy-java.ts'

/** Kafka's codecs, in the order of their ids. */
export const COMPRESSION_CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionCodec = (typeof COMPRESSION_CODECS)[number]

const require = createRequire(import.meta.url)

interface Lz4 {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}
interface Snappy {
  compressSync(bytes: Uint8Array): Buffer
  uncompressSync(bytes: Uint8Array): Buffer | string
}

/** The id that a batch's attributes carry. */
export function codecId(codec: CompressionCodec): number {
  return COMPRESSION_CODECS.indexOf(codec)
}

/** The codec of an id; raises `UNSUPPORTED_COMPRESSION`. */
export function codecOf(id: number): CompressionCodec {
  const codec = COMPRESSION_CODECS[id]
  if (codec !== undefined) return codec
  throw new ProtocolError('UNSUPPORTED_COMPRESSION', `There is no compression codec ${id}`)
}

/** Compresses as Kafka's Java clients do, so that every client can read it. `level` is the codec's own, for gzip and zstd. */
export function compress(codec: CompressionCodec, bytes: Uint8Array, level?: number): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return gzipSync(bytes, level === undefined ? {} : { level })
    case 'snappy':
      return snappyJavaCompress(bytes, snappy())
    case 'lz4':
      return lz4().compressFrameSync(bufferOf(bytes))
    case 'zstd':
      return zstdCompressSync(
        bytes,
        level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } },
      )
  }
}

/**
 * Decompresses at most `bytesMax` bytes: `BATCH_TOO_LARGE` for more, before they are allocated; `MALFORMED` for bytes that are
 * not of the codec.
 */
export function decompress(codec: CompressionCodec, bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    switch (codec) {
      case 'none':
        return bytes
      case 'gzip':
        return gunzipSync(bytes, { maxOutputLength: bytesMax })
      case 'snappy':
        return snappyJavaUncompress(bytes, bytesMax, snappy())
      case 'lz4':
        if (lz4FrameSize(bytes) > bytesMax) throw tooLarge(codec, bytesMax)
        return lz4().decompressFrameSync(bufferOf(bytes))
      case 'zstd':
        return zstdDecompressSync(bytes, { maxOutputLength: bytesMax })
    }
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    if (isTooLarge(error)) throw tooLarge(codec, bytesMax, error)
    throw new ProtocolError('MALFORMED', `Records compressed with ${codec} cannot be decompressed`, { cause: error })
  }
}

/** What zlib says when its output would exceed `maxOutputLength`. */
function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

function tooLarge(codec: CompressionCodec, bytesMax: number, cause?: unknown): ProtocolError {
  return new ProtocolError('BATCH_TOO_LARGE', `A ${codec} batch decompresses to more than ${bytesMax} bytes`, {
    cause,
    remedy: 'Raise decompressedBytesMax if the producer is trusted.',
  })
}

// The native codecs are loaded when a batch first needs them.
let loadedLz4: Lz4 | undefined
let loadedSnappy: (SnappyBlocks & Snappy) | undefined

function lz4(): Lz4 {
  return (loadedLz4 ??= require('lz4-napi') as Lz4)
}

function snappy(): SnappyBlocks {
  return (loadedSnappy ??= require('snappy') as SnappyBlocks & Snappy)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
