/** What processors meet: each has a named outcome, and what comes behind it goes on. */
import { expect, test } from '@jest/globals'
import { primitive, struct, type StructValue } from '@sluice/sdk'
import { readQuarantineHeaders } from '@sluice/quality'
import { Serdes, StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }
const LARGEST = 300

test('a schema that changes in mid-stream: fields that come are let go, one that goes or has another type is quarantined by its name', () => {
  const typed = Serdes.json<StructValue>(struct({ n: primitive('int32') }))
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: Serdes.string, value: typed })
    .mapValues((row) => row)
    .to('out', { key: Serdes.string, value: typed })
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const json of ['{"n":1}', '{"n":2,"unit":"EUR"}', '{"number":3}', '{"n":"4"}', '{"n":5}'])
    input.pipeInput('k', json)
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readValuesToList()).toEqual([
    '{"n":1}',
    '{"n":2}',
    '{"n":5}',
  ])
  const dead = driver.createOutputTopic('test.quarantine', Serdes.string, Serdes.string).readRecordsToList()
  expect(dead.map(({ value, headers }) => [value, readQuarantineHeaders(headers)?.stage])).toEqual([
    ['{"number":3}', 'decode'],
    ['{"n":"4"}', 'decode'],
  ])
  expect(driver.tally()).toMatchObject({ in: 5, passed: 3, quarantined: { 'decode:n': 2 } })
})

test('a key that grows without end: the first result that is too large is quarantined, and the row stays as it was', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .groupByKey()
    .reduce((all, one) => `${all}${one}`, { materialized: { name: 'all' } })
    .toStream()
    .to('out', text)
  const driver = new TopologyTestDriver(builder.build(), { settings: { 'producer.max.request.size': String(LARGEST) } })
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (let i = 0; i < 10; i++) {
    input.pipeInput('grows', 'x'.repeat(50))
    input.pipeInput('other', '.')
  }
  const out = driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToList()
  const lengthsOf = (key: string) => out.filter(([k]) => k === key).map(([, value]) => value!.length)
  expect([lengthsOf('grows'), lengthsOf('other')]).toEqual([
    [50, 100, 150],
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  ])
  expect(driver.getKeyValueStore<string, string>('all').get('grows')).toHaveLength(150)
  const dead = driver.createOutputTopic('test.quarantine').readRecordsToList()
  expect(dead.map(({ headers }) => readQuarantineHeaders(headers)!.reasons[0]!.code)).toEqual(
    Array.from({ length: 7 }, () => 'RECORD_TOO_LARGE'),
  )
})
