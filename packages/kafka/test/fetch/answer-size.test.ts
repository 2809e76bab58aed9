import { expect, test } from '@jest/globals'
import { AnswerSize } from '../../src/fetch/answer-size.ts'

const MIB = 1024 * 1024

test('a broker that is near is asked for little at a time', () => {
  const size = new AnswerSize(1, 6 * MIB)
  for (let i = 0; i < 5; i++) size.answered(size.bytes, 1, true)
  expect(size.bytes).toBe(MIB)
})

test('one that is far away is asked for more while the reader waits for full answers, up to the maximum', () => {
  const size = new AnswerSize(1, 6 * MIB)
  const asked = Array.from({ length: 4 }, () => {
    size.answered(size.bytes * 0.9, 50, true)
    return size.bytes / MIB
  })
  expect(asked).toEqual([2, 4, 6, 6])
  for (let i = 0; i < 4; i++) size.answered(size.bytes, 1, false)
  expect(size.bytes).toBe(MIB)
})

test('neither an answer that is not full nor a reader that is busy says that more is wanted', () => {
  const size = new AnswerSize(1, 6 * MIB)
  size.answered(1000, 500, true)
  size.answered(MIB, 500, false)
  expect(size.bytes).toBe(MIB)
})

test('it keeps to what is set', () => {
  expect(new AnswerSize(1, 1000).bytes).toBe(1000)
  expect(new AnswerSize(3 * MIB, 6 * MIB).bytes).toBe(3 * MIB)
  expect(new AnswerSize(9 * MIB, 6 * MIB).bytes).toBe(6 * MIB)
})
