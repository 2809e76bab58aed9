import type { Clock, Random } from '@sluice/sdk'

/** A UUID of version 7 (RFC 9562): 48 bits of milliseconds, so that ids sort by the time they were made, then 74 random bits. */
export function uuidV7(clock: Clock, random: Random): string {
  const time = Math.max(0, Math.floor(clock.now())).toString(16).padStart(12, '0').slice(-12)
  const version = 0x7000 + bits(random, 12)
  const variant = 0x8000 + bits(random, 14)
  const tail = hex(bits(random, 24), 6) + hex(bits(random, 24), 6)
  return `${time.slice(0, 8)}-${time.slice(8)}-${hex(version, 4)}-${hex(variant, 4)}-${tail}`
}

function bits(random: Random, count: number): number {
  return Math.floor(random.next() * 2 ** count)
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
