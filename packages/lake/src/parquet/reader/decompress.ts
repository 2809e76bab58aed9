import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { uncompressSync } from 'snappy'
import { decompressLz4 } from '../lz4.ts'

/**
 * A page's bytes as they were before compression.
 * @param codec parquet.thrift's CompressionCodec
 * @param length what the page's header promises; more is never made, whatever the bytes say
 */
export function decompress(codec: number, page: Uint8Array, length: number): Uint8Array {
  const bytes = length === 0 ? page.subarray(0, 0) : decompressed(codec, page, length)
  if (bytes.length !== length) throw new RangeError(`a page has ${bytes.length} bytes, and its header says ${length}`)
  return bytes
}

function decompressed(codec: number, page: Uint8Array, length: number): Uint8Array {
  const limit = { maxOutputLength: length }
  switch (codec) {
    case 0:
      return page
    case 1:
      if (snappyLength(page) !== length) throw new RangeError('a page and its header differ in length')
      return uncompressSync(page, { asBuffer: true }) as Buffer
    case 2:
      return gunzipSync(page, limit)
    case 4:
      return brotliDecompressSync(page, limit)
    case 6:
      return zstdDecompressSync(page, limit)
    case 7:
      return decompressLz4(page, length)
    default:
      throw new RangeError(`codec ${codec} is not read`)
  }
}

/** Snappy says first how much there will be. */
function snappyLength(page: Uint8Array): number {
  let length = 0
  for (let i = 0; i < 5; i++) {
    const byte = page[i] ?? 0
    length += (byte & 127) * 128 ** i
    if (byte < 128) break
  }
  return length
}
