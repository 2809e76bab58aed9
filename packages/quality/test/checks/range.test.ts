import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { CheckParameters } from '@sluice/quality'
import { ask, sayOf } from './outcome-of.ts'

type Range = CheckParameters['range']
const say = (params: Range, x: unknown): string => sayOf({ check: 'range', field: 'x', params }, x)

test.each<[Range, unknown, string]>([
  [{ min: 0, max: 250 }, 0, 'pass'],
  [{ min: 0, max: 250 }, 250, 'pass'],
  [{ min: 0, max: 250 }, -0.1, 'range.low'],
  [{ min: 0, max: 250 }, 250.1, 'range.high'],
  [{ above: 0, below: 250 }, 0, 'range.low'],
  [{ above: 0, below: 250 }, 250, 'range.high'],
  [{ above: 0 }, 1e300, 'pass'],
  [{ max: 5 }, -Infinity, 'pass'],
  [{ min: 5 }, Infinity, 'pass'],
  [{ min: 0 }, NaN, 'range.type'],
  [{ min: 0 }, 'abc', 'range.type'],
  [{ min: 0 }, '', 'range.type'],
  [{ min: 0 }, true, 'range.type'],
  [{ min: 0 }, [1], 'range.type'],
  [{ min: 0 }, null, 'skip'],
  [{ min: 0 }, undefined, 'skip'],
  // The three forms of a number compare exactly.
  [{ max: 9007199254740991 }, 9007199254740993n, 'range.high'],
  [{ min: 0.1 }, '0.1', 'pass'],
  [{ min: 0.1 }, '0.0999999999999999999999', 'range.low'],
  [{ max: '0.1' }, '0.1000000000000000000001', 'range.high'],
  [{ max: '0.1' }, 0.1, 'pass'],
  [{ below: '10' }, '9.99', 'pass'],
  // Bounds of other text compare as text.
  [{ min: '1990-01-01', max: '2002-12-31' }, '1995-06-30', 'pass'],
  [{ min: '1990-01-01', max: '2002-12-31' }, '1989-12-31', 'range.low'],
  [{ min: '1990-01-01', below: '2003-01-01' }, '2003-01-01', 'range.high'],
  [{ above: '1990-01-01' }, '1990-01-01', 'range.low'],
  [{ min: '1990-01-01' }, 1995, 'range.type'],
])('range %j: %p is %s', (params, value, expected) => {
  expect(say(params, value)).toBe(expected)
})

test.each<[Range, string]>([
  [{ min: 0, max: 250 }, '0 to 250'],
  [{ above: 0, max: 250 }, 'above 0 and at most 250'],
  [{ min: 5 }, 'at least 5'],
  [{ below: '2003-01-01' }, 'below 2003-01-01'],
])('says %j as "%s"', (params, expected) => {
  const [reason] = ask({ check: 'range', field: 'x', params }, { value: { x: [] } }).reasons
  expect(reason!.expected).toBe(expected)
})

test('agrees with the numbers, whichever form they come in', () => {
  const number = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ noNaN: true, min: -1e6, max: 1e6 }))
  fc.assert(
    fc.property(number, number, number, (a, b, value) => {
      const [min, max] = a <= b ? [a, b] : [b, a]
      const expected = value < min ? 'range.low' : value > max ? 'range.high' : 'pass'
      expect(say({ min, max }, value)).toBe(expected)
      if (Number.isInteger(value)) expect(say({ min, max }, BigInt(value))).toBe(expected)
      if (!String(value).includes('e')) expect(say({ min, max }, String(value))).toBe(expected)
    }),
  )
})
