/** What the user's functions say of a record is looked at when they say it: what cannot be diverts that record alone. */
import { describe, expect, test } from '@jest/globals'
import { Serdes, type StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, topologyOf } from '../dsl/topology-of.ts'

/** A function as one without types may be. */
const answering = (answer: unknown): never => (() => answer) as never

function run(write: (builder: StreamsBuilder) => void): {
  readonly driver: TopologyTestDriver
  readonly why: string[]
} {
  const driver = new TopologyTestDriver(topologyOf(write))
  driver.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'v', 5)
  const letters = driver.createOutputTopic('test.quarantine').readRecordsToList()
  const why = letters.map(({ headers }) => headers.find(({ key }) => key === '__streams.errors.message'))
  return { driver, why: why.map((header) => Buffer.from(header?.value ?? []).toString()) }
}

describe.each([
  ['a timestamp extractor', [undefined, Number.NaN, 1.5, new Date(0), '5', Promise.resolve(5)], 'process'],
  ['a topic extractor', [undefined, null, '', 'a b', 5, Promise.resolve('out')], 'encode'],
  ['a partitioner', [undefined, -1, 1, 0.5, 'x', [0, 1], Promise.resolve(0)], 'encode'],
] as const)('%s', (what, answers, stage) => {
  test.each(answers.map((answer) => [answer]))(
    'that answers %p: the record is quarantined, with the answer',
    (answer) => {
      const { driver, why } = run((builder) => {
        if (what === 'a timestamp extractor')
          builder.stream('in', { ...text, timestampExtractor: answering(answer) }).to('out')
        else if (what === 'a topic extractor') builder.stream('in', text).to(answering(answer))
        else builder.stream('in', text).to('out', { partitioner: answering(answer) })
      })
      expect(why).toEqual([expect.stringContaining(`${what.replace('a ', 'A ')} answers `)])
      expect(driver.tally()).toMatchObject({ in: 1, quarantined: { [stage]: 1 } })
      expect(driver.createOutputTopic('out').isEmpty).toBe(true)
    },
  )
})

test.each([[0], [[0]], [null], [[]]])('what a partitioner may answer: %p', (answer) => {
  const { driver, why } = run((builder) => builder.stream('in', text).to('out', { partitioner: answering(answer) }))
  const isNone = Array.isArray(answer) && answer.length === 0
  expect([why, driver.createOutputTopic('out').queueSize]).toEqual([[], isNone ? 0 : 1])
})

test('a time before 1970 drops the record, as in Kafka Streams', () => {
  const { driver, why } = run((builder) => builder.stream('in', { ...text, timestampExtractor: () => -1 }).to('out'))
  expect([why, driver.tally()]).toMatchObject([[], { dropped: { timestamp: 1 } }])
})
