import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { compareNumeric, isNumeric, type Numeric } from '../src/numeric-order.ts'

test.each<[Numeric, Numeric, number]>([
  ['1.50', '1.5', 0],
  ['-0.0', 0, 0],
  ['+3', 3, 0],
  ['007', 7n, 0],
  ['-1', '-2', 1],
  ['-1', 1, -1],
  ['10', '9.999', 1],
  ['0.1', 0.1, 0],
  [1e21, '1000000000000000000000', 0],
  [1.5e-7, '0.00000015', 0],
  [-2.5e-8, '-0.000000025', 0],
  ['99999999999999999999999999.1', 99999999999999999999999999n, 1],
  ['1', Infinity, -1],
  ['1', -Infinity, 1],
  [2n ** 64n, 2 ** 64, 0],
])('%p beside %p: %d', (a, b, expected) => {
  expect(Math.sign(compareNumeric(a, b))).toBe(expected)
  expect(Math.sign(compareNumeric(b, a))).toBe(expected === 0 ? 0 : -expected)
})

test.each([NaN, 'abc', '', '1.', '.5', '1e5', ' 1', '0x10', null, undefined, true, []])('%p is no number', (value) => {
  expect(isNumeric(value)).toBe(false)
})

test('orders decimal text as the integers it stands for', () => {
  const scaled = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 20 }))
  const text = ([unscaled, scale]: [bigint, number]): string => {
    const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
    const point = digits.length - scale
    return `${unscaled < 0n ? '-' : ''}${digits.slice(0, point)}${scale === 0 ? '' : `.${digits.slice(point)}`}`
  }
  fc.assert(
    fc.property(scaled, scaled, (a, b) => {
      const [x, y] = [a[0] * 10n ** BigInt(20 - a[1]), b[0] * 10n ** BigInt(20 - b[1])]
      expect(Math.sign(compareNumeric(text(a), text(b)))).toBe(x < y ? -1 : x > y ? 1 : 0)
    }),
  )
})

test('orders numbers as JavaScript does, whichever of them is text', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(number, number, (a, b) => {
      const text = String(b)
      fc.pre(!text.includes('e'))
      expect(Math.sign(compareNumeric(a, text))).toBe(a < b ? -1 : a > b ? 1 : 0)
    }),
  )
})
