import { describe, expect, test } from '@jest/globals'
import {
  BatchAppender,
  COMPRESSION_CODECS,
  type CompressionCodec,
  type RecordBatch,
  controlType,
  coordinatorEpoch,
  readBatches,
  transactionMarker,
} from '@sluice/kafka-protocol'
import { checkAll, readVectors } from './vectors.ts'

interface VectorRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly { readonly key: string; readonly value: string | null }[]
}
interface BatchCase {
  readonly codec: CompressionCodec
  readonly baseOffset: number
  readonly lastOffset?: number
  readonly leaderEpoch?: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence?: number
  readonly lastSequence?: number
  readonly transactional: boolean
  readonly control: boolean
  readonly timestampType?: 'create' | 'append'
  readonly maxTimestamp?: number
  readonly marker?: 'commit' | 'abort'
  readonly coordinatorEpoch?: number
  readonly timestamp?: number
  readonly records?: readonly VectorRecord[]
  readonly bytes: string
}
type DataCase = BatchCase & { readonly records: readonly VectorRecord[] }

/** What a batch's header says: everything but its length and its checksum. */
const HEADER_FIELDS = [
  'baseOffset',
  'lastOffset',
  'leaderEpoch',
  'compression',
  'timestampType',
  'isTransactional',
  'isControl',
  'producerId',
  'producerEpoch',
  'baseSequence',
  'lastSequence',
  'baseTimestamp',
  'maxTimestamp',
  'count',
] as const

const { cases } = readVectors('batches.json') as { cases: BatchCase[] }
const data = cases.filter((one): one is DataCase => one.records !== undefined)
const markers = cases.filter(({ marker }) => marker !== undefined)
const nameOf = ({ codec }: BatchCase, i: number): string => `#${i} ${codec}`
const bytesOf = ({ bytes }: BatchCase): Uint8Array => new Uint8Array(Buffer.from(bytes, 'base64'))
const binary = (text: string | null): Uint8Array | null =>
  text === null ? null : new Uint8Array(Buffer.from(text, 'base64'))
const base64 = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('base64')

function onlyBatch(bytes: Uint8Array): RecordBatch {
  const batches = readBatches(bytes)
  expect(batches).toHaveLength(1)
  return batches[0]!
}

function recordsOf(batch: RecordBatch): VectorRecord[] {
  const records = batch.records()
  return Array.from({ length: records.count }, (_, i) => ({
    offset: records.offset(i),
    timestamp: records.timestamp(i),
    key: base64(records.key(i)),
    value: base64(records.value(i)),
    headers: (records.headers(i) ?? []).map(({ key, value }) => ({ key, value: base64(value) })),
  }))
}

/** Builds the batch again from what the case says, as the broker would have it. */
function encode(one: DataCase, compression: CompressionCodec, like: RecordBatch): Uint8Array {
  const appender = new BatchAppender(new Uint8Array(1 << 20))
  const deltas = one.timestampType === 'append' ? likeTimestamps(like) : one.records.map(({ timestamp }) => timestamp)
  one.records.forEach(({ offset, key, value, headers }, i) => {
    const named = headers.map(({ key, value }) => ({ key, value: binary(value) }))
    expect(appender.append(binary(key), binary(value), deltas[i]!, named, offset - one.baseOffset)).toBe(true)
  })
  return appender.seal({
    compression,
    producerId: one.producerId,
    producerEpoch: one.producerEpoch,
    baseSequence: one.baseSequence ?? -1,
    isTransactional: one.transactional,
    baseOffset: one.baseOffset,
    leaderEpoch: like.leaderEpoch,
    lastOffsetDelta: like.lastOffset - like.baseOffset,
    ...(one.timestampType === 'append' ? { logAppendTime: one.maxTimestamp! } : {}),
    // Compaction emptied it, and kept the timestamp that it had.
    ...(one.records.length === 0 ? { maxTimestamp: like.maxTimestamp } : {}),
  })
}

