import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import { DataError, systemClock, systemRandom, type SinkRecord } from '@sluice/sdk'
import { DeadLetters, fetchedOriginal } from '../../src/record-path/dead-letters.ts'
import { bytes, fetchedRecords, headersOf, text } from '../support/fake-kafka.ts'
import { FILE, lettersOf, sourceRecord } from '../support/source-run.ts'

const error = new DataError('the cell is odd', { remedy: 'Mend the cell.' })
const batch = fetchedRecords([
  { offset: 41, key: bytes('k'), value: new Uint8Array([0xff, 0]), headers: [{ key: 'h', value: bytes('1') }] },
])

describe('a dead letter', () => {
  test('of bytes that could not be read: the bytes, the place, both envelopes', () => {
    const reason = {
      code: 'csv-row-width',
      message: 'two cells',
      place: { file: 'a.csv', line: 7, column: 3 },
      remedy: 'Quote it.',
    }
    const letter = lettersOf().ofDivertedBytes({
      bytes: bytes('a,b'),
      reason,
      at: { sourcePartition: FILE, sourcePosition: {} },
    })
    expect([letter.topic, letter.key, text(letter.value), letter.timestamp]).toEqual(['dead', null, 'a,b', null])
    expect(readQuarantineHeaders(letter.headers)).toMatchObject({
      stage: 'poll',
      flow: 'c',
      origin: null,
      reasons: [
        {
          code: 'csv-row-width',
          message: 'two cells',
          place: { file: 'a.csv', line: 7, column: 3 },
          expected: 'Quote it.',
        },
      ],
    })
    expect(headersOf(letter)).toMatchObject({
      '__connect.errors.stage': 'TASK_POLL',
      '__connect.errors.connector.name': 'c',
      '__connect.errors.task.id': '0',
    })
  })

  test('of a polled record: key, value and headers in a form that can be read', () => {
    const headers = [{ key: 'h', schema: null, value: { deep: 1n } }]
    const letter = lettersOf().ofSourceRecord(
      sourceRecord(1, { key: 'k', value: { a: [1] }, headers, timestamp: 5 }),
      'encode',
      'value',
      error,
    )
    expect([text(letter.key), text(letter.value), letter.timestamp]).toEqual(['k', '{"a":[1]}', 5])
    expect(headersOf(letter)).toMatchObject({ h: '{"deep":"1"}', '__connect.errors.stage': 'VALUE_CONVERTER' })
    expect(readQuarantineHeaders(letter.headers)).toMatchObject({
      stage: 'encode',
      reasons: [{ code: 'DATA_INVALID', expected: 'Mend the cell.' }],
    })
  })

  test('of a record with an impossible time has none', () => {
    for (const timestamp of [-5, Number.NaN])
      expect(lettersOf().ofSourceRecord(sourceRecord(1, { timestamp }), 'encode', 'value', error).timestamp).toBeNull()
  })

  test('of a fetched record: its own bytes, headers first, and where it comes from', () => {
    const letter = lettersOf().ofFetched(fetchedOriginal('t', 3, batch, 0), 'decode', 'key', error)
    expect(text(letter.key)).toBe('k')
    expect([...letter.value!]).toEqual([0xff, 0])
    expect(letter.headers![0]).toEqual({ key: 'h', value: bytes('1') })
    expect(letter.timestamp).toBe(1_700_000_000_041)
    expect(readQuarantineHeaders(letter.headers)?.origin).toEqual({
      topic: 't',
      partition: 3,
      offset: 41,
      timestamp: 1_700_000_000_041,
      timestampType: 'create',
    })
    expect(headersOf(letter)).toMatchObject({
      '__connect.errors.topic': 't',
      '__connect.errors.partition': '3',
      '__connect.errors.offset': '41',
      '__connect.errors.stage': 'KEY_CONVERTER',
      '__connect.errors.exception.class.name': 'org.apache.kafka.connect.errors.DataException',
      '__connect.errors.exception.message': 'the cell is odd',
    })
  })

  test('of a record that the sink reported is the fetched one; without that, a readable one with its coordinates', () => {
    const record: SinkRecord = {
      ...sourceRecord(1),
      topic: 'renamed',
      partition: 9,
      offset: 9,
      timestampType: 'append',
      originalTopic: 't',
      originalPartition: 3,
      originalOffset: 41,
      value: { a: 1 },
      headers: [{ key: 'h', schema: null, value: 1 }],
    }
    const known = lettersOf().ofSinkRecord(record, fetchedOriginal('t', 3, batch, 0), error)
    expect([...known.value!]).toEqual([0xff, 0])
    const unknown = lettersOf().ofSinkRecord(record, null, error)
    expect(text(unknown.value)).toBe('{"a":1}')
    expect(headersOf(unknown)).toMatchObject({ h: '1', '__connect.errors.stage': 'TASK_PUT' })
    expect(readQuarantineHeaders(unknown.headers)?.origin).toMatchObject({
      topic: 't',
      partition: 3,
      offset: 41,
      timestampType: 'append',
    })
  })

  test('without context headers is the record as it came, and nothing else', () => {
    const letters = new DeadLetters({
      topic: 'dead',
      connector: 'c',
      className: 'x',
      task: 0,
      contextHeaders: false,
      clock: systemClock,
      random: systemRandom,
    })
    const letter = letters.ofFetched(fetchedOriginal('t', 3, batch, 0), 'decode', 'value', error)
    expect(letter.headers).toEqual([{ key: 'h', value: bytes('1') }])
  })
})
