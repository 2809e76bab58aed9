/**
 * Which partition a record goes to, exactly as Java's producer decides it: a keyed record by murmur2 of its key bytes, so
 * that Java and we agree where a key lives; a keyless one by a sticky partition that changes with every batch (KIP-480).
 */

const SEED = 0x9747b28c
const M = 0x5bd1e995

/** Kafka's murmur2 (`Utils.murmur2`): a signed 32-bit hash. */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length
  let h = SEED ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, M)
    k ^= k >>> 24
    h = Math.imul(h, M) ^ Math.imul(k, M)
  }
  const rest = length - at
  if (rest === 3) h ^= bytes[at + 2]! << 16
  if (rest >= 2) h ^= bytes[at + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ bytes[at]!, M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}

/** Java's `BuiltInPartitioner.partitionForKey`: the sign bit is masked away, not negated. */
export function partitionForKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount
}

/**
 * The partition that keyless records of one topic stick to. Whoever closes a batch of that partition calls `next`, so that a
 * batch is filled before the next is begun. Partitions take turns from a random start: the spread is even, and producers
 * that start together do not march together.
 */
export class StickyPartition {
  #current: number
  #partitionCount: number

  /** `random` is in [0, 1). */
  constructor(partitionCount: number, random: number) {
    this.#partitionCount = partitionCount
    this.#current = Math.floor(random * partitionCount)
  }

  get current(): number {
    return this.#current
  }

  /** Moves on, past partitions without a leader as long as another has one. */
  next(hasLeader: (partition: number) => boolean): void {
    for (let step = 1; step <= this.#partitionCount; step++) {
      const candidate = (this.#current + step) % this.#partitionCount
      if (hasLeader(candidate)) {
        this.#current = candidate
        return
      }
    }
    this.#current = (this.#current + 1) % this.#partitionCount
  }

  /** The topic has grown, or was created again with fewer. */
  resize(partitionCount: number): void {
    this.#partitionCount = partitionCount
    this.#current %= partitionCount
  }
}