/** With append time the records' own timestamps are hidden, not gone: read them as if the producer's counted. */
function likeTimestamps(batch: RecordBatch): number[] {
  const bytes = batch.bytes.slice()
  const view = new DataView(bytes.buffer)
  view.setInt16(21, view.getInt16(21) & ~8)
  return recordsOf(readBatches(bytes, { checkCrc: false })[0]!).map(({ timestamp }) => timestamp)
}

describe(`record batches as Kafka's own classes write them (${cases.length} cases)`, () => {
  test('every codec is among the cases', () => {
    expect(new Set(cases.map(({ codec }) => codec))).toEqual(new Set(COMPRESSION_CODECS))
  })

  test('the header of the batch says what the case says', () => {
    checkAll(cases, nameOf, (one) => {
      const batch = onlyBatch(bytesOf(one))
      expect(batch).toMatchObject({
        compression: one.codec,
        baseOffset: one.baseOffset,
        lastOffset: one.lastOffset ?? one.baseOffset,
        producerId: one.producerId,
        producerEpoch: one.producerEpoch,
        baseSequence: one.baseSequence ?? -1,
        isTransactional: one.transactional,
        isControl: one.control,
        timestampType: one.timestampType ?? 'create',
      })
      if (one.leaderEpoch !== undefined) expect(batch.leaderEpoch).toBe(one.leaderEpoch)
      if (one.lastSequence !== undefined) expect(batch.lastSequence).toBe(one.lastSequence)
      if (one.maxTimestamp !== undefined) expect(batch.maxTimestamp).toBe(one.maxTimestamp)
    })
  })

  test('the records are those of the case', () => {
    checkAll(data, nameOf, (one) => expect(recordsOf(onlyBatch(bytesOf(one)))).toEqual(one.records))
  })

  test('what we write of the same records reads the same', () => {
    checkAll(data, nameOf, (one) => {
      const like = onlyBatch(bytesOf(one))
      const ours = onlyBatch(encode(one, one.codec, like))
      expect(recordsOf(ours)).toEqual(one.records)
      for (const name of HEADER_FIELDS) expect([name, ours[name]]).toEqual([name, like[name]])
    })
  })

  test('without compression our bytes are equal', () => {
    const plain = data.filter(({ codec }) => codec === 'none')
    expect(plain.length).toBeGreaterThan(0)
    checkAll(plain, nameOf, (one) => expect(base64(encode(one, 'none', onlyBatch(bytesOf(one))))).toBe(one.bytes))
  })

  test('with compression the uncompressed records are equal byte for byte', () => {
    checkAll(data, nameOf, (one) => {
      const like = onlyBatch(bytesOf(one))
      expect(base64(onlyBatch(encode(one, 'none', like)).records().source)).toBe(base64(like.records().source))
    })
  })

  test('transaction markers are read, and written with equal bytes', () => {
    expect(markers.length).toBeGreaterThan(0)
    checkAll(markers, nameOf, (one) => {
      const batch = onlyBatch(bytesOf(one))
      expect([controlType(batch.records()), coordinatorEpoch(batch.records())]).toEqual([
        one.marker,
        one.coordinatorEpoch,
      ])
      const ours = transactionMarker({
        type: one.marker!,
        producerId: one.producerId,
        producerEpoch: one.producerEpoch,
        coordinatorEpoch: one.coordinatorEpoch!,
        timestamp: one.timestamp!,
        baseOffset: one.baseOffset,
        leaderEpoch: one.leaderEpoch!,
      })
      expect(base64(ours)).toBe(one.bytes)
    })
  })

  test('a changed byte behind the checksum is noticed', () => {
    checkAll(cases, nameOf, (one) => {
      const bytes = bytesOf(one)
      bytes[bytes.length - 1]! ^= 1
      expect(() => readBatches(bytes)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }))
    })
  })
})
