/** Serdes of windowed keys on topics: Kafka Streams' `TimeWindowedSerde` and `SessionWindowedSerde`. */

import type { Converter, Value } from '@sluice/sdk'
import { serde, type Serde } from '../../serde.ts'
import type { Windowed } from '../../windows/window.ts'
import { readSessionKey, readWindowedKey, sessionKey, windowedKey } from './windowed-keys.ts'

/** The bytes hold the key and the start of the window only: a reader must know how long windows are. */
export function timeWindowedSerde<K>(inner: Serde<K>, windowSizeMs: number): Serde<Windowed<K>> {
  return windowed(
    inner,
    (key, window) => windowedKey(key, window.start),
    (bytes) => {
      const { key, start } = readWindowedKey(bytes)
      return { key, start, end: start + windowSizeMs }
    },
  )
}

export function sessionWindowedSerde<K>(inner: Serde<K>): Serde<Windowed<K>> {
  return windowed(inner, (key, window) => sessionKey(key, window.start, window.end), readSessionKey)
}

function windowed<K>(
  inner: Serde<K>,
  write: (key: Uint8Array, window: Windowed<K>) => Uint8Array,
  read: (bytes: Uint8Array) => Windowed<Uint8Array>,
): Serde<Windowed<K>> {
  const converter: Converter = {
    encoder(topic) {
      const encode = inner.converter.encoder(topic, inner.schema)
      return (value) => {
        const window = value as unknown as Windowed<K>
        return write(encode(window.key as Value) ?? NO_BYTES, window)
      }
    },
    decode(topic, bytes, headers) {
      if (bytes === null) return NULL
      const { key, start, end } = read(bytes)
      const { value } = inner.converter.decode(topic, key, headers)
      return { schema: null, value: { key: value, start, end } }
    },
  }
  return serde<Windowed<K>>(converter)
}

const NO_BYTES = new Uint8Array(0)
const NULL = Object.freeze({ schema: null, value: null })
