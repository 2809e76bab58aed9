/** Confluent's smaller transforms: drop, unpack, tombstones, and topics by time and pattern. */
import { describe, expect, test } from '@jest/globals'
import { gzipSync } from 'node:zlib'
import { DataError, primitive, struct } from '@sluice/sdk'
import { change, tombstone } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

const TEXT = primitive('string')

describe('Drop', () => {
  const record = sinkRecord({ key: 'k', keySchema: TEXT, value: 'v', valueSchema: TEXT })
  const dropped = (behavior?: string) =>
    transform(
      'io.confluent.connect.transforms.Drop$Value',
      behavior === undefined ? {} : { 'schema.behavior': behavior },
    )

  test('makes null of value and schema, or of the value alone', () => {
    expect(dropped()(record)).toEqual({ ...record, value: null, valueSchema: null })
    expect(dropped('retain')(record)).toEqual({ ...record, value: null })
    const [a, b] = [dropped('force_optional')(record)!, dropped('force_optional')(record)!]
    expect(a).toEqual({ ...record, value: null, valueSchema: primitive('string', { optional: true }) })
    expect(b.valueSchema).toEqual(a.valueSchema)
    expect(transform('Drop$Key')(record)).toEqual({ ...record, key: null, keySchema: null })
  })

  test('may ask for an optional schema', () => {
    expect(() => dropped('validate')(record)).toThrow(DataError)
    const optional = { ...record, valueSchema: primitive('string', { optional: true }) }
    expect(dropped('validate')(optional)).toEqual({ ...optional, value: null })
    expect(() => dropped('forget')).toThrow('nullify, retain, validate, force_optional')
  })

  test('hands on a record itself that has none', () => {
    const none = sinkRecord()
    for (const behavior of ['nullify', 'retain', 'validate', 'force_optional'])
      expect(dropped(behavior)(none)).toBe(none)
  })
})

describe('GzipDecompress', () => {
  const unpack = transform('io.confluent.connect.transforms.GzipDecompress$Value')
  const packed = gzipSync('hello'.repeat(100))

  test('unpacks bytes, with and without a schema', () => {
    for (const valueSchema of [null, primitive('bytes')]) {
      const result = unpack(sinkRecord({ value: packed, valueSchema }))!
      expect(Buffer.from(result.value as Uint8Array).toString()).toBe('hello'.repeat(100))
      expect(result.valueSchema).toBe(valueSchema)
    }
    const inKey = transform('GzipDecompress$Key')(sinkRecord({ key: packed }))!
    expect(inKey.key).toHaveLength(500)
  })

  test('refuses what is not packed, cut off, or no bytes', () => {
    expect(() => unpack(sinkRecord({ value: Buffer.from('hello') }))).toThrow(DataError)
    expect(() => unpack(sinkRecord({ value: packed.subarray(0, 20) }))).toThrow('not packed by gzip, or not whole')
    expect(() => unpack(sinkRecord({ value: 'text' }))).toThrow('found: java.lang.String')
  })

  test('unpacks no more than there is room for', () => {
    const bomb = gzipSync(Buffer.alloc(257 * 1024 * 1024), { level: 1 })
    expect(() => unpack(sinkRecord({ value: bomb }))).toThrow('unpack to more than 268435456')
  })

  test('hands on a tombstone itself', () => {
    const mark = tombstone()
    expect(unpack(mark)).toBe(mark)
  })
})

describe('TombstoneHandler', () => {
  test.each(['io.confluent.connect.transforms', 'io.aiven.kafka.connect.transforms'])(
    'of %s drops or refuses',
    (name) => {
      for (const behavior of ['ignore', 'warn', 'drop_silent', 'drop_warn'])
        expect(transform(`${name}.TombstoneHandler`, { behavior })(tombstone())).toBeNull()
      const refuse = (): unknown => transform(`${name}.TombstoneHandler`, { behavior: 'fail' })(tombstone())
      expect(refuse).toThrow(DataError)
      expect(refuse).toThrow("Tombstone record encountered, failing due to configured 'fail' behavior")
    },
  )

  test('hands on everything else itself', () => {
    const record = change({ op: 'd' })
    expect(transform('TombstoneHandler')(record)).toBe(record)
    expect(transform('TombstoneHandler')(tombstone())).toBeNull()
  })
})

describe('MessageTimestampRouter', () => {
  const settings = {
    'topic.format': 'foo-${topic}-${timestamp}',
    'message.timestamp.format': 'yyyy-MM-dd',
    'topic.timestamp.format': 'yyyy.MM.dd',
    'message.timestamp.keys': 'timestamp,time,ts',
  }
  const route = transform('io.confluent.connect.transforms.MessageTimestampRouter', settings)

  test('takes the time of the first field that is there', () => {
    expect(route(sinkRecord({ value: { time: '2019-08-06', ts: '2020-01-01' } }))!.topic).toBe('foo-orders-2019.08.06')
    expect(route(sinkRecord({ value: new Map([['ts', 1_565_049_600_000]]) }))!.topic).toBe('foo-orders-2019.08.06')
    const valueSchema = struct({ timestamp: primitive('string', { optional: true }), time: TEXT })
    expect(route(sinkRecord({ value: { timestamp: null, time: '2019-08-06' }, valueSchema }))!.topic).toBe(
      'foo-orders-2019.08.06',
    )
  })

  test('refuses a record without a time, and a text that is none', () => {
    expect(() => route(sinkRecord({ value: { at: 1 } }))).toThrow('None of the fields timestamp, time, ts is there')
    expect(() => route(sinkRecord({ value: { ts: 'today' } }))).toThrow('Could not parse timestamp: today')
    expect(() => route(sinkRecord({ value: { ts: true } }))).toThrow('Not a time: java.lang.Boolean')
    expect(() => route(tombstone())).toThrow(DataError)
  })

  test('hands on a record itself whose topic stays', () => {
    const record = sinkRecord({ value: { ts: 0 } })
    expect(transform('MessageTimestampRouter', { ...settings, 'topic.format': '${topic}' })(record)).toBe(record)
  })
})

test('TopicRegexRouter is RegexRouter', () => {
  const route = transform('io.confluent.connect.cloud.transforms.TopicRegexRouter', {
    regex: '(.*)Stream_(.*)',
    replacement: '$1$2',
  })
  expect(route(sinkRecord({ topic: 'Order_Stream_Data' }))!.topic).toBe('Order_Data')
  const other = sinkRecord()
  expect(route(other)).toBe(other)
})
