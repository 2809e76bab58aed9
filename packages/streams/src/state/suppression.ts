import { BufferQueue } from './buffer-queue.ts'
import { copyOf } from './buffered-context.ts'
import type { SuppressionDefinition } from './definition.ts'
import { readBufferValue, SUPPRESSION_HEADERS, writeBufferValue } from './formats/buffer-value.ts'
import { codecOf, type SideCodec } from './formats/side-codec.ts'
import { identityOf } from './identity-of.ts'
import { bytesOfOrder, type KeyId, type KeyIdentity } from './key-identity.ts'
import {
  NO_TIME,
  type ChangelogRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type { BufferedChange, BufferedContext, SuppressionBuffer, ValueAndTimestamp } from './stores.ts'

interface Entry<K, V> extends BufferedChange<K, V> {
  readonly order: string
  readonly number: 0
  readonly priorValue: V | null
  newValue: V | null
  oldValue: V | null
  context: BufferedContext
  sizeBytes: number
}

/** The time of a value that came from a buffer is not known: Kafka's -1. */
const UNKNOWN_TIME = -1

/**
 * The buffer of `suppress`. Like Kafka Streams' it is in memory with either engine, and its changelog gets one record per key and
 * commit. Values are written only for that, or where their bytes are bounded.
 */
export class Suppression<K, V> implements SuppressionBuffer<K, V>, TaskStore {
  readonly name: string
  readonly #definition: SuppressionDefinition
  readonly #context: StoreContext
  readonly #keys: KeyIdentity<K>
  readonly #values: SideCodec<V>
  readonly #entries = new Map<KeyId, Entry<K, V>>()
  readonly #queue = new BufferQueue<Entry<K, V>>()
  /** Keys that the changelog does not know as they are now, by what is in their bytes. */
  readonly #dirty = new Map<KeyId, string>()
  readonly #isLogged: boolean
  #sizeBytes = 0

  constructor(definition: SuppressionDefinition, context: StoreContext) {
    this.name = definition.name
    this.#definition = definition
    this.#context = context
    this.#keys = identityOf<K>(definition, context)
    this.#values = codecOf<V>(definition.value, context.changelogTopic(definition.name))
    this.#isLogged = definition.logging !== null && context.changelog !== null
  }

  get numRecords(): number {
    return this.#queue.size
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get minTime(): number {
    return this.#queue.firstTime
  }

  put(time: number, key: K, newValue: V | null, oldValue: V | null): void {
    const id = this.#keys.id(key)
    const context = copyOf(this.#context.record)
    let entry = this.#entries.get(id)
    if (entry === undefined) {
      const order = this.#keys.order(key)
      entry = { key, order, number: 0, time, priorValue: oldValue, newValue, oldValue, context, sizeBytes: 0 }
      this.#entries.set(id, entry)
      this.#queue.add(entry)
    } else {
      entry.newValue = newValue
      entry.oldValue = oldValue
      entry.context = context
    }
    this.#measure(entry)
    this.#touch(id, entry.order)
  }

  priorValue(key: K): ValueAndTimestamp<V> | null | undefined {
    const entry = this.#entries.get(this.#keys.id(key))
    if (entry === undefined) return undefined
    return entry.priorValue === null ? null : { value: entry.priorValue, timestamp: UNKNOWN_TIME }
  }

  evictWhile(isDue: () => boolean, onEvicted: (change: BufferedChange<K, V>) => void): void {
    while (this.#queue.size > 0 && isDue()) {
      const entry = this.#queue.shift()!
      const id = this.#keys.id(entry.key)
      this.#entries.delete(id)
      this.#sizeBytes -= entry.sizeBytes
      this.#touch(id, entry.order)
      onEvicted(entry)
    }
  }

  flush(): void {
    const { changelog } = this.#context
    if (this.#dirty.size === 0 || changelog === null) return
    const dirty = [...this.#dirty]
    this.#dirty.clear()
    for (const [id, order] of dirty) {
      const entry = this.#entries.get(id)
      const key = bytesOfOrder(order)
      if (entry === undefined) changelog.append(this.name, key, null, null, [])
      else changelog.append(this.name, key, this.#written(entry), null, SUPPRESSION_HEADERS)
    }
  }

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const key = this.#keys.read(record.key)
      this.#forget(key)
      if (record.value !== null) this.#restored(key, record.value)
    }
  }

  image(): StoreImage {
    // Written at once: what waits is changed in place.
    const rows = Array.from(this.#entries.values(), (entry): StoreRow => {
      return { key: bytesOfOrder(entry.order), value: this.#written(entry), timestamp: NO_TIME }
    })
    return { rows, counters: {} }
  }

  resume(): void {}

  close(): void {}

  #touch(id: KeyId, order: string): void {
    if (this.#isLogged) this.#dirty.set(id, order)
  }

  #forget(key: K): void {
    const id = this.#keys.id(key)
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#entries.delete(id)
    this.#queue.remove(entry)
    this.#sizeBytes -= entry.sizeBytes
  }

  #restored(key: K, bytes: Uint8Array): void {
    const { time, context, priorValue, oldValue, newValue } = readBufferValue(bytes)
    const entry: Entry<K, V> = {
      key,
      order: this.#keys.order(key),
      number: 0,
      time,
      priorValue: this.#read(priorValue),
      oldValue: this.#read(oldValue),
      newValue: this.#read(newValue),
      context,
      sizeBytes: 0,
    }
    this.#entries.set(this.#keys.id(key), entry)
    this.#queue.add(entry)
    this.#measure(entry)
  }

  /** As Kafka Streams estimates it: key, values, and what is known of the record. */
  #measure(entry: Entry<K, V>): void {
    if (!this.#definition.tracksBytes) return
    const { context, priorValue, oldValue, newValue } = entry
    const values = [priorValue, oldValue, newValue].reduce((sum, value) => sum + (this.#write(value)?.length ?? 0), 0)
    const headers = (context.headers ?? []).reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
    const sizeBytes = 8 + entry.order.length + values + 8 + 8 + context.topic.length + 4 + headers
    this.#sizeBytes += sizeBytes - entry.sizeBytes
    entry.sizeBytes = sizeBytes
  }

  #written({ time, context, priorValue, oldValue, newValue }: Entry<K, V>): Uint8Array {
    const value = {
      context,
      priorValue: this.#write(priorValue),
      oldValue: this.#write(oldValue),
      newValue: this.#write(newValue),
    }
    return writeBufferValue(value, time)
  }

  #write(value: V | null): Uint8Array | null {
    return value === null ? null : this.#values.encode(value)
  }

  #read(bytes: Uint8Array | null): V | null {
    return bytes === null ? null : this.#values.decode(bytes)
  }
}
