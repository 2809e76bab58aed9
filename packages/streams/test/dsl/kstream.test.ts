import { describe, expect, test } from '@jest/globals'
import { date, decimal, primitive, struct, type StructValue } from '@sluice/sdk'
import { schemaContentOf, Serdes, StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }

function run(
  write: (builder: StreamsBuilder) => void,
  settings: Readonly<Record<string, string>> = {},
): TopologyTestDriver {
  const builder = new StreamsBuilder()
  write(builder)
  return new TopologyTestDriver(builder.build(), { settings })
}

describe('operators', () => {
  test('filter keeps what the predicate is true for, filterNot what it is false for; the rest is dropped under the node’s name', () => {
    const driver = run((builder) =>
      builder
        .stream('in', text)
        .filter((_key, value) => value !== 'a', { name: 'no-a' })
        .filterNot((key, value) => key === value, { name: 'no-twins' })
        .to('out', text),
    )
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    input.pipeKeyValueList([
      ['k', 'a'],
      ['b', 'b'],
      ['k', 'c'],
      ['k', null],
    ])
    const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
    expect(output.readKeyValuesToList()).toEqual([
      ['k', 'c'],
      ['k', null],
    ])
    expect(driver.tally()).toEqual({
      in: 4,
      passed: 2,
      marked: 0,
      quarantined: {},
      dropped: { 'no-a': 1, 'no-twins': 1 },
    })
  })

  test('mapValues is given the value and the key, tombstones too; time, key and headers stay', () => {
    const driver = run((builder) =>
      builder
        .stream('in', text)
        .mapValues((value, key) => `${key}:${value}`)
        .to('out', text),
    )
    const headers = [{ key: 'h', value: Buffer.from([0, 255]) }]
    const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
    input.pipeInput('k', 'v', { timestamp: 42, headers })
    input.pipeInput(null, null, { timestamp: 7 })
    const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
    expect(output.readRecordsToList()).toEqual([
      { key: 'k', value: 'k:v', timestamp: 42, headers },
      { key: null, value: 'null:null', timestamp: 7, headers: [] },
    ])
  })

  test('peek sees each record and changes none', () => {
    const seen: unknown[] = []
    const driver = run((builder) =>
      builder
        .stream('in', text)
        .peek((key, value) => seen.push([key, value]))
        .to('out', text),
    )
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v')
    expect(seen).toEqual([['k', 'v']])
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValue()).toEqual(['k', 'v'])
  })

  test('a predicate that answers neither true nor false, and an action that returns a promise, divert the record', () => {
    const driver = run((builder) => {
      const undecided = (_key: unknown, value: string | null): boolean => (value === 'a' ? (null as never) : true)
      builder.stream('filtered', text).filter(undecided).to('out')
      builder.stream('split', text).split().branch('a', undecided).noDefaultBranch().a.to('out')
      builder
        .table('table', text)
        .filter((_key, value) => undecided(null, value))
        .toStream()
        .to('out')
      const later = (): undefined => Promise.reject(new Error('too late')) as never
      builder.stream('peek', text).peek(later).to('out')
      builder.stream('foreach', text).foreach(later)
    })
    for (const topic of ['filtered', 'split', 'table', 'peek', 'foreach']) {
      driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput('k', 'a')
      expect([topic, driver.tally(topic)]).toMatchObject([topic, { in: 1, quarantined: { process: 1 } }])
    }
    expect(driver.producedTopicNames).toEqual(new Set(['test.quarantine']))
  })

  test('streams that are merged keep serdes that write alike', () => {
    const json = (): ReturnType<typeof Serdes.json<{ readonly a: number }>> => Serdes.json()
    const driver = run((builder) => {
      const one = builder.stream('in', { key: Serdes.string, value: json() })
      one.merge(builder.stream('other', { key: Serdes.string, value: json() })).to('out')
    })
    driver.createInputTopic('other', Serdes.string, json()).pipeInput('k', { a: 1 })
    expect(driver.createOutputTopic('out', Serdes.string, json()).readKeyValue()).toEqual(['k', { a: 1 }])
  })

  test('branches may have names that every object has', () => {
    const driver = run((builder) =>
      builder
        .stream('in', text)
        .split()
        .branch('toString', () => true)
        .noDefaultBranch()
        .toString.to('out'),
    )
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v')
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValue()).toEqual(['k', 'v'])
  })

  test('print writes a line per record, whatever it holds', () => {
    const lines: string[] = []
    const driver = run((builder) =>
      builder
        .stream('in', text)
        .mapValues((value) => ({ value, large: 2n ** 64n }))
        .print({ label: 'seen', write: (line) => lines.push(line) }),
    )
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v')
    expect(lines).toEqual(['[seen]: k, {"value":"v","large":"18446744073709551616"}'])
  })

  test('a stream that is used twice feeds both, each with what it was given', () => {
    const driver = run((builder) => {
      const stream = builder.stream('in', text)
      stream.mapValues((value) => `${value}1`).to('one', text)
      stream.filter((_key, value) => value === 'b').to('two', text)
    })
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
      [null, 'a'],
      [null, 'b'],
    ])
    expect(driver.createOutputTopic('one', Serdes.string, Serdes.string).readValuesToList()).toEqual(['a1', 'b1'])
    expect(driver.createOutputTopic('two', Serdes.string, Serdes.string).readValuesToList()).toEqual(['b'])
    expect(driver.tally()).toMatchObject({ in: 2, passed: 2, dropped: {} })
  })

  test('a record that ends everywhere is dropped once, under the first reason', () => {
    const driver = run((builder) => {
      const stream = builder.stream('in', text)
      stream.filter(() => false, { name: 'first' }).to('one', text)
      stream.filter(() => false, { name: 'second' }).to('two', text)
    })
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v')
    expect(driver.tally()).toEqual({ in: 1, passed: 0, marked: 0, quarantined: {}, dropped: { first: 1 } })
  })

  test('a topic that is written and read by the topology is processed on', () => {
    const driver = run((builder) => {
      builder.stream('in', text).to('middle', text)
      builder
        .stream('middle', text)
        .mapValues((value) => `${value}!`)
        .to('out', text)
    })
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v', { timestamp: 5 })
    expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readRecord()).toMatchObject({
      value: 'v!',
      timestamp: 5,
    })
    expect(driver.tally('in').in).toBe(1)
    expect(driver.tally('middle').in).toBe(1)
  })
})

