import { readInt, readLong, writeLong } from './formats/longs.ts'
import type { SideCodec } from './formats/side-codec.ts'
import type { VersionedRecord } from './stores.ts'
import type { ValueFormat } from './value-format.ts'

/** The versions of one key, earliest first; a null value is a delete. */
export class VersionChain<V> {
  readonly times: number[] = []
  readonly values: (V | null)[] = []

  get isEmpty(): boolean {
    return this.times.length === 0
  }

  copy(): VersionChain<V> {
    const copy = new VersionChain<V>()
    copy.times.push(...this.times)
    copy.values.push(...this.values)
    return copy
  }

  /** Returns until when it holds; null: it is the latest. */
  put(value: V | null, timestamp: number): number | null {
    const at = this.#placeOf(timestamp)
    if (this.times[at] === timestamp) this.values[at] = value
    else {
      this.times.splice(at, 0, timestamp)
      this.values.splice(at, 0, value)
    }
    return this.times[at + 1] ?? null
  }

  /** Lets go of what no longer held at this time. */
  forget(before: number): void {
    let count = 0
    while (count + 1 < this.times.length && this.times[count + 1]! <= before) count++
    // A delete that nothing follows says no more than nothing does, once all before it is forgotten.
    if (count + 1 === this.times.length && this.values[count] === null && this.times[count]! < before) count++
    this.times.splice(0, count)
    this.values.splice(0, count)
  }

  latest(): VersionedRecord<V> | null {
    return this.#record(this.times.length - 1)
  }

  asOf(time: number): VersionedRecord<V> | null {
    const at = this.#placeOf(time)
    return this.#record(this.times[at] === time ? at : at - 1)
  }

  /** Latest first. */
  between(from: number, to: number): VersionedRecord<V>[] {
    const found: VersionedRecord<V>[] = []
    for (let at = this.times.length - 1; at >= 0; at--) {
      const record = this.#record(at)
      if (record === null || record.timestamp > to) continue
      if (record.validTo !== null && record.validTo <= from) break
      found.push(record)
    }
    return found
  }

  #record(at: number): VersionedRecord<V> | null {
    const value = this.values[at] ?? null
    return value === null ? null : { value, timestamp: this.times[at]!, validTo: this.times[at + 1] ?? null }
  }

  /** Where the time is or would be. */
  #placeOf(time: number): number {
    let at = this.times.length
    while (at > 0 && this.times[at - 1]! >= time) at--
    return at
  }
}

/** As engines keep a chain: per version its time (8), the length of its value (4; -1: a delete), the value. */
export function versionChainFormat<V>(codec: SideCodec<V>): ValueFormat<VersionChain<V>> {
  const read = (bytes: Uint8Array): VersionChain<V> => {
    const chain = new VersionChain<V>()
    for (let at = 0; at < bytes.length;) {
      const length = readInt(bytes, at + 8)
      chain.times.push(readLong(bytes, at))
      at += 12
      chain.values.push(length < 0 ? null : codec.decode(bytes.subarray(at, at + length)))
      at += Math.max(length, 0)
    }
    return chain
  }
  return {
    write(chain) {
      const parts = chain.times.flatMap((time, at) => {
        const value = chain.values[at]
        const bytes = value === null || value === undefined ? null : codec.encode(value)
        const head = Buffer.allocUnsafe(12)
        head.writeInt32BE(bytes?.length ?? -1, writeLong(head, time, 0))
        return bytes === null ? [head] : [head, bytes]
      })
      return Buffer.concat(parts)
    },
    read,
    timestampOf: () => null,
    toRow: (bytes) => bytes,
    fromRow: read,
  }
}
