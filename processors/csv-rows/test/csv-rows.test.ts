import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import type { StructValue } from '@sluice/sdk'
import { Serdes, StreamsBuilder } from '@sluice/streams'
import { TopologyTestDriver } from '@sluice/streams/testing'
import processor, { columnsOf, rowSchemaJsonOf } from '../src/index.ts'

const topics = { 'input.topic': 'orders.raw', 'output.topic': 'orders.clean', 'quarantine.topic': 'orders.quarantine' }

function driverOf(headings: readonly string[], more: Readonly<Record<string, string>> = {}): TopologyTestDriver {
  const builder = new StreamsBuilder()
  processor.topology(builder, processor.settings.parse({ ...topics, headings: JSON.stringify(headings), ...more }))
  return new TopologyTestDriver(builder.build())
}

function pipe(driver: TopologyTestDriver, lines: readonly (readonly [string | null, StructValue])[]): void {
  driver.createInputTopic('orders.raw', Serdes.string, Serdes.json<StructValue>()).pipeKeyValueList(lines)
}

const rows = (driver: TopologyTestDriver): unknown[] =>
  driver.createOutputTopic('orders.clean', Serdes.string, Serdes.json<StructValue>()).readValuesToList()

describe('columns', () => {
  test.each([
    [
      ['Order No', 'Cost Total $', 'naïve-Übergröße'],
      ['order_no', 'cost_total', 'naive_ubergro_e'],
    ],
    [
      ['a', 'A', 'a '],
      ['a', 'a_2', 'a_3'],
    ],
    [
      ['a_2', 'a', 'A'],
      ['a_2', 'a', 'a_3'],
    ],
    [
      ['', '€', '数'],
      ['column_1', 'column_2', 'column_3'],
    ],
    [
      ['2nd', '__x__'],
      ['_2nd', 'x'],
    ],
  ])('%j become %j', (headings, names) => {
    expect(columnsOf(headings).map(({ name }) => name)).toEqual(names)
  })

  test('the schema as text names them all, each optional text', () => {
    expect(JSON.parse(rowSchemaJsonOf(columnsOf(['A b']), 'orders.clean'))).toMatchObject({
      type: 'struct',
      name: 'orders.clean',
      fields: [{ field: 'a_b', type: 'string', optional: true }],
    })
  })
})

test('a line becomes a row of text under the columns’ names', () => {
  const driver = driverOf(['Order No', 'Note'])
  pipe(driver, [['7', { 'Order No': '7', Note: 'grüße' }]])
  expect(rows(driver)).toEqual([{ order_no: '7', note: 'grüße' }])
  expect(driver.tally()).toEqual({ in: 1, passed: 1, marked: 0, quarantined: {}, dropped: {} })
})

describe('a line that no row can be made of is quarantined, byte for byte', () => {
  const cases: readonly (readonly [string, string | null, string, string])[] = [
    ['no key', null, '{"id":"1","n":"x"}', 'key_present'],
    ['an empty key', '', '{"id":"","n":"x"}', 'key_present'],
    ['a blank key', ' ', '{"id":" ","n":"x"}', 'key_present'],
    ['a column too few', '1', '{"id":"1"}', 'process:n'],
    ['a number', '1', '{"id":1,"n":"x"}', 'process:id'],
    ['no object', '1', '["1","x"]', 'process:id'],
    ['no JSON', '1', 'id=1', 'decode'],
  ]
  test.each(cases)('%s', (_what, key, value, reason) => {
    const driver = driverOf(['id', 'n'])
    driver.createInputTopic('orders.raw').pipeInput(key === null ? null : Buffer.from(key), Buffer.from(value))
    const record = driver.createOutputTopic('orders.quarantine').readRecord()
    expect(Buffer.from(record.value!).toString()).toBe(value)
    expect(readQuarantineHeaders(record.headers)!.reasons).not.toEqual([])
    expect(driver.tally()).toMatchObject({ in: 1, passed: 0, quarantined: { [reason]: 1 } })
  })
})

test('repetitions pass unless they are unwanted', () => {
  const twice: readonly (readonly [string, StructValue])[] = [
    ['1', { id: '1', n: 'x' }],
    ['1', { id: '1', n: 'y' }],
    ['1', { id: '1', n: 'x' }],
  ]
  const lenient = driverOf(['id', 'n'])
  pipe(lenient, twice)
  expect(rows(lenient)).toHaveLength(3)
  const strict = driverOf(['id', 'n'], { unique: 'true' })
  pipe(strict, twice)
  expect(rows(strict)).toEqual([
    { id: '1', n: 'x' },
    { id: '1', n: 'y' },
  ])
  expect(strict.tally().dropped).toEqual({ duplicate_row: 1 })
})

describe('settings', () => {
  test.each(['', 'id,n', '{}', '[]', '[1]', '["a","a"]'])('headings %j are refused', (headings) => {
    const build = (): void =>
      processor.topology(new StreamsBuilder(), processor.settings.parse({ ...topics, headings }))
    expect(build).toThrow(
      expect.objectContaining({ code: 'SETTINGS_INVALID', message: expect.stringContaining('headings') }),
    )
  })
})