describe('serdes', () => {
  test('without any, bytes pass as they are', () => {
    const driver = run((builder) => builder.stream('in').to('out'))
    const value = Uint8Array.of(0, 159, 146, 150)
    driver.createInputTopic('in').pipeInput(null, value)
    expect(driver.createOutputTopic('out').readValue()).toEqual(value)
  })

  test('what nothing can change keeps its bytes, what is written with another serde is encoded anew', () => {
    const json = Serdes.json<StructValue>()
    const spaced = Buffer.from('{ "a" : 1 }')
    const driver = run((builder) => {
      const stream = builder.stream('in', { value: json })
      stream.filter(() => true).to('same', { value: json })
      stream.mapValues((value) => value).to('mapped', { value: json })
      stream.to('other', { value: Serdes.json<StructValue>() })
    })
    driver.createInputTopic('in').pipeInput(null, spaced)
    const read = (topic: string): string => Buffer.from(driver.createOutputTopic(topic).readValue()!).toString()
    expect(read('same')).toBe('{ "a" : 1 }')
    expect(read('mapped')).toBe('{"a":1}')
    expect(read('other')).toBe('{"a":1}')
  })

  test('every value is checked against the declared schema; one that does not fit is quarantined, stage encode', () => {
    const typed = Serdes.json<StructValue>(struct({ n: primitive('int32') }))
    const driver = run((builder) =>
      builder.stream('in', { value: Serdes.json<StructValue>() }).to('out', { value: typed }),
    )
    const input = driver.createInputTopic('in')
    for (const json of ['{"n":1}', '{"n":"one"}', '{}']) input.pipeInput(null, Buffer.from(json))
    expect(driver.createOutputTopic('out', Serdes.bytes, typed).readValuesToList()).toEqual([{ n: 1 }])
    expect(driver.tally()).toMatchObject({ in: 3, passed: 1, quarantined: { 'encode:n': 2 } })
  })

  test('a value of a declared schema keeps its exact form: decimals are text, also beyond what a double holds', () => {
    const typed = Serdes.json<StructValue>(struct({ cost: decimal(2), day: date() }))
    const driver = run((builder) =>
      builder
        .stream('in', { value: typed })
        .mapValues((row) => row)
        .to('out', { value: typed }),
    )
    const row = { cost: '12345678901234567890.10', day: 7305 }
    driver.createInputTopic('in', Serdes.bytes, typed).pipeInput(null, row)
    expect(Buffer.from(driver.createOutputTopic('out').readValue()!).toString()).toBe(
      '{"cost":12345678901234567890.10,"day":7305}',
    )
  })

  test('a tombstone is no bytes, whatever the schema says', () => {
    const typed = Serdes.json<StructValue>(struct({ n: primitive('int32') }))
    const driver = run((builder) =>
      builder
        .stream('in', { key: Serdes.string, value: typed })
        .mapValues((row) => row)
        .to('out', { key: Serdes.string, value: typed }),
    )
    driver.createInputTopic('in').pipeInput(Buffer.from('k'), null)
    expect(driver.createOutputTopic('out').readRecord()).toMatchObject({ key: Buffer.from('k'), value: null })
  })

  test('the schema as text is what a JsonConverter needs to read the topic', () => {
    expect(JSON.parse(schemaContentOf(struct({ cost: decimal(2) }, { name: 'row', version: 1 })))).toEqual({
      type: 'struct',
      optional: true,
      name: 'row',
      version: 1,
      fields: [
        {
          field: 'cost',
          type: 'bytes',
          optional: false,
          name: 'org.apache.kafka.connect.data.Decimal',
          version: 1,
          parameters: { scale: '2' },
        },
      ],
    })
  })
})

describe('the driver', () => {
  test('refuses a topic that is not read, and an empty output says so', () => {
    const driver = run((builder) => builder.stream('in').to('out'))
    expect(() => driver.createInputTopic('out')).toThrow('does not read topic out')
    const output = driver.createOutputTopic('out')
    expect([output.isEmpty, output.queueSize]).toEqual([true, 0])
    expect(() => output.readRecord()).toThrow('Topic out is empty')
    expect(driver.producedTopicNames).toEqual(new Set())
  })

  test('gives records the time of its clock', () => {
    const driver = run((builder) => builder.stream('in').to('out'))
    const input = driver.createInputTopic('in')
    input.pipeInput(null, null)
    driver.clock.advance(250)
    input.pipeInput(null, null)
    const [first, second] = driver.createOutputTopic('out').readRecordsToList()
    expect(second!.timestamp - first!.timestamp).toBe(250)
  })
})
