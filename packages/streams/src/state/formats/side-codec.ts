import type { Value } from '@sluice/sdk'
import { written, type Side } from '../../serde.ts'

/** One side of a store or an internal topic: how its values become bytes and come back. Never given null. */
export interface SideCodec<T> {
  /** Null where the converter writes nothing for the value. @throws DataError */
  encode(value: T): Uint8Array | null
  /** @throws DataError */
  decode(bytes: Uint8Array): T
}

/** `topic` is what the converter is told: of a store, its changelog's. */
export function codecOf<T>(side: Side, topic: string): SideCodec<T> {
  const { converter, schema } = side
  const encode = converter.encoder(topic, schema)
  return {
    encode: (value) => written(encode(value as Value), topic),
    decode: (bytes) => converter.decode(topic, bytes).value as T,
  }
}

/** Of a key: no bytes are a key of no bytes. */
export function keyBytes<K>(codec: SideCodec<K>, key: K): Uint8Array {
  return codec.encode(key) ?? NO_BYTES
}

const NO_BYTES = new Uint8Array(0)
