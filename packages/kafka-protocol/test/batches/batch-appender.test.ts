import { describe, expect, test } from '@jest/globals'
import {
  BatchAppender,
  COMPRESSION_CODECS,
  type RecordHeader,
  advanceSequence,
  batchSizeBound,
  readBatches,
  restampProducer,
  stampLogAppendTime,
  stampOffset,
} from '@sluice/kafka-protocol'
import fc from 'fast-check'

interface TestRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestamp: number
  readonly headers: readonly RecordHeader[] | null
}

const bytes = fc.option(fc.uint8Array({ maxLength: 300 }))
const header = fc.record({ key: fc.string({ unit: 'grapheme' }), value: bytes })
const record: fc.Arbitrary<TestRecord> = fc.record({
  key: bytes,
  value: bytes,
  timestamp: fc.oneof(fc.integer({ min: 0, max: 2 ** 31 }), fc.constantFrom(-1, 0, 1_700_000_000_000, 253402300799999)),
  headers: fc.option(fc.array(header, { maxLength: 4, minLength: 1 })),
})

function appended(records: readonly TestRecord[], buffer = new Uint8Array(1 << 17)): BatchAppender {
  const appender = new BatchAppender(buffer)
  for (const { key, value, timestamp, headers } of records)
    expect(appender.append(key, value, timestamp, headers)).toBe(true)
  return appender
}

function read(batch: Uint8Array): TestRecord[] {
  const records = readBatches(batch)[0]!.records()
  return Array.from({ length: records.count }, (_, i) => ({
    key: records.key(i),
    value: records.value(i),
    timestamp: records.timestamp(i),
    headers: records.headers(i),
  }))
}

const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value))
const plain: TestRecord = { key: null, value: text('v'), timestamp: 1000, headers: null }

describe('what is appended is read', () => {
  test.each(COMPRESSION_CODECS)('any records, with %s', (compression) => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 30 }), (records) => {
        const batch = appended(records).seal({ compression })
        expect(read(batch)).toEqual(records)
        expect(readBatches(batch)[0]).toMatchObject({
          count: records.length,
          baseOffset: 0,
          lastOffset: records.length - 1,
          leaderEpoch: -1,
          producerId: -1,
          baseTimestamp: records[0]!.timestamp,
          maxTimestamp: Math.max(...records.map(({ timestamp }) => timestamp)),
        })
      }),
      { numRuns: 50 },
    )
  })

  test('timestamps before the first one, and further from it than 32 bits say', () => {
    const timestamps = [1_700_000_000_000, 1, -1, 1_700_000_000_001, 9_000_000_000_000]
    const records = timestamps.map((timestamp) => ({ ...plain, timestamp }))
    expect(read(appended(records).seal()).map(({ timestamp }) => timestamp)).toEqual(timestamps)
  })

  test('empty and null keys and values stay apart', () => {
    const records = [
      { ...plain, key: text(''), value: null },
      { ...plain, key: null, value: text('') },
    ]
    expect(read(appended(records).seal())).toEqual(records)
  })

  test('gaps that compaction left keep their offsets', () => {
    const appender = new BatchAppender(new Uint8Array(1000))
    for (const delta of [2, 3, 9]) appender.append(null, text('v'), 5, null, delta)
    const batch = readBatches(appender.seal({ baseOffset: 100, lastOffsetDelta: 12 }))[0]!
    const records = batch.records()
    expect([0, 1, 2].map((i) => records.offset(i))).toEqual([102, 103, 109])
    expect(batch.lastOffset).toBe(112)
  })
})

