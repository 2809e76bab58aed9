import { DataError } from '@sluice/sdk'
import { BufferQueue } from './buffer-queue.ts'
import { copyOf } from './buffered-context.ts'
import type { RecordBufferDefinition } from './definition.ts'
import { readBufferValue, writeBufferValue } from './formats/buffer-value.ts'
import { recordBufferKey, readRecordBufferKey } from './formats/record-buffer-key.ts'
import { codecOf, type SideCodec } from './formats/side-codec.ts'
import { identityOf } from './identity-of.ts'
import { bytesOfOrder, orderOf, type KeyIdentity } from './key-identity.ts'
import {
  NO_TIME,
  type ChangelogRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type { BufferedRecord, RecordBuffer } from './stores.ts'

interface Entry<K, V> extends BufferedRecord<K, V> {
  readonly order: string
  readonly number: number
}

/** The buffer of a stream-table join with grace. In memory with either engine; its changelog gets each record as it comes and goes. */
export class JoinBuffer<K, V> implements RecordBuffer<K, V>, TaskStore {
  readonly name: string
  readonly #context: StoreContext
  readonly #graceMs: number
  readonly #keys: KeyIdentity<K>
  readonly #values: SideCodec<V>
  readonly #queue = new BufferQueue<Entry<K, V>>()
  readonly #isLogged: boolean
  #time = -Infinity
  #sequence = 0

  constructor(definition: RecordBufferDefinition, context: StoreContext) {
    this.name = definition.name
    this.#context = context
    this.#graceMs = definition.graceMs
    this.#keys = identityOf<K>(definition, context)
    this.#values = codecOf<V>(definition.value, context.changelogTopic(definition.name))
    this.#isLogged = definition.logging !== null && context.changelog !== null
  }

  get numRecords(): number {
    return this.#queue.size
  }

  get minTime(): number {
    return this.#queue.firstTime
  }

  put(time: number, key: K, value: V): boolean {
    if (time < this.#time - this.#graceMs) return false
    this.#time = Math.max(this.#time, time)
    this.#sequence = (this.#sequence + 1) & 0x7fff_ffff
    const context = copyOf(this.#context.record)
    const entry: Entry<K, V> = { key, order: this.#keys.order(key), number: this.#sequence, time, value, context }
    this.#queue.add(entry)
    if (this.#isLogged) this.#log(entry, this.#written(entry))
    this.#context.journal?.add(() => {
      this.#queue.remove(entry)
      if (this.#isLogged) this.#log(entry, null)
    })
    return true
  }

  evict(onEvicted: (record: BufferedRecord<K, V>) => void): void {
    const last = this.#time - this.#graceMs
    while (this.minTime <= last) {
      const entry = this.#queue.shift()!
      if (this.#isLogged) this.#log(entry, null)
      onEvicted(entry)
    }
  }

  flush(): void {}

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    const waiting = new Map<string, Entry<K, V>>()
    while (this.#queue.size > 0) {
      const entry = this.#queue.shift()!
      waiting.set(orderOf(keyOf(entry)), entry)
    }
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const id = orderOf(record.key)
      const entry = this.#read(record)
      if (entry === null) waiting.delete(id)
      else waiting.set(id, entry)
    }
    for (const entry of waiting.values()) this.#queue.add(entry)
  }

  image(): StoreImage {
    const rows = Array.from(this.#queue.ascending(), (entry): StoreRow => {
      return { key: keyOf(entry), value: this.#written(entry), timestamp: NO_TIME }
    })
    return { rows, counters: { time: this.#time, sequence: this.#sequence } }
  }

  resume({ time = -Infinity, sequence = 0 }: Readonly<Record<string, number>>): void {
    this.#time = Math.max(this.#time, time)
    this.#sequence = Math.max(this.#sequence, sequence)
  }

  close(): void {}

  #log(entry: Entry<K, V>, value: Uint8Array | null): void {
    this.#context.changelog?.append(this.name, keyOf(entry), value, null, [])
  }

  #written({ context, value }: Entry<K, V>): Uint8Array {
    const newValue = this.#values.encode(value)
    // Kafka Streams writes no time here: it is in the key.
    return writeBufferValue({ context, priorValue: null, oldValue: null, newValue }, 0)
  }

  #read({ key: bytes, value }: ChangelogRecord): Entry<K, V> | null {
    const { time, key, sequence } = readRecordBufferKey(bytes)
    this.#time = Math.max(this.#time, time)
    this.#sequence = Math.max(this.#sequence, sequence)
    if (value === null) return null
    const { context, newValue } = readBufferValue(value)
    if (newValue === null) throw new DataError(`A record of the buffer ${this.name} has no value`)
    const read = this.#keys.read(key)
    return { key: read, order: orderOf(key), number: sequence, time, value: this.#values.decode(newValue), context }
  }
}

function keyOf({ time, order, number }: Entry<unknown, unknown>): Uint8Array {
  return recordBufferKey(time, bytesOfOrder(order), number)
}
