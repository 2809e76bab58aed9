import { describe, expect, test } from '@jest/globals'
import type { ProducerRecord, TopicSpec } from '@sluice/kafka'
import { SluiceError } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { TopicMaker } from '../src/topic-maker.ts'

function record(topic: string): ProducerRecord {
  return { topic, partition: null, key: null, value: null, timestamp: null, headers: null }
}

interface Made {
  readonly maker: TopicMaker
  readonly specs: TopicSpec[]
  /** Topics that the broker was asked for. */
  readonly left: string[]
  readonly logger: MemoryLogger
  refusal: unknown
}

function maker(more: { readonly isLeftToBroker?: boolean; readonly positionTopic?: string } = {}): Made {
  const specs: TopicSpec[] = []
  const left: string[] = []
  const logger = new MemoryLogger()
  const made: Made = {
    specs,
    left,
    logger,
    refusal: undefined,
    maker: new TopicMaker({
      admin: {
        ensureTopics: async (topics: readonly TopicSpec[]) => {
          if (made.refusal !== undefined) throw made.refusal
          specs.push(...topics)
          return topics.map(({ topic }) => topic)
        },
      },
      producer: {
        describeTopics: async (topics = [], { letBrokerCreate = false } = {}) => {
          if (letBrokerCreate) left.push(...topics)
          return []
        },
      },
      creation: more.isLeftToBroker === true ? null : { spec: (topic) => ({ topic, partitions: 4 }) },
      positionTopic: more.positionTopic ?? null,
      logger,
    }),
  }
  return made
}

function refusedWith(error: string): SluiceError {
  return new SluiceError('KAFKA_REFUSED', 'no', { place: { error } })
}

describe('topics of a source', () => {
  test('are made before their first record, once, and not asked for again', async () => {
    const { maker: topics, specs, left } = maker()
    const records = [record('a'), record('a'), record('b'), record('a')]
    expect(topics.missing(records)).toEqual(['a', 'b'])
    expect(await topics.make(['a', 'b'])).toEqual(['a', 'b'])
    expect(specs).toEqual([
      { topic: 'a', partitions: 4 },
      { topic: 'b', partitions: 4 },
    ])
    expect(topics.missing(records)).toBeNull()
    expect(topics.missing([...records, record('c')])).toEqual(['c'])
    expect(topics.missing([])).toBeNull()
    expect(left).toEqual([])
  })

  test('are left to the broker when the worker may not create any', async () => {
    const { maker: topics, specs, left } = maker({ isLeftToBroker: true })
    expect(await topics.make(['a'])).toEqual(['a'])
    expect(specs).toEqual([])
    expect(left).toEqual(['a'])
    expect(topics.missing([record('a')])).toBeNull()
  })

  test('that could not be made are still missing', async () => {
    const made = maker()
    made.refusal = new Error('not now')
    await expect(made.maker.make(['a'])).rejects.toThrow('not now')
    made.refusal = refusedWith('INVALID_REPLICATION_FACTOR')
    await expect(made.maker.make(['a'])).rejects.toThrow('no')
    expect(made.maker.missing([record('a')])).toEqual(['a'])
  })

  test.each(['TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION'])(
    'that this user may not make (%s) are left to the broker, with a warning',
    async (error) => {
      const made = maker()
      made.refusal = refusedWith(error)
      expect(await made.maker.make(['a'])).toEqual(['a'])
      expect(made.logger.lines).toMatchObject([{ level: 'warn', fields: { topics: 'a' } }])
      expect(made.left).toEqual(['a'])
      expect(made.maker.missing([record('a')])).toBeNull()
    },
  )

  test('are not the one that holds the positions of the same transactions', async () => {
    const { maker: topics, specs } = maker({ positionTopic: 'positions' })
    await expect(topics.make(['a', 'positions'])).rejects.toMatchObject({
      code: 'TASK_FAILED',
      place: { topic: 'positions' },
    })
    expect(specs).toEqual([])
  })
})
