/** Answers of brokers as a broken network, a broken broker or somebody hostile would send them. A seed decides everything. */

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const NASTY = [0, 1, -1, 127, 128, -128, 32767, 65535, 0x7fffffff, -0x80000000, 0x0fffffff]

/** Size, header and body of one answer, changed in one to three places. Most keep their size and correlation id, to get further. */
export function mutate(answer: Uint8Array, random: () => number): Buffer {
  let bytes: Buffer = Buffer.from(answer)
  const times = 1 + Math.floor(random() * 3)
  for (let i = 0; i < times; i++) bytes = mutateOnce(bytes, random)
  if (bytes.length >= 4 && random() < 0.9) bytes.writeInt32BE(bytes.length - 4, 0)
  if (bytes.length >= 8 && answer.length >= 8 && random() < 0.9) bytes.set(answer.subarray(4, 8), 4)
  return bytes
}

function mutateOnce(bytes: Buffer, random: () => number): Buffer {
  const at = Math.floor(random() * bytes.length)
  const length = Math.floor(random() * Math.min(64, bytes.length - at + 1))
  switch (Math.floor(random() * 8)) {
    case 0:
      return changed(bytes, at, (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8)))
    case 1:
      return changed(bytes, at, Math.floor(random() * 256))
    case 2:
      return at + 4 <= bytes.length ? withInt32(bytes, at, NASTY[Math.floor(random() * NASTY.length)]!) : bytes
    case 3:
      return at + 2 <= bytes.length ? withInt16(bytes, at, NASTY[Math.floor(random() * NASTY.length)]!) : bytes
    case 4:
      return bytes.subarray(0, at)
    case 5:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    case 6:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
    default: {
      const noise = Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
      return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)])
    }
  }
}

function changed(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  if (at < copy.length) copy[at] = value
  return copy
}

function withInt32(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeInt32BE(value | 0, at)
  return copy
}

function withInt16(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt16BE(value & 0xffff, at)
  return copy
}
