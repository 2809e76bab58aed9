import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { compressLz4, decompressLz4 } from '../../src/parquet/lz4.ts'

/** Bytes with repetitions near and far, of any length. */
const bytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc.constant(Buffer.from('the same words again and again ')),
    ),
    { maxLength: 60 },
  )
  .map((parts) => new Uint8Array(Buffer.concat(parts)))

describe('LZ4 blocks', () => {
  test('give back what was put in', () => {
    fc.assert(
      fc.property(bytes, (block) => {
        expect(Buffer.compare(decompressLz4(compressLz4(block), block.length), block)).toBe(0)
      }),
      { numRuns: 500 },
    )
  })

  test('are small where bytes repeat, beyond the reach of a match too', () => {
    expect(compressLz4(new Uint8Array(1_000_000)).length).toBeLessThan(4000)
    const noise = Uint8Array.from({ length: 70_000 }, (_, i) => (Math.imul(i, 0x9e3779b1) >>> 13) & 255)
    const twice = Buffer.concat([noise, noise])
    expect(Buffer.compare(decompressLz4(compressLz4(twice), twice.length), twice)).toBe(0)
  })

  test('that are damaged are an error or other bytes, never more of them, and never a hang', () => {
    fc.assert(
      fc.property(bytes, fc.nat(), fc.nat(255), (block, at, byte) => {
        const damaged = compressLz4(block)
        damaged[at % damaged.length] = byte
        let found = block.length
        try {
          found = decompressLz4(damaged, block.length).length
        } catch (error) {
          expect((error as Error).message).toContain('LZ4')
        }
        expect(found).toBe(block.length)
      }),
      { numRuns: 500 },
    )
  })
})
