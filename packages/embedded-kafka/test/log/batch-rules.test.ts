import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { BatchAppender, COMPRESSION_CODECS, batchLayout, compress, crc32c } from '@sluice/kafka-protocol'
import type { RecordErrors } from '../../src/log/batch-rules.ts'
import { Bench, CODECS, batchOf, batchesIn, readAll, values, valuesOf } from './support.ts'

describe('what a log takes', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench('memory')
  })
  afterEach(() => bench.end())

  function changed(change: (batch: Buffer) => void, isSummed = true): Buffer {
    const batch = Buffer.from(batchOf(values('a', 'b'), { producerId: 1, producerEpoch: 0, baseSequence: 0 }))
    change(batch)
    if (isSummed) batch.writeUInt32BE(crc32c(batch.subarray(batchLayout.ATTRIBUTES)), batchLayout.CRC)
    return batch
  }

  // As Apache Kafka 4.3.1 and 3.9.2 answer the same bytes.
  it.each([
    ['a wrong checksum', 'CORRUPT_MESSAGE', changed((b) => (b[70]! ^= 1), false)],
    ['a batch that is cut off', 'INVALID_RECORD', changed((b) => b.writeInt32BE(b.length, batchLayout.BATCH_LENGTH))],
    ['a length below a header', 'CORRUPT_MESSAGE', changed((b) => b.writeInt32BE(10, batchLayout.BATCH_LENGTH))],
    ['a negative length', 'CORRUPT_MESSAGE', changed((b) => b.writeInt32BE(-5, batchLayout.BATCH_LENGTH))],
    ['no bytes', 'INVALID_RECORD', Buffer.alloc(0)],
    ['five bytes', 'INVALID_RECORD', Buffer.alloc(5)],
    ['zeros behind a batch', 'CORRUPT_MESSAGE', Buffer.concat([changed(() => {}), Buffer.alloc(30)])],
    ['two batches', 'INVALID_RECORD', Buffer.concat([changed(() => {}), changed(() => {})])],
    ['an old message format', 'INVALID_RECORD', changed((b) => (b[batchLayout.MAGIC] = 1))],
    ['a message format of the future', 'CORRUPT_MESSAGE', changed((b) => (b[batchLayout.MAGIC] = 3))],
    ['an offset other than 0', 'INVALID_RECORD', changed((b) => b.writeInt32BE(77, 4))],
    [
      'a count that is not that of its offsets',
      'INVALID_RECORD',
      changed((b) => b.writeInt32BE(3, batchLayout.RECORD_COUNT)),
    ],
    ['a negative last offset', 'INVALID_RECORD', changed((b) => b.writeInt32BE(-1, batchLayout.LAST_OFFSET_DELTA))],
    ['no records', 'INVALID_RECORD', Buffer.from(new BatchAppender(new Uint8Array(100)).seal())],
    ['a control record', 'INVALID_RECORD', changed((b) => b.writeInt16BE(batchLayout.CONTROL, batchLayout.ATTRIBUTES))],
    ['records that are longer than they say', 'INVALID_RECORD', changed((b) => (b[batchLayout.RECORDS]! -= 2))],
    [
      'more records than there are',
      'INVALID_RECORD',
      changed((b) => {
        b.writeInt32BE(3, batchLayout.RECORD_COUNT)
        b.writeInt32BE(2, batchLayout.LAST_OFFSET_DELTA)
      }),
    ],
    ['a key that is longer than its record', 'INVALID_RECORD', changed((b) => (b[batchLayout.RECORDS + 4] = 100))],
    ['a length that is no length', 'INVALID_RECORD', changed((b) => (b[batchLayout.RECORDS + 4] = 5))],
    ['headers that are not there', 'INVALID_RECORD', changed((b) => (b[b.length - 1] = 20))],
    ['fewer than no headers', 'INVALID_RECORD', changed((b) => (b[b.length - 1] = 1))],
    ['an unknown codec', 'UNKNOWN_SERVER_ERROR', changed((b) => b.writeInt16BE(6, batchLayout.ATTRIBUTES))],
  ] as const)('refuses %s', (_, name, batch) => {
    const log = bench.log()
    expect(() => log.append(batch, 0)).toThrow(expect.objectContaining({ name }))
    expect(log.endOffset).toBe(0)
  })

  describe.each(CODECS.filter((codec) => codec !== 'none'))('compressed with %s', (codec) => {
    const same = (bytes: Uint8Array): Uint8Array => bytes

    /** Two records, and what becomes of them before they are compressed and after. */
    function sent(before: (records: Buffer) => Uint8Array, after = same): Buffer {
      const plain = changed(() => {})
      const section = after(compress(codec, before(plain.subarray(batchLayout.RECORDS))))
      const batch = Buffer.concat([plain.subarray(0, batchLayout.RECORDS), section])
      batch.writeInt32BE(batch.length - batchLayout.LENGTH_OVERHEAD, batchLayout.BATCH_LENGTH)
      batch.writeInt16BE(COMPRESSION_CODECS.indexOf(codec), batchLayout.ATTRIBUTES)
      batch.writeUInt32BE(crc32c(batch.subarray(batchLayout.ATTRIBUTES)), batchLayout.CRC)
      return batch
    }

    // As Apache Kafka 4.3.1 and 3.9.2 answer the same bytes.
    it.each([
      ['garbage', 'UNKNOWN_SERVER_ERROR', sent(same, () => Buffer.from('this was never compressed'))],
      ['a section that is cut off', 'UNKNOWN_SERVER_ERROR', sent(same, (section) => section.subarray(0, -6))],
      ['fewer records than announced', 'INVALID_RECORD', sent((records) => records.subarray(0, records.length / 2))],
      ['more records than announced', 'INVALID_RECORD', sent((records) => Buffer.concat([records, records]))],
      ['bytes behind its records', 'INVALID_RECORD', sent((records) => Buffer.concat([records, Buffer.alloc(3)]))],
      ['no records', 'INVALID_RECORD', sent(() => Buffer.alloc(0))],
    ] as const)('refuses %s', (_, name, batch) => {
      expect(() => bench.log().append(batch, 0)).toThrow(expect.objectContaining({ name }))
      bench.log().append(sent(same), 0)
      expect(valuesOf(readAll(bench.log()))).toEqual(['a', 'b'])
    })

    it('refuses a batch that is small, and would take more memory than there may be', () => {
      const batch = batchOf(values('x'), { compression: codec })
      const large = Buffer.from(batch.subarray(0, batchLayout.RECORDS))
      const bomb = Buffer.concat([large, compress(codec, Buffer.alloc(70_000_000))])
      bomb.writeInt32BE(bomb.length - batchLayout.LENGTH_OVERHEAD, batchLayout.BATCH_LENGTH)
      bomb.writeInt16BE(COMPRESSION_CODECS.indexOf(codec), batchLayout.ATTRIBUTES)
      bomb.writeUInt32BE(crc32c(bomb.subarray(batchLayout.ATTRIBUTES)), batchLayout.CRC)
      const log = bench.log({ 'max.message.bytes': '10000000' })
      expect(() => log.append(bomb, 0)).toThrow(expect.objectContaining({ name: 'MESSAGE_TOO_LARGE' }))
    })
  })

  it('ignores the beginning of another batch behind the first', () => {
    const log = bench.log()
    const sent = changed(() => {})
    log.append(Buffer.concat([sent, sent.subarray(0, 50)]), 0)
    expect(log.bytes).toBe(sent.length)
    expect(valuesOf(readAll(log))).toEqual(['a', 'b'])
  })

  it("takes back the flag of the broker's time where producers set it, and refuses it where the broker does", () => {
    const sent = changed((b) => b.writeInt16BE(batchLayout.LOG_APPEND_TIME, batchLayout.ATTRIBUTES))
    const log = bench.log()
    log.append(sent, 0)
    const read = log.read({ offset: 0, bytesMax: 1000, isAtLeastOne: true, isCommittedOnly: false })
    expect(batchesIn(read)[0]!.timestampType).toBe('create')
    expect(() => bench.log({ 'message.timestamp.type': 'LogAppendTime' }, 'own').append(sent, 0)).toThrow(
      expect.objectContaining({ name: 'INVALID_TIMESTAMP' }),
    )
  })

  it('refuses a batch that is larger than max.message.bytes, and than a segment', () => {
    const batch = batchOf(values('x'.repeat(500)))
    expect(() => bench.log({ 'max.message.bytes': '500' }, 'small').append(batch, 0)).toThrow(
      expect.objectContaining({ name: 'MESSAGE_TOO_LARGE' }),
    )
    expect(() => bench.log({ 'internal.segment.bytes': '500' }, 'short').append(batch, 0)).toThrow(
      expect.objectContaining({ name: 'RECORD_LIST_TOO_LARGE' }),
    )
  })

  it.each(CODECS)(
    'names the records without a key that a compacted topic refuses, compressed with %s',
    (compression) => {
      const log = bench.log({ 'cleanup.policy': 'compact' })
      const batch = batchOf([{ key: 'k', value: '1' }, { value: '2' }], { compression })
      let error: RecordErrors | undefined
      try {
        log.append(batch, 0)
      } catch (thrown) {
        error = thrown as RecordErrors
      }
      expect(error).toMatchObject({ name: 'INVALID_RECORD', recordErrors: [{ batchIndex: 1 }] })
    },
  )

  it('refuses timestamps that lie too far from the time of the broker, and names their records', () => {
    const now = bench.clock.now()
    const early = bench.log({ 'message.timestamp.before.max.ms': '1000' }, 'early')
    expect(() => early.append(batchOf([{ timestamp: now }, { timestamp: now - 1001 }]), 0)).toThrow(
      expect.objectContaining({
        name: 'INVALID_TIMESTAMP',
        recordErrors: [expect.objectContaining({ batchIndex: 1 })],
      }),
    )
    expect(() => bench.log().append(batchOf([{ timestamp: now + 3_600_001 }]), 0)).toThrow(
      expect.objectContaining({ name: 'INVALID_TIMESTAMP' }),
    )
    expect(bench.log().append(batchOf([{ timestamp: now + 3_599_999 }]), 0)).toMatchObject({ logAppendTime: -1 })
  })

  it('gives records its own time where the topic says LogAppendTime', () => {
    const log = bench.log({ 'message.timestamp.type': 'LogAppendTime' })
    expect(log.append(batchOf(values('a'), { now: 5 }), 0)).toMatchObject({ logAppendTime: bench.clock.now() })
    const read = log.read({ offset: 0, bytesMax: 1000, isAtLeastOne: true, isCommittedOnly: false })
    const batch = batchesIn(read)[0]!
    expect(batch.timestampType).toBe('append')
    expect(batch.records().timestamp(0)).toBe(bench.clock.now())
  })

  it.each(CODECS)('stores batches in the codec of the topic: from %s', (compression) => {
    const text = 'the same again and '.repeat(100)
    const sent = batchOf(values(text, text), { compression, producerId: 3, producerEpoch: 1, baseSequence: 8 })
    for (const wanted of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const log = bench.log({ 'compression.type': wanted }, `${compression}-${wanted}`)
      log.append(sent, 0)
      const batch = batchesIn(log.read({ offset: 0, bytesMax: 9e6, isAtLeastOne: true, isCommittedOnly: false }))[0]!
      expect(batch.compression).toBe(wanted === 'uncompressed' ? 'none' : wanted)
      expect(batch).toMatchObject({ producerId: 3, producerEpoch: 1, baseSequence: 8 })
      expect(valuesOf(readAll(log))).toEqual([text, text])
    }
  })
})
