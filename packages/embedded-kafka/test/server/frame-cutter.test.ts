import { describe, expect, test } from '@jest/globals'
import { FrameCutter, FrameError } from '../../src/server/frame-cutter.ts'
import { FramePool } from '../../src/server/frame-pool.ts'

const BYTES_MAX = 8 << 20

function framed(...bodies: readonly Buffer[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const length = Buffer.alloc(4)
      length.writeInt32BE(body.length)
      return [length, body]
    }),
  )
}

/** All frames of these bytes, pushed in pieces of a size. */
function cut(bytes: Buffer, size: number, pool = new FramePool()): string[] {
  const cutter = new FrameCutter(BYTES_MAX, pool)
  const found: string[] = []
  for (let at = 0; at < bytes.length; at += size) {
    cutter.push(Buffer.from(bytes.subarray(at, at + size)))
    for (let frame = cutter.next(); frame !== undefined; frame = cutter.next()) found.push(frame.toString('hex'))
  }
  expect([cutter.isMidFrame, cutter.heldBytes]).toEqual([false, 0])
  return found
}

const bodies = [10, 11, 500, 64 << 10, 100_000].map((length, i) => Buffer.alloc(length, i + 1))

describe('requests are cut', () => {
  test.each([1, 3, 7, 1000, 65_536, 10 << 20])('from pieces of %i bytes', (size) => {
    const few = size < 7 ? bodies.slice(0, 3) : bodies
    expect(cut(framed(...few), size)).toEqual(few.map((body) => body.toString('hex')))
  })

  test('and memory that was given back is used for the next one, whatever its size', () => {
    const pool = new FramePool()
    const cutter = new FrameCutter(BYTES_MAX, pool)
    for (const length of [100_000, 90_000, 130_000]) {
      const body = Buffer.alloc(length, length % 251)
      const bytes = framed(body)
      cutter.push(Buffer.from(bytes.subarray(0, 1000)))
      expect(cutter.next()).toBeUndefined()
      cutter.push(Buffer.from(bytes.subarray(1000)))
      const frame = cutter.next()!
      expect(frame.equals(body)).toBe(true)
      pool.give(frame)
    }
    const [first, second] = [pool.take(100_000), pool.take(100_000)]
    expect(first.buffer).not.toBe(second.buffer)
  })

  test('without taking memory for what is only announced', () => {
    const cutter = new FrameCutter(BYTES_MAX, new FramePool())
    const length = Buffer.alloc(4)
    length.writeInt32BE(BYTES_MAX)
    cutter.push(Buffer.concat([length, Buffer.alloc(100)]))
    expect(cutter.next()).toBeUndefined()
    expect(cutter.isMidFrame).toBe(true)
    expect(cutter.heldBytes).toBeLessThanOrEqual(1 << 20)
  })

  test.each([-1, 0, 9, BYTES_MAX + 1])('a length of %i is refused', (announced) => {
    const cutter = new FrameCutter(BYTES_MAX, new FramePool())
    const length = Buffer.alloc(4)
    length.writeInt32BE(announced)
    cutter.push(length)
    expect(() => cutter.next()).toThrow(FrameError)
  })
})
