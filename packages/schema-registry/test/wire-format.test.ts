import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { messageIndexBytes, readMessageIndexes, schemaIdOf, schemaPrefix } from '../src/index.ts'

const data = (bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)

describe('the prefix', () => {
  test('is a magic 0 and the id as a big-endian int32', () => {
    expect([...schemaPrefix(0x01020304)]).toEqual([0, 1, 2, 3, 4])
    expect(schemaIdOf(data([0, 0, 0, 1, 0, 42]))).toBe(256)
  })

  test('is read as it was written, for every id', () => {
    fc.assert(fc.property(fc.nat(2 ** 31 - 1), (id) => schemaIdOf(schemaPrefix(id)) === id))
  })

  test.each([
    ['no bytes', []],
    ['too few bytes', [0, 0, 0, 1]],
    ['another magic byte', [1, 0, 0, 0, 1, 7]],
    ['JSON', [...Buffer.from('{"a":1}')]],
  ])('is missed in %s, as bad data', (_, bytes) => {
    expect(() => schemaIdOf(data(bytes))).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }))
  })
})

describe('message indexes', () => {
  test.each([
    [[0], [0]],
    [[1], [2, 2]],
    [
      [1, 0],
      [4, 2, 0],
    ],
    [
      [0, 64],
      [4, 0, 0x80, 1],
    ],
  ])('%j are written as %j', (indexes, bytes) => {
    expect([...messageIndexBytes(indexes)]).toEqual(bytes)
  })

  test('are read as they were written, and the payload begins behind them', () => {
    const paths = fc.array(fc.nat(100_000), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(paths, fc.uint8Array({ maxLength: 9 }), (indexes, payload) => {
        const bytes = Buffer.concat([schemaPrefix(7), messageIndexBytes(indexes), payload])
        const read = readMessageIndexes(bytes)
        expect([...read.indexes]).toEqual(indexes)
        expect(bytes.length - read.end).toBe(payload.length)
      }),
    )
  })

  test('the first message may also be written at length', () => {
    expect(readMessageIndexes(data([2, 0]), 0)).toEqual({ indexes: [0], end: 2 })
  })

  test.each([
    ['end too early', [4, 2]],
    ['are missing', []],
    ['have a negative count', [1]],
    ['have a negative index', [2, 1]],
    ['claim more levels than there are', [0xff, 0xff, 3]],
    ['hold a number that is too long', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
  ])('that %s are bad data', (_, bytes) => {
    expect(() => readMessageIndexes(data(bytes), 0)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }))
  })

  test('of any bytes are read or refused, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        try {
          const { end, indexes } = readMessageIndexes(bytes, 0)
          expect(end).toBeLessThanOrEqual(bytes.length)
          expect(indexes.every((index) => index >= 0)).toBe(true)
        } catch (error) {
          expect(error).toMatchObject({ code: 'DATA_INVALID' })
        }
      }),
    )
  })
})
