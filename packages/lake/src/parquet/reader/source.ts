import type { AsyncBuffer } from 'hyparquet'

/** A file whose parts are fetched as they are needed, such as an object in a store. */
export interface RangedSource {
  /** In bytes. */
  readonly size: number
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Promise<Uint8Array>
}

/** The source as hyparquet asks for it: whole ArrayBuffers, so every answer is copied once. */
export function asyncBufferOf(source: Uint8Array | RangedSource): AsyncBuffer {
  if (source instanceof Uint8Array) {
    return { byteLength: source.length, slice: (start, end) => new Uint8Array(source.subarray(start, end)).buffer }
  }
  const { size } = source
  return {
    byteLength: size,
    slice: async (start, end = size) => new Uint8Array(await source.read(start, end)).buffer,
  }
}
