import type { KeyIdentity } from '../key-identity.ts'
import type { TimeTable, TimeTableSpec } from '../tables.ts'
import { rowOf, type ValueFormat } from '../value-format.ts'
import { TimeRows } from './time-rows.ts'

/** Values by key and time, in this process: as they are, or in bytes where they are written once and seldom read. */
export class MemoryTimeTable<K, V, E> extends TimeRows<K, V, E> implements TimeTable<K, V, E> {
  readonly #keys: KeyIdentity<K>
  readonly #values: ValueFormat<V>

  constructor(spec: TimeTableSpec<K, V, E>) {
    const { values } = spec
    const packing = { pack: (value: V) => rowOf(values, value), unpack: (bytes: Uint8Array) => values.fromRow(bytes) }
    super({ ...spec, packing: spec.isAppendOnly ? packing : null, halves: values.halves ?? null })
    this.#keys = spec.keys
    this.#values = values
  }

  restore(key: Uint8Array, time: number, number: number, value: Uint8Array | null, timestamp: number): void {
    const read = this.#keys.read(key)
    if (value === null) this.remove(read, time, number)
    else this.put(read, time, number, this.#values.read(value, timestamp))
  }
}
