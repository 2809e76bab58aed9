import { expect, test } from '@jest/globals'
import { crc32c, crc32cSlicing } from '@sluice/kafka-protocol'
import fc from 'fast-check'

test('the checksums of RFC 3720, appendix B.4', () => {
  const cases = [
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
    [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    [Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
    [new Uint8Array(0), 0],
  ] as const
  for (const [bytes, expected] of cases) expect([crc32c(bytes), crc32cSlicing(bytes)]).toEqual([expected, expected])
})

test('the fallback equals the native implementation for any bytes at any place in memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(20), (bytes, from) => {
      const part = bytes.subarray(from)
      expect(crc32cSlicing(part)).toBe(crc32c(part))
    }),
  )
})
