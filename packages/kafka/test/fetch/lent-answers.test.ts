import { beforeEach, expect, test } from '@jest/globals'
import { BatchAppender } from '@sluice/kafka-protocol'
import { ReadAhead } from '../../src/fetch/read-ahead.ts'
import type { FetchedRecords } from '../../src/port.ts'
import { LentFrame, takeFrameMemory } from '../../src/wire/frame-memory.ts'

const ANSWER_BYTES = 300_000

/** As many values of 1,000 bytes, all of this letter. */
function batch(baseOffset: number, letter: string, count: number, compression: 'none' | 'gzip' = 'none'): Uint8Array {
  const appender = new BatchAppender(Buffer.alloc(200_000))
  for (let i = 0; i < count; i++)
    appender.append(Buffer.from(`k${baseOffset + i}`), Buffer.alloc(1000, letter), 1000, [
      { key: 'h', value: Buffer.from(letter) },
    ])
  return appender.seal({ baseOffset, compression })
}

/** What a connection makes of an answer with these records in it. */
function answerOf(batches: readonly Uint8Array[]) {
  const memory = takeFrameMemory(ANSWER_BYTES)
  let at = 0
  for (const bytes of batches) {
    memory.set(bytes, at)
    at += bytes.length
  }
  const records = memory.subarray(0, at)
  const raw = { records, aborted: [], highWatermark: 1000, lastStableOffset: 1000, logStartOffset: 0 }
  return { memory: memory.buffer, raw, frame: LentFrame.of(records)! }
}

function lent(batches: readonly Uint8Array[]) {
  const { memory, raw, frame } = answerOf(batches)
  const fetched = new ReadAhead(raw, 'read_uncommitted', frame).take(0, Infinity).batches
  return { memory, fetched }
}

/** Whether the next answer is read into it. */
function isUsedAgain(memory: ArrayBufferLike): boolean {
  return takeFrameMemory(ANSWER_BYTES).buffer === memory
}

function textOf(records: FetchedRecords, i: number): string {
  return `${Buffer.from(records.key(i)!).toString()} ${Buffer.from(records.value(i)!).toString()}`
}

beforeEach(() => {
  // Nothing of another test is left to be used again.
  for (let i = 0; i < 64; i++) takeFrameMemory(ANSWER_BYTES)
})

test('the memory of an answer is used again once all its batches have been released, and not before', () => {
  const { memory, fetched } = lent([batch(0, 'a', 100), batch(100, 'b', 50)])
  fetched[0]!.release!()
  expect(isUsedAgain(memory)).toBe(false)
  fetched[1]!.release!()
  expect(isUsedAgain(memory)).toBe(true)
})

test('nor before the last partition of the answer has been taken', () => {
  const { memory, raw, frame } = answerOf([batch(0, 'a', 100)])
  const [one, other] = [new ReadAhead(raw, 'read_uncommitted', frame), new ReadAhead(raw, 'read_uncommitted', frame)]
  for (const records of one.take(0, Infinity).batches) records.release!()
  expect(isUsedAgain(memory)).toBe(false)
  for (const records of other.take(0, Infinity).batches) records.release!()
  expect(isUsedAgain(memory)).toBe(true)
})

test('what was handed out stays as it was when another answer lies there', () => {
  const { memory, fetched } = lent([batch(0, 'a', 100)])
  const [records] = fetched
  const handedOut = Array.from({ length: 100 }, (_, i) => ({
    key: records!.key(i)!,
    value: records!.value(i)!,
    header: records!.headers(i)![0]!,
  }))
  records!.release!()
  new Uint8Array(memory).fill(0xff)
  handedOut.forEach(({ key, value, header }, i) => {
    expect(Buffer.from(key).toString()).toBe(`k${i}`)
    expect(Buffer.from(value).equals(Buffer.alloc(1000, 'a'))).toBe(true)
    expect(header).toEqual({ key: 'h', value: Buffer.from('a') })
  })
})

test('records can be read in any order, and again', () => {
  const { fetched } = lent([batch(0, 'a', 100)])
  const [records] = fetched
  for (const i of [99, 0, 50, 0, 99]) expect(textOf(records!, i)).toBe(`k${i} ${'a'.repeat(1000)}`)
})

test('a value that is longer than what is copied at a time comes whole', () => {
  const appender = new BatchAppender(Buffer.alloc(200_000))
  appender.append(null, Buffer.alloc(50_000, 'x'), 1000)
  appender.append(null, null, 1000)
  const { fetched } = lent([appender.seal({ baseOffset: 0 })])
  expect(fetched[0]!.value(0)).toEqual(Buffer.alloc(50_000, 'x'))
  expect(fetched[0]!.value(1)).toBeNull()
  expect(fetched[0]!.key(1)).toBeNull()
})

test('who reads what has been released is told, and does not get another answer', () => {
  const { fetched } = lent([batch(0, 'a', 100)])
  const [records] = fetched
  records!.value(3)
  records!.release!()
  for (const read of [() => records!.key(3), () => records!.value(3), () => records!.headers(3)])
    expect(read).toThrow('Records are read that have been released')
})

test('releasing twice is releasing once', () => {
  const { memory, fetched } = lent([batch(0, 'a', 100), batch(100, 'b', 50)])
  fetched[0]!.release!()
  fetched[0]!.release!()
  expect(isUsedAgain(memory)).toBe(false)
})

test('compressed records have memory of their own, and do not hold the answer', () => {
  const { memory, fetched } = lent([batch(0, 'a', 100, 'gzip'), batch(100, 'b', 50)])
  fetched[1]!.release!()
  expect(isUsedAgain(memory)).toBe(true)
  expect(textOf(fetched[0]!, 7)).toBe(`k7 ${'a'.repeat(1000)}`)
  fetched[0]!.release!()
  expect(() => fetched[0]!.key(7)).toThrow('Records are read that have been released')
})

test('small answers are not lent', () => {
  expect(LentFrame.of(takeFrameMemory(4000))).toBeNull()
})
