import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders, type CheckDefinition, type GateDefinition } from '@sluice/quality'
import type { RawHeader, StructValue } from '@sluice/sdk'
import { Serdes, StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const json = Serdes.json<StructValue>()

function gateOf(...checks: readonly CheckDefinition[]): GateDefinition {
  return { id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks } }
}

function run(definition: GateDefinition): TopologyTestDriver {
  const builder = new StreamsBuilder()
  builder.stream('in', { value: json, quarantine: 'in.quarantine' }).gate(definition).to('out', { value: json })
  return new TopologyTestDriver(builder.build())
}

function pipe(driver: TopologyTestDriver, ...values: readonly string[]): void {
  const input = driver.createInputTopic('in')
  for (const value of values)
    input.pipeInput(Buffer.from('key'), Buffer.from(value), { headers: [{ key: 'mine', value: null }] })
}

const named = (headers: readonly RawHeader[]): Record<string, string> =>
  Object.fromEntries(headers.map(({ key, value }) => [key, value === null ? '' : Buffer.from(value).toString()]))

const positive: CheckDefinition = { id: 'positive', check: 'range', field: 'n', params: { min: 0 } }
const small: CheckDefinition = { id: 'small', check: 'range', field: 'n', params: { max: 9 }, severity: 'warn' }
const notFive: CheckDefinition = {
  id: 'not_five',
  check: 'not_in_set',
  field: 'n',
  params: { values: [5] },
  action: 'drop',
  doc: 'Fives are noise.',
}

test('what fails nothing passes as it is, headers too', () => {
  const driver = run(gateOf(positive, small))
  pipe(driver, '{"n":1}')
  const { value, headers } = driver.createOutputTopic('out').readRecord()
  expect([Buffer.from(value!).toString(), named(headers)]).toEqual(['{"n":1}', { mine: '' }])
  expect(driver.tally()).toEqual({ in: 1, passed: 1, marked: 0, quarantined: {}, dropped: {} })
})

test('what is marked goes on with headers that say so, and counts as passed', () => {
  const driver = run(gateOf(positive, small))
  pipe(driver, '{"n":10}', '{"n":1}')
  const [marked, clean] = driver.createOutputTopic('out').readRecordsToList()
  expect(named(marked!.headers)).toMatchObject({
    mine: '',
    'dq-status': 'warn',
    'dq-warn': 'small',
    'dq-gate': expect.stringMatching(/^g@/),
  })
  expect(named(clean!.headers)).toEqual({ mine: '' })
  expect(driver.tally()).toEqual({ in: 2, passed: 2, marked: 1, quarantined: {}, dropped: {} })
})

test('a mark does not reach the other users of the stream', () => {
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', { value: json })
  stream.gate(gateOf(small)).to('judged', { value: json })
  stream.to('unjudged', { value: json })
  const driver = new TopologyTestDriver(builder.build())
  pipe(driver, '{"n":10}')
  expect(driver.createOutputTopic('judged').readRecord().headers).toHaveLength(4)
  expect(driver.createOutputTopic('unjudged').readRecord().headers).toHaveLength(1)
})

test('what is quarantined leaves with its very bytes, its own headers, and the reasons', () => {
  const driver = run(gateOf(small, positive))
  const value = Buffer.from('{ "n" : -1.0 }')
  driver
    .createInputTopic('in')
    .pipeInput(Buffer.from([0, 255]), value, { timestamp: 99, headers: [{ key: 'mine', value: Buffer.from([255]) }] })
  expect(driver.createOutputTopic('out').isEmpty).toBe(true)
  const record = driver.createOutputTopic('in.quarantine').readRecord()
  expect(record.value).toBe(value)
  expect(record.key).toEqual(Buffer.from([0, 255]))
  expect(record.timestamp).toBe(99)
  expect(record.headers[0]).toEqual({ key: 'mine', value: Buffer.from([255]) })
  expect(readQuarantineHeaders(record.headers)).toMatchObject({
    origin: { topic: 'in', partition: 0, offset: 0, timestamp: 99 },
    flow: 'test',
    gate: 'g',
    stage: 'judge',
    reasons: [{ check: 'positive', field: 'n' }],
  })
  expect(driver.tally()).toEqual({ in: 1, passed: 0, marked: 0, quarantined: { positive: 1 }, dropped: {} })
})

