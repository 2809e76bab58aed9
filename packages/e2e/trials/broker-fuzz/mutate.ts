import type { SeededRandom } from '@sluice/sdk/testing'

/** Numbers that lengths, counts and versions are compared with. */
const EDGES = [0, 1, -1, 127, 128, 255, 256, 32767, -32768, 65535, 0x7fffffff, -0x80000000, 0x10000000]

/** A frame that was tampered with, and whether its length no longer says how long it is: then the broker may wait for the rest. */
export interface Mutant {
  readonly frame: Buffer
  /** Nothing was done to it. */
  readonly isWhole: boolean
  readonly isLengthFalse: boolean
}

type Tamper = (body: Buffer, random: SeededRandom, another: Buffer) => Buffer

const TAMPERS: readonly Tamper[] = [
  function flipBits(body, random) {
    for (let n = 1 + random.below(8); n > 0; n--) body[random.below(body.length)]! ^= 1 << random.below(8)
    return body
  },
  function putEdge(body, random) {
    const size = random.pick([1, 2, 4, 8])
    const at = random.below(Math.max(1, body.length - size))
    const edge = BigInt.asIntN(size * 8, BigInt(random.pick(EDGES)))
    const bytes = Buffer.alloc(8)
    bytes.writeBigInt64BE(edge)
    bytes.copy(body, at, 8 - size)
    return body
  },
  function putVarint(body, random) {
    Buffer.from('ffffffff0f', 'hex').copy(body, random.below(body.length))
    return body
  },
  (body, random) => body.subarray(0, random.below(body.length + 1)),
  (body, random) => Buffer.concat([body, Buffer.alloc(random.below(64), random.below(256))]),
  function removeRange(body, random) {
    const at = random.below(body.length)
    return Buffer.concat([body.subarray(0, at), body.subarray(at + 1 + random.below(16))])
  },
  function repeatRange(body, random) {
    const at = random.below(body.length)
    return Buffer.concat([body.subarray(0, at + random.below(32)), body.subarray(at)])
  },
  (body, random, another) =>
    Buffer.concat([body.subarray(0, random.below(body.length)), another.subarray(random.below(another.length))]),
  function putVersion(body, random) {
    if (body.length >= 4) body.writeInt16BE(random.pick([-1, 0, 1, 2, 5, 9, 13, 18, 99, 32767]), 2)
    return body
  },
  function putKey(body, random) {
    if (body.length >= 2) body.writeInt16BE(random.pick([-1, 0, 1, 3, 18, 36, 68, 93, 1000]), 0)
    return body
  },
]

/** A frame with up to two faults in its bytes; what it says may be wrong without any. */
export function mutate(frame: Buffer, another: Buffer, random: SeededRandom): Mutant {
  let body = Buffer.from(frame.subarray(4))
  const tampers = random.pick([0, 0, 1, 1, 2])
  for (let n = tampers; n > 0; n--) {
    if (body.length > 0) body = Buffer.from(random.pick(TAMPERS)(body, random, another.subarray(4)))
  }
  const mutant = Buffer.alloc(4 + body.length)
  mutant.writeInt32BE(body.length)
  body.copy(mutant, 4)
  const isLengthFalse = random.chance(0.02)
  if (isLengthFalse) mutant.writeInt32BE(random.pick([-1, 0, 3, body.length + 1 + random.below(1000), 0x7fffffff]))
  return { frame: mutant, isLengthFalse, isWhole: tampers === 0 && !isLengthFalse }
}
