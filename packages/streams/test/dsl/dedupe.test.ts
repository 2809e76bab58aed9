import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Serdes, StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const WITHIN_MS = 100
const texts = { key: Serdes.string, value: Serdes.string }
type Piped = readonly [value: string, timestamp: number]

function once(piped: readonly Piped[]): { readonly passed: readonly Piped[]; readonly driver: TopologyTestDriver } {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .dedupe({ by: (_key, value) => (value === 'none' ? null : value), withinMs: WITHIN_MS, name: 'once' })
    .to('out')
  const topology = builder.build()
  expect([topology.unnamedStores(), topology.unnamedTopics()]).toEqual([[], []])
  const driver = new TopologyTestDriver(topology)
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const [value, timestamp] of piped) input.pipeInput('k', value, { timestamp })
  const records = driver.createOutputTopic('out', Serdes.string, Serdes.string).readRecordsToList()
  return { passed: records.map(({ value, timestamp }): Piped => [value!, timestamp]), driver }
}

test('the first goes through, and the same again when the time is over; what is dropped is counted', () => {
  const { passed, driver } = once([
    ['a', 0],
    ['a', 50],
    ['b', 60],
    ['a', 100],
    ['a', 101],
    ['a', 150],
  ])
  expect(passed).toEqual([
    ['a', 0],
    ['b', 60],
    ['a', 101],
  ])
  expect(driver.tally()).toMatchObject({ in: 6, passed: 3, dropped: { duplicate: 3 } })
  expect(driver.droppedRecords()).toEqual({ duplicate: 3 })
})

test('a repetition may be older than what it repeats', () => {
  expect(
    once([
      ['a', 200],
      ['a', 100],
      ['a', 99],
    ]).passed,
  ).toEqual([
    ['a', 200],
    ['a', 99],
  ])
})

test('what has no id is like no other', () => {
  expect(
    once([
      ['none', 0],
      ['none', 0],
    ]).passed,
  ).toHaveLength(2)
})

test('what is let through is at least so far apart, and what is dropped is near one of those', () => {
  const records = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(400)), { maxLength: 40 })
  fc.assert(
    fc.property(records, (piped) => {
      // Nothing so late that it could be forgotten: times go back by no more than is remembered.
      let clock = 0
      const times = piped.map(([value, step]): Piped => {
        clock = Math.max(clock, clock + step - 150)
        return [value, Math.max(0, clock - (step % WITHIN_MS))]
      })
      const kept: Piped[] = []
      for (const [value, time] of times) {
        const isRepeated = kept.some(([other, at]) => other === value && Math.abs(at - time) <= WITHIN_MS)
        if (!isRepeated) kept.push([value, time])
      }
      expect(once(times).passed).toEqual(kept)
    }),
  )
})

test('ids survive a restart', () => {
  const { driver } = once([['a', 0]])
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .dedupe({ by: (_key, value) => value, withinMs: WITHIN_MS, name: 'once' })
    .to('out')
  const next = new TopologyTestDriver(builder.build(), { continuing: driver })
  next.createInputTopic('in', Serdes.string, Serdes.string).pipeInput('k', 'a', { timestamp: 10 })
  expect(next.createOutputTopic('out', Serdes.string, Serdes.string).readRecordsToList()).toEqual([])
})

test('behind a new key, records of one key are brought together first', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', texts)
    .selectKey((_key, value) => value ?? '')
    .dedupe({ by: (key) => key, withinMs: WITHIN_MS, name: 'once', ...texts })
    .to('out')
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const key of ['x', 'y']) input.pipeInput(key, 'same', { timestamp: 0 })
  expect([...driver.producedTopicNames]).toContainEqual(expect.stringMatching(/once-repartition$/))
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToList()).toEqual([
    ['same', 'same'],
  ])
})
