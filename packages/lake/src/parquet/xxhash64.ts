/**
 * XXH64 with seed 0 (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md), which Parquet's bloom filters are made
 * with. In pairs of 32-bit words: bigints would take ten times as long.
 */

const P1 = [0x9e3779b1, 0x85ebca87] as const
const P2 = [0xc2b2ae3d, 0x27d4eb4f] as const
const P3 = [0x165667b1, 0x9e3779f9] as const
const P4 = [0x85ebca77, 0xc2b2ae63] as const
const P5 = [0x27d4eb2f, 0x165667c5] as const
type Word = readonly [high: number, low: number]

/** A 64-bit register. Both halves are kept as signed 32-bit integers. */
class Register {
  high = 0
  low = 0

  set([high, low]: Word): void {
    this.high = high | 0
    this.low = low | 0
  }
  xor(high: number, low: number): void {
    this.high ^= high
    this.low ^= low
  }
  add(high: number, low: number): void {
    const sum = (this.low >>> 0) + (low >>> 0)
    this.high = (this.high + high + (sum > 0xffffffff ? 1 : 0)) | 0
    this.low = sum | 0
  }
  /** Modulo 2^64, by products of 16 bits, which doubles hold exactly. */
  multiply([high, low]: Word): void {
    const a0 = this.low & 0xffff
    const a1 = this.low >>> 16
    const b0 = low & 0xffff
    const b1 = low >>> 16
    const first = a0 * b0
    const second = a1 * b0 + Math.floor(first / 65536)
    const third = a0 * b1 + (second % 65536)
    const carried = a1 * b1 + Math.floor(second / 65536) + Math.floor(third / 65536)
    this.high = (Math.imul(this.high, low) + Math.imul(this.low, high) + carried) | 0
    this.low = ((third & 0xffff) << 16) | (first & 0xffff)
  }
  /** By 1 to 31 bits. */
  rotate(bits: number): void {
    const { high, low } = this
    this.high = (high << bits) | (low >>> (32 - bits))
    this.low = (low << bits) | (high >>> (32 - bits))
  }
  /** Xors with itself shifted right by 1 to 31 bits, or by 33. */
  fold(bits: number): void {
    const { high, low } = this
    if (bits === 33) this.low = low ^ (high >>> 1)
    else {
      this.high = high ^ (high >>> bits)
      this.low = low ^ ((low >>> bits) | (high << (32 - bits)))
    }
  }
  /** A lane takes 64 bits. */
  round(high: number, low: number): void {
    input.set([high, low])
    input.multiply(P2)
    this.add(input.high, input.low)
    this.rotate(31)
    this.multiply(P1)
  }
}

const input = new Register()
const lane = new Register()
const lanes = [new Register(), new Register(), new Register(), new Register()] as const
const result = new Register()
/** Where `hashBytes` leaves its result. */
export const hash: { readonly high: number; readonly low: number } = result

/** Hashes `length` bytes from `start` on; the result is in `hash` until the next call. */
export function hashBytes(bytes: Uint8Array, start: number, length: number): void {
  const end = start + length
  let at = start
  if (length >= 32) {
    at = hashStripes(bytes, at, end)
  } else {
    result.set(P5)
  }
  result.add(0, length)
  for (; at + 8 <= end; at += 8) {
    lane.set([0, 0])
    lane.round(word(bytes, at + 4), word(bytes, at))
    result.xor(lane.high, lane.low)
    result.rotate(27)
    result.multiply(P1)
    result.add(P4[0], P4[1])
  }
  if (at + 4 <= end) {
    lane.set([0, word(bytes, at)])
    lane.multiply(P1)
    result.xor(lane.high, lane.low)
    result.rotate(23)
    result.multiply(P2)
    result.add(P3[0], P3[1])
    at += 4
  }
  for (; at < end; at++) {
    lane.set([0, bytes[at]!])
    lane.multiply(P5)
    result.xor(lane.high, lane.low)
    result.rotate(11)
    result.multiply(P1)
  }
  result.fold(33)
  result.multiply(P2)
  result.fold(29)
  result.multiply(P3)
  result.low ^= result.high
}

/** The whole stripes of 32 bytes, into `hash`; answers the place behind them. */
function hashStripes(bytes: Uint8Array, start: number, end: number): number {
  const [one, two, three, four] = lanes
  one.set(P1)
  one.add(P2[0], P2[1])
  two.set(P2)
  three.set([0, 0])
  four.set([~P1[0], ~P1[1]])
  four.add(0, 1)
  let at = start
  for (; at + 32 <= end; at += 32) {
    for (let i = 0; i < 4; i++) lanes[i]!.round(word(bytes, at + 8 * i + 4), word(bytes, at + 8 * i))
  }
  result.set([0, 0])
  for (const [i, bits] of [1, 7, 12, 18].entries()) {
    lane.set([lanes[i]!.high, lanes[i]!.low])
    lane.rotate(bits)
    result.add(lane.high, lane.low)
  }
  for (const each of lanes) {
    lane.set([0, 0])
    lane.round(each.high, each.low)
    result.xor(lane.high, lane.low)
    result.multiply(P1)
    result.add(P4[0], P4[1])
  }
  return at
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
