import type { RawHeader } from '@sluice/sdk'
import type { Windowed } from '../windows/window.ts'
import { BufferQueue } from './buffer-queue.ts'
import type { SuppressionDefinition } from './definition.ts'
import { readBufferValue, SUPPRESSION_HEADERS, writeBufferValue } from './formats/buffer-value.ts'
import { codecOf, type SideCodec } from './formats/side-codec.ts'
import { identityOf } from './identity-of.ts'
import { bytesOfOrder, KeyIdentity } from './key-identity.ts'
import { TimeRows } from './memory/time-rows.ts'
import {
  NO_TIME,
  type ChangelogRecord,
  type CurrentRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type { BufferedChange, BufferedContext, SuppressionBuffer, ValueAndTimestamp } from './stores.ts'

/** A change that waits; or that has gone and whose changelog is not told yet. It is the context that it came with, too. */
class Entry<K, V> implements BufferedChange<K, V>, BufferedContext {
  readonly key: K
  /** The bytes of the key. */
  readonly order: string
  readonly number = 0
  time = 0
  priorValue: V | null = null
  newValue: V | null = null
  oldValue: V | null = null
  topic = ''
  partition = 0
  offset = 0
  timestamp = 0
  headers: readonly RawHeader[] | null = null
  sizeBytes = 0
  isWaiting = false
  /** The changelog does not know it as it is now. */
  isDirty = false

  constructor(key: K, order: string) {
    this.key = key
    this.order = order
  }

  get context(): BufferedContext {
    return this
  }

  cameWith({ topic, partition, offset, timestamp, headers }: CurrentRecord | BufferedContext): void {
    this.topic = topic
    this.partition = partition
    this.offset = offset
    this.timestamp = timestamp
    this.headers = headers
  }
}

/** The time of a value that came from a buffer is not known: Kafka's -1. */
const UNKNOWN_TIME = -1
/** So many changes wait for the commit at most until the changelog is told: a commit may be far away. */
const DIRTY_MOST = 20_000

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
  readonly #entries: Entries<K, V>
  readonly #queue = new BufferQueue<Entry<K, V>>()
  /** In the order in which they became so. */
  #dirty: Entry<K, V>[] = []
  readonly #isLogged: boolean
  #sizeBytes = 0

  constructor(definition: SuppressionDefinition, context: StoreContext) {
    this.name = definition.name
    this.#definition = definition
    this.#context = context
    this.#keys = identityOf<K>(definition, context)
    this.#values = codecOf<V>(definition.value, context.changelogTopic(definition.name))
    this.#entries = entriesOf(definition, context, this.#keys)
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
    const entry = this.#entryOf(key)
    entry.newValue = newValue
    entry.oldValue = oldValue
    entry.cameWith(this.#context.record)
    if (!entry.isWaiting) {
      entry.priorValue = oldValue
      this.#wait(entry, time)
    }
    this.#measure(entry)
    this.#touch(entry)
    if (this.#dirty.length >= DIRTY_MOST) this.flush()
  }

  priorValue(key: K): ValueAndTimestamp<V> | null | undefined {
    const entry = this.#entries.get(key)
    if (entry === null || !entry.isWaiting) return undefined
    return entry.priorValue === null ? null : { value: entry.priorValue, timestamp: UNKNOWN_TIME }
  }

  evictWhile(isDue: () => boolean, onEvicted: (change: BufferedChange<K, V>) => void): void {
    while (this.#queue.size > 0 && isDue()) {
      const entry = this.#queue.shift()!
      this.#leave(entry)
      onEvicted(entry)
    }
  }

  flush(): void {
    const { changelog } = this.#context
    const dirty = this.#dirty
    if (dirty.length === 0 || changelog === null) return
    this.#dirty = []
    for (const entry of dirty) {
      const key = bytesOfOrder(entry.order)
      entry.isDirty = false
      if (entry.isWaiting) changelog.append(this.name, key, this.#written(entry), null, SUPPRESSION_HEADERS)
      else {
        this.#entries.remove(entry.key)
        changelog.append(this.name, key, null, null, [])
      }
    }
  }

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const key = this.#keys.read(record.key)
      const entry = this.#entries.get(key)
      if (entry !== null) {
        if (entry.isWaiting) this.#queue.remove(entry)
        this.#sizeBytes -= entry.sizeBytes
        this.#entries.remove(key)
      }
      if (record.value !== null) this.#restored(key, record.value)
    }
  }

  image(): StoreImage {
    // Written at once: what waits is changed in place.
    const rows = Array.from(this.#queue.ascending(), (entry): StoreRow => {
      return { key: bytesOfOrder(entry.order), value: this.#written(entry), timestamp: NO_TIME }
    })
    return { rows, counters: {} }
  }

  resume(): void {}

  close(): void {}

  #entryOf(key: K): Entry<K, V> {
    let entry = this.#entries.get(key)
    if (entry === null) this.#entries.put(key, (entry = new Entry<K, V>(key, this.#keys.order(key))))
    return entry
  }

  #wait(entry: Entry<K, V>, time: number): void {
    entry.time = time
    entry.isWaiting = true
    this.#queue.add(entry)
  }

  /** Out of the queue. Its key is remembered until the changelog knows. */
  #leave(entry: Entry<K, V>): void {
    entry.isWaiting = false
    this.#sizeBytes -= entry.sizeBytes
    entry.sizeBytes = 0
    if (this.#isLogged) this.#touch(entry)
    else this.#entries.remove(entry.key)
  }

  #touch(entry: Entry<K, V>): void {
    if (!this.#isLogged || entry.isDirty) return
    entry.isDirty = true
    this.#dirty.push(entry)
  }

  #restored(key: K, bytes: Uint8Array): void {
    const { time, context, priorValue, oldValue, newValue } = readBufferValue(bytes)
    const entry = this.#entryOf(key)
    entry.priorValue = this.#read(priorValue)
    entry.oldValue = this.#read(oldValue)
    entry.newValue = this.#read(newValue)
    entry.cameWith(context)
    this.#wait(entry, time)
    this.#measure(entry)
  }

  /** As Kafka Streams estimates it: key, values, and what is known of the record. */
  #measure(entry: Entry<K, V>): void {
    if (!this.#definition.tracksBytes) return
    const { topic, priorValue, oldValue, newValue } = entry
    const values = [priorValue, oldValue, newValue].reduce((sum, value) => sum + (this.#write(value)?.length ?? 0), 0)
    const headers = (entry.headers ?? []).reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
    const sizeBytes = 8 + entry.order.length + values + 8 + 8 + topic.length + 4 + headers
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

/** Entries by key. */
interface Entries<K, V> {
  get(key: K): Entry<K, V> | null
  put(key: K, entry: Entry<K, V>): void
  remove(key: K): void
}

function entriesOf<K, V>(
  { name, key: { inner } }: SuppressionDefinition,
  context: StoreContext,
  keys: KeyIdentity<K>,
): Entries<K, V> {
  if (inner === undefined) {
    const rows = rowsOf<K, Entry<K, V>>(keys)
    return {
      get: (key) => rows.get(key, 0, 0),
      put: (key, entry) => rows.put(key, 0, 0, entry),
      remove: (key) => rows.remove(key, 0, 0),
    }
  }
  // Windows of a key: found without writing their bytes.
  const rows = rowsOf<unknown, Entry<K, V>>(new KeyIdentity(codecOf(inner, context.changelogTopic(name))))
  const windowed = (key: K): Windowed<unknown> => key as Windowed<unknown>
  return {
    get: (key) => rows.get(windowed(key).key, windowed(key).start, windowed(key).end),
    put: (key, entry) => rows.put(windowed(key).key, windowed(key).start, windowed(key).end, entry),
    remove: (key) => rows.remove(windowed(key).key, windowed(key).start, windowed(key).end),
  }
}

function rowsOf<K, V>(keys: KeyIdentity<K>): TimeRows<K, V, V> {
  return new TimeRows<K, V, V>({
    keys,
    entry: (_key, _time, _number, value) => value,
    retentionMs: Infinity,
    packing: null,
  })
}
