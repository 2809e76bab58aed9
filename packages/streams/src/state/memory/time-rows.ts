import type { KeyIdentity } from '../key-identity.ts'
import { memorySegmentMsOf } from '../retention.ts'
import type { TimedEntry, TimeTable, TimeTableSpec } from '../tables.ts'
import { PackedKey } from './packed-key.ts'
import { PackedRows } from './packed-rows.ts'
import { MemoryRows } from './rows.ts'
import { TimeIndex } from './time-index.ts'
import { ValueColumn, type Halves } from './value-column.ts'

/** How values become bytes, and come back. */
export interface Packing<V> {
  pack(value: V): Uint8Array
  unpack(bytes: Uint8Array): V
}

export interface TimeRowsSpec<K, V, E> extends Pick<TimeTableSpec<K, V, E>, 'keys' | 'entry' | 'retentionMs'> {
  /** Null: values are kept as they are. Otherwise in bytes, which are never written over: for entries that are not replaced. */
  readonly packing: Packing<V> | null
  /** How they are kept where they are kept as they are. */
  readonly halves: Halves<V> | null
}

interface Segment<V> {
  readonly number: number
  readonly rows: PackedRows
  /** Where they are kept as they are. */
  readonly values: ValueColumn<V>
  /** From the first walk by time on. */
  index: TimeIndex | null
}

/**
 * Entries in segments of time, each of which goes at once when it is old. Orders are prepared for at the first walk in them: most
 * tables are only read by key.
 */
export class TimeRows<K, V, E> implements Omit<TimeTable<K, V, E>, 'restore'> {
  readonly #keys: KeyIdentity<K>
  readonly #entry: TimeTableSpec<K, V, E>['entry']
  readonly #packing: Packing<V> | null
  readonly #halves: Halves<V> | null
  readonly #segmentMs: number
  readonly #key: PackedKey<K>
  /** Earliest first. */
  #segments: Segment<V>[] = []
  /** The one that was used last. */
  #current: Segment<V> | null = null
  /** Of how many segments a key has rows, from the first walk by key on. */
  #byKey: MemoryRows<K, number> | null = null
  #size = 0

  constructor({ keys, entry, retentionMs, packing, halves }: TimeRowsSpec<K, V, E>) {
    this.#keys = keys
    this.#entry = entry
    this.#packing = packing
    this.#halves = halves
    this.#segmentMs = memorySegmentMsOf(retentionMs)
    this.#key = new PackedKey(keys)
  }

  get size(): number {
    return this.#size
  }

