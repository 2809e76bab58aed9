import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { FrameReader } from '../../src/wire/frames.ts'

function framed(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(frame.length)
      return [length, frame]
    }),
  )
}

test('frames come out whole, however the stream is cut', () => {
  const sizes = fc.array(fc.uint8Array({ minLength: 4, maxLength: 5000 }), { maxLength: 8 })
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1 }), (frames, cuts) => {
      const found: Buffer[] = []
      const reader = new FrameReader({}, (frame) => found.push(frame))
      const stream = framed(frames)
      const chunk = Buffer.alloc(3000)
      for (let at = 0, cut = 0; at < stream.length; cut++) {
        // The same memory for each chunk, as a socket has it: what is kept must be a copy.
        const count = stream.copy(chunk, 0, at, at + cuts[cut % cuts.length]!)
        reader.push(chunk, count)
        chunk.fill(0xaa)
        at += count
      }
      expect(found.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]))
    }),
  )
})

for (const length of [-1, 0, 3, 0x48545450]) {
  test(`a length of ${length} is not Kafka`, () => {
    const reader = new FrameReader({ broker: 'b:9092' }, () => undefined)
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(length)
    expect(() => reader.push(bytes, 4)).toThrow(
      expect.objectContaining({ code: 'KAFKA_PROTOCOL', place: { broker: 'b:9092' } }),
    )
  })
}
