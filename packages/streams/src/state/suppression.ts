import type { RawHeader } from '@sluice/sdk'
import { PlacedQueue } from './buffer-queue.ts'
import type { SuppressionDefinition } from './definition.ts'
import { readBufferValue, SUPPRESSION_HEADERS, writeBufferValue } from './formats/buffer-value.ts'
import { codecOf, type SideCodec } from './formats/side-codec.ts'
import { identityOf } from './identity-of.ts'
import type { KeyIdentity } from './key-identity.ts'
import {
  NO_TIME,
  type ChangelogRecord,
  type RestoreFilter,
  type StoreContext,
  type StoreImage,
  type StoreRow,
  type TaskStore,
} from './store-context.ts'
import type { BufferedChange, SuppressionBuffer, ValueAndTimestamp } from './stores.ts'
import { SuppressedChanges } from './suppressed-changes.ts'

/** The time of a value that came from a buffer is not known: Kafka's -1. */
const UNKNOWN_TIME = -1
const NO_HEADERS: readonly RawHeader[] = Object.freeze([])
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
  readonly #changes: SuppressedChanges<K, V>
  /** Slots of those that wait. */
  readonly #queue: PlacedQueue<number>
  /** Slots, in the order in which they became so; some are not any more. Behind `#dirtyCount` lie places to be used again. */
  readonly #dirty: number[] = []
  #dirtyCount = 0
  readonly #isLogged: boolean
  #sizeBytes = 0

  constructor(definition: SuppressionDefinition, context: StoreContext) {
    const topic = context.changelogTopic(definition.name)
    this.name = definition.name
    this.#definition = definition
    this.#context = context
    const keys = (this.#keys = identityOf<K>(definition, context))
    this.#values = codecOf<V>(definition.value, topic)
    const changes = (this.#changes = new SuppressedChanges<K, V>(definition, keys, topic))
    this.#queue = new PlacedQueue({ time: (slot) => changes.times[slot]!, compare: changes.compareKeys })
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
    const changes = this.#changes
    const slot = changes.findOrAdd(key)
    this.#context.journal?.add(this.#undoOf(key, slot))
    changes.newValues[slot] = newValue
    changes.oldValues[slot] = oldValue
    changes.setContext(slot, this.#context.record)
    if (!changes.isWaiting[slot]!) {
      changes.priorValues[slot] = oldValue
      this.#wait(slot, time)
    }
    this.#measure(slot)
    this.#touch(slot)
    if (this.#dirtyCount === DIRTY_MOST) this.#relieve()
  }

  priorValue(key: K): ValueAndTimestamp<V> | null | undefined {
    const { isWaiting, priorValues } = this.#changes
    const slot = this.#changes.find(key)
    if (slot < 0 || !isWaiting[slot]!) return undefined
    const value = priorValues[slot]!
    return value === null ? null : { value, timestamp: UNKNOWN_TIME }
  }

  evictWhile(isDue: () => boolean, onEvicted: (change: BufferedChange<K, V>) => void): void {
    while (this.#queue.size > 0 && isDue()) {
      const slot = this.#queue.shift()!
      const change = this.#changeIn(slot)
      this.#leave(slot)
      onEvicted(change)
    }
  }

  flush(): void {
    const { changelog } = this.#context
    const count = this.#dirtyCount
    if (count === 0 || changelog === null) return
    this.#dirtyCount = 0
    const changes = this.#changes
    for (let i = 0; i < count; i++) {
      const slot = this.#dirty[i]!
      if (!changes.isDirty[slot]!) continue
      changes.isDirty[slot] = false
      const key = changes.keyBytesOf(slot)
      if (changes.isWaiting[slot]!) {
        changes.isLogged[slot] = true
        changelog.append(this.name, key, this.#written(slot), null, SUPPRESSION_HEADERS)
      } else {
        changes.remove(slot)
        changelog.append(this.name, key, null, null, NO_HEADERS)
      }
    }
    // What one record has changed, if it is very much, is not kept for ever.
    if (count > 2 * DIRTY_MOST) this.#dirty.length = 0
  }

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const key = this.#keys.read(record.key)
      const slot = this.#changes.find(key)
      if (slot >= 0) this.#forget(slot)
      if (record.value !== null) this.#restored(key, record.value)
    }
  }

  image(): StoreImage {
    // Written at once: what waits is changed in place.
    const rows = Array.from(this.#queue.ascending(), (slot): StoreRow => {
      return { key: this.#changes.keyBytesOf(slot), value: this.#written(slot), timestamp: NO_TIME }
    })
    return { rows, counters: {} }
  }

  resume(): void {}

  close(): void {}

  #changeIn(slot: number): BufferedChange<K, V> {
    const changes = this.#changes
    return {
      key: changes.keyOf(slot),
      time: changes.times[slot]!,
      newValue: changes.newValues[slot]!,
      oldValue: changes.oldValues[slot]!,
      priorValue: changes.priorValues[slot]!,
      context: changes.contextOf(slot),
    }
  }

  #wait(slot: number, time: number): void {
    this.#changes.times[slot] = time
    this.#changes.isWaiting[slot] = true
    this.#queue.add(slot)
  }

  /** To put it back as it is now, while it waits or not. */
  #undoOf(key: K, slot: number): () => void {
    const before = this.#changes.isWaiting[slot]! ? this.#changeIn(slot) : null
    return () => {
      const changes = this.#changes
      const now = changes.find(key)
      if (before === null) {
        if (now < 0 || !changes.isWaiting[now]!) return
        this.#queue.remove(now)
        this.#leave(now)
        return
      }
      const back = changes.findOrAdd(key)
      this.#fill(back, before)
      if (!changes.isWaiting[back]!) this.#wait(back, before.time)
      this.#measure(back)
      this.#touch(back)
    }
  }

  #fill(slot: number, { newValue, oldValue, priorValue, context }: Omit<BufferedChange<K, V>, 'key' | 'time'>): void {
    const changes = this.#changes
    changes.newValues[slot] = newValue
    changes.oldValues[slot] = oldValue
    changes.priorValues[slot] = priorValue
    changes.setContext(slot, context)
  }

  /** Has left the queue. If the changelog has its key, that is remembered until it has been told. */
  #leave(slot: number): void {
    const changes = this.#changes
    changes.isWaiting[slot] = false
    this.#sizeBytes -= changes.sizes[slot]!
    changes.sizes[slot] = 0
    if (changes.isLogged[slot]!) this.#touch(slot)
    else changes.remove(slot)
  }

  /** What has come and gone since the last commit, the changelog need not hear of. If that is little, it hears of the rest now. */
  #relieve(): void {
    const dirty = this.#dirty
    const { isDirty } = this.#changes
    let count = 0
    for (let i = 0; i < this.#dirtyCount; i++) {
      const slot = dirty[i]!
      if (!isDirty[slot]!) continue
      // Some are there twice.
      isDirty[slot] = false
      dirty[count++] = slot
    }
    for (let i = 0; i < count; i++) isDirty[dirty[i]!] = true
    this.#dirtyCount = count
    if (count > DIRTY_MOST / 2) this.#context.onFull(this.name)
  }

  #forget(slot: number): void {
    if (this.#changes.isWaiting[slot]!) this.#queue.remove(slot)
    this.#sizeBytes -= this.#changes.sizes[slot]!
    this.#changes.remove(slot)
  }

  #touch(slot: number): void {
    if (!this.#isLogged || this.#changes.isDirty[slot]!) return
    this.#changes.isDirty[slot] = true
    this.#dirty[this.#dirtyCount++] = slot
  }

  #restored(key: K, bytes: Uint8Array): void {
    const { time, context, priorValue, oldValue, newValue } = readBufferValue(bytes)
    const slot = this.#changes.findOrAdd(key)
    const [prior, old, latest] = [this.#read(priorValue), this.#read(oldValue), this.#read(newValue)]
    this.#fill(slot, { newValue: latest, oldValue: old, priorValue: prior, context })
    this.#changes.isLogged[slot] = this.#isLogged
    this.#wait(slot, time)
    this.#measure(slot)
  }

  /** As Kafka Streams estimates it: key, values, and what is known of the record. */
  #measure(slot: number): void {
    if (!this.#definition.tracksBytes) return
    const { sizes, priorValues, oldValues, newValues } = this.#changes
    const { topic, headers } = this.#changes.contextOf(slot)
    let size = 8 + this.#changes.keyBytesOf(slot).length + 8 + 8 + topic.length + 4
    for (const values of [priorValues, oldValues, newValues]) size += this.#write(values[slot]!)?.length ?? 0
    for (const header of headers ?? []) size += header.key.length + (header.value?.length ?? 0)
    this.#sizeBytes += size - sizes[slot]!
    sizes[slot] = size
  }

  #written(slot: number): Uint8Array {
    const { priorValues, oldValues, newValues, times } = this.#changes
    const value = {
      context: this.#changes.contextOf(slot),
      priorValue: this.#write(priorValues[slot]!),
      oldValue: this.#write(oldValues[slot]!),
      newValue: this.#write(newValues[slot]!),
    }
    return writeBufferValue(value, times[slot]!)
  }

  #write(value: V | null): Uint8Array | null {
    return value === null ? null : this.#values.encode(value)
  }

  #read(bytes: Uint8Array | null): V | null {
    return bytes === null ? null : this.#values.decode(bytes)
  }
}
