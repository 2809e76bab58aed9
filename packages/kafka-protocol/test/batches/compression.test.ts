import { describe, expect, test } from '@jest/globals'
import {
  BatchAppender,
  COMPRESSION_CODECS,
  ProtocolError,
  compress,
  decompress,
  readBatches,
} from '@sluice/kafka-protocol'
import fc from 'fast-check'

const CODECS = COMPRESSION_CODECS.filter((codec) => codec !== 'none')
const zeros = new Uint8Array(8 * 1024 * 1024)

test.each(CODECS)('%s gives back what it was given', (codec) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 40 }), (bytes, times) => {
      const long = Buffer.concat(Array.from({ length: times }, () => bytes))
      expect(Buffer.compare(decompress(codec, compress(codec, long), long.length + 1), long)).toBe(0)
    }),
    { numRuns: 50 },
  )
})

test.each(['gzip', 'zstd'] as const)('%s takes a level', (codec) => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * i * 7) % 251))
  expect(decompress(codec, compress(codec, bytes, 9), 10_000)).toEqual(bytes)
})

describe('bombs', () => {
  test.each(CODECS)('%s that would become larger than allowed is refused', (codec) => {
    const bomb = compress(codec, zeros)
    expect(decompress(codec, bomb, zeros.length)).toHaveLength(zeros.length)
    expect(() => decompress(codec, bomb, zeros.length - 1)).toThrow(
      expect.objectContaining({ code: 'BATCH_TOO_LARGE' }),
    )
    expect(() => decompress(codec, bomb, 1000)).toThrow(expect.objectContaining({ code: 'BATCH_TOO_LARGE' }))
  })

  test('no block of an LZ4 frame gets beyond the size that its frame names, whatever its sequences say', () => {
    // One literal, then the same again 1,200 · 255 times.
    const block = Buffer.from([0x1f, 0x61, 1, 0, ...Array.from({ length: 1200 }, () => 255), 0, 0x50, 1, 2, 3, 4, 5])
    const length = Buffer.alloc(4)
    length.writeUInt32LE(block.length)
    for (let checksum = 0; checksum < 256; checksum++) {
      const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, checksum])
      const frame = Buffer.concat([header, length, block, Buffer.alloc(4)])
      expect(() => decompress('lz4', frame, 100_000)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
      expect(() => decompress('lz4', frame, 1000)).toThrow(expect.objectContaining({ code: 'BATCH_TOO_LARGE' }))
    }
  })

  test.each(CODECS)('a %s batch is refused when its reader says so', (compression) => {
    const appender = new BatchAppender(new Uint8Array(1 << 20))
    appender.append(null, new Uint8Array(500_000), 0)
    const batch = appender.seal({ compression })
    expect(readBatches(batch)[0]!.records().count).toBe(1)
    const [refused] = readBatches(batch, { decompressedBytesMax: 100_000 })
    expect(() => refused!.records()).toThrow(expect.objectContaining({ code: 'BATCH_TOO_LARGE' }))
  })
})

describe('bytes that are not of the codec', () => {
  test.each(CODECS)('%s that is cut off or changed is refused or read, and nothing else', (codec) => {
    const good = compress(codec, Buffer.from('some text, some text, and some more text '.repeat(30)))
    const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length))
    fc.assert(
      fc.property(edit, ([at, value, length]) => {
        const bad = new Uint8Array(good)
        bad[at] = value
        try {
          decompress(codec, bad.subarray(0, length), 1 << 20)
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError)
        }
      }),
      { numRuns: 500 },
    )
    expect(() => decompress(codec, new Uint8Array(30).fill(0xee), 1 << 20)).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    )
  })
})

describe('snappy', () => {
  const one = Buffer.from('some text, some text, some text')

  test('is framed as snappy-java does, in blocks of 32 KiB', () => {
    const framed = Buffer.from(compress('snappy', zeros.subarray(0, 70_000)))
    expect(framed.subarray(0, 16).toString('hex')).toBe('82534e41505059000000000100000001')
    let blocks = 0
    for (let at = 16; at < framed.length; at += 4 + framed.readInt32BE(at)) blocks++
    expect(blocks).toBe(3)
  })

  test('a raw block without framing is read, as C and Go clients send it', () => {
    const framed = compress('snappy', one)
    expect(Buffer.from(decompress('snappy', framed.subarray(20), 1000))).toEqual(one)
  })

  test('streams behind each other are read, as snappy-java allows', () => {
    const framed = compress('snappy', one)
    expect(Buffer.from(decompress('snappy', Buffer.concat([framed, framed]), 1000))).toEqual(Buffer.concat([one, one]))
  })
})

test('an LZ4 frame that Java can read: independent blocks, version 1, no dictionary', () => {
  for (const length of [1, 70_000, 300_000, 5_000_000]) {
    const frame = compress('lz4', zeros.subarray(0, length))
    expect([...frame.subarray(0, 4)]).toEqual([0x04, 0x22, 0x4d, 0x18])
    expect(frame[4]! & 0b11100001).toBe(0b01100000)
  }
})
