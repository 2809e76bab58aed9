import { describe, expect, test } from '@jest/globals'
import { hash, hashBytes } from '../../src/parquet/xxhash64.ts'

function hashed(bytes: Uint8Array, start = 0, length = bytes.length): string {
  hashBytes(bytes, start, length)
  return ((BigInt(hash.high >>> 0) << 32n) | BigInt(hash.low >>> 0)).toString(16).padStart(16, '0')
}

describe('XXH64', () => {
  test.each([
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['abc', '44bc2cf5ad770999'],
    ['Nobody inspects the spammish repetition', 'fbcea83c8a378bf1'],
  ])('of %j is the known one', (text, known) => {
    expect(hashed(Buffer.from(text))).toBe(known)
    expect(hashed(Buffer.from(`__${text}__`), 2, text.length)).toBe(known)
  })
})
