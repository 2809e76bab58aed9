/** Versioned key-value stores (KIP-889). */

import type { VersionedDefinition } from './definition.ts'
import { codecOf } from './formats/side-codec.ts'
import { identityOf } from './identity-of.ts'
import { checkKey, checkTime } from './row-check.ts'
import type { ChangelogRecord, RestoreFilter, StoreContext, StoreImage, StoreRow, TaskStore } from './store-context.ts'
import { PUT_REFUSED, type VersionedKeyValueStore, type VersionedRecord } from './stores.ts'
import type { Counter, KeyTable, TableEngine } from './tables.ts'
import { updateLog, type UpdateLog } from './update-log.ts'
import { VersionChain, versionChainFormat } from './version-chain.ts'

/** A chain of versions per key, cut where history ends. */
export class Versions<K, V> implements VersionedKeyValueStore<K, V>, TaskStore {
  readonly name: string
  readonly #table: KeyTable<K, VersionChain<V>>
  readonly #log: UpdateLog<K, VersionToLog<V>>
  readonly #context: StoreContext
  readonly #historyMs: number
  readonly #read: (bytes: Uint8Array) => V
  readonly #write: (value: V) => Uint8Array | null
  readonly #readKey: (bytes: Uint8Array) => K
  readonly #writeKey: (key: K) => Uint8Array
  readonly #time: Counter

  constructor(definition: VersionedDefinition, context: StoreContext, engine: TableEngine) {
    const { name, historyRetentionMs } = definition
    this.name = name
    this.#context = context
    this.#historyMs = historyRetentionMs
    this.#time = engine.counter(name, 'time', -Infinity)
    const codec = codecOf<V>(definition.value, context.changelogTopic(name))
    this.#read = (bytes) => codec.decode(bytes)
    this.#write = (value) => codec.encode(value)
    const keys = identityOf<K>(definition, context)
    this.#readKey = (bytes) => keys.read(bytes)
    this.#writeKey = (key) => keys.bytes(key)
    this.#table = engine.keyTable({ store: name, keys, values: versionChainFormat(codec) })
    this.#log = updateLog<K, VersionToLog<V>>({ ...definition, caching: false }, context, {
      keys,
      values: {
        write: ({ value }) => (value === null ? null : codec.encode(value)),
        timestampOf: ({ timestamp }) => timestamp,
      },
    })
  }

  put(key: K, given: V | null, timestamp: number): number | null {
    checkKey(this.name, key)
    checkTime(this.name, timestamp)
    const value = given ?? null
    if (!this.#takes(timestamp)) {
      this.#context.onExpired(this.name)
      return PUT_REFUSED
    }
    this.#context.journal?.add(this.#undoOf(key, timestamp))
    const validTo = this.#add(key, value, timestamp)
    this.#log.append(key, 0, 0, { value, timestamp })
    return validTo
  }

  get(key: K): VersionedRecord<V> | null {
    return this.#table.get(key)?.latest() ?? null
  }

  getAsOf(key: K, asOf: number): VersionedRecord<V> | null {
    const found = this.#table.get(key)?.asOf(asOf) ?? null
    return found === null || found.validTo === null || asOf >= this.#oldest ? found : null
  }

  getRange(key: K, from: number, to: number): Iterable<VersionedRecord<V>> {
    return this.#table.get(key)?.between(Math.max(from, this.#oldest), to) ?? []
  }

  delete(key: K, timestamp: number): VersionedRecord<V> | null {
    const held = this.getAsOf(key, timestamp)
    this.put(key, null, timestamp)
    return held
  }

  flush(): void {}

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if ((accepts !== undefined && !accepts(record)) || !this.#takes(record.timestamp)) continue
      const value = record.value === null ? null : this.#read(record.value)
      this.#add(this.#readKey(record.key), value, record.timestamp)
    }
  }

  /** By time: an old version is only taken while the store's time is. */
  image(): StoreImage {
    const versions: { readonly key: K; readonly value: V | null; readonly timestamp: number }[] = []
    this.#table.each((key, { times, values }) => {
      for (let i = 0; i < times.length; i++) versions.push({ key, value: values[i] ?? null, timestamp: times[i]! })
    })
    versions.sort((a, b) => a.timestamp - b.timestamp)
    return { rows: this.#rowsOf(versions), counters: { time: this.#time.value } }
  }

  resume({ time = -Infinity }: Readonly<Record<string, number>>): void {
    this.#takes(time)
  }

  close(): void {}

  *#rowsOf(
    versions: readonly { readonly key: K; readonly value: V | null; readonly timestamp: number }[],
  ): Generator<StoreRow, void> {
    for (const { key, value, timestamp } of versions)
      yield { key: this.#writeKey(key), value: value === null ? null : this.#write(value), timestamp }
  }

  /** The changelog has no way to take a version out: it gets what held at that time before, as a version of that time. */
  #undoOf(key: K, timestamp: number): () => void {
    const before = this.#table.get(key)?.copy() ?? null
    return () => {
      if (before === null) this.#table.remove(key)
      else this.#table.put(key, before)
      this.#log.append(key, 0, 0, { value: before?.asOf(timestamp)?.value ?? null, timestamp })
    }
  }

  get #oldest(): number {
    return this.#time.value - this.#historyMs
  }

  #takes(timestamp: number): boolean {
    if (timestamp < this.#oldest) return false
    this.#time.value = Math.max(this.#time.value, timestamp)
    return true
  }

  #add(key: K, value: V | null, timestamp: number): number | null {
    const chain = this.#table.get(key) ?? new VersionChain<V>()
    const validTo = chain.put(value, timestamp)
    chain.forget(this.#oldest)
    if (chain.isEmpty) this.#table.remove(key)
    else this.#table.put(key, chain)
    return validTo
  }
}

interface VersionToLog<V> {
  readonly value: V | null
  readonly timestamp: number
}
