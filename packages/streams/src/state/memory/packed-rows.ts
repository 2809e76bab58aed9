/**
 * Rows by key, time and number, outside of the heap: written one after the other into slabs, so that a million of them is nothing to
 * the garbage collector, and goes at once with its slabs. A row is a place, a number above 0. The rows of a key hang together, the latest
 * first; a hash table knows the latest of each key.
 */

import type { PackedKey } from './packed-key.ts'

interface Slab {
  readonly bytes: Buffer
  readonly ints: Int32Array
  readonly doubles: Float64Array
}

/** Places count in 8 bytes; a slab has 64 KiB: the last one of each segment is half empty. */
const SLAB_BITS = 13
const SLAB_UNITS = 1 << SLAB_BITS
const IN_SLAB = SLAB_UNITS - 1

/**
 * Slabs that nobody has rows in any more, of all rows in this thread, up to 16 MiB: those of a segment that goes are the next one's, and
 * neither the collector nor the system has work with them.
 */
const spare: Slab[] = []
const SPARE_MOST = 256

/**
 * A row: time (8), number (8), the hash of its key (4), the row before it of the same key (4), key bytes times two and whether it is a
 * text (4), value bytes or slot (4).
 */
const HEADER_BYTES = 32
const NUMBER = 1
const HASH = 4
const EARLIER = 5
const KEY = 6
const VALUE = 7

const SLOTS_LEAST = 16
/** In a slot that has a key, beside seven bits of its hash that do not choose the slot. */
const TAKEN = 0x80
/** So much of the hash table is taken at most. */
const FULL = 0.75

export class PackedRows {
  /** Of each slot of the hash table, 0 where it has no key: small enough to stay near the processor, where most keys are asked for in vain. */
  #tags: Uint8Array
  /** Of each slot that has a key. */
  #latest: Int32Array
  #keyCount = 0
  #rowCount = 0
  readonly #slabs: Slab[] = []
  /** The next place in the last slab. */
  #at = SLAB_UNITS
  /** The first one of the places that may be used again, by the room they have. */
  readonly #released = new Map<number, number>()
  /** The row that was looked for last, or the one next to it, and the hash of its key: what is looked for next is often near. 0: none. */
  #near = 0
  #nearHash = 0
  /** Where in the hash table `#behind` has looked for the key: as long as nothing changes, it is, or would be, there. */
  #place = 0

  /** @param keys how many there will be, as far as is known */
  constructor(keys = 0) {
    const slots = Math.max(SLOTS_LEAST, 2 ** Math.ceil(Math.log2(keys / FULL)))
    this.#tags = new Uint8Array(slots)
    this.#latest = new Int32Array(slots)
  }

  get size(): number {
    return this.#rowCount
  }

  get keyCount(): number {
    return this.#keyCount
  }

  /** The latest row of a key; 0: it has none. */
  latest(key: PackedKey<unknown>): number {
    return this.#latestAt(this.#slotOf(key))
  }

  /** The row before it of the same key; 0: it was the first. */
  earlier(row: number): number {
    return this.#slab(row).ints[(row & IN_SLAB) * 2 + EARLIER]!
  }

  time(row: number): number {
    return this.#slab(row).doubles[row & IN_SLAB]!
  }

  number(row: number): number {
    return this.#slab(row).doubles[(row & IN_SLAB) + NUMBER]!
  }

  keyOf<K>(row: number, keys: PackedKey<K>): K {
    const { bytes, ints } = this.#slab(row)
    const key = ints[(row & IN_SLAB) * 2 + KEY]!
    const start = (row & IN_SLAB) * 8 + HEADER_BYTES
    return keys.read(bytes, start, start + (key >> 1), (key & 1) === 1)
  }

  /** Makes the key that of the row. */
  loadKey<K>(row: number, keys: PackedKey<K>): PackedKey<K> {
    const { bytes, ints } = this.#slab(row)
    const key = ints[(row & IN_SLAB) * 2 + KEY]!
    const start = (row & IN_SLAB) * 8 + HEADER_BYTES
    return keys.load(bytes, start, start + (key >> 1), (key & 1) === 1, ints[(row & IN_SLAB) * 2 + HASH]!)
  }

  /** The key's bytes as they are written elsewhere, with room for so many more behind them. */
  keyBytesOf(row: number, keys: PackedKey<unknown>, more: number): Buffer {
    const { bytes, ints } = this.#slab(row)
    const key = ints[(row & IN_SLAB) * 2 + KEY]!
    const start = (row & IN_SLAB) * 8 + HEADER_BYTES
    return keys.write(bytes, start, start + (key >> 1), (key & 1) === 1, more)
  }

  /** What was added with it: a copy, because a slab is used again. */
  value(row: number): Buffer {
    const { bytes, ints } = this.#slab(row)
    const at = (row & IN_SLAB) * 2
    const start = at * 4 + HEADER_BYTES + (ints[at + KEY]! >> 1)
    const value = Buffer.allocUnsafe(ints[at + VALUE]!)
    bytes.copy(value, 0, start, start + value.length)
    return value
  }