describe('the buffer is the limit', () => {
  test('a record that does not fit is refused, and nothing of it is written', () => {
    const records = Array.from({ length: 3 }, () => plain)
    const exact = appended(records).seal().length
    const buffer = new Uint8Array(exact)
    const appender = appended(records, buffer)
    expect(appender.append(null, text('v'), 1000)).toBe(false)
    expect([appender.count, appender.length]).toEqual([3, exact])
    expect(read(appender.seal())).toEqual(records)
    const small = appended(records.slice(1), new Uint8Array(exact - 1))
    expect(small.append(null, text('v'), 1000)).toBe(false)
  })

  test('batchSizeBound is enough for its record', () => {
    fc.assert(
      fc.property(record, ({ key, value, timestamp, headers }) => {
        const appender = new BatchAppender(new Uint8Array(batchSizeBound(key, value, headers)))
        expect(appender.append(key, value, timestamp, headers)).toBe(true)
      }),
    )
  })

  test('what compression cannot make fit stays as it was', () => {
    const appender = new BatchAppender(new Uint8Array(61 + 8))
    expect(appender.append(null, text('v'), 0)).toBe(true)
    expect(readBatches(appender.seal({ compression: 'gzip' }))[0]!.compression).toBe('none')
  })

  test('a buffer without room for a header is refused', () => {
    expect(() => new BatchAppender(new Uint8Array(60))).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }))
  })

  test('a timestamp that is no whole number of milliseconds is refused', () => {
    const appender = appended([plain])
    for (const timestamp of [Number.NaN, 0.5, 2 ** 53, Number.POSITIVE_INFINITY]) {
      expect(() => appender.append(null, null, timestamp)).toThrow(expect.objectContaining({ code: 'INVALID_MESSAGE' }))
    }
    expect(appender.count).toBe(1)
  })

  test('a sealed batch takes no more, until reset begins another in the same buffer', () => {
    const buffer = new Uint8Array(1000)
    const appender = appended([plain, plain], buffer)
    appender.seal()
    expect(appender.append(null, null, 1)).toBe(false)
    expect(() => appender.seal()).toThrow(/sealed already/)
    appender.reset(buffer)
    expect([appender.count, appender.length]).toEqual([0, 61])
    appender.append(text('k'), null, 7)
    expect(read(appender.seal())).toEqual([{ key: text('k'), value: null, timestamp: 7, headers: null }])
  })
})

describe('stamps on a sealed batch', () => {
  test.each(COMPRESSION_CODECS)(
    'a new producer identity keeps the records and the checksum right, with %s',
    (compression) => {
      const records = Array.from({ length: 40 }, () => plain)
      const batch = appended(records).seal({
        compression,
        producerId: 5,
        producerEpoch: 0,
        baseSequence: 40,
        isTransactional: true,
      })
      restampProducer(batch, { producerId: 2n ** 60n, producerEpoch: 1, baseSequence: 0 })
      expect(readBatches(batch)[0]).toMatchObject({
        producerId: 2n ** 60n,
        producerEpoch: 1,
        baseSequence: 0,
        lastSequence: 39,
        isTransactional: true,
        compression,
      })
      expect(read(batch)).toEqual(records)
    },
  )

  test("the broker's offset needs no new checksum, its time does and gets one", () => {
    const batch = appended([plain, plain]).seal()
    stampOffset(batch, 2 ** 40, 3)
    expect(readBatches(batch)[0]).toMatchObject({ baseOffset: 2 ** 40, lastOffset: 2 ** 40 + 1, leaderEpoch: 3 })
    stampLogAppendTime(batch, 4711)
    expect(readBatches(batch)[0]).toMatchObject({ timestampType: 'append', maxTimestamp: 4711 })
    expect(read(batch).map(({ timestamp }) => timestamp)).toEqual([4711, 4711])
  })
})

describe('sequences wrap behind 2^31 - 1 to 0', () => {
  test.each([
    [0, 5, 5],
    [2147483647, 0, 2147483647],
    [2147483647, 1, 0],
    [2147483646, 3, 1],
    [2147483000, 2147483647, 2147482999],
    [-1, 10, -1],
  ])('%i and %i more is %i', (sequence, by, expected) => {
    expect(advanceSequence(sequence, by)).toBe(expected)
  })

  test('a batch across the wrap says so', () => {
    const batch = appended([plain, plain, plain]).seal({ producerId: 1, producerEpoch: 0, baseSequence: 2147483646 })
    expect(readBatches(batch)[0]).toMatchObject({ baseSequence: 2147483646, lastSequence: 0 })
  })
})
