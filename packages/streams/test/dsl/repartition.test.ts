import { expect, test } from '@jest/globals'
import { JoinWindows, Serdes, TimeWindows, type StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, topologyOf } from './topology-of.ts'

const byValue = (_key: string | null, value: string | null): string | null => value
const noKey = (): string | null => null
const joined = (left: string, right: string | null): string => `${left}+${right}`

test('operators that keep the key need no repartition topic; those that may change it do, whatever they do', () => {
  const topicsOf = (write: (builder: StreamsBuilder) => void): number => topologyOf(write).repartitions.size
  const source = (builder: StreamsBuilder) => builder.stream('in', text)
  expect(
    topicsOf((builder) =>
      source(builder)
        .mapValues((value) => value)
        .filter(() => true)
        .peek(() => undefined)
        .flatMapValues((value) => [value])
        .merge(source2(builder))
        .groupByKey(text)
        .count(),
    ),
  ).toBe(0)
  expect(topicsOf((builder) => source(builder).selectKey(byValue).groupByKey(text).count())).toBe(1)
  expect(
    topicsOf((builder) =>
      source(builder)
        .map((key, value) => [key, value])
        .toTable({ materialized: text }),
    ),
  ).toBe(1)
  expect(
    topicsOf((builder) =>
      source(builder)
        .flatMap((key, value) => [[key, value]])
        .groupByKey(text)
        .count(),
    ),
  ).toBe(1)
  expect(
    topicsOf((builder) => source2(builder).merge(source(builder).selectKey(byValue)).groupByKey(text).count()),
  ).toBe(1)
  expect(topicsOf((builder) => source(builder).selectKey(byValue).repartition(text).groupByKey().count())).toBe(1)
  expect(
    topicsOf((builder) =>
      source(builder)
        .groupByKey()
        .count()
        .toStream((key) => key)
        .groupByKey({ key: Serdes.string })
        .count(),
    ),
  ).toBe(1)
})

test('a record without a key goes no further than the repartition topic, unless a left join behind it has a result for it', () => {
  const written = (kind: 'join' | 'leftJoin'): number => {
    const topology = topologyOf((builder) => {
      const table = builder.table('R', text)
      const rekeyed = builder.stream('L', text).selectKey(noKey)
      const result = kind === 'join' ? rekeyed.join(table, joined, text) : rekeyed.leftJoin(table, joined, text)
      result.to('out', text)
    })
    const driver = new TopologyTestDriver(topology)
    driver.createInputTopic('L', Serdes.string, Serdes.string).pipeInput('k', 'v')
    return driver.createOutputTopic('out').queueSize
  }
  expect(written('join')).toBe(0)
  expect(written('leftJoin')).toBe(1)
})

test('what lies between, and is behind another topic, does not matter', () => {
  const topology = topologyOf((builder) => {
    const rekeyed = builder
      .stream('L', text)
      .selectKey(noKey)
      .repartition({ ...text, name: 'first' })
    rekeyed
      .selectKey(byValue)
      .leftJoin(builder.stream('R', text), joined, JoinWindows.ofTimeDifferenceWithNoGrace(1), {
        ...text,
        otherValue: Serdes.string,
        name: 'j',
        storeName: 's',
      })
      .to('out', text)
  })
  const kinds = topology.processors.filter(({ name }) => name.endsWith('-filter'))
  const driver = new TopologyTestDriver(topology)
  driver.createInputTopic('L', Serdes.string, Serdes.string).pipeInput('k', 'v')
  expect(kinds.map(({ name }) => name)).toEqual(['first-repartition-filter', 'j-left-repartition-filter'])
  expect(driver.createOutputTopic('test-first-repartition').queueSize).toBe(0)
})

test('the windows of a key go to the partition of the key', () => {
  const topology = topologyOf((builder) =>
    builder.stream('in', text).groupByKey().windowedBy(TimeWindows.ofSizeWithNoGrace(10)).count().toStream().to('out'),
  )
  const [sink] = topology.sinks
  expect(sink?.key.inner).toBe(Serdes.string)
  expect(sink?.partitioner).toBeUndefined()
})

function source2(builder: StreamsBuilder) {
  return builder.stream('in-2', text)
}
