import type { KeyIdentity } from '../key-identity.ts'
import type { KeyTable, TableSpec } from '../tables.ts'
import type { ValueFormat } from '../value-format.ts'
import { MemoryRows } from './rows.ts'

/** Decoded values, in this process. */
export class MemoryKeyTable<K, V> extends MemoryRows<K, V> implements KeyTable<K, V> {
  readonly #keys: KeyIdentity<K>
  readonly #values: ValueFormat<V>

  constructor({ keys, values }: TableSpec<K, V>) {
    super(keys)
    this.#keys = keys
    this.#values = values
  }

  restore(key: Uint8Array, value: Uint8Array | null, timestamp: number): void {
    const read = this.#keys.read(key)
    if (value === null) this.remove(read)
    else this.put(read, this.#values.read(value, timestamp))
  }
}
