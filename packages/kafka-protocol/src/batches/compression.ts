import { createRequire } from 'node:module'
import { constants, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { ProtocolError } from '../protocol-error.ts'
import { lz4FrameSize } from './lz4-frame.ts'
import { type SnappyBlocks, snappyJavaCompress, snappyJavaUncompress } from './snappy-java.ts'

/** Kafka's codecs, in the order of their ids. */
export const COMPRESSION_CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionCodec = (typeof COMPRESSION_CODECS)[number]

interface Compressor {
  compress(bytes: Uint8Array, level: number | undefined): Uint8Array
  /** At most `bytesMax` bytes, decided before more are allocated. */
  decompress(bytes: Uint8Array, bytesMax: number): Uint8Array
}

const compressors: Readonly<Record<CompressionCodec, Compressor>> = {
  none: { compress: (bytes) => bytes, decompress: (bytes) => bytes },
  gzip: {
    compress: (bytes, level) => gzipSync(bytes, level === undefined ? {} : { level }),
    decompress: (bytes, maxOutputLength) => gunzipSync(bytes, { maxOutputLength }),
  },
  snappy: {
    compress: (bytes) => snappyJavaCompress(bytes, snappy()),
    decompress: (bytes, bytesMax) => snappyJavaUncompress(bytes, bytesMax, snappy()),
  },
  lz4: {
    compress: (bytes) => lz4().compressFrameSync(bufferOf(bytes)),
    decompress: (bytes, bytesMax) => {
      const size = lz4FrameSize(bytes, bytesMax)
      if (size > bytesMax) throw tooLarge('lz4', bytesMax)
      return lz4().decompressFrameSync(bufferOf(bytes))
    },
  },
  zstd: {
    compress: (bytes, level) =>
      zstdCompressSync(bytes, level === undefined ? {} : { params: { [constants.ZSTD_c_compressionLevel]: level } }),
    decompress: (bytes, maxOutputLength) => zstdDecompressSync(bytes, { maxOutputLength }),
  },
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
  return compressors[codec].compress(bytes, level)
}

/**
 * Decompresses at most `bytesMax` bytes: `BATCH_TOO_LARGE` for more, before they are allocated; `MALFORMED` for bytes that are
 * not of the codec.
 */
export function decompress(codec: CompressionCodec, bytes: Uint8Array, bytesMax: number): Uint8Array {
  try {
    return compressors[codec].decompress(bytes, bytesMax)
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    if (isTooLarge(error)) throw tooLarge(codec, bytesMax, error)
    throw new ProtocolError('MALFORMED', `Records compressed with ${codec} cannot be decompressed`, { cause: error })
  }
}

/** What zlib says when its output would exceed `maxOutputLength`. */
function isTooLarge(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

function tooLarge(codec: CompressionCodec, bytesMax: number, cause?: unknown): ProtocolError {
  return new ProtocolError('BATCH_TOO_LARGE', `A ${codec} batch decompresses to more than ${bytesMax} bytes`, {
    cause,
    remedy: 'Raise decompressedBytesMax if the producer is trusted.',
  })
}

// The native codecs are loaded when a batch first needs them.
interface Lz4 {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}
const require = createRequire(import.meta.url)
let loadedLz4: Lz4 | undefined
let loadedSnappy: SnappyBlocks | undefined

function lz4(): Lz4 {
  return (loadedLz4 ??= require('lz4-napi') as Lz4)
}

function snappy(): SnappyBlocks {
  return (loadedSnappy ??= require('snappy') as SnappyBlocks)
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
