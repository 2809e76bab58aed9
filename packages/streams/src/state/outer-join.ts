import { BufferQueue } from './buffer-queue.ts'
import type { OuterJoinDefinition } from './definition.ts'
import { outerJoinKey, outerJoinValue, readOuterJoinKey, readOuterJoinValue } from './formats/outer-join.ts'
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
import type { JoinSide, OuterJoinStore, UnmatchedEntry } from './stores.ts'

/** All values of one time, side and key. */
interface Entry<K, L, R> {
  readonly time: number
  readonly order: string
  readonly number: 0
  readonly side: JoinSide
  readonly key: K
  readonly values: (L | R)[]
}

/**
 * Records of both sides of a stream-stream join that found no partner yet. In memory with either engine, like the buffers: it holds
 * no more than one join window.
 */
export class UnmatchedRecords<K, L, R> implements OuterJoinStore<K, L, R>, TaskStore {
  readonly name: string
  readonly #context: StoreContext
  readonly #keys: KeyIdentity<K>
  readonly #values: Readonly<Record<JoinSide, SideCodec<L | R>>>
  /** By key, its entries in no order: a key has few at once. */
  readonly #entries = new Map<KeyId, Entry<K, L, R>[]>()
  readonly #queue = new BufferQueue<Entry<K, L, R>>()
  readonly #isLogged: boolean

  constructor(definition: OuterJoinDefinition, context: StoreContext) {
    const topic = context.changelogTopic(definition.name)
    this.name = definition.name
    this.#context = context
    this.#keys = identityOf<K>(definition, context)
    this.#values = { left: codecOf(definition.value, topic), right: codecOf(definition.rightValue, topic) }
    this.#isLogged = definition.logging !== null && context.changelog !== null
  }

  get minTime(): number {
    return this.#queue.firstTime
  }

  put(timestamp: number, side: JoinSide, key: K, value: L | R): void {
    let entry = this.#find(timestamp, side, key)
    if (entry === undefined) entry = this.#add(timestamp, side, key, [value])
    else entry.values.push(value)
    if (this.#isLogged) this.#logAll(entry)
    this.#context.journal?.add(() => {
      entry.values.pop()
      if (entry.values.length === 0) this.#drop(entry)
      if (!this.#isLogged) return
      if (entry.values.length === 0) this.#log(entry, null)
      else this.#logAll(entry)
    })
  }

  removeAll(timestamp: number, side: JoinSide, key: K): void {
    const entry = this.#find(timestamp, side, key)
    if (entry === undefined) return
    this.#drop(entry)
    if (this.#isLogged) this.#log(entry, null)
    this.#context.journal?.add(() => {
      this.#keep(entry)
      if (this.#isLogged) this.#logAll(entry)
    })
  }

  has(timestamp: number, side: JoinSide, key: K): boolean {
    return this.#find(timestamp, side, key) !== undefined
  }

  *all(): Generator<UnmatchedEntry<K, L, R>, void> {
    for (const { time, side, key, values } of this.#queue.ascending())
      for (const value of values) yield { timestamp: time, side, key, value }
  }

  flush(): void {}

  restore(records: readonly ChangelogRecord[], accepts?: RestoreFilter): void {
    for (const record of records) {
      if (accepts !== undefined && !accepts(record)) continue
      const { timestamp, side, key: bytes } = readOuterJoinKey(record.key)
      const key = this.#keys.read(bytes)
      const present = this.#find(timestamp, side, key)
      if (present !== undefined) this.#drop(present)
      if (record.value !== null) {
        const codec = this.#values[side]
        this.#add(
          timestamp,
          side,
          key,
          readOuterJoinValue(record.value).map((value) => codec.decode(value)),
        )
      }
    }
  }

  image(): StoreImage {
    const rows = Array.from(this.#queue.ascending(), ({ time, side, order, values }): StoreRow => {
      const written = values.map((one) => this.#write(side, one))
      const key = outerJoinKey(time, side, bytesOfOrder(order.slice(1)))
      return { key, value: outerJoinValue(side, written), timestamp: NO_TIME }
    })
    return { rows, counters: {} }
  }

  resume(): void {}

  close(): void {}

  #find(timestamp: number, side: JoinSide, key: K): Entry<K, L, R> | undefined {
    return this.#entries.get(this.#keys.id(key))?.find((entry) => entry.time === timestamp && entry.side === side)
  }

  #add(time: number, side: JoinSide, key: K, values: (L | R)[]): Entry<K, L, R> {
    // The side comes before the key, in the order and in the bytes.
    const order = (side === 'left' ? '1' : '0') + this.#keys.order(key)
    const entry: Entry<K, L, R> = { time, order, number: 0, side, key, values }
    this.#keep(entry)
    return entry
  }

  #keep(entry: Entry<K, L, R>): void {
    const id = this.#keys.id(entry.key)
    const ofKey = this.#entries.get(id)
    if (ofKey === undefined) this.#entries.set(id, [entry])
    else ofKey.push(entry)
    this.#queue.add(entry)
  }

  #drop(entry: Entry<K, L, R>): void {
    const id = this.#keys.id(entry.key)
    const rest = this.#entries.get(id)?.filter((other) => other !== entry) ?? []
    if (rest.length === 0) this.#entries.delete(id)
    else this.#entries.set(id, rest)
    this.#queue.remove(entry)
  }

  #logAll(entry: Entry<K, L, R>): void {
    const { side, values } = entry
    const written = values.map((one) => this.#write(side, one))
    this.#log(entry, outerJoinValue(side, written))
  }

  #log({ time, side, order }: Entry<K, L, R>, value: Uint8Array | null): void {
    const { changelog, record } = this.#context
    changelog?.append(this.name, outerJoinKey(time, side, bytesOfOrder(order.slice(1))), value, record.timestamp, [])
  }

  #write(side: JoinSide, value: L | R): Uint8Array {
    return this.#values[side].encode(value) ?? NO_BYTES
  }
}

const NO_BYTES = new Uint8Array(0)
