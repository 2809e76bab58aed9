import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, type Kafka, type MetricGroup, type Producer } from '@sluice/kafka'
import { MemoryMetrics } from '@sluice/sdk'
import { KafkaStreams, Serdes, STREAM_METRIC_GROUPS, StreamsBuilder, streamsSettings } from '../../src/index.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
const onABroker = address === '' ? describe.skip : describe
const RECORDS = 300

onABroker('metrics under Kafka Streams’ names (needs SLUICE_TEST_KAFKA)', () => {
  let kafka: Kafka
  let producer: Producer
  let folder: string
  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'sluice-streams-'))
    kafka = await connect({ bootstrapServers: address })
    producer = kafka.producer()
  })
  afterAll(async () => {
    await producer.close()
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Counts records of two partitions to the end, and tells what was measured while it ran. */
  async function measured(level: string): Promise<{ readonly application: string; groups: readonly MetricGroup[] }> {
    const application = `measured-${randomUUID().slice(0, 8)}`
    const input = `${application}.in`
    await kafka.admin.ensureTopics([{ topic: input, partitions: 2 }])
    await producer.produce(
      Array.from({ length: RECORDS }, (_, i) => ({
        topic: input,
        partition: i % 2,
        key: Buffer.from(`key ${i % 10}`),
        value: Buffer.from('four'),
        timestamp: null,
        headers: null,
      })),
    )
    const builder = new StreamsBuilder()
    builder
      .stream(input, { key: Serdes.string, value: Serdes.string })
      .groupByKey()
      .count({ materialized: { name: 'counts' } })
    const settings = streamsSettings.parse({
      'application.id': application,
      'metrics.recording.level': level,
      'commit.interval.ms': '10',
      'state.dir': path.join(folder, application),
    })
    let groups: readonly MetricGroup[] = []
    const streams = new KafkaStreams(builder.build(), settings, { kafka, metrics: new MemoryMetrics() })
    await streams.run({
      until: (progress) => {
        groups = streams.metrics()
        return progress.length === 2 && progress.every(({ committed }) => committed === RECORDS / 2)
      },
    })
    return { application, groups }
  }

  const named = (groups: readonly MetricGroup[], group: string): readonly MetricGroup[] =>
    groups.filter((one) => one.group === group)

  test('what is there is what the reference declares, by group, tag and name; stores and tasks only with DEBUG', async () => {
    for (const level of ['INFO', 'DEBUG']) {
      const { groups } = await measured(level)
      const declared = STREAM_METRIC_GROUPS.filter((one) => level === 'DEBUG' || one.level === 'INFO')
      expect([...new Set(groups.map(({ group }) => group))].toSorted()).toEqual(
        declared.map(({ group }) => group).toSorted(),
      )
      for (const { group, tags, numbers } of declared) {
        for (const one of named(groups, group)) {
          const names = Object.keys(one.values)
          expect(names.filter((name) => numbers[name] === undefined)).toEqual([])
          if (group === 'stream-state-metrics') expect(one.tags['lmdb-state-id']).toBe('counts')
          else {
            expect(Object.keys(one.tags)).toEqual(tags)
            expect(names.toSorted()).toEqual(Object.keys(numbers).toSorted())
          }
        }
      }
    }
  }, 60_000)

  test('they add up to what was done', async () => {
    const { application, groups } = await measured('DEBUG')
    const sum = (group: string, name: string): number =>
      named(groups, group).reduce((total, { values }) => total + values[name]!, 0)
    expect(named(groups, 'stream-metrics')[0]!.values['client-state']).toBe(2)
    expect(named(groups, 'stream-thread-metrics').map(({ tags }) => tags['thread-id'])).toEqual([
      expect.stringMatching(new RegExp(`^${application}-.*-StreamThread-1$`)),
    ])
    expect(sum('stream-thread-metrics', 'process-total')).toBeGreaterThan(0)
    expect(sum('stream-thread-metrics', 'task-created-total')).toBe(2)
    expect(sum('stream-thread-metrics', 'commit-total')).toBeGreaterThan(0)
    expect(named(groups, 'stream-task-metrics').map(({ tags }) => tags['task-id'])).toEqual(['0_0', '0_1'])
    for (const group of ['stream-task-metrics', 'stream-processor-node-metrics'])
      expect(sum(group, 'process-total')).toBe(RECORDS)
    expect(sum('stream-topic-metrics', 'records-consumed-total')).toBe(RECORDS)
    const bytes = RECORDS * ('key n'.length + 'four'.length)
    expect(sum('stream-topic-metrics', 'bytes-consumed-total')).toBeGreaterThanOrEqual(bytes)
    expect(sum('stream-state-metrics', 'put-total')).toBe(RECORDS)
    expect(sum('stream-state-metrics', 'get-total')).toBe(RECORDS)
  }, 60_000)
})
