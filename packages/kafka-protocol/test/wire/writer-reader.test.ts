import { describe, expect, test } from '@jest/globals'
import { ProtocolError, Reader, Writer } from '@sluice/kafka-protocol'
import fc from 'fast-check'

const int64 = fc.oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))

function written(write: (writer: Writer) => void, capacity?: number): Uint8Array {
  const writer = new Writer(capacity)
  write(writer)
  return writer.bytes()
}

describe('what the writer writes the reader reads', () => {
  test('integers of every width, at their limits', () => {
    const bytes = written((writer) => {
      for (const value of [-128, 127]) writer.int8(value)
      for (const value of [-32768, 32767]) writer.int16(value)
      for (const value of [-2147483648, 2147483647]) writer.int32(value)
      writer.uint32(4294967295)
      writer.float64(-0.1)
    }, 1)
    const reader = new Reader(bytes)
    expect([reader.int8(), reader.int8(), reader.int16(), reader.int16()]).toEqual([-128, 127, -32768, 32767])
    expect([reader.int32(), reader.int32(), reader.uint32(), reader.float64()]).toEqual([
      -2147483648, 2147483647, 4294967295, -0.1,
    ])
    reader.end()
  })

  test('a 64-bit integer is a number when that is safe, else a bigint, and equal either way', () => {
    fc.assert(
      fc.property(int64, (value) => {
        const read = new Reader(written((writer) => writer.int64(value))).int64()
        const isSafe =
          BigInt(value) >= BigInt(Number.MIN_SAFE_INTEGER) && BigInt(value) <= BigInt(Number.MAX_SAFE_INTEGER)
        expect(BigInt(read)).toBe(BigInt(value))
        expect(typeof read).toBe(isSafe ? 'number' : 'bigint')
      }),
      {
        examples: [
          [Number.MAX_SAFE_INTEGER],
          [2n ** 53n],
          [-(2n ** 53n)],
          [Number.MIN_SAFE_INTEGER],
          [-1],
          [-4294967296],
        ],
      },
    )
  })

  test('unsigned varints up to 32 bits', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        expect(new Reader(written((writer) => writer.uvarint(value))).uvarint()).toBe(value)
      }),
      { examples: [[0], [127], [128], [16383], [16384], [0xffffffff]] },
    )
  })

  test('text outside of ASCII keeps its characters, and its length counts bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const reader = new Reader(written((writer) => writer.string(value, (w, byteCount) => w.int32(byteCount)), 8))
        expect(reader.string(reader.int32())).toBe(value)
        reader.end()
      }),
    )
  })
})

describe('splicing', () => {
  test('a spliced buffer is in the output itself, in its place, and nothing of it is copied', () => {
    const batch = Uint8Array.of(7, 8, 9)
    const writer = new Writer(8)
    writer.int32(0)
    writer.int8(1)
    writer.splice(batch)
    writer.int8(2)
    writer.splice(new Uint8Array(0))
    writer.patchInt32(0, writer.length - 4)
    const chunks = writer.chunks()
    expect(chunks).toHaveLength(3)
    expect(chunks[1]).toBe(batch)
    expect(Buffer.concat(chunks)).toEqual(Buffer.from([0, 0, 0, 5, 1, 7, 8, 9, 2]))
  })

  test('the size can be patched also after the buffer has grown behind a splice', () => {
    const writer = new Writer(8)
    writer.int32(0)
    writer.splice(Uint8Array.of(1))
    for (let i = 0; i < 1000; i++) writer.int32(i)
    writer.patchInt32(0, writer.length - 4)
    const reader = new Reader(writer.bytes())
    expect([reader.int32(), reader.int8(), reader.int32(), reader.int32()]).toEqual([4001, 1, 0, 1])
  })
})

describe('bytes that are not there', () => {
  test.each([
    ['int8', 0],
    ['int16', 1],
    ['int32', 3],
    ['int64', 7],
    ['float64', 7],
    ['uuid', 15],
  ] as const)('%s from %i bytes is refused', (method, length) => {
    expect(() => new Reader(new Uint8Array(length))[method]()).toThrow(ProtocolError)
  })

  test('lengths beyond the end and negative lengths are refused with the position', () => {
    const reader = new Reader(new Uint8Array(4), 1)
    for (const length of [4, 0x7fffffff, -1]) {
      expect(() => reader.raw(length)).toThrow(expect.objectContaining({ code: 'MALFORMED', position: 1 }))
      expect(() => reader.skip(length)).toThrow(ProtocolError)
    }
  })

  test('a varint that does not end within 32 bits is refused', () => {
    for (const bytes of [
      [255, 255, 255, 255, 255, 1],
      [255, 255, 255, 255, 16],
      [128, 128],
    ]) {
      expect(() => new Reader(Uint8Array.from(bytes)).uvarint()).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
    }
  })

  test('bytes left over are refused', () => {
    expect(() => new Reader(new Uint8Array(2)).end()).toThrow(/2 bytes follow/)
  })
})
