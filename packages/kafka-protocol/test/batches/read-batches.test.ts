import { describe, expect, test } from '@jest/globals'
import {
  BatchAppender,
  ProtocolError,
  controlType,
  coordinatorEpoch,
  crc32c,
  readBatches,
  transactionMarker,
} from '@sluice/kafka-protocol'
import fc from 'fast-check'

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value))

function batchOf(values: readonly string[], baseOffset = 0): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(4096))
  for (const value of values) appender.append(text('key'), text(value), 1000, [{ key: 'h', value: text('x') }])
  return appender.seal({ baseOffset })
}

/** The batch with its records section replaced, and a checksum that matches. */
function withRecords(records: readonly number[], count: number): Uint8Array {
  const batch = new Uint8Array(Buffer.concat([batchOf(['x']).subarray(0, 61), Uint8Array.from(records)]))
  const view = new DataView(batch.buffer)
  view.setInt32(8, batch.length - 12)
  view.setInt32(57, count)
  return sealed(batch)
}

function sealed(batch: Uint8Array): Uint8Array {
  new DataView(batch.buffer).setUint32(17, crc32c(batch.subarray(21)))
  return batch
}

function allValues(bytes: Uint8Array): string[] {
  return readBatches(bytes).flatMap((batch) => {
    const records = batch.records()
    return Array.from({ length: records.count }, (_, i) => Buffer.from(records.value(i)!).toString())
  })
}

describe('a fetched buffer', () => {
  const fetched = Buffer.concat([batchOf(['a', 'b'], 10), batchOf(['c'], 12), batchOf(['d', 'e'], 13)])

  test('gives its batches in order, wherever it begins in memory', () => {
    const shifted = new Uint8Array(fetched.length + 5)
    shifted.set(fetched, 5)
    expect(allValues(shifted.subarray(5))).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(readBatches(fetched).map(({ baseOffset, lastOffset }) => [baseOffset, lastOffset])).toEqual([
      [10, 11],
      [12, 12],
      [13, 14],
    ])
  })

  test('that is cut off anywhere gives the whole batches and leaves the rest out', () => {
    const ends = [0, 1, 2, 3].map(
      (n) => Buffer.concat([batchOf(['a', 'b'], 10), batchOf(['c'], 12), batchOf(['d', 'e'], 13)].slice(0, n)).length,
    )
    for (let length = 0; length <= fetched.length; length++) {
      const whole = ends.filter((end) => end > 0 && end <= length).length
      expect(readBatches(fetched.subarray(0, length))).toHaveLength(whole)
    }
  })

  test('views share its memory', () => {
    const records = readBatches(fetched)[0]!.records()
    expect(records.value(1)!.buffer).toBe(fetched.buffer)
    expect([
      ...records.source.subarray(records.valuePosition(1), records.valuePosition(1) + records.valueLength(1)),
    ]).toEqual([98])
    expect([records.keyLength(0), records.key(0)]).toEqual([3, text('key')])
  })
})

describe('what cannot be read is refused', () => {
  test.each([0, 1, 3])('message format v%i', (magic) => {
    const batch = batchOf(['a'])
    batch[16] = magic
    expect(() => readBatches(batch)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_MAGIC' }))
  })

  test('a checksum that does not match, unless checks are off', () => {
    const batch = batchOf(['a'])
    batch[batch.length - 1]! ^= 1
    expect(() => readBatches(batch)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }))
    expect(readBatches(batch, { checkCrc: false })).toHaveLength(1)
  })

  test.each([-1, 0, 48])('a batch that announces %i bytes', (length) => {
    const batch = batchOf(['a'])
    new DataView(batch.buffer).setInt32(8, length)
    expect(() => readBatches(batch)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  test('an unknown codec', () => {
    const batch = batchOf(['a']).slice()
    batch[22] = 5
    expect(() => readBatches(sealed(batch))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED_COMPRESSION' }))
  })

  test.each([
    ['more records than bytes', [10, 0, 0, 0, 1, 1], 2147483647],
    ['a negative count', [], -1],
    ['a record longer than the batch', [100, 0, 0, 0, 1, 1, 0], 1],
    ['a record shorter than its fields', [10, 0, 0, 0, 4, 7, 7, 1, 0], 1],
    ['a key of length -2', [12, 0, 0, 0, 3, 1, 0], 1],
    ['bytes behind the headers', [14, 0, 0, 0, 1, 1, 0, 9], 1],
    ['a record of no bytes', [0, 0, 0, 0, 0, 0, 0], 1],
    ['a varint without end', [255, 255, 255, 255, 255, 255, 255], 1],
    ['bytes behind the last record', [12, 0, 0, 0, 1, 1, 0, 9], 1],
  ])('%s', (_name, records, count) => {
    expect(() => readBatches(withRecords(records, count)).map((batch) => batch.records())).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    )
  })

  test.each([
    ['more headers than bytes', [12, 0, 0, 0, 1, 1, 60]],
    ['a header key beyond the record', [16, 0, 0, 0, 1, 1, 2, 40, 1]],
    ['a header key that is null', [16, 0, 0, 0, 1, 1, 2, 1, 1]],
    ['bytes behind the headers', [20, 0, 0, 0, 1, 1, 2, 2, 97, 1, 9]],
  ])('headers: %s', (_name, records) => {
    const [batch] = readBatches(withRecords(records, 1))
    const read = batch!.records()
    expect(read.value(0)).toBeNull()
    expect(() => read.headers(0)).toThrow(expect.objectContaining({ code: 'MALFORMED' }))
  })

  test('changed bytes under a matching checksum are read or refused, never anything else', () => {
    const original = Buffer.concat([batchOf(['abc', 'defg', 'h'])])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 21, max: original.length - 1 }), fc.nat(255)), { maxLength: 6 }),
        (changes) => {
          const batch = new Uint8Array(original)
          const touched: unknown[] = []
          for (const [at, value] of changes) batch[at] = value
          try {
            for (const one of readBatches(sealed(batch))) {
              const records = one.records()
              for (let i = 0; i < records.count; i++) touched.push(records.key(i), records.value(i), records.headers(i))
            }
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError)
          }
        },
      ),
      { numRuns: 3000 },
    )
  })
})

describe('control batches', () => {
  test('say what they end, and who ended it', () => {
    for (const type of ['commit', 'abort'] as const) {
      const batch = transactionMarker({
        type,
        producerId: 9,
        producerEpoch: 1,
        coordinatorEpoch: 3,
        timestamp: 5,
        baseOffset: 20,
      })
      const [marker] = readBatches(batch)
      expect(marker).toMatchObject({ isControl: true, isTransactional: true, producerId: 9, baseOffset: 20, count: 1 })
      expect([controlType(marker!.records()), coordinatorEpoch(marker!.records())]).toEqual([type, 3])
    }
  })

  test('a control record that is not a transaction marker is told apart, and does not fail', () => {
    for (const key of [Uint8Array.of(0, 0, 0, 2), Uint8Array.of(0), null]) {
      const appender = new BatchAppender(new Uint8Array(200))
      appender.append(key, null, 5)
      const records = readBatches(appender.seal({ isControl: true }))[0]!.records()
      expect([controlType(records), coordinatorEpoch(records)]).toEqual(['other', -1])
    }
  })
})
