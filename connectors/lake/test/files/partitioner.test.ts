import { describe, expect, test } from '@jest/globals'
import { primitive, struct } from '@sluice/sdk'
import type { SinkRecord } from '@sluice/sdk'
import { FakeClock, sinkRecord } from '@sluice/sdk/testing'
import { timeOfFolder } from '../../src/files/late-records.ts'
import type { LatePolicy } from '../../src/files/late-records.ts'
import { byFields, byTime } from '../../src/files/partitioner.ts'
import { recordTime } from '../../src/files/record-time.ts'

const at = (timestamp: number): SinkRecord => ({
  ...sinkRecord({ topic: 't', partition: 3, offset: 7 }, 'x'),
  timestamp,
})
const ofRecord = recordTime('Record', '', new FakeClock())

describe('by time', () => {
  const hourly = { pattern: 'yyyy-MM-dd HH:mm', durationMs: 3_600_000, locale: 'en', timezone: 'Europe/Prague' }
  test.each([
    ['2024-06-01T10:59:59Z', '2024-06-01 12:00'],
    // Clocks went from 3 back to 2 at 01:00Z: the hour is there twice, and both have one folder.
    ['2024-10-27T00:30:00Z', '2024-10-27 02:00'],
    ['2024-10-27T01:30:00Z', '2024-10-27 02:00'],
    ['2024-03-31T01:30:00Z', '2024-03-31 03:00'],
  ])('%s is cut off to the hour of its zone', (instant, folder) => {
    expect(byTime(hourly, ofRecord)(at(Date.parse(instant)))).toBe(folder)
  })

  test('days begin at midnight of the zone', () => {
    const daily = { pattern: 'yyyy-MM-dd', durationMs: 86_400_000, locale: 'en', timezone: '-05:00' }
    expect(byTime(daily, ofRecord)(at(Date.parse('2024-06-01T04:59:00Z')))).toBe('2024-05-31')
    expect(byTime(daily, ofRecord)(at(Date.parse('2024-06-01T05:00:00Z')))).toBe('2024-06-01')
  })
})

describe('the time of a record', () => {
  const schema = struct({ made: primitive('string'), n: struct({ at: primitive('int64') }) })
  const record = sinkRecord(
    { topic: 't', partition: 0, offset: 4 },
    { made: '2024-06-01T10:00:00.5+02:00', n: { at: 17 } },
    schema,
  )
  const inField = (name: string): number => recordTime('RecordField', name, new FakeClock())(record)

  test('stands in a field, as text or as milliseconds, also within a struct', () => {
    expect(inField('made')).toBe(Date.parse('2024-06-01T08:00:00.500Z'))
    expect(inField('n.at')).toBe(17)
  })

  test('that is not there is told with the record’s place and the field', () => {
    expect(() => inField('lost')).toThrow(
      expect.objectContaining({ code: 'DATA_INVALID', place: { topic: 't', partition: 0, offset: 4, field: 'lost' } }),
    )
    expect(() => inField('n')).toThrow(/no time/)
    expect(() => ofRecord({ ...record, timestamp: null })).toThrow(/no timestamp/)
  })
})

describe('by fields', () => {
  const record = sinkRecord({ topic: 't', partition: 0, offset: 0 }, { a: { b: 'x' }, n: 5n, none: null })

  test('folders are named after fields and values, in the order of the setting', () => {
    expect(byFields(['n', 'a.b'], '/', true)(record)).toBe('n=5/a.b=x')
    expect(byFields(['n', 'a.b'], '/', false)(record)).toBe('5/x')
  })

  test('a value that is null, nested or missing is no folder', () => {
    for (const name of ['none', 'a', 'missing']) expect(() => byFields([name], '/', true)(record)).toThrow(name)
  })
})

describe('late records', () => {
  const times = [0, 10_000, 5000, 4999]
  const folders = (policy: LatePolicy, afterMs: number): unknown[] => {
    const timeOf = timeOfFolder(ofRecord, policy, afterMs)
    return times.map((time) => {
      try {
        return timeOf(at(time))
      } catch (error) {
        return (error as Error).message
      }
    })
  }

  test.each<[LatePolicy, number, unknown[]]>([
    ['write', 5000, [0, 10_000, 5000, 4999]],
    ['current', -1, [0, 10_000, 5000, 4999]],
    ['current', 5000, [0, 10_000, 5000, 10_000]],
    ['report', 5000, [0, 10_000, 5000, 'The record is late by 5001 ms ']],
    ['drop', 5000, [0, 10_000, 5000, 'The record is late by 5001 ms ']],
    ['apart', 5000, [0, 10_000, 5000, null]],
  ])('%s, after %s ms', (policy, afterMs, expected) => {
    expect(folders(policy, afterMs)).toEqual(
      expected.map((one) => (typeof one === 'string' ? expect.stringContaining(one.trim()) : one)),
    )
  })

  test('are late by their own partition alone', () => {
    const timeOf = timeOfFolder(ofRecord, 'current', 0)
    timeOf(at(10_000))
    expect(timeOf({ ...at(1), originalPartition: 4 })).toBe(1)
    expect(timeOf(at(1))).toBe(10_000)
  })

  test('are none of those that are read again, and begin anew from there', () => {
    const timeOf = timeOfFolder(ofRecord, 'apart', 0)
    const seen = (offset: number, time: number): number | null => timeOf({ ...at(time), originalOffset: offset })
    expect([seen(7, 500), seen(8, 900), seen(9, 800)]).toEqual([500, 900, null])
    expect([seen(7, 500), seen(8, 900), seen(9, 800)]).toEqual([500, 900, null])
  })

  test('that stand apart have a folder of their own', () => {
    const folders = { pattern: 'YYYY', durationMs: 1000, locale: 'en', timezone: 'UTC' }
    const folderOf = byTime(folders, timeOfFolder(ofRecord, 'apart', 0))
    expect([at(5000), at(4000), at(6000)].map(folderOf)).toEqual(['1970', 'late', '1970'])
  })
})
