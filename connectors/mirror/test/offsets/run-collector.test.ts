import { expect, test } from '@jest/globals'
import type { SourcePartition, SourceRecord } from '@sluice/sdk'
import { collectRuns } from '../../src/offsets/run-collector.ts'
import { sourcePartition } from '../../src/source/topic-partitions.ts'

const A = sourcePartition('a', { topic: 't', partition: 0 })
const B = sourcePartition('a', { topic: 't', partition: 1 })

function record(partition: SourcePartition, offset: number): SourceRecord {
  return { sourcePartition: partition, sourcePosition: { offset } } as unknown as SourceRecord
}

function runsOf(...delivered: readonly (readonly [SourceRecord | null, number])[]): unknown {
  return collectRuns(
    delivered.map(([one]) => one),
    Float64Array.from(delivered, ([, offset]) => offset),
  )
}

test('records that follow one another on both sides are one run, partition by partition', () => {
  expect(runsOf([record(A, 5), 0], [record(B, 9), 4], [record(A, 6), 1], [record(B, 10), 5])).toEqual([
    { topic: 't', partition: 0, runs: [{ upstream: 5, downstream: 0, count: 2 }] },
    { topic: 't', partition: 1, runs: [{ upstream: 9, downstream: 4, count: 2 }] },
  ])
})

test.each([
  ['on the source', [record(A, 7), 1]],
  ['on the target', [record(A, 6), 2]],
] as const)('a gap %s ends a run', (_, [next, offset]) => {
  expect(runsOf([record(A, 5), 0], [next, offset])).toEqual([
    {
      topic: 't',
      partition: 0,
      runs: [
        { upstream: 5, downstream: 0, count: 1 },
        { upstream: next.sourcePosition['offset'], downstream: offset, count: 1 },
      ],
    },
  ])
})

test('nothing is told of dead letters, and of records whose place is not known', () => {
  expect(runsOf([null, 4], [record(A, 5), -1])).toEqual([])
})
