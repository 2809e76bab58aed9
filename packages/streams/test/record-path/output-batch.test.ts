import { expect, test } from '@jest/globals'
import { OutputBatch } from '../../src/record-path/output-batch.ts'

const record = (n: number) => ({
  topic: 'out',
  partition: null,
  key: null,
  value: Buffer.from(String(n)),
  timestamp: 0,
  headers: null,
})

test('many records are handed on between two records, and nothing of one that may still be taken back', () => {
  const output = new OutputBatch()
  const handedOn: number[] = []
  output.onMany = () => handedOn.push(...output.take().map(({ value }) => Number(Buffer.from(value!).toString())))
  for (let n = 0; n < 1000; n++) {
    const { length, bytes } = output
    output.add(record(n), 1)
    if (n % 2 === 1) output.rewind(length, bytes)
    output.settled()
    expect(output.length).toBeLessThan(300)
  }
  const left = output.take().map(({ value }) => Number(Buffer.from(value!).toString()))
  expect(handedOn.length).toBeGreaterThan(200)
  expect([...handedOn, ...left]).toEqual(Array.from({ length: 500 }, (_, i) => i * 2))
})

test('much that is to follow is told of between two records, though little is put out', () => {
  const [output, behind] = [new OutputBatch(), new OutputBatch()]
  output.behind = behind
  let taken = 0
  output.onMany = () => (taken += behind.take().length)
  for (let n = 0; n < 1000; n++) {
    behind.add(record(n), 1)
    output.settled()
    expect(behind.length).toBeLessThan(300)
  }
  expect(taken + behind.length).toBe(1000)
})

test('what one has added is taken back from among that of others, in the order of the rest', () => {
  const output = new OutputBatch()
  const [ours, theirs] = [{}, {}]
  for (const [owner, ...added] of [
    [theirs, 1, 2],
    [ours, 3],
    [ours, 4, 5],
    [theirs, 6],
    [ours, 7],
    [theirs],
  ] as const) {
    for (const n of added) output.add(record(n), n)
    output.addedBy(owner)
  }
  output.drop(ours)
  expect(output.bytes).toBe(1 + 2 + 6)
  output.add(record(8), 8)
  output.addedBy(ours)
  output.drop(ours)
  expect(output.bytes).toBe(1 + 2 + 6)
  expect(output.take().map(({ value }) => Number(Buffer.from(value!).toString()))).toEqual([1, 2, 6])
  expect(output.bytes).toBe(0)
})
