/** Topics that come later, and topics that are others than they were, read by sinks on a real Kafka. */
import { expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import type { SinkPosition } from '@sluice/sdk'
import { BrokerRuns, numbers } from './support/broker-runs.ts'
import { eventually } from './support/eventually.ts'
import { onBroker, traceOf } from './support/test-cluster.ts'

onBroker('topics of a sink', () => {
  const runs = new BrokerRuns()

  test('topics by a pattern: those that come later are found, others and the dead letters are left alone', async () => {
    const ledger: string[] = []
    const sink = await runs.sink([], () => ({
      put: async (records) => void ledger.push(...records.map(({ topic, value }) => `${topic}=${value as string}`)),
    }))
    const [a, b] = [`${sink.name}.in.a`, `${sink.name}.in.b`]
    await runs.cluster.kafka.admin.ensureTopics([
      { topic: a, partitions: 1 },
      { topic: `${sink.name}.out`, partitions: 1 },
    ])
    await runs.cluster.put(a, ['1'])
    await runs.cluster.put(`${sink.name}.out`, ['no'])
    const worker = await sink.start({
      topics: '',
      'topics.regex': `${sink.name.replaceAll('.', '\\.')}\\.in\\..*`,
      'consumer.override.metadata.max.age.ms': '100',
      'consumer.override.heartbeat.interval.ms': '50',
    })
    await eventually('the first is read', () => ledger.length === 1)
    await runs.cluster.kafka.admin.ensureTopics([{ topic: b, partitions: 1 }])
    await runs.cluster.put(b, ['2'])
    await eventually('the new one is read', () => ledger.length === 2)
    await worker.stop()
    expect(ledger).toEqual([`${a}=1`, `${b}=2`])
  }, 60_000)

  test('a topic that is deleted and created again while it is read: the task fails and says what to do', async () => {
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 20), () => ({
      put: async (records) => void seen.push(...records.map(({ value }) => value as string)),
    }))
    const worker = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 20)
    await recreate(runs.cluster.kafka, sink.topic)
    await runs.cluster.put(sink.topic, numbers(100, 150))
    await eventually('it has failed', () => worker.status()[0]?.tasks[0]?.state === 'FAILED')
    expect(traceOf(worker)).toMatch(/another one than the one that was read[^]*What to do: The topic was deleted/)
    await worker.stop()
    expect(seen).toEqual(numbers(0, 20))
  }, 30_000)

  test('a committed offset that is older than its topic: the same, also where no record would be missed', async () => {
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 20), () => ({
      put: async (records) => void seen.push(...records.map(({ value }) => value as string)),
    }))
    const first = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 20)
    await first.stop()
    const offsets = runs.cluster.kafka.groupOffsets(`connect-${sink.name}`)
    const before = await offsets.committed([{ topic: sink.topic, partition: 0 }])
    await recreate(runs.cluster.kafka, sink.topic)
    // The broker forgets the offsets of a topic that it deletes; a copy of them may come back.
    await offsets.commit(before)
    await runs.cluster.put(sink.topic, numbers(100, 150))
    const second = await sink.start()
    await eventually('it has failed', () => second.status()[0]?.tasks[0]?.state === 'FAILED')
    expect(traceOf(second)).toContain('What to do: The topic was deleted and created again')
    await second.stop()
    expect(seen).toEqual(numbers(0, 20))
  }, 30_000)

  test('a sink that kept positions of a topic that is another one now: fails, instead of leaving records out as had already', async () => {
    const held: { positions: readonly SinkPosition[] } = { positions: [] }
    const seen: string[] = []
    const sink = await runs.sink(numbers(0, 20), (context) => ({
      open: async () => context.rewind(held.positions),
      put: async (records) => void seen.push(...records.map(({ value }) => value as string)),
      flush: async (positions) => (held.positions = positions),
    }))
    const first = await sink.start()
    await eventually('committed', async () => (await sink.offset()) === 20)
    await first.stop()
    await recreate(runs.cluster.kafka, sink.topic)
    await runs.cluster.put(sink.topic, numbers(100, 150))
    const second = await sink.start()
    await eventually('it has failed', () => second.status()[0]?.tasks[0]?.state === 'FAILED')
    expect(traceOf(second)).toContain('What to do: The topic was deleted and created again')
    await second.stop()
    expect(seen).toEqual(numbers(0, 20))
    // The broker forgets it with the topic, sooner or later.
    expect([undefined, 20]).toContain(await sink.offset())
  }, 30_000)
})

async function recreate(kafka: Kafka, topic: string): Promise<void> {
  await kafka.admin.deleteTopics([topic])
  await eventually('the topic is gone', async () => (await kafka.admin.describeTopics([topic])).length === 0)
  await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
}
