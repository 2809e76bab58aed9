/** Points in time move to a time zone; the numbers are those of Debezium's own tests. */
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive, SluiceError, timestamp } from '@sluice/sdk'
import type { RawSettings, SinkRecord, StructValue } from '@sluice/sdk'
import { change, envelopeOf, schemaless, tombstone } from '../support/change-events.ts'
import { sinkRecord, transform } from '../support/records.ts'

const time = (name: string, type: 'int64' | 'string' | 'int32' = 'int64') =>
  primitive(type, { name: `io.debezium.time.${name}`, version: 1, optional: true })

const SCHEMA = envelopeOf({
  id: primitive('int32'),
  day: time('Date', 'int32'),
  millis: time('Timestamp'),
  micros: time('MicroTimestamp'),
  nanos: time('NanoTimestamp'),
  zoned: time('ZonedTimestamp', 'string'),
  shipped: time('ZonedTimestamp', 'string'),
  zonedTime: time('ZonedTime', 'string'),
  connect: timestamp({ optional: true }),
})

const ROW = {
  id: 1,
  day: 17_000,
  millis: 1_514_908_810_123,
  micros: 1_529_507_596_945_104,
  nanos: 1_531_481_025_340_000_104n,
  zoned: '2018-01-02T11:15:30.123456789+00:00',
  shipped: '2020-05-01T11:55:30+00:00',
  zonedTime: '11:15:30.123456789+00:00',
  connect: Date.UTC(2018, 2, 27, 2),
}
const EVENT = change({ op: 'c', after: ROW }, SCHEMA)

function converted(settings: RawSettings, record: SinkRecord = EVENT): SinkRecord {
  return transform('io.debezium.transforms.TimezoneConverter', settings)(record)!
}

function rowOf(record: SinkRecord, row: 'before' | 'after' = 'after'): StructValue {
  return (record.value as Record<string, StructValue>)[row]!
}

describe('all fields', () => {
  test('of time get the offset: texts say so, numbers become those of the local time', () => {
    expect(rowOf(converted({ 'converted.timezone': '+05:30' }))).toEqual({
      ...ROW,
      millis: 1_514_889_010_123,
      micros: 1_529_487_796_945_104,
      nanos: 1_531_461_225_340_000_104n,
      zoned: '2018-01-02T16:45:30.123456789+05:30',
      shipped: '2020-05-01T17:25:30+05:30',
      zonedTime: '16:45:30.123456789+05:30',
      connect: Date.UTC(2018, 2, 26, 20, 30),
    })
    expect(rowOf(EVENT)).toEqual(ROW)
  })

  test('of a place have its offset at their own time', () => {
    const zoned = { ...ROW, zoned: '2011-01-11T16:40:30.123456789+00:00', shipped: '2011-07-02T11:04:30Z' }
    const record = change({ op: 'u', before: zoned, after: zoned }, SCHEMA)
    const result = converted({ 'converted.timezone': 'Europe/Prague' }, record)
    expect(rowOf(result)).toMatchObject({
      zoned: '2011-01-11T17:40:30.123456789+01:00',
      shipped: '2011-07-02T13:04:30+02:00',
    })
    expect(rowOf(result, 'before')).toEqual(rowOf(result))
    expect(rowOf(converted({ 'converted.timezone': 'Africa/Cairo' }))).toMatchObject({ connect: Date.UTC(2018, 2, 27) })
  })
})

describe('rules', () => {
  const changedBy = (settings: RawSettings, record = EVENT): readonly string[] => {
    const row = rowOf(converted({ 'converted.timezone': '+05:30', ...settings }, record))
    return Object.keys(ROW).filter((name) => row[name] !== ROW[name as keyof typeof ROW])
  }
  const all = ['millis', 'micros', 'nanos', 'zoned', 'shipped', 'zonedTime', 'connect']

  test.each([
    ['source:orders', all],
    ['source:orders:after.zoned', ['zoned']],
    ['source:orders:before.zoned', []],
    ['topic:p.shop.orders:zonedTime,zonedless:x', ['zonedTime']],
    ['p.shop.orders:zoned', ['zoned']],
    ['orders:zoned,orders:millis', ['millis', 'zoned']],
    ['source:customers:zoned', []],
    ['topic:orders:zoned', []],
    ['source:p.shop.orders:zoned', []],
    // The prefix holds for what follows.
    ['source:orders:zoned,orders:micros,p.shop.orders:nanos', ['micros', 'zoned']],
    // Rules for the topic go before those for the table.
    ['source:orders:zoned,topic:p.shop.orders:micros', ['micros']],
  ])('include.list=%s', (list, expected) => expect(changedBy({ 'include.list': list })).toEqual(expected))

  test.each([
    ['source:orders', []],
    ['source:orders:zoned', all.filter((name) => name !== 'zoned')],
    ['source:orders:after.zoned', all.filter((name) => name !== 'zoned')],
    ['source:customers', all],
  ])('exclude.list=%s', (list, expected) => expect(changedBy({ 'exclude.list': list })).toEqual(expected))

  test('are refused where they say nothing, and where both lists are set', () => {
    const refused =
      (settings: RawSettings): (() => unknown) =>
      () =>
        converted({ 'converted.timezone': 'UTC', ...settings })
    for (const list of ['orders', 'source:', 'a:b:c', 'topic:a:b:c'])
      expect(refused({ 'include.list': list })).toThrow('Invalid include list format')
    expect(refused({ 'exclude.list': 'x' })).toThrow('Invalid exclude list format')
    expect(refused({ 'include.list': 'a:b', 'exclude.list': 'a:b' })).toThrow('Please specify only one.')
    expect(refused({ 'converted.timezone': 'Mars/Olympus' })).toThrow('Invalid timezone format.')
    expect(refused({ 'converted.timezone': 'Mars/Olympus' })).toThrow(SluiceError)
  })
})

test('a text that is no time is bad data, and says which field', () => {
  const record = change({ op: 'c', after: { ...ROW, zoned: 'yesterday' } }, SCHEMA)
  const convert = (): unknown => converted({ 'converted.timezone': 'UTC' }, record)
  expect(convert).toThrow(DataError)
  expect(convert).toThrow(/Text 'yesterday' could not be parsed.*field=zoned/)
})

test('records without points in time are handed on themselves', () => {
  const convert = transform('TimezoneConverter', { 'converted.timezone': '+05:30' })
  const empty = change({ op: 'c', after: { id: 1, day: 17_000 } }, SCHEMA)
  const plain = sinkRecord({ value: ROW, valueSchema: null })
  for (const record of [tombstone(), empty, plain, schemaless(EVENT), change({ op: 'c', after: { id: 1 } })])
    expect(convert(record)).toBe(record)
  const other = transform('TimezoneConverter', { 'converted.timezone': '+05:30', 'include.list': 'source:x:y' })
  expect(other(EVENT)).toBe(EVENT)
  expect(
    transform('TimezoneConverter', { 'converted.timezone': '+00:00', 'include.list': 'orders:millis' })(EVENT),
  ).toBe(EVENT)
})
