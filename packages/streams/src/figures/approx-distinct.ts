import { murmur3 } from '../state/formats/murmur3.ts'
import { made } from '../topology/synchronous.ts'
import { figure, type Figure, type Input } from './figure.ts'

/** 2^10 registers: a standard error of 1.04 / 32, 3.25 %. */
const BITS = 10
const REGISTERS = 1 << BITS
/** Up to so many, the hashes themselves are kept, and the count is exact. */
const EXACT_MAX = 128

/** The hashes as hexadecimal text, or the registers in base64. */
type Seen = readonly string[] | string

/**
 * How many different inputs there were: exact up to 128, beyond it within about 3 % (HyperLogLog by Flajolet et al., 2007, over 64 bits,
 * so that large counts need no correction). Texts, and what JSON makes of other values, are told apart.
 */
export function approxDistinct<V>(of: Input<V, unknown>): Figure<V, number> {
  return figure<Seen, V, number>({
    initial: [],
    add(seen, value) {
      const input = of(value)
      return made('input of a figure', input) === null ? seen : withHashes(seen, [hashOf(input)])
    },
    merge: (a, b) => {
      if (typeof b !== 'string') return withHashes(a, b)
      return typeof a === 'string' ? textOf(larger(registersOf(a), registersOf(b))) : withHashes(b, a)
    },
    result: (seen) => (typeof seen === 'string' ? estimate(registersOf(seen)) : seen.length),
  })
}

function hashOf(input: unknown): string {
  const text = typeof input === 'string' ? `s${input}` : `j${JSON.stringify(input)}`
  return murmur3(Buffer.from(text)).toString('hex', 0, 8)
}

function withHashes(seen: Seen, hashes: readonly string[]): Seen {
  if (typeof seen !== 'string') {
    const added = hashes.filter((hash) => !seen.includes(hash))
    if (added.length === 0) return seen
    const all = [...seen, ...added]
    if (all.length <= EXACT_MAX) return all
    return textOf(noted(new Uint8Array(REGISTERS), all))
  }
  const before = registersOf(seen)
  return textOf(noted(before, hashes))
}

/** Each register keeps the most leading zeros, and one, of the hashes that fall to it. */
function noted(registers: Uint8Array, hashes: readonly string[]): Uint8Array {
  for (const hash of hashes) {
    const bits = BigInt(`0x${hash}`)
    const register = Number(bits >> BigInt(64 - BITS))
    const rest = bits & ((1n << BigInt(64 - BITS)) - 1n)
    const zeros = 64 - BITS - rest.toString(2).length + (rest === 0n ? 1 : 0)
    registers[register] = Math.max(registers[register]!, zeros + 1)
  }
  return registers
}

function estimate(registers: Uint8Array): number {
  let harmonic = 0
  let empty = 0
  for (const register of registers) {
    harmonic += 2 ** -register
    if (register === 0) empty += 1
  }
  const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / harmonic
  // Few values leave registers empty, of which there is a better count.
  const isSmall = raw <= 2.5 * REGISTERS && empty > 0
  return Math.round(isSmall ? REGISTERS * Math.log(REGISTERS / empty) : raw)
}

function larger(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((register, i) => Math.max(register, b[i]!))
}

function registersOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'))
}

function textOf(registers: Uint8Array): string {
  return Buffer.from(registers.buffer, registers.byteOffset, registers.length).toString('base64')
}
