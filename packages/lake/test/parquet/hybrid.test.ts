import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { HYBRID_WIDTH_MAX, bitWidth, hybridBytesMax, writeHybrid, writeRun } from '../../src/parquet/hybrid.ts'
import { LevelWriter } from '../../src/parquet/levels.ts'

/** Decodes by the specification's grammar, bit by bit. */
function read(bytes: Uint8Array, width: number, count: number): number[] {
  const values: number[] = []
  let at = 0
  while (at < bytes.length) {
    let header = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!
      header |= (byte & 127) << shift
      if (byte < 128) break
    }
    if (header & 1) {
      const groups = header >>> 1
      for (let i = 0; i < groups * 8; i++) {
        let value = 0
        for (let bit = 0; bit < width; bit++) {
          const place = i * width + bit
          value += ((bytes[at + (place >> 3)]! >> (place & 7)) & 1) * 2 ** bit
        }
        values.push(value)
      }
      at += groups * width
    } else {
      let value = 0
      for (let i = 0; i < Math.ceil(width / 8); i++) value += bytes[at++]! * 2 ** (8 * i)
      for (let i = 0; i < header >>> 1; i++) values.push(value)
    }
  }
  expect(values.length - count).toBeLessThan(8)
  return values.slice(0, count)
}

const runs = (width: number): fc.Arbitrary<number[]> =>
  fc
    .array(fc.tuple(fc.nat(2 ** width - 1), fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 }))), {
      maxLength: 120,
    })
    .map((parts) => parts.flatMap(([value, length]) => Array.from({ length }, () => value)))

describe('the RLE and bit-packing hybrid', () => {
  test('is decoded to what was encoded, at every width, within the room it asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: HYBRID_WIDTH_MAX }).chain((width) => fc.tuple(fc.constant(width), runs(width))),
        ([width, values]) => {
          const out = new Uint8Array(hybridBytesMax(values.length, width) + 5)
          const end = writeHybrid(Int32Array.from(values), values.length, width, out, 5)
          expect(end).toBeLessThanOrEqual(out.length)
          expect(read(out.subarray(5, end), width, values.length)).toEqual(values)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('packs more than 504 unequal values in a row', () => {
    const values = Int32Array.from({ length: 5000 }, (_, i) => i % 1000)
    const out = new Uint8Array(hybridBytesMax(5000, 10))
    const end = writeHybrid(values, 5000, 10, out, 0)
    expect(read(out.subarray(0, end), 10, 5000)).toEqual([...values])
    expect(end).toBeLessThan((5000 * 10) / 8 + 20)
  })

  test('a run of any length is a few bytes', () => {
    const out = new Uint8Array(16)
    const end = writeRun(1, 1_000_000, 1, out, 0)
    expect(end).toBe(4)
    expect(read(out.subarray(0, end), 1, 1_000_000)).toHaveLength(1_000_000)
  })

  test('widths', () => {
    expect([0, 1, 2, 3, 4, 255, 256].map((max) => bitWidth(max))).toEqual([0, 1, 2, 2, 3, 8, 9])
  })
})

describe('levels', () => {
  test('say which rows hold a value, behind their length', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 200 }), (there) => {
        const levels = new LevelWriter({ definition: 1, repetition: 0, state: { level: 0 } })
        levels.grow(200)
        for (const value of there) {
          if (value) levels.addValue()
          else levels.addNull(0)
        }
        const out = new Uint8Array(levels.bytesMax)
        const end = levels.write(out, 0)
        expect(new DataView(out.buffer).getUint32(0, true)).toBe(end - 4)
        expect(read(out.subarray(4, end), 1, there.length)).toEqual(there.map(Number))
        expect(levels.nulls).toBe(there.filter((value) => !value).length)
      }),
    )
  })

  test('are taken back one by one', () => {
    const levels = new LevelWriter({ definition: 1, repetition: 0, state: { level: 0 } })
    levels.grow(4)
    levels.addValue()
    levels.addNull(0)
    expect([levels.undo(), levels.undo()]).toEqual([0, 1])
    expect([levels.rows, levels.nulls]).toEqual([0, 0])
  })

  test('of a list are taken back by the row', () => {
    const state = { level: 0 }
    const levels = new LevelWriter({ definition: 2, repetition: 1, state })
    levels.grow(8)
    levels.addNull(0)
    levels.addValue()
    state.level = 1
    levels.addNull(1)
    levels.addValue()
    expect([levels.rows, levels.entries, levels.atRowStart]).toEqual([2, 4, false])
    expect(levels.undo()).toBe(2)
    expect([levels.rows, levels.entries, levels.nulls]).toEqual([1, 1, 1])
  })

  test('of a required column take no room', () => {
    const levels = new LevelWriter({ definition: 0, repetition: 0, state: { level: 0 } })
    levels.addValue()
    expect([levels.rows, levels.bytesMax, levels.write(new Uint8Array(0), 0)]).toEqual([1, 0, 0])
  })
})