  /** A number that is kept with a row without a value. */
  slot(row: number): number {
    return this.#slab(row).ints[(row & IN_SLAB) * 2 + VALUE]!
  }

  setSlot(row: number, slot: number): void {
    this.#slab(row).ints[(row & IN_SLAB) * 2 + VALUE] = slot
  }

  /** 0: there is none. */
  find(key: PackedKey<unknown>, time: number, number: number): number {
    const near = this.#near
    if (near !== 0 && this.#nearHash === key.hash && this.#isAt(near, time, number) && this.#hasKey(near, key))
      return near
    const row = this.#before(this.#behind(key, time, number))
    if (row === 0 || !this.#isAt(row, time, number)) return 0
    this.#near = row
    this.#nearHash = key.hash
    return row
  }

  /** A row that is not there yet. One that takes a released place has the slot it had there, a new one -1. */
  add(key: PackedKey<unknown>, time: number, number: number, value: Uint8Array | null): number {
    return this.#add(key, time, number, value, this.#behind(key, time, number))
  }

  /** What `find` finds; where that is nothing, what `add` adds without a value: then less than 0. */
  findOrAdd(key: PackedKey<unknown>, time: number, number: number): number {
    const near = this.#near
    if (near !== 0 && this.#nearHash === key.hash && this.#isAt(near, time, number) && this.#hasKey(near, key))
      return near
    const later = this.#behind(key, time, number)
    const row = this.#before(later)
    return row !== 0 && this.#isAt(row, time, number) ? row : -this.#add(key, time, number, null, later)
  }

  #add(key: PackedKey<unknown>, time: number, number: number, value: Uint8Array | null, later: number): number {
    const row = value === null ? this.#placeFor(key) : this.#allocate(key.length + value.length)
    const { bytes, ints, doubles } = this.#slab(row)
    const at = row & IN_SLAB
    doubles[at] = time
    doubles[at + NUMBER] = number
    ints[at * 2 + HASH] = key.hash
    ints[at * 2 + KEY] = key.length * 2 + (key.isText ? 1 : 0)
    const start = at * 8 + HEADER_BYTES
    const from = key.bytes
    for (let i = 0; i < key.length; i++) bytes[start + i] = from[i]!
    if (value !== null) {
      bytes.set(value, start + key.length)
      ints[at * 2 + VALUE] = value.length
    }
    this.#link(row, key.hash, later)
    this.#rowCount++
    return row
  }

  /** Its place stays taken. */
  remove(key: PackedKey<unknown>, row: number): void {
    const later = this.#behind(key, this.time(row), this.number(row))
    const earlier = this.earlier(row)
    if (later !== 0) this.#setEarlier(later, earlier)
    else if (earlier !== 0) this.#latest[this.#place] = earlier
    else this.#empty(this.#place)
    if (this.#near === row) this.#near = later
    this.#rowCount--
  }

  /** The place of a removed row without a value may be used again. */
  release(row: number): void {
    const units = unitsOf(this.#slab(row).ints[(row & IN_SLAB) * 2 + KEY]! >> 1)
    this.#setEarlier(row, this.#released.get(units) ?? 0)
    this.#released.set(units, row)
  }

  /** All rows go. */
  clear(): void {
    for (const slab of this.#slabs)
      if (slab.doubles.length === SLAB_UNITS && spare.length < SPARE_MOST) spare.push(slab)
    this.#slabs.length = 0
    this.#at = SLAB_UNITS
    this.#tags.fill(0)
    this.#keyCount = 0
    this.#rowCount = 0
    this.#near = 0
    this.#released.clear()
  }

  /** The same rows in memory of their own. */
  copy(): PackedRows {
    const copy = new PackedRows()
    copy.#tags = this.#tags.slice()
    copy.#latest = this.#latest.slice()
    copy.#keyCount = this.#keyCount
    copy.#rowCount = this.#rowCount
    copy.#at = this.#at
    copy.#slabs.push(...this.#slabs.map(copyOf))
    for (const [units, row] of this.#released) copy.#released.set(units, row)
    return copy
  }

  /** The latest row of each key, in no order. The rows must not change meanwhile. */
  *latestOfEach(): Generator<number, void> {
    const tags = this.#tags
    for (let slot = 0; slot < tags.length; slot++) if (tags[slot] !== 0) yield this.#latest[slot]!
  }

  /** `later`: what `#behind` has just said. */
  #link(row: number, hash: number, later: number): void {
    if (later !== 0) {
      this.#setEarlier(row, this.earlier(later))
      this.#setEarlier(later, row)
      return
    }
    const place = this.#place
    const latest = this.#latestAt(place)
    this.#setEarlier(row, latest)
    this.#latest[place] = row
    if (latest !== 0) return
    this.#tags[place] = tagOf(hash)
    if (++this.#keyCount > this.#tags.length * FULL) this.#grow()
  }

  /** The row of the key that comes right behind a place in its order; 0: none does. */
  #behind(key: PackedKey<unknown>, time: number, number: number): number {
    const near = this.#near
    const isNear = near !== 0 && this.#nearHash === key.hash && this.#isBehind(near, time, number)
    let row = near
    if (!isNear || !this.#hasKey(near, key)) row = this.#latestAt((this.#place = this.#slotOf(key)))
    let later = 0
    while (row !== 0 && this.#isBehind(row, time, number)) {
      later = row
      row = this.earlier(row)
    }
    if (later !== 0) {
      this.#near = later
      this.#nearHash = key.hash
    }
    return later
  }

  /** The row before what `#behind` has just said. */
  #before(later: number): number {
    return later === 0 ? this.#latestAt(this.#place) : this.earlier(later)
  }

  #isAt(row: number, time: number, number: number): boolean {
    const { doubles } = this.#slab(row)
    const at = row & IN_SLAB
    return doubles[at] === time && doubles[at + NUMBER] === number
  }

  #isBehind(row: number, time: number, number: number): boolean {
    const { doubles } = this.#slab(row)
    const at = row & IN_SLAB
    const other = doubles[at]!
    return other > time || (other === time && doubles[at + NUMBER]! > number)
  }

  #setEarlier(row: number, earlier: number): void {
    this.#slab(row).ints[(row & IN_SLAB) * 2 + EARLIER] = earlier
  }

  /** Where a key is in the hash table, or would be. */
  #slotOf(key: PackedKey<unknown>): number {
    const tags = this.#tags
    const mask = tags.length - 1
    const tag = tagOf(key.hash)
    for (let slot = key.hash & mask; ; slot = (slot + 1) & mask) {
      const there = tags[slot]!
      if (there === 0 || (there === tag && this.#hasKey(this.#latest[slot]!, key))) return slot
    }
  }

  #latestAt(slot: number): number {
    return this.#tags[slot] === 0 ? 0 : this.#latest[slot]!
  }

  #hashOf(row: number): number {
    return this.#slab(row).ints[(row & IN_SLAB) * 2 + HASH]!
  }

  #hasKey(row: number, key: PackedKey<unknown>): boolean {
    const { bytes, ints } = this.#slab(row)
    const { length } = key
    if (ints[(row & IN_SLAB) * 2 + KEY] !== length * 2 + (key.isText ? 1 : 0)) return false
    const start = (row & IN_SLAB) * 8 + HEADER_BYTES
    const other = key.bytes
    for (let i = 0; i < length; i++) if (bytes[start + i] !== other[i]) return false
    return true
  }

