import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { compareUtf8 } from '@sluice/object-store'

test('compareUtf8 is the order of the UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
  expect(compareUtf8('\uffff', '\u{10000}')).toBeLessThan(0)
})
