import { DataError, type Converter, type Schema } from '@sluice/sdk'

/** How one side (key or value) of a topic is read and written: a converter, and the schema values are written with. */
export interface Side {
  readonly converter: Converter
  /** Written with this schema, each value checked against it; null: schemaless. */
  readonly schema: Schema | null
  /** Of windowed keys: that of the key within, by which records are partitioned. */
  readonly inner?: Side
}

/** Reads `T`. The member is for the compiler alone and never present. */
export interface Deserializer<out T> extends Side {
  readonly gives?: T
}

/** Writes `T`. The member is for the compiler alone and never present. */
export interface Serializer<in T> extends Side {
  readonly takes?: (value: T) => void
}

/**
 * Reads and writes `T`. Null stands for no key, or a tombstone; it is never part of `T` and never seen by a converter.
 *
 * Compared by identity: a record that passes unchanged from a source to a sink with the very same schemaless serde keeps its bytes.
 */
export interface Serde<T> extends Deserializer<T>, Serializer<T> {}

/** A serde of a converter. The type argument is the caller's word: a decoded value is not checked against it. */
export function serde<T>(converter: Converter, schema: Schema | null = null): Serde<T> {
  return Object.freeze({ converter, schema })
}

/**
 * What a converter has written, which may be anybody's: copied into a batch or a row, a text would become as many zeros.
 * @throws DataError for anything but bytes
 */
export function written(bytes: unknown, topic: string): Uint8Array | null {
  if (bytes === null || ArrayBuffer.isView(bytes)) return bytes as Uint8Array | null
  throw new DataError(`A serde writes a ${typeof bytes} for ${topic} where bytes are asked for`, {
    place: { topic },
    remedy: 'Let the encoder of its converter return a Uint8Array, or null.',
  })
}

/** Whether two sides write the same bytes, as far as can be told. */
export function isSameSide(one: Side, other: Side): boolean {
  return one.converter === other.converter && one.schema === other.schema && one.inner === other.inner
}

/** The side of a windowed key. */
export function withInner({ converter, schema }: Side, inner: Side): Side {
  return Object.freeze({ converter, schema, inner })
}
