/** A file whose parts are fetched as they are needed, such as an object in a store. */
export interface RangedSource {
  /** In bytes. */
  readonly size: number
  /** The bytes from `start` up to, not including, `end`. */
  read(start: number, end: number): Promise<Uint8Array>
}

export function rangedSource(source: Uint8Array | RangedSource): RangedSource {
  if (!(source instanceof Uint8Array)) return source
  return { size: source.length, read: (start, end) => Promise.resolve(source.subarray(start, end)) }
}
