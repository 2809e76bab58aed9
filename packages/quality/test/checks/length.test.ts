import { expect, test } from '@jest/globals'
import { sayOf } from './outcome-of.ts'

test.each([
  [{ min: 2, max: 3 }, 'ab', 'pass'],
  [{ min: 2, max: 3 }, 'abc', 'pass'],
  [{ min: 2, max: 3 }, 'a', 'length.short'],
  [{ min: 2, max: 3 }, 'abcd', 'length.long'],
  [{ max: 0 }, '', 'pass'],
  // One character each, though two UTF-16 units.
  [{ max: 2 }, '😀😀', 'pass'],
  [{ min: 3 }, '😀😀', 'length.short'],
  [{ max: 1 }, '\ud83d\ud83d', 'length.long'],
  [{ max: 2 }, [1, 2, 3], 'length.long'],
  [{ max: 2 }, new Map([[1, 1]]), 'pass'],
  [{ min: 4 }, Uint8Array.of(1, 2, 3), 'length.short'],
  [{ min: 1 }, 12345, 'length.type'],
  [{ min: 1 }, { a: 1 }, 'length.type'],
  [{ min: 1 }, null, 'skip'],
  [{ min: 1 }, undefined, 'skip'],
])('length %j: %p is %s', (params, value, expected) => {
  expect(sayOf({ check: 'length', field: 'x', params }, value)).toBe(expected)
})
