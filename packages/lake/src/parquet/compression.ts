/** The codecs a page can be compressed with, by the names used in settings. Synchronous: a page is at most about 1 MiB. */
import { constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { SchemaError } from '@sluice/sdk'
import { compressSync } from 'snappy'
import { compressLz4 } from './lz4.ts'

export type ParquetCodec = 'none' | 'snappy' | 'gzip' | 'zstd' | 'lz4_raw'

export interface Compressor {
  /** parquet.thrift's CompressionCodec. */
  readonly id: number
  /** The result shares no memory with `page`, which is used again. */
  compress(page: Uint8Array): Uint8Array
}

/** `level`: zstd 1 to 22 (default 3), gzip 1 to 9 (default 6); the other codecs have none. */
export function compressorFor(codec: ParquetCodec, level?: number): Compressor {
  switch (codec) {
    case 'none':
      return { id: 0, compress: (page) => new Uint8Array(page) }
    case 'snappy':
      return { id: 1, compress: (page) => compressSync(page) }
    case 'gzip': {
      const options = { level: checked(codec, level ?? 6, 9) }
      return { id: 2, compress: (page) => gzipSync(page, options) }
    }
    case 'zstd': {
      const options = { params: { [constants.ZSTD_c_compressionLevel]: checked(codec, level ?? 3, 22) } }
      return { id: 6, compress: (page) => zstdCompressSync(page, options) }
    }
    case 'lz4_raw':
      return { id: 7, compress: compressLz4 }
    default:
      throw new SchemaError(`Parquet codec ${JSON.stringify(codec)} is not known`, {
        remedy: 'Use one of none, snappy, gzip, zstd, lz4_raw.',
      })
  }
}

function checked(codec: ParquetCodec, level: number, highest: number): number {
  if (Number.isInteger(level) && level >= 1 && level <= highest) return level
  throw new SchemaError(`Compression level ${level} is not a level of ${codec}`, {
    remedy: `Use a whole number from 1 to ${highest}.`,
  })
}
