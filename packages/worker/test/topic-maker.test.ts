import { describe, expect, test } from '@jest/globals'
import type { ProducerRecord, TopicSpec } from '@sluice/kafka'
import { TopicMaker } from '../src/topic-maker.ts'

function record(topic: string): ProducerRecord {
  return { topic, partition: null, key: null, value: null, timestamp: null, headers: null }
}

function maker(partitions: number | null = null): {
  readonly maker: TopicMaker
  readonly specs: TopicSpec[]
  refuse: boolean
} {
  const specs: TopicSpec[] = []
  const made = {
    specs,
    refuse: false,
    maker: new TopicMaker(
      {
        ensureTopics: async (topics: readonly TopicSpec[]) => {
          if (made.refuse) throw new Error('not allowed')
          specs.push(...topics)
          return topics.map(({ topic }) => topic)
        },
      },
      { partitions, replicationFactor: 2 },
    ),
  }
  return made
}

describe('topics of a source', () => {
  test('are made before their first record, once, and not asked for again', async () => {
    const { maker: topics, specs } = maker(4)
    const records = [record('a'), record('a'), record('b'), record('a')]
    expect(topics.missing(records)).toEqual(['a', 'b'])
    await topics.make(['a', 'b'])
    expect(specs).toEqual([
      { topic: 'a', partitions: 4, replicationFactor: 2 },
      { topic: 'b', partitions: 4, replicationFactor: 2 },
    ])
    expect(topics.missing(records)).toBeNull()
    expect(topics.missing([...records, record('c')])).toEqual(['c'])
    expect(topics.missing([])).toBeNull()
  })

  test('have as many partitions as the broker likes when nobody says how many', async () => {
    const { maker: topics, specs } = maker()
    await topics.make(['a'])
    expect(specs).toEqual([{ topic: 'a', partitions: -1, replicationFactor: 2 }])
  })

  test('that could not be made are still missing', async () => {
    const made = maker()
    made.refuse = true
    await expect(made.maker.make(['a'])).rejects.toThrow('not allowed')
    expect(made.maker.missing([record('a')])).toEqual(['a'])
  })
})
