import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DataError, primitive, type Converter, type Schema, type SourceRecord, type Value } from '@sluice/sdk'
import {
  ConversionFailure,
  readableBytes,
  RecordDecoder,
  RecordEncoder,
  recordBytes,
  type Converters,
  type Part,
} from '../../src/record-path/convert.ts'
import { bytes, fetchedRecords, text } from '../support/fake-kafka.ts'
import { sourceRecord } from '../support/source-run.ts'

/** Counts the encoders it was asked for; fails on the value `bad`. */
class CountingConverter implements Converter {
  readonly asked: string[] = []

  encoder(topic: string, schema: Schema | null): (value: Value) => Uint8Array | null {
    this.asked.push(`${topic}/${schema?.type ?? 'none'}`)
    return (value) => {
      if (value === 'bad') throw new DataError('bad is refused')
      return value === null ? null : bytes(`${topic}:${value as string}`)
    }
  }

  decode(topic: string, value: Uint8Array | null): { schema: null; value: Value } {
    if (text(value) === 'bad') throw new DataError('bad is refused')
    return { schema: null, value: value === null ? null : `${topic}:${text(value)}` }
  }
}

function converters(): Converters & Record<Part, CountingConverter> {
  return { key: new CountingConverter(), value: new CountingConverter(), header: new CountingConverter() }
}

function failureOf(work: () => unknown): ConversionFailure {
  try {
    work()
  } catch (error) {
    if (error instanceof ConversionFailure) return error
    throw error
  }
  throw new Error('nothing failed')
}

describe('encoding', () => {
  test('asks for an encoder once per topic and schema, however they alternate', () => {
    const all = converters()
    const encoder = new RecordEncoder(all)
    const [string, int] = [primitive('string'), primitive('int32')]
    const kinds = [
      { topic: 'a', valueSchema: string },
      { topic: 'b', valueSchema: string },
      { topic: 'a', valueSchema: int },
      { topic: 'b', valueSchema: null },
    ]
    for (let i = 0; i < 100; i++) {
      const { value } = encoder.encode(sourceRecord(i, kinds[i % 4]))
      expect(text(value)).toBe(`${kinds[i % 4]!.topic}:${i}`)
    }
    expect(all.value.asked.toSorted()).toEqual(['a/int32', 'a/string', 'b/none', 'b/string'])
  })

  test('a source with a new schema object for each record does not fill the memory', () => {
    const all = converters()
    const encoder = new RecordEncoder(all)
    const first = primitive('string')
    encoder.encode(sourceRecord(0, { valueSchema: first }))
    for (let i = 0; i < 1500; i++) encoder.encode(sourceRecord(i, { valueSchema: primitive('int32') }))
    encoder.encode(sourceRecord(0, { valueSchema: first }))
    expect(all.value.asked.filter((kind) => kind === 'out/string')).toHaveLength(2)
  })

  test('keeps key, headers in order, partition and time', () => {
    const headers = [
      { key: 'h', schema: null, value: '1' },
      { key: 'h', schema: null, value: null },
    ]
    const record = sourceRecord(1, { key: 'k', keySchema: primitive('string'), headers, partition: 3, timestamp: 9 })
    expect(new RecordEncoder(converters()).encode(record)).toEqual({
      topic: 'out',
      partition: 3,
      key: bytes('out:k'),
      value: bytes('out:1'),
      timestamp: 9,
      headers: [
        { key: 'h', value: bytes('out:1') },
        { key: 'h', value: null },
      ],
    })
  })

  test('a record without a key does not ask the key converter', () => {
    const all = converters()
    expect(new RecordEncoder(all).encode(sourceRecord(1)).key).toBeNull()
    expect(all.key.asked).toEqual([])
  })

  test.each<[Part, object]>([
    ['key', { key: 'bad' }],
    ['value', { value: 'bad' }],
    ['header', { headers: [{ key: 'h', schema: null, value: 'bad' }] }],
  ])('a failure names its part: %s', (part, rest) => {
    const { part: found, error } = failureOf(() => new RecordEncoder(converters()).encode(sourceRecord(1, rest)))
    expect([found, (error as Error).message]).toEqual([part, 'bad is refused'])
  })

  test('converters of keys and values see the headers and add to them, for this record alone', () => {
    const signed: Converter = {
      encoder: () => (value, headers) => {
        if (value === 'plain') return bytes('plain')
        headers!.push({ key: 'signed', value: bytes(`${headers!.length} before`) })
        if (value === 'bad') throw new DataError('bad is refused')
        return bytes('signed')
      },
      decode: () => ({ schema: null, value: null }),
    }
    const encoder = new RecordEncoder({ ...converters(), value: signed })
    const headersOf = (value: string, headers: SourceRecord['headers'] = null): unknown =>
      encoder.encode(sourceRecord(0, { value, headers })).headers?.map(({ key, value: of }) => `${key}=${text(of)}`) ??
      null
    expect(headersOf('signed')).toEqual(['signed=0 before'])
    expect(headersOf('plain')).toBeNull()
    expect(() => headersOf('bad')).toThrow(ConversionFailure)
    expect(headersOf('plain')).toBeNull()
    expect(headersOf('signed', [{ key: 'a', schema: null, value: 'b' }])).toEqual(['a=out:b', 'signed=1 before'])
    expect(headersOf('signed')).toEqual(['signed=0 before'])
  })

  test('a time of -1 is none, as in Kafka Connect; other odd times are refused', () => {
    const encoder = new RecordEncoder(converters())
    expect(encoder.encode(sourceRecord(1, { timestamp: -1 })).timestamp).toBeNull()
    expect(encoder.encode(sourceRecord(1, { timestamp: 0 })).timestamp).toBe(0)
    for (const timestamp of [-2, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60]) {
      const { error } = failureOf(() => encoder.encode(sourceRecord(1, { timestamp })))
      expect(error).toMatchObject({
        code: 'DATA_INVALID',
        place: { topic: 'out' },
        remedy: expect.stringMatching(/milliseconds/) as unknown,
      })
    }
  })
})

