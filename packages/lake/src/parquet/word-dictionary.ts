import { DICTIONARY_BYTES_MAX, tooManyNew } from './dictionary-rule.ts'

/**
 * The distinct values of a chunk of fixed-width numbers, told apart by their bits (so 0 and -0 are two). A hash table over
 * 32-bit words: values are never boxed, and the dictionary page is its entries as they lie.
 */
export class WordDictionary {
  size = 0
  private readonly wordsPerEntry: 1 | 2
  private entries: Int32Array
  /** Entry numbers plus one; 0 is a free slot. A power of two, at most half full. */
  private slots: Int32Array
  private values = 0

  constructor(wordsPerEntry: 1 | 2) {
    this.wordsPerEntry = wordsPerEntry
    this.entries = new Int32Array(64 * wordsPerEntry)
    this.slots = new Int32Array(128)
  }

  /**
   * Finds each of `count` values, adding what is new. False if the dictionary should be given up: it then holds what it held
   * before, and takes no more.
   */
  index(words: Int32Array, count: number, indices: Int32Array): boolean {
    const before = this.size
    const entriesMax = DICTIONARY_BYTES_MAX / (4 * this.wordsPerEntry)
    for (let i = 0; i < count; i++) {
      const added = this.size
      indices[i] = this.wordsPerEntry === 2 ? this.entry(words[2 * i]!, words[2 * i + 1]!) : this.entry(words[i]!, 0)
      if (this.size !== added && (this.size > entriesMax || tooManyNew(this.size, this.values + i + 1))) {
        this.size = before
        return false
      }
    }
    this.values += count
    return true
  }

  /** The entries in PLAIN encoding. */
  bytes(): Uint8Array {
    return new Uint8Array(this.entries.buffer, 0, this.size * this.wordsPerEntry * 4)
  }

  clear(): void {
    this.size = 0
    this.values = 0
    this.slots.fill(0)
  }

  private entry(low: number, high: number): number {
    const { slots, entries, wordsPerEntry } = this
    const mask = slots.length - 1
    let slot = hash(low, high) & mask
    for (let found = slots[slot]!; found !== 0; found = slots[slot]!) {
      const at = (found - 1) * wordsPerEntry
      if (entries[at] === low && (wordsPerEntry === 1 || entries[at + 1] === high)) return found - 1
      slot = (slot + 1) & mask
    }
    return this.add(low, high, slot)
  }

  private add(low: number, high: number, slot: number): number {
    const entry = this.size++
    const at = entry * this.wordsPerEntry
    if (at === this.entries.length) {
      const larger = new Int32Array(this.entries.length * 2)
      larger.set(this.entries)
      this.entries = larger
    }
    this.entries[at] = low
    if (this.wordsPerEntry === 2) this.entries[at + 1] = high
    this.slots[slot] = this.size
    if (this.size * 2 > this.slots.length) this.rehash()
    return entry
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2)
    const mask = this.slots.length - 1
    for (let entry = 0; entry < this.size; entry++) {
      const at = entry * this.wordsPerEntry
      let slot = hash(this.entries[at]!, this.wordsPerEntry === 2 ? this.entries[at + 1]! : 0) & mask
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask
      this.slots[slot] = entry + 1
    }
  }
}

/** Spreads both words over all bits: neighbouring integers, and doubles whose low words are all zero, must not collide. */
function hash(low: number, high: number): number {
  let mixed = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca77)
  mixed ^= mixed >>> 15
  mixed = Math.imul(mixed, 0x2c1b3c6d)
  return mixed ^ (mixed >>> 13)
}