  get(key: K, time: number, number: number): V | null {
    const segment = this.#segmentAt(time)
    if (segment === null) return null
    const row = segment.rows.find(this.#key.set(key), time, number)
    return row === 0 ? null : this.#value(segment, row)
  }

  /** `bytes`: what packing would make of the value, where it is known. */
  put(key: K, time: number, number: number, value: V, bytes: Uint8Array | null = null): void {
    const segment = this.#segmentAt(time) ?? this.#addSegment(this.#numberOf(time))
    const { rows, values } = segment
    const packed = this.#key.set(key)
    if (this.#packing !== null) {
      const present = rows.find(packed, time, number)
      if (present !== 0) this.#drop(segment, present, key)
      this.#added(segment, time, key, rows.add(packed, time, number, bytes ?? this.#packing.pack(value)))
      return
    }
    const found = rows.findOrAdd(packed, time, number)
    const row = Math.abs(found)
    if (found < 0) this.#added(segment, time, key, row)
    let slot = rows.slot(row)
    if (slot < 0) rows.setSlot(row, (slot = values.length))
    values.set(slot, value)
  }

  remove(key: K, time: number, number: number): void {
    const segment = this.#segmentAt(time)
    if (segment === null) return
    const row = segment.rows.find(this.#key.set(key), time, number)
    if (row !== 0) this.#drop(segment, row, key)
  }

  ofKey(key: K, from: number, to: number, isReverse: boolean): readonly E[] {
    const packed = this.#key.set(key)
    const segments = this.#segments
    let entries: E[] | null = null
    for (let i = segments.length - 1; i >= 0; i--) {
      const segment = segments[i]!
      const { rows } = segment
      const begin = segment.number * this.#segmentMs
      if (begin > to) continue
      if (begin + this.#segmentMs <= from) break
      for (let row = rows.latest(packed); row !== 0; row = rows.earlier(row)) {
        const time = rows.time(row)
        if (time < from) break
        if (time > to) continue
        const entry = this.#entry(key, time, rows.number(row), this.#value(segment, row))
        if (entries === null) entries = [entry]
        else entries.push(entry)
      }
    }
    if (entries === null) return NO_ENTRIES
    return isReverse || entries.length === 1 ? entries : entries.toReversed()
  }

  *ofKeys(
    keyFrom: string | null,
    keyBefore: string | null,
    from: number,
    to: number,
    isReverse: boolean,
  ): Generator<E, void> {
    const keys = (this.#byKey ??= this.#keysOfSegments())
    for (const { key } of keys.range(keyFrom, keyBefore, isReverse)) yield* this.ofKey(key, from, to, isReverse)
  }

  *byTime(from: number, to: number, isReverse: boolean): Generator<E, void> {
    const segments = isReverse ? this.#segments.toReversed() : this.#segments.slice()
    for (const segment of segments) {
      const index = (segment.index ??= indexOf(segment.rows))
      const times = index.times(from, to)
      for (const time of isReverse ? times.toReversed() : times)
        yield* this.#inOrder(segment, segment.index.at(time), isReverse)
    }
  }

  /** All entries, in no order. They must not change meanwhile. */
  each(visit: (key: K, time: number, number: number, value: V) => void): void {
    for (const segment of this.#segments) {
      const { rows } = segment
      for (const row of allOf(rows))
        visit(rows.keyOf(row, this.#key), rows.time(row), rows.number(row), this.#value(segment, row))
    }
  }

  /** Bytes are copied as they lie, and read when they are asked for. */
  frozen(): Iterable<TimedEntry<K, V>> {
    return this.#entriesOf(this.#segments.map((one) => ({ ...one, rows: one.rows.copy(), values: one.values.copy() })))
  }

  *#entriesOf(segments: readonly Segment<V>[]): Generator<TimedEntry<K, V>, void> {
    for (const segment of segments) {
      const { rows } = segment
      for (const row of allOf(rows)) {
        const key = rows.keyOf(row, this.#key)
        yield { key, time: rows.time(row), number: rows.number(row), value: this.#value(segment, row) }
      }
    }
  }

  /** All entries go. */
  clear(): void {
    for (const segment of this.#segments) emptied(segment)
    this.#segments = []
    this.#current = null
    this.#byKey = null
    this.#size = 0
  }

  /** Segments that are older than this as a whole go. */
  expire(before: number): void {
    while (this.#segments.length > 0 && (this.#segments[0]!.number + 1) * this.#segmentMs <= before) {
      const segment = this.#segments.shift()!
      const { rows } = segment
      this.#size -= rows.size
      if (this.#current === segment) this.#current = null
      if (this.#byKey !== null) for (const row of rows.latestOfEach()) this.#forgetKey(rows.keyOf(row, this.#key))
      emptied(segment)
    }
  }

  #added({ rows, index }: Segment<V>, time: number, key: K, row: number): void {
    index?.add(time, row)
    this.#size++
    if (this.#byKey === null) return
    const isFirst = rows.latest(this.#key) === row && rows.earlier(row) === 0
    if (isFirst) this.#byKey.put(key, (this.#byKey.get(key) ?? 0) + 1)
  }

  #drop(segment: Segment<V>, row: number, key: K): void {
    const { rows, index } = segment
    index?.remove(rows.time(row), row)
    rows.remove(this.#key, row)
    this.#size--
    if (this.#packing === null) {
      segment.values.set(rows.slot(row), null)
      rows.release(row)
    }
    if (this.#byKey !== null && rows.latest(this.#key) === 0) this.#forgetKey(key)
  }

  #forgetKey(key: K): void {
    const segments = this.#byKey!.get(key)! - 1
    if (segments === 0) this.#byKey!.remove(key)
    else this.#byKey!.put(key, segments)
  }

  #keysOfSegments(): MemoryRows<K, number> {
    const keys = new MemoryRows<K, number>(this.#keys)
    for (const { rows } of this.#segments) {
      for (const row of rows.latestOfEach()) {
        const key = rows.keyOf(row, this.#key)
        keys.put(key, (keys.get(key) ?? 0) + 1)
      }
    }
    return keys
  }

  /** Of one time: by key, then number. */
  #inOrder(segment: Segment<V>, found: Iterable<number>, isReverse: boolean): E[] {
    const { rows } = segment
    const ordered = Array.from(found, (row) => {
      const key = rows.keyOf(row, this.#key)
      const entry = this.#entry(key, rows.time(row), rows.number(row), this.#value(segment, row))
      return { order: this.#keys.order(key), number: rows.number(row), entry }
    })
    ordered.sort((a, b) => (a.order === b.order ? a.number - b.number : a.order < b.order ? -1 : 1))
    if (isReverse) ordered.reverse()
    return ordered.map(({ entry }) => entry)
  }

  #value({ rows, values }: Segment<V>, row: number): V {
    return this.#packing === null ? values.get(rows.slot(row))! : this.#packing.unpack(rows.value(row))
  }

  #numberOf(time: number): number {
    return this.#segmentMs === Infinity ? 0 : Math.floor(time / this.#segmentMs)
  }

  #segmentAt(time: number): Segment<V> | null {
    const number = this.#numberOf(time)
    if (this.#current?.number === number) return this.#current
    const found = this.#segments.find((segment) => segment.number === number) ?? null
    if (found !== null) this.#current = found
    return found
  }

  #addSegment(number: number): Segment<V> {
    // About as many keys as before: then its hash table need not grow.
    const keys = Math.max(0, ...this.#segments.map(({ rows }) => rows.keyCount))
    const segment: Segment<V> = {
      number,
      rows: new PackedRows(keys),
      values: new ValueColumn<V>(this.#halves),
      index: null,
    }
    this.#segments.push(segment)
    this.#segments.sort((a, b) => a.number - b.number)
    this.#current = segment
    return segment
  }
}

/** Walks that are under way find nothing more in it. */
function emptied(segment: Segment<unknown>): void {
  segment.rows.clear()
  segment.index = new TimeIndex()
}

const NO_ENTRIES: readonly never[] = Object.freeze([])

function indexOf(rows: PackedRows): TimeIndex {
  const index = new TimeIndex()
  const found = Array.from(allOf(rows), (row) => ({ row, time: rows.time(row) }))
  for (const { row, time } of found.toSorted((a, b) => a.time - b.time)) index.add(time, row)
  return index
}

function* allOf(rows: PackedRows): Generator<number, void> {
  for (const latest of rows.latestOfEach()) for (let row = latest; row !== 0; row = rows.earlier(row)) yield row
}