describe('decoding', () => {
  const batch = fetchedRecords([
    { offset: 5, key: bytes('k'), value: bytes('v'), headers: [{ key: 'h', value: bytes('1') }] },
    { offset: 8, value: null, headers: [] },
    { offset: 9, key: bytes('bad'), value: bytes('v') },
    { offset: 10, value: bytes('bad') },
    { offset: 11, value: bytes('v'), headers: [{ key: 'h', value: bytes('bad') }] },
  ])

  test('gives the record its coordinates, also as those before any transform', () => {
    const decoder = new RecordDecoder(converters())
    expect(decoder.decode('t', 2, batch, 0)).toEqual({
      topic: 't',
      partition: 2,
      offset: 5,
      keySchema: null,
      key: 't:k',
      valueSchema: null,
      value: 't:v',
      timestamp: 1_700_000_000_005,
      timestampType: 'create',
      headers: [{ key: 'h', schema: null, value: 't:1' }],
      originalTopic: 't',
      originalPartition: 2,
      originalOffset: 5,
    })
    expect(decoder.decode('t', 2, batch, 1)).toMatchObject({ offset: 8, key: null, value: null, headers: null })
  })

  test.each<[Part, number]>([
    ['key', 2],
    ['value', 3],
    ['header', 4],
  ])('a failure names its part: %s', (part, i) => {
    expect(failureOf(() => new RecordDecoder(converters()).decode('t', 0, batch, i)).part).toBe(part)
  })
})

describe('readable bytes', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic

  test.each<[string, unknown, string]>([
    ['text', 'ä', 'ä'],
    ['bytes', bytes('raw'), 'raw'],
    ['a struct', { a: 1, b: [true, null] }, '{"a":1,"b":[true,null]}'],
    ['a 64-bit integer', { a: 2n ** 60n }, '{"a":"1152921504606846976"}'],
    ['a map', new Map([['k', 1n]]), '[["k","1"]]'],
    ['bytes inside', { a: new Uint8Array([1, 2]), b: Buffer.from([1, 2]) }, '{"a":"AQI=","b":"AQI="}'],
    ['no number', Number.NaN, 'null'],
    ['what JSON has no word for', Symbol('s'), 'Symbol(s)'],
    ['what contains itself', cyclic, '<ref *1> { self: [Circular *1] }'],
  ])('of %s', (_, value, expected) => {
    expect(text(readableBytes(value as Value))).toBe(expected)
  })

  test('nothing stays nothing', () => {
    expect([readableBytes(null), readableBytes(undefined)]).toEqual([null, null])
  })

  test('never throw, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withTypedArray: true, withNullPrototype: true }),
        (value) => {
          readableBytes(value as Value)
        },
      ),
    )
  })
})

test('a record’s size is never less than what it takes in a batch of its own', () => {
  const oneBatch = 61 + 36
  const headers = fc.array(fc.record({ key: fc.string({ unit: 'binary' }), value: fc.option(fc.uint8Array()) }))
  fc.assert(
    fc.property(fc.option(fc.uint8Array()), fc.option(fc.uint8Array()), fc.option(headers), (key, value, headers) => {
      const size =
        oneBatch +
        (key?.length ?? 0) +
        (value?.length ?? 0) +
        (headers ?? []).reduce(
          (sum, header) => sum + 10 + Buffer.byteLength(header.key) + (header.value?.length ?? 0),
          0,
        )
      expect(recordBytes({ topic: 't', partition: null, key, value, timestamp: null, headers })).toBeGreaterThanOrEqual(
        size,
      )
    }),
  )
})
