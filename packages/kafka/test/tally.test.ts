import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_TALLY, type Tally, addTallies, checkTally, decodeTally, encodeTally, total } from '../src/index.ts'

const count = fc.nat(1_000_000_000)
const reasons = fc.dictionary(fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }), count, { maxKeys: 120 })
const tallies: fc.Arbitrary<Tally> = fc
  .record({ passed: count, marked: fc.nat(100), quarantined: reasons, dropped: reasons })
  .map(({ passed, marked, quarantined, dropped }) => ({
    in: passed + total(quarantined) + total(dropped),
    passed,
    marked: Math.min(marked, passed),
    quarantined,
    dropped,
  }))

describe('the text', () => {
  test('is short and can be read by people', () => {
    const tally: Tally = { in: 10, passed: 6, marked: 1, quarantined: { 'speed-range': 3 }, dropped: { duplicate: 1 } }
    expect(encodeTally(tally)).toBe(
      '{"sluice":1,"in":10,"passed":6,"marked":1,"quarantined":{"speed-range":3},"dropped":{"duplicate":1}}',
    )
  })

  test('never exceeds 4096 bytes, and the sums hold whatever is folded', () => {
    fc.assert(
      fc.property(tallies, (tally) => {
        const text = encodeTally(tally)
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096)
        const read = decodeTally(text)
        checkTally(read)
        expect(read).toMatchObject({ in: tally.in, passed: tally.passed, marked: tally.marked })
        expect(total(read.quarantined)).toBe(total(tally.quarantined))
        expect(total(read.dropped)).toBe(total(tally.dropped))
      }),
    )
  })

  test('keeps every reason while there is room, also one called __proto__', () => {
    const quarantined = Object.fromEntries([
      ['__proto__', 2],
      ['a', 1],
    ])
    const tally: Tally = { in: 3, passed: 0, marked: 0, quarantined, dropped: {} }
    expect(Object.entries(decodeTally(encodeTally(tally)).quarantined)).toEqual([
      ['__proto__', 2],
      ['a', 1],
    ])
  })

  test('folds the smallest reasons into other, which grows', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`reason-${i}-${'x'.repeat(60)}`, i + 1]))
    const first = decodeTally(
      encodeTally({ in: 5057, passed: 0, marked: 0, quarantined: { ...many, other: 7 }, dropped: {} }),
    )
    expect(first.quarantined['other']).toBeGreaterThan(7)
    expect(first.quarantined[`reason-99-${'x'.repeat(60)}`]).toBe(100)
    expect(total(first.quarantined)).toBe(5057)
  })
})

describe('reading', () => {
  const foreign = [
    '',
    'AgAAAZ',
    '{}',
    '[]',
    'null',
    '{"sluice":2,"in":1}',
    '{"sluice":1,"in":"1","passed":1,"marked":0}',
  ]
  const broken = [
    '{"sluice":1,"in":-1,"passed":0,"marked":0,"quarantined":{},"dropped":{}}',
    '{"sluice":1,"in":1,"passed":1,"marked":0,"quarantined":{"a":"b"},"dropped":{}}',
    '{"sluice":1,"in":1,"passed":1,"marked":0,"quarantined":[],"dropped":{}}',
  ]
  for (const text of [...foreign, ...broken]) {
    test(`metadata that is not ours counts as nothing: ${text || '(empty)'}`, () => {
      expect(decodeTally(text)).toEqual(EMPTY_TALLY)
    })
  }

  test('addition is by reason', () => {
    const a: Tally = { in: 3, passed: 1, marked: 1, quarantined: { x: 1, y: 1 }, dropped: {} }
    const b: Tally = { in: 2, passed: 0, marked: 0, quarantined: { y: 1 }, dropped: { z: 1 } }
    const sum = { in: 5, passed: 1, marked: 1, quarantined: { x: 1, y: 2 }, dropped: { z: 1 } }
    expect(addTallies(a, b)).toEqual(sum)
  })
})

test('records that are not accounted for are an error', () => {
  checkTally(EMPTY_TALLY)
  expect(() => checkTally({ ...EMPTY_TALLY, in: 1 })).toThrow(/in = passed \+ quarantined \+ dropped/)
  expect(() => checkTally({ ...EMPTY_TALLY, in: 1, passed: 1, marked: 2 })).toThrow()
  expect(() => checkTally({ ...EMPTY_TALLY, in: 0.5, passed: 0.5 })).toThrow()
})
