import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { uncompressSync } from 'snappy'
import { decompressLz4 } from '../lz4.ts'

/** Native where there is a native one. None gives more than the page's header promises, whatever its bytes say. */
export const DECOMPRESSORS: Compressors = {
  SNAPPY: (page) => uncompressSync(page) as Buffer,
  GZIP: (page, length) => gunzipSync(page, limit(length)),
  ZSTD: (page, length) => zstdDecompressSync(page, limit(length)),
  LZ4_RAW: (page, length) => decompressLz4(page, length),
  BROTLI: (page, length) => brotliDecompressSync(page, limit(length)),
}

function limit(length: number): { readonly maxOutputLength: number } {
  return { maxOutputLength: Math.max(1, length) }
}
