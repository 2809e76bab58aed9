import { expect, test } from '@jest/globals'
import { OutgoingBatch } from '../../src/record-path/outgoing-batch.ts'

test('knows the last position of each source partition, however they alternate', () => {
  const a = { f: 'a' }
  const b = { f: 'b' }
  const batch = new OutgoingBatch()
  for (const [partition, n] of [
    [a, 1],
    [a, 2],
    [b, 1],
    [a, 3],
    [b, 2],
  ] as const)
    batch.reach({ sourcePartition: partition, sourcePosition: { n } })
  expect(batch.positions()).toEqual([
    { partition: a, position: { n: 3 } },
    { partition: b, position: { n: 2 } },
  ])
})

test('a batch that reached nothing moves nothing', () => {
  expect(new OutgoingBatch().positions()).toEqual([])
})
