import { expect, test } from '@jest/globals'
import { javaDouble } from '@sluice/sdk/values'
import * as fc from 'fast-check'
import { JsonWriter } from '../../src/json/json-writer.ts'

const writer = new JsonWriter()
const written = (write: () => void): string => {
  writer.begin()
  write()
  return Buffer.from(writer.finish()).toString()
}

const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** power)

test('a whole number is its digits, however many there are', () => {
  const edges = [...POWERS, Number.MAX_SAFE_INTEGER, 2 ** 31, 2 ** 32].flatMap((one) => [one - 1, one])
  for (const one of [...edges, ...edges.map((edge) => -edge).filter((edge) => edge !== 0)])
    expect(written(() => writer.integer(one))).toBe(String(one))
  fc.assert(fc.property(fc.maxSafeInteger(), (one) => written(() => writer.integer(one)) === String(one)))
})

test('a double is what Java prints, of few digits or of many', () => {
  const edges = [0, -0, 0.01, 0.1, 0.001, 0.005, 1, 1.005, 9_999_999.99, 10_000_000.01, 9_999_999, 1e7, 1e-5, 0.1 + 0.2]
  for (const one of [...edges, ...edges.map((edge) => -edge)])
    expect(written(() => writer.double(one))).toBe(javaDouble(one))
  const hundredths = fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }).map((one) => one / 100)
  const any = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), hundredths)
  fc.assert(
    fc.property(any, (one) => written(() => writer.double(one)) === javaDouble(one)),
    { numRuns: 5000 },
  )
  expect(written(() => writer.double(NaN))).toBe('"NaN"')
  expect(written(() => writer.double(-Infinity))).toBe('"-Infinity"')
})
