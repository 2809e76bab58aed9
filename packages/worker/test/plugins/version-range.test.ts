import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compareVersions, parseVersionRange } from '../../src/plugins/version-range.ts'

describe('versions', () => {
  test('are in Maven’s order', () => {
    const ordered = [
      '0.9',
      '1.0-alpha',
      '1.0-beta2',
      '1.0-m3',
      '1.0-rc1',
      '1.0-SNAPSHOT',
      '1.0',
      '1.0-sp',
      '1.0.1',
      '1.2',
      '1.10',
      '2',
    ]
    const shuffled = ordered.toReversed()
    expect(shuffled.toSorted(compareVersions)).toEqual(ordered)
  })

  test.each([
    ['1', '1.0'],
    ['1.0.0', '1'],
    ['1.0-final', '1.0'],
    ['1.0-rc1', '1-rc1'],
    ['1.0-a1', '1.0-alpha1'],
    ['1.0-CR1', '1.0-rc1'],
  ])('%s is %s', (a, b) => {
    expect(compareVersions(a, b)).toBe(0)
  })

  test('are compared the same both ways round', () => {
    const part = fc.oneof(fc.nat(20).map(String), fc.constantFrom('alpha', 'rc', 'snapshot', 'sp', 'x'))
    const version = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'))
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0)
      }),
    )
  })
})

describe('what is asked for', () => {
  test.each([
    ['1.0', ['1.0', '1'], ['0.9', '1.1']],
    ['[1.0]', ['1.0'], ['1.1']],
    ['[1.0,2.0)', ['1.0', '1.9'], ['0.9', '2.0']],
    ['(1.0,2.0]', ['1.5', '2.0'], ['1.0', '2.1']],
    ['(,1.0]', ['0.1', '1.0'], ['1.1']],
    ['[1.5,)', ['1.5', '99'], ['1.4']],
    ['(,1.0],[1.2,)', ['0.9', '1.0', '1.2', '3'], ['1.1']],
    [' [ 1.0 , 2.0 ) ', ['1.0'], ['2.0']],
  ])('%s', (asked, inside, outside) => {
    const range = parseVersionRange(asked)!
    expect(inside.map((version) => range.has(version))).toEqual(inside.map(() => true))
    expect(outside.map((version) => range.has(version))).toEqual(outside.map(() => false))
  })

  test.each([null, undefined, '', ' ', 'latest', 'LATEST'])('%p: the newest', (asked) => {
    expect(parseVersionRange(asked)).toBeNull()
  })

  test('an exact version is told as a range', () => {
    expect(parseVersionRange('x[')!.text).toBe('[x[,x[]')
    expect(parseVersionRange('[9.0,)')!.text).toBe('[9.0,)')
  })

  test.each(['[1.0', '(1.0)', '[]', '[2.0,1.0]', '[1,2,3]', '[1.0,2.0) or so', '[1,2],'])('%s is no range', (asked) => {
    expect(() => parseVersionRange(asked)).toThrow(RangeError)
  })
})
