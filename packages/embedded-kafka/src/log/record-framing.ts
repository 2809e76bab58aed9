import { batchLayout as layout } from '@sluice/kafka-protocol'

/**
 * Walks over records without making anything of them. Behind the end of its bytes it reads zeros, so that a record that lies about its
 * length is found when its fields do not end where it does.
 */
class Walk {
  readonly #bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, from: number) {
    this.#bytes = bytes
    this.at = from
  }

  /** A zigzag integer of at most five bytes. */
  varint(): number {
    const bytes = this.#bytes
    let x = bytes[this.at++]!
    let zigzag = x & 127
    for (let shift = 7; x > 127 && shift < 35; shift += 7) {
      x = bytes[this.at++]!
      zigzag |= (x & 127) << shift
    }
    return (zigzag >>> 1) ^ -(zigzag & 1)
  }

  passVarlong(): void {
    while (this.#bytes[this.at++]! > 127);
  }

  /** Over a length and as many bytes; false if the length is none, -1 being null. */
  passBytes(lengthMin: -1 | 0): boolean {
    const length = this.varint()
    if (length < lengthMin) return false
    if (length > 0) this.at += length
    return true
  }

  passHeaders(): boolean {
    for (let left = this.varint(); left !== 0; left--) {
      if (left < 0 || this.at > this.#bytes.length || !this.passBytes(0) || !this.passBytes(-1)) return false
    }
    return true
  }
}

/**
 * Whether `count` records fill the bytes from a position on exactly, each as long as it and its fields say. `areNumbered`: their offsets
 * must count from 0 on too; Kafka looks at that in compressed batches only.
 */
export function areWellFramed(bytes: Uint8Array, from: number, count: number, areNumbered: boolean): boolean {
  const walk = new Walk(bytes, from)
  for (let i = 0; i < count; i++) {
    const length = walk.varint()
    const end = walk.at + length
    if (length < layout.RECORD_SIZE_MIN - 1 || end > bytes.length) return false
    walk.at++
    walk.passVarlong()
    if (walk.varint() !== i && areNumbered) return false
    if (!walk.passBytes(-1) || !walk.passBytes(-1) || !walk.passHeaders() || walk.at !== end) return false
  }
  return walk.at === bytes.length
}
