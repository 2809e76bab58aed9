/** Brings numbered byte strings, which lie in one buffer, into the order of their bytes. Equal ones stay as they were. */

/** So few are put in order by comparing them. */
const FEW = 24
/** A byte, or the end of the string, which comes first. */
const BUCKETS = 257

export interface ByteStrings {
  readonly bytes: Uint8Array
  /** Where each begins, and how long it is. */
  readonly at: Uint32Array
  readonly length: Uint16Array
}

/** The numbers of the first `count`, in order. By one byte after the other: no string is made, nothing is compared twice. */
export function inByteOrder(strings: ByteStrings, count: number): Uint32Array {
  const order = new Uint32Array(count)
  for (let i = 0; i < count; i++) order[i] = i
  sort(strings, order, new Uint32Array(count), 0, count, commonPrefix(strings, count))
  return order
}

/** How many bytes all begin with: keys often begin alike. */
function commonPrefix({ bytes, at, length }: ByteStrings, count: number): number {
  if (count === 0) return 0
  const first = at[0]!
  let common = length[0]!
  for (let i = 1; i < count && common > 0; i++) {
    const other = at[i]!
    if (length[i]! < common) common = length[i]!
    for (let depth = 0; depth < common; depth++) if (bytes[other + depth] !== bytes[first + depth]) common = depth
  }
  return common
}

function sort(strings: ByteStrings, order: Uint32Array, spare: Uint32Array, from: number, to: number, depth: number) {
  const { bytes, at, length } = strings
  for (; ; depth++) {
    if (to - from <= FEW) {
      insertionSort(strings, order, from, to, depth)
      return
    }
    const counts = new Uint32Array(BUCKETS + 1)
    for (let i = from; i < to; i++) {
      const one = order[i]!
      const bucket = depth < length[one]! ? bytes[at[one]! + depth]! + 1 : 0
      counts[bucket + 1]!++
    }
    // All alike at this place, as in a prefix that all keys have.
    const first = order[from]!
    const bucketOfFirst = depth < length[first]! ? bytes[at[first]! + depth]! + 1 : 0
    if (counts[bucketOfFirst + 1] === to - from) {
      if (bucketOfFirst === 0) return
      continue
    }
    for (let bucket = 1; bucket <= BUCKETS; bucket++) counts[bucket]! += counts[bucket - 1]!
    const next = counts.slice(0, BUCKETS)
    for (let i = from; i < to; i++) {
      const one = order[i]!
      const bucket = depth < length[one]! ? bytes[at[one]! + depth]! + 1 : 0
      spare[from + next[bucket]!++] = one
    }
    order.set(spare.subarray(from, to), from)
    for (let bucket = 1; bucket < BUCKETS; bucket++) {
      const begin = from + counts[bucket]!
      const end = from + counts[bucket + 1]!
      if (end - begin > 1) sort(strings, order, spare, begin, end, depth + 1)
    }
    return
  }
}

function insertionSort(strings: ByteStrings, order: Uint32Array, from: number, to: number, depth: number): void {
  for (let i = from + 1; i < to; i++) {
    const one = order[i]!
    let at = i
    while (at > from && isBefore(strings, one, order[at - 1]!, depth)) {
      order[at] = order[at - 1]!
      at--
    }
    order[at] = one
  }
}

/** Both are alike up to `depth`. */
function isBefore({ bytes, at, length }: ByteStrings, a: number, b: number, depth: number): boolean {
  const [lengthOfA, lengthOfB] = [length[a]!, length[b]!]
  const [atA, atB] = [at[a]!, at[b]!]
  const end = Math.min(lengthOfA, lengthOfB)
  for (let i = depth; i < end; i++) {
    const difference = bytes[atA + i]! - bytes[atB + i]!
    if (difference !== 0) return difference < 0
  }
  return lengthOfA < lengthOfB
}