  /** Takes a key out, and moves those behind it up that would not be found over the gap. */
  #empty(slot: number): void {
    const tags = this.#tags
    const mask = tags.length - 1
    this.#keyCount--
    let gap = slot
    for (let next = (gap + 1) & mask; tags[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashOf(this.#latest[next]!) & mask
      // Whether its home lies, around the end, behind the gap: then it stays.
      if (((next - home) & mask) < ((next - gap) & mask)) continue
      tags[gap] = tags[next]!
      this.#latest[gap] = this.#latest[next]!
      gap = next
    }
    tags[gap] = 0
  }

  #grow(): void {
    const old = this.#latest
    const taken = this.#tags
    const tags = (this.#tags = new Uint8Array(old.length * 2))
    const latest = (this.#latest = new Int32Array(old.length * 2))
    const mask = tags.length - 1
    for (let at = 0; at < old.length; at++) {
      if (taken[at] === 0) continue
      let slot = this.#hashOf(old[at]!) & mask
      while (tags[slot] !== 0) slot = (slot + 1) & mask
      tags[slot] = taken[at]!
      latest[slot] = old[at]!
    }
  }

  #placeFor(key: PackedKey<unknown>): number {
    const units = unitsOf(key.length)
    const row = this.#released.get(units) ?? 0
    if (row === 0) {
      const place = this.#allocate(key.length)
      this.setSlot(place, -1)
      return place
    }
    this.#released.set(units, this.earlier(row))
    return row
  }

  #allocate(bytes: number): number {
    const units = unitsOf(bytes)
    if (this.#at + units > SLAB_UNITS) {
      // A place is never 0. A row that is larger than a slab has one of its own.
      const first = this.#slabs.length === 0 ? 1 : 0
      const least = first + units
      this.#slabs.push(least > SLAB_UNITS ? slabOf(least) : (spare.pop() ?? slabOf(SLAB_UNITS)))
      this.#at = first
    }
    const row = ((this.#slabs.length - 1) << SLAB_BITS) | this.#at
    this.#at += units
    return row
  }

  #slab(row: number): Slab {
    return this.#slabs[row >>> SLAB_BITS]!
  }
}

function slabOf(units: number): Slab {
  const buffer = new ArrayBuffer(units * 8)
  return { bytes: Buffer.from(buffer), ints: new Int32Array(buffer), doubles: new Float64Array(buffer) }
}

function copyOf({ doubles }: Slab): Slab {
  const slab = slabOf(doubles.length)
  slab.doubles.set(doubles)
  return slab
}

function tagOf(hash: number): number {
  return TAKEN | (hash >>> 25)
}

function unitsOf(bytes: number): number {
  return (HEADER_BYTES + bytes + 7) >>> 3
}
