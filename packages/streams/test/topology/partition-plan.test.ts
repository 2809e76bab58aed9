import { describe, expect, test } from '@jest/globals'
import { JoinWindows, Serdes, planPartitions, type StreamsBuilder } from '../../src/index.ts'
import { text, thrownBy, topologyOf } from '../dsl/topology-of.ts'

const joined = (left: string, right: string): string => left + right
const windows = JoinWindows.ofTimeDifferenceWithNoGrace(5)
const sided = { ...text, otherValue: Serdes.string, name: 'j', storeName: 's' }

function plan(write: (builder: StreamsBuilder) => void, counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(planPartitions(topologyOf(write), new Map(Object.entries(counts))).topics)
}

function joinOf(builder: StreamsBuilder, isRekeyed: readonly [boolean, boolean]): void {
  const [left, right] = ['L', 'R'].map((topic, i) => {
    const stream = builder.stream(topic, text)
    return isRekeyed[i] === true ? stream.selectKey((_key, value) => value) : stream
  })
  left!.join(right!, joined, windows, sided)
}

describe('topics whose records meet by key', () => {
  test('must have equally many partitions; the remedy says what to do', () => {
    const write = (builder: StreamsBuilder): void => joinOf(builder, [false, false])
    expect(plan(write, { L: 4, R: 4 })).toEqual({ L: 4, R: 4 })
    expect(thrownBy(() => plan(write, { L: 4, R: 3 }))).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('L (4), R (3)') as unknown,
      remedy: expect.stringContaining('repartition()') as unknown,
    })
  })

  test('a repartition topic has as many as the topic it is joined with', () => {
    expect(plan((builder) => joinOf(builder, [true, false]), { L: 9, R: 3 })).toMatchObject({
      'j-left-repartition': 3,
    })
  })

  test('two repartition topics have as many as the larger of what they are made of', () => {
    expect(plan((builder) => joinOf(builder, [true, true]), { L: 9, R: 3 })).toMatchObject({
      'j-left-repartition': 9,
      'j-right-repartition': 9,
    })
  })

  test('where one has a number, it is that of the others', () => {
    const write = (builder: StreamsBuilder): void => {
      const left = builder.stream('L', text).repartition({ ...text, name: 'l', partitions: 6 })
      const right = builder.stream('R', text).selectKey((_key, value) => value)
      left.join(right, joined, windows, sided)
    }
    expect(plan(write, { L: 9, R: 3 })).toMatchObject({ 'l-repartition': 6, 'j-right-repartition': 6 })
  })

  test('a number that differs from the topic it is joined with is refused', () => {
    const write = (builder: StreamsBuilder): void => {
      const left = builder.stream('L', text).repartition({ ...text, name: 'l', partitions: 6 })
      left.join(builder.stream('R', text), joined, windows, sided)
    }
    expect(thrownBy(() => plan(write, { L: 9, R: 3 }))).toMatchObject({
      remedy: 'Leave the number of partitions of repartition() to R.',
    })
  })

  test('what is joined with something that is joined with a topic has its number too', () => {
    const write = (builder: StreamsBuilder): void => {
      const [a, b] = ['A', 'B'].map((topic) => builder.stream(topic, text).selectKey((_key, value) => value))
      a!.join(b!, joined, windows, { ...text, otherValue: Serdes.string })
      b!.join(builder.table('M', text), joined, text)
    }
    expect(topologyOf(write).copartitionedTopics()).toHaveLength(1)
    expect(plan(write, { A: 9, B: 5, M: 2 })).toMatchObject({
      'KSTREAM-KEY-SELECT-0000000001-repartition': 2,
      'KSTREAM-KEY-SELECT-0000000003-repartition': 2,
    })
  })

  test('a stream that is joined with itself meets but one topic', () => {
    const write = (builder: StreamsBuilder): void => {
      const stream = builder.stream('in', text)
      stream.join(stream, joined, windows, sided)
    }
    expect(plan(write, { in: 5 })).toEqual({ in: 5 })
  })
})

describe('without that need', () => {
  test('tables joined by a foreign key, and global ones, may have any numbers', () => {
    const write = (builder: StreamsBuilder): void => {
      const left = builder.table('L', text)
      left.join(builder.table('R', text), (value) => value, joined, { name: 'fk' })
      builder.stream('S', text).join(builder.globalTable('G', text), (_key, value) => value, joined)
    }
    expect(plan(write, { L: 4, R: 3, S: 2, G: 1 })).toMatchObject({
      'fk-subscription-registration-topic': 3,
      'fk-subscription-response-topic': 4,
    })
  })

  test('a repartition topic has as many as what is written to it, also behind another one', () => {
    const write = (builder: StreamsBuilder): void =>
      builder
        .stream(['a', 'b'], text)
        .repartition({ ...text, name: 'first' })
        .selectKey((_key, value) => value)
        .repartition({ ...text, name: 'second' })
        .to('out')
    expect(plan(write, { a: 2, b: 7 })).toMatchObject({ 'first-repartition': 7, 'second-repartition': 7 })
  })
})

test('a topic that does not exist is named', () => {
  expect(thrownBy(() => plan((builder) => void builder.stream(['a', 'b']), { a: 1 }))).toMatchObject({
    code: 'TOPOLOGY_INVALID',
    message: expect.stringContaining('Source topic b does not exist') as unknown,
  })
})

test('a sub-topology has as many tasks as its largest topic partitions; a global one has none', () => {
  const topology = topologyOf((builder) => {
    builder
      .stream(['a', 'b'], text)
      .selectKey((_key, value) => value)
      .groupByKey(text)
      .count()
    builder.globalTable('g')
  })
  const { tasks } = planPartitions(topology, new Map(Object.entries({ a: 2, b: 5, g: 9 })))
  expect([...tasks.values()]).toEqual([5, 5])
  expect(topology.subtopologies.filter(({ isGlobal }) => isGlobal)).toHaveLength(1)
  expect(topology.subtopologies).toHaveLength(3)
})
