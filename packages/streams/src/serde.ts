import type { Converter, Schema } from '@sluice/sdk'

/**
 * How one side (key or value) of a topic is written: a converter, and the schema values are written with.
 * `T` is what user code sees; null stands for no key, or a tombstone, and is never part of `T`.
 *
 * Compared by identity: a record that passes unchanged from a source to a sink with the very same serde keeps its bytes.
 */
export interface Serde<T> {
  readonly converter: Converter
  /** Written with this schema, each value checked against it; null: schemaless. */
  readonly schema: Schema | null
  /** Only for the compiler: ties the serde to its type. Never present. */
  readonly type?: T
}

/** A serde of a converter. The type argument is the caller's word: a decoded value is not checked against it. */
export function serde<T>(converter: Converter, schema: Schema | null = null): Serde<T> {
  return Object.freeze({ converter, schema })
}
