import type { Converter, Value } from '@sluice/sdk'
import type { Change } from '../../dsl/change.ts'
import { serde, type Serde } from '../../serde.ts'
import { readChange, writeChange } from './change-value.ts'

/** Changes of a table, as they travel through the repartition topic of its grouping (KIP-904). */
export function changeSerde<V>(inner: Serde<V>): Serde<Change<V>> {
  const { converter, schema } = inner
  const codec: Converter = {
    encoder(topic) {
      const encode = converter.encoder(topic, schema)
      const bytesOf = (value: V | null): Uint8Array | null => (value === null ? null : encode(value as Value))
      return (value) => {
        const { newValue, oldValue } = value as unknown as Change<V>
        return writeChange(bytesOf(newValue), bytesOf(oldValue))
      }
    },
    decode(topic, bytes, headers) {
      if (bytes === null) return NULL
      const { newValue, oldValue } = readChange(bytes)
      const change: Change<V> = {
        newValue: newValue === null ? null : (converter.decode(topic, newValue, headers).value as V),
        oldValue: oldValue === null ? null : (converter.decode(topic, oldValue, headers).value as V),
        isLatest: true,
      }
      return { schema: null, value: change as unknown as Value }
    },
  }
  return serde<Change<V>>(codec)
}

const NULL = Object.freeze({ schema: null, value: null })
