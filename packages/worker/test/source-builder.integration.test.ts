/** What a source task's settings make of it, on a broker. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { HerderError } from '../src/herder/herder.ts'
import type { ExactlyOnce } from '../src/source-builder.ts'
import { assertSameCluster } from '../src/task-kafka.ts'
import { eventually } from './support/eventually.ts'
import { text } from './support/fake-kafka.ts'
import { PositionsInTransactions } from './support/positions-in-transactions.ts'
import { buildSource } from './support/source-parts.ts'
import { address, onBroker, TestCluster } from './support/test-cluster.ts'
import { numbered } from './support/test-connectors.ts'

onBroker('a source task on a broker', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.open()
  })
  afterAll(() => cluster.close())

  const settingsOf = (topic: string, more: Record<string, string> = {}): Record<string, string> => ({
    name: topic,
    'connector.class': 'counting',
    topic,
    count: '20',
    ...more,
  })

  const exactlyOnce = async (name: string, steps: string[], more: Partial<ExactlyOnce> = {}): Promise<ExactlyOnce> => {
    const positionTopic = await cluster.topic('positions')
    return {
      transactionalId: `connect-cluster-${name}-0`,
      positionTopic,
      positions: new PositionsInTransactions(cluster, positionTopic, name),
      fence: async () => void steps.push('fence'),
      verify: async () => {
        const [found] = await cluster.kafka.admin.transactions.describe([`connect-cluster-${name}-0`])
        steps.push(`verify, ${found?.error === null ? 'claimed' : 'not claimed'}`)
      },
      ...more,
    }
  }

  describe('exactly once', () => {
    test('fences, claims its id, makes sure that it is still wanted, and only then starts', async () => {
      const topic = cluster.name('order')
      const steps: string[] = []
      const once = await exactlyOnce(topic, steps)
      const source = await buildSource(
        settingsOf(topic),
        {
          poll: async () => {
            if (!steps.includes('poll')) steps.push('poll')
            return undefined
          },
        },
        once,
      )
      const ended = source.run()
      await eventually('all is committed', () => source.handle.progress().produced === 20)
      source.stop()
      expect(await ended).toBeUndefined()
      expect(steps).toEqual(['fence', 'verify, claimed', 'poll'])
      expect(source.told).toEqual(['RUNNING', `topic ${topic}`])
      const values = (await cluster.read(topic, 'read_committed')).map(({ value }) => text(value))
      expect(values).toEqual(Array.from({ length: 20 }, (_, n) => String(n)))
      expect(await (once.positions as PositionsInTransactions).position(topic, { numbers: 'all' })).toEqual({ n: 20 })
      expect(source.positions.stores).toEqual([])
    })

    test.each(['fence', 'verify'] as const)(
      'a task that %s refuses fails with that, and is not started',
      async (step) => {
        const topic = cluster.name('refused')
        const refusal = new HerderError(409, 'not yours any more')
        const polls: number[] = []
        const once = await exactlyOnce(topic, [], { [step]: () => Promise.reject(refusal) })
        const source = await buildSource(settingsOf(topic), { poll: async () => void polls.push(1) }, once)
        expect(await source.run()).toBe(refusal)
        expect([polls, source.told, await cluster.ends(topic)]).toEqual([[], [], []])
      },
    )

    test('a task that is stopped while it is being fenced ends at once', async () => {
      const topic = cluster.name('stopped')
      const once = await exactlyOnce(topic, [], { fence: () => new Promise(() => undefined) })
      const source = await buildSource(settingsOf(topic), {}, once)
      const ended = source.run()
      source.stop()
      expect(await ended).toBeUndefined()
      expect(source.told).toEqual([])
    })

    test('a source that writes to the topic of its own positions fails instead of waiting for itself', async () => {
      const topic = cluster.name('own')
      const once = await exactlyOnce(topic, [])
      const source = await buildSource(settingsOf(once.positionTopic, { name: topic }), {}, once)
      expect(await source.run()).toMatchObject({ code: 'TASK_FAILED', place: { topic: once.positionTopic } })
      expect(await cluster.count(once.positionTopic)).toBe(0)
    })

    test('the source decides where transactions end, and what it aborts is not seen', async () => {
      const topic = cluster.name('own-boundaries')
      const source = await buildSource(
        settingsOf(topic, { 'transaction.boundary': 'CONNECTOR' }),
        {
          poll: async ({ transaction }, n) => {
            if (n >= 20) return []
            if (n % 10 < 5) transaction!.commit()
            else transaction!.abort()
            return Array.from({ length: 5 }, (_, i) => numbered(topic, n + i))
          },
        },
        await exactlyOnce(topic, []),
      )
      const ended = source.run()
      await eventually(
        'it is through',
        () => source.handle.progress().dropped + source.handle.progress().produced === 20,
      )
      source.stop()
      expect(await ended).toBeUndefined()
      const values = (await cluster.read(topic, 'read_committed')).map(({ value }) => Number(text(value)))
      expect(values.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 10, 11, 12, 13, 14])
    })
  })

  describe('topics', () => {
    test('are made by the first rule that fits, with its own settings', async () => {
      const topic = cluster.name('ruled')
      const source = await buildSource(
        settingsOf(topic, {
          'topic.creation.groups': 'other,mine',
          'topic.creation.other.include': 'nothing.*',
          'topic.creation.other.partitions': '9',
          'topic.creation.mine.include': 'worker-ruled-.*',
          'topic.creation.mine.partitions': '3',
          'topic.creation.mine.cleanup.policy': 'compact',
          'topic.creation.default.partitions': '2',
          'topic.creation.default.replication.factor': '1',
        }),
        { record: (n) => ({ key: String(n) }) },
      )
      const ended = source.run()
      await eventually('all is there', () => source.handle.progress().produced === 20)
      source.stop()
      expect(await ended).toBeUndefined()
      expect(await cluster.ends(topic)).toHaveLength(3)
      const [described] = await cluster.kafka.admin.configs.describe([{ type: 'topic', name: topic }])
      expect(JSON.stringify(described?.value)).toContain('compact')
    })
  })

  describe('with clients of its own', () => {
    test('that reach the cluster another way it works the same, and they are closed with it', async () => {
      const topic = cluster.name('own-client')
      const other = address.replace('127.0.0.1', 'localhost')
      expect(other).not.toBe(address)
      const source = await buildSource(settingsOf(topic, { 'producer.override.bootstrap.servers': other }))
      const ended = source.run()
      await eventually('all is stored', () => source.handle.progress().produced === 20)
      // The worker's connections are not used for producing.
      expect(source.kafka.metrics().some(({ group }) => group === 'producer-metrics')).toBe(false)
      source.stop()
      expect(await ended).toBeUndefined()
      expect(await cluster.count(topic)).toBe(20)
    })

    test('that are not let in it fails to be built, with a sentence', async () => {
      const settings = settingsOf(cluster.name('nobody'), {
        'producer.override.bootstrap.servers': '127.0.0.1:1',
        'producer.override.request.timeout.ms': '300',
      })
      await expect(buildSource(settings)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' })
      const kerberos = { ...settings, 'producer.override.security.protocol': 'SASL_SSL' }
      await expect(buildSource(kerberos)).rejects.toThrow('GSSAPI')
    })
  })

  test('exactly once, another way to the same cluster is right; another cluster is refused, where positions would not be found again', async () => {
    const topic = cluster.name('other-cluster')
    const settings = settingsOf(topic, {
      'producer.override.bootstrap.servers': address.replace('127.0.0.1', 'localhost'),
    })
    const source = await buildSource(settings, {}, await exactlyOnce(topic, []))
    const ended = source.run()
    await eventually('all is committed', () => source.handle.progress().produced === 20)
    source.stop()
    expect(await ended).toBeUndefined()
    const of = (clusterId: string): Parameters<typeof assertSameCluster>[0] => ({
      admin: { ...cluster.kafka.admin, describeCluster: async () => ({ clusterId, brokers: 1 }) },
    })
    await expect(assertSameCluster(of('a'), of('b'))).rejects.toThrow('writes to the cluster a')
    await assertSameCluster(of('a'), of('a'))
  })

  test('its producer has the name that Kafka Connect gives it', async () => {
    const topic = cluster.name('named')
    const source = await buildSource(settingsOf(topic))
    const ended = source.run()
    await eventually('all is stored', () => source.handle.progress().produced === 20)
    const ids = source.kafka.metrics().map(({ tags }) => tags['client-id'])
    expect(ids).toContain(`connector-producer-${topic}-0`)
    const groups = source.handle.figures().map(({ group }) => group)
    expect(groups).toEqual(['connector-task-metrics', 'source-task-metrics', 'task-error-metrics'])
    source.stop()
    await ended
  })
})