test('headers in quarantine are those the record came with, also behind a gate that marked it', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { value: json })
    .gate(gateOf(small))
    .gate(gateOf({ ...positive, params: { min: 100 } }), { quarantine: 'q' })
    .to('out', { value: json })
  const driver = new TopologyTestDriver(builder.build())
  pipe(driver, '{"n":10}')
  const names = driver
    .createOutputTopic('q')
    .readRecord()
    .headers.map(({ key }) => key)
  expect(names).toContain('mine')
  expect(names).not.toContain('dq-warn')
  expect(driver.tally()).toMatchObject({ passed: 0, marked: 0, quarantined: { positive: 1 } })
})

test('a record counts under the check that decided, not under one that only marks', () => {
  const driver = run(gateOf(small, { id: 'even', check: 'not_in_set', field: 'n', params: { values: [11] } }))
  pipe(driver, '{"n":11}')
  expect(driver.tally().quarantined).toEqual({ even: 1 })
})

test('what is dropped is counted by the check’s name and put out nowhere', () => {
  const driver = run(gateOf(notFive))
  pipe(driver, '{"n":5}', '{"n":6}')
  expect(driver.producedTopicNames).toEqual(new Set(['out']))
  expect(driver.tally()).toEqual({ in: 2, passed: 1, marked: 0, quarantined: {}, dropped: { not_five: 1 } })
})

describe('halt', () => {
  const fatal: CheckDefinition = {
    id: 'never_seven',
    check: 'not_in_set',
    field: 'n',
    params: { values: [7] },
    severity: 'fatal',
  }

  test('stops before the record: the error names the place and the check, the record is neither put out nor counted', () => {
    const driver = run(gateOf(fatal))
    pipe(driver, '{"n":6}')
    expect(() => pipe(driver, '{"n":7}')).toThrow(
      expect.objectContaining({
        code: 'GATE_HALTED',
        place: { topic: 'in', partition: 0, offset: 1, check: 'never_seven' },
      }),
    )
    expect(driver.createOutputTopic('out').readRecordsToList()).toHaveLength(1)
    expect(driver.tally()).toMatchObject({ in: 1, passed: 1 })
  })

  test('takes back what the record had put out by another way', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', { value: json })
    stream.to('copy', { value: json })
    stream.gate(gateOf(fatal)).to('out', { value: json })
    const driver = new TopologyTestDriver(builder.build())
    expect(() => pipe(driver, '{"n":7}')).toThrow('stopped the flow')
    expect(driver.producedTopicNames).toEqual(new Set())
  })
})

test('mode observe lets everything pass and still counts what it found', () => {
  const driver = run({ ...gateOf(positive), mode: 'observe' })
  pipe(driver, '{"n":-1}')
  expect(driver.tally()).toEqual({ in: 1, passed: 1, marked: 0, quarantined: {}, dropped: {} })
  expect(driver.scorecards()).toMatchObject([{ gate: 'g', checks: [{ id: 'positive', failed: 1 }] }])
})

test('scorecards name every check, also those that found nothing', () => {
  const driver = run(gateOf(positive, small, notFive))
  pipe(driver, '{"n":10}', '{"n":1}')
  expect(driver.scorecards()[0]!.checks.map(({ id, failed }) => [id, failed])).toEqual([
    ['positive', 0],
    ['small', 1],
    ['not_five', 0],
  ])
})

test('a record that comes back from quarantine and fails again keeps its id and counts the attempt', () => {
  const driver = run(gateOf(positive))
  pipe(driver, '{"n":-1}')
  const first = driver.createOutputTopic('in.quarantine').readRecord()
  driver.createInputTopic('in').pipeInput(first.key, first.value, { headers: first.headers })
  const second = driver.createOutputTopic('in.quarantine').readRecord()
  const [before, after] = [readQuarantineHeaders(first.headers), readQuarantineHeaders(second.headers)]
  expect([after!.id, after!.attempt]).toEqual([before!.id, 2])
  expect(second.headers.filter(({ key }) => key === 'dq-id')).toHaveLength(1)
})
