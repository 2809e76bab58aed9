import { describe, expect, test } from '@jest/globals'
import { BatchAppender, transactionMarker } from '@sluice/kafka-protocol'
import { type RawPartition, ReadAhead, type Taken } from '../../src/fetch/read-ahead.ts'
import type { Isolation } from '../../src/list-offsets.ts'

/** A batch of values at an offset; `producerId` makes it part of a transaction. */
function batch(baseOffset: number, values: readonly string[], producerId?: number): Uint8Array {
  const appender = new BatchAppender(Buffer.alloc(4096))
  for (const value of values) appender.append(null, Buffer.from(value), 1000)
  const identity =
    producerId === undefined ? {} : { producerId, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  return appender.seal({ baseOffset, ...identity })
}

function marker(baseOffset: number, producerId: number, type: 'commit' | 'abort'): Uint8Array {
  return transactionMarker({ type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1, baseOffset })
}

function raw(batches: readonly Uint8Array[], aborted: RawPartition['aborted'] = []): RawPartition {
  return { records: Buffer.concat(batches), aborted, highWatermark: 1000, lastStableOffset: 1000, logStartOffset: 0 }
}

function decodeFetched(partition: RawPartition, position: number, isolation: Isolation): Taken {
  return new ReadAhead(partition, isolation).take(position, Infinity)
}

function valuesFrom(partition: RawPartition, position: number, isolation: Isolation = 'read_committed') {
  const { batches, nextOffset } = decodeFetched(partition, position, isolation)
  const values = batches.flatMap((records) =>
    Array.from(
      { length: records.count },
      (_, i) => `${records.offset(i)}=${Buffer.from(records.value(i)!).toString()}`,
    ),
  )
  return { values, nextOffset }
}

describe('the position', () => {
  const log = [batch(0, ['a', 'b', 'c']), batch(3, ['d']), marker(4, 9, 'commit'), batch(7, ['e', 'f'])]

  test('skips records exactly', () => {
    expect(valuesFrom(raw(log), 1)).toEqual({ values: ['1=b', '2=c', '3=d', '7=e', '8=f'], nextOffset: 9 })
    expect(valuesFrom(raw(log), 8)).toEqual({ values: ['8=f'], nextOffset: 9 })
  })

  test('moves over control records and compacted gaps', () => {
    expect(valuesFrom(raw(log.slice(0, 3)), 4)).toEqual({ values: [], nextOffset: 5 })
    expect(valuesFrom(raw(log), 5)).toEqual({ values: ['7=e', '8=f'], nextOffset: 9 })
  })

  test('stays before a batch that was cut off', () => {
    const partition = raw(log)
    const cut = { ...partition, records: partition.records.subarray(0, partition.records.length - 1) }
    expect(valuesFrom(cut, 0).nextOffset).toBe(5)
  })

  test('bytes count only what is behind it', () => {
    const whole = decodeFetched(raw([batch(0, ['a', 'b', 'c', 'd'])]), 0, 'read_committed').batches[0]!
    const half = decodeFetched(raw([batch(0, ['a', 'b', 'c', 'd'])]), 2, 'read_committed').batches[0]!
    expect(half.bytes).toBe(whole.bytes / 2)
  })
})

describe('read_committed', () => {
  const log = [
    batch(0, ['a1'], 1),
    batch(1, ['b1'], 2),
    batch(2, ['plain']),
    batch(3, ['a2'], 1),
    marker(4, 1, 'abort'),
    batch(5, ['a3'], 1),
    marker(6, 1, 'commit'),
    batch(7, ['b2'], 2),
    marker(8, 2, 'abort'),
    batch(9, ['b3'], 2),
  ]
  const aborted = [
    { producerId: 2, firstOffset: 1 },
    { producerId: 1, firstOffset: 0 },
  ]

  test('leaves out aborted transactions, each to its own marker', () => {
    expect(valuesFrom(raw(log, aborted), 0)).toEqual({ values: ['2=plain', '5=a3', '9=b3'], nextOffset: 10 })
  })

  test('read_uncommitted leaves out only the markers', () => {
    const { values } = valuesFrom(raw(log, aborted), 0, 'read_uncommitted')
    expect(values.map((value) => value.split('=')[1])).toEqual(['a1', 'b1', 'plain', 'a2', 'a3', 'b2', 'b3'])
  })

  test('two aborted transactions of one producer in one answer', () => {
    const twice = [
      batch(0, ['x'], 1),
      marker(1, 1, 'abort'),
      batch(2, ['y'], 1),
      marker(3, 1, 'abort'),
      batch(4, ['z'], 1),
    ]
    const ranges = [
      { producerId: 1, firstOffset: 0 },
      { producerId: 1, firstOffset: 2 },
    ]
    expect(valuesFrom(raw(twice, ranges), 0).values).toEqual(['4=z'])
  })

  test('a marker that lies in a later answer, and a beginning that lay in an earlier one', () => {
    expect(valuesFrom(raw(log.slice(0, 4), aborted), 0).values).toEqual(['2=plain'])
    expect(valuesFrom(raw(log.slice(3), aborted), 3).values).toEqual(['5=a3', '9=b3'])
  })
})

test('bytes that were damaged are an error, not records', () => {
  const bytes = batch(0, ['a'])
  bytes[bytes.length - 2]! ^= 1
  expect(() => decodeFetched(raw([bytes]), 0, 'read_committed')).toThrow(
    expect.objectContaining({ code: 'CORRUPT_BATCH' }),
  )
})
