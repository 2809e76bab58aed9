import { expect, test } from '@jest/globals'
import { LentMemory } from '../../src/log/lent-memory.ts'

const MiB = 1024 * 1024
const isShared = (one: Buffer, other: Buffer): boolean => one.buffer === other.buffer

test('memory is lent again when all views of it came back, and not before', () => {
  const memory = new LentMemory()
  const [first, second] = [memory.lend(MiB), memory.lend(MiB)]
  const third = memory.lend(MiB)
  expect(isShared(second, first)).toBe(true)
  expect(isShared(third, first)).toBe(false)
  memory.giveBack(first)
  expect([memory.lend(MiB), memory.lend(MiB)].map((view) => isShared(view, first))).toEqual([false, false])
  memory.giveBack(second)
  memory.lend(MiB)
  expect(isShared(memory.lend(MiB), first)).toBe(true)
})

test('views that are out at the same time never overlap', () => {
  const memory = new LentMemory()
  const out: { readonly view: Buffer; readonly mark: number }[] = []
  for (let i = 0; i < 2000; i++) {
    const view = memory.lend(1 + ((i * 7919) % 300_000)).fill(i & 255)
    out.push({ view, mark: i & 255 })
    if (out.length < 20) continue
    const [{ view: back, mark }] = out.splice((i * 31) % 20, 1) as [(typeof out)[number]]
    expect(back.every((byte) => byte === mark)).toBe(true)
    memory.giveBack(back)
  }
})

test('what is too long for a block, or was never lent, is left alone', () => {
  const memory = new LentMemory()
  const long = memory.lend(5 * MiB)
  expect(long.length).toBe(5 * MiB)
  memory.giveBack(long)
  memory.giveBack(new Uint8Array(8))
  expect(isShared(memory.lend(8), long)).toBe(false)
})
