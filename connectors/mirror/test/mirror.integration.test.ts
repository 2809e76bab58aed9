/** The three connectors between an embedded broker, the source, and the Kafka of the tests, the target; without a worker. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { mirrorCheckpoint, mirrorHeartbeat, mirrorSource } from '@sluice/connector-mirror'
import { startEmbeddedKafka, type EmbeddedKafka } from '@sluice/embedded-kafka'
import { connect, valuesOf, type Kafka, type ProducerRecord } from '@sluice/kafka'
import {
  MemoryMetrics,
  systemClock,
  type RawSettings,
  type RunningConnector,
  type SluiceError,
  type SourceConnector,
  type SourceRecord,
} from '@sluice/sdk'
import { FakeSourceContext, MemoryLogger, SourceRun } from '@sluice/sdk/testing'
import { readCheckpoint } from '../src/formats/checkpoint.ts'
import { readHeartbeat } from '../src/formats/heartbeat.ts'
import { readOffsetSync } from '../src/formats/offset-sync.ts'

const bootstrap = process.env['SLUICE_TEST_KAFKA']
if (bootstrap === undefined) console.warn('SLUICE_TEST_KAFKA is not set: the mirror is not tested on brokers')
const suite = bootstrap === undefined ? describe.skip : describe
/** Of this run, as the target is everybody's. */
const ALIAS = `mirrored-${process.pid}-${Date.now()}`
const WAIT_MS = 20_000

let embedded: EmbeddedKafka
let source: Kafka
let target: Kafka
const open: { stop(): Promise<void> }[] = []

function settings(more: RawSettings = {}): RawSettings {
  return {
    'source.cluster.alias': ALIAS,
    'target.cluster.alias': `${ALIAS}-there`,
    'source.cluster.bootstrap.servers': embedded.bootstrapServers,
    'target.cluster.bootstrap.servers': bootstrap!,
    'replication.factor': '1',
    'offset-syncs.topic.replication.factor': '1',
    'checkpoints.topic.replication.factor': '1',
    'heartbeats.topic.replication.factor': '1',
    'consumer.poll.timeout.ms': '200',
    ...more,
  }
}

beforeAll(async () => {
  if (bootstrap === undefined) return
  embedded = await startEmbeddedKafka()
  ;[source, target] = await Promise.all([
    connect({ bootstrapServers: embedded.bootstrapServers }),
    connect({ bootstrapServers: bootstrap }),
  ])
})

afterAll(async () => {
  if (bootstrap === undefined) return
  for (const one of open) await one.stop()
  await Promise.all([source.close(), target.close()])
  await embedded.close()
})

async function topic(name: string, partitions: number, configs: Readonly<Record<string, string>> = {}): Promise<void> {
  await source.admin.ensureTopics([{ topic: name, partitions, configs }])
}

async function write(name: string, values: readonly string[], partition = 0): Promise<void> {
  const producer = source.producer()
  const rest = { topic: name, partition, key: null, timestamp: null, headers: null }
  await producer.produce(values.map((value) => ({ ...rest, value: Buffer.from(value) })))
  await producer.close()
}

async function eventually(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + WAIT_MS
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`It did not come to pass: ${what}`)
    await systemClock.sleep(50)
  }
}

/** A connector beside its tasks. */
async function watch(
  connector: SourceConnector,
  raw: RawSettings,
): Promise<{ readonly tasks: (most: number) => Promise<readonly RawSettings[]>; readonly requests: () => number }> {
  let requests = 0
  const parsed = connector.settings.parse(raw)
  const running: RunningConnector = await connector.start!(
    parsed,
    {
      connector: 'test',
      metrics: new MemoryMetrics(),
      clock: systemClock,
      logger: new MemoryLogger(),
      requestTaskReconfiguration: () => (requests += 1),
      raiseError: () => undefined,
    },
    new AbortController().signal,
  )
  open.push(running)
  return { tasks: async (most) => running.taskSettings!(parsed, raw, most), requests: () => requests }
}

async function task(
  connector: SourceConnector,
  raw: RawSettings,
  context: FakeSourceContext = new FakeSourceContext(systemClock),
): Promise<SourceRun> {
  const run = new SourceRun(connector, raw, context)
  open.push(run)
  await run.start()
  return run
}

/** As many records as are there, or nothing more comes. */
async function polled(run: SourceRun, count: number): Promise<readonly SourceRecord[]> {
  await eventually(`${count} records`, async () => {
    await run.poll()
    return run.records.length >= count
  })
  return run.records
}

function valuesIn(records: readonly SourceRecord[]): readonly string[] {
  return records.map(({ value }) => Buffer.from(value as Uint8Array).toString())
}

suite('topics', () => {
  test('are made on the target with the partitions of the source, and what was set on them follows', async () => {
    await topic('made', 3, { 'retention.ms': '86400000', 'min.insync.replicas': '1' })
    const watched = await watch(
      mirrorSource,
      settings({
        topics: 'made|later',
        'refresh.topics.interval.seconds': '1',
        'sync.topic.configs.interval.seconds': '1',
      }),
    )
    const remote = `${ALIAS}.made`
    expect(await target.admin.describeTopics([remote])).toEqual([{ topic: remote, partitions: 3 }])
    const setOn = async (): Promise<Readonly<Record<string, string | null>>> => {
      const [entries] = valuesOf(await target.admin.configs.describe([{ type: 'topic', name: remote } as const]))
      const own = entries!.filter((entry) => entry.source === 'topic')
      return Object.fromEntries(own.map(({ name, value }) => [name, value]))
    }
    expect(await setOn()).toEqual({ 'retention.ms': '86400000' })
    expect((await watched.tasks(2)).map((of) => of['task.assigned.partitions'])).toEqual(['made-0,made-2', 'made-1'])

    await topic('later', 1)
    const changes = [
      { name: 'retention.ms', operation: 'delete' },
      { name: 'cleanup.policy', operation: 'set', value: 'compact' },
    ] as const
    valuesOf(await source.admin.configs.alter([{ type: 'topic', name: 'made', changes }]))
    valuesOf(await source.admin.topics.createPartitions([{ topic: 'made', count: 4 }]))
    await eventually('the tasks are asked for again', async () => watched.requests() > 0)
    await eventually('settings follow', async () => (await setOn())['cleanup.policy'] === 'compact')
    expect(await setOn()).toEqual({ 'cleanup.policy': 'compact' })
    const found = await target.admin.describeTopics([remote, `${ALIAS}.later`])
    expect(found.toSorted((a, b) => (a.topic < b.topic ? -1 : 1))).toEqual([
      { topic: `${ALIAS}.later`, partitions: 1 },
      { topic: remote, partitions: 4 },
    ])
  })

  test('a task is told to pass bytes as they are, whatever the converters of the worker', async () => {
    await topic('bytes', 1)
    const raw = settings({ topics: 'bytes' })
    const parsed = mirrorSource.settings.parse(raw)
    const [own] = await mirrorSource.taskSettings!(parsed, raw, 1)
    const bytes = 'org.apache.kafka.connect.converters.ByteArrayConverter'
    expect(own).toMatchObject({ 'key.converter': bytes, 'value.converter': bytes, 'header.converter': bytes })
  })
})

suite('records', () => {
  test('are handed on as they are, to the partition they were in', async () => {
    await topic('asis', 2)
    const producer = source.producer({ compression: 'zstd' })
    const given: ProducerRecord = {
      topic: 'asis',
      partition: 1,
      key: Buffer.from([0, 0xff]),
      value: null,
      timestamp: Date.now() - 5000,
      headers: [
        { key: 'h', value: Buffer.from([1]) },
        { key: 'h', value: null },
      ],
    }
    await producer.produce([given, { ...given, key: null, value: Buffer.alloc(0), headers: null }])
    await producer.close()
    const run = await task(mirrorSource, settings({ 'task.assigned.partitions': 'asis-0,asis-1' }))
    const [first, second] = await polled(run, 2)
    expect(first).toMatchObject({
      topic: `${ALIAS}.asis`,
      partition: 1,
      key: given.key,
      value: null,
      timestamp: given.timestamp,
      headers: [
        { key: 'h', schema: null, value: Buffer.from([1]) },
        { key: 'h', schema: null, value: null },
      ],
      sourcePartition: { cluster: ALIAS, partition: 1, topic: 'asis' },
      sourcePosition: { offset: 0 },
    })
    expect(second).toMatchObject({ key: null, value: Buffer.alloc(0), headers: null, sourcePosition: { offset: 1 } })
  })

  test('that were aborted on the source are not mirrored', async () => {
    await topic('bound', 1)
    const producer = await source.transactionalProducer({ transactionalId: 'bound' })
    const rest = { topic: 'bound', partition: 0, key: null, timestamp: null, headers: null }
    for (const [value, end] of [
      ['a', 'commit'],
      ['b', 'abort'],
      ['c', 'commit'],
    ] as const) {
      producer.begin()
      await producer.produce([{ ...rest, value: Buffer.from(value) }])
      await producer[end]()
    }
    await producer.close()
    const run = await task(mirrorSource, settings({ 'task.assigned.partitions': 'bound-0' }))
    expect(valuesIn(await polled(run, 2))).toEqual(['a', 'c'])
  })

  test('are read on behind the one whose position is stored', async () => {
    await topic('resumed', 1)
    await write('resumed', ['a', 'b', 'c'])
    const context = new FakeSourceContext(systemClock)
    context.store({ cluster: ALIAS, partition: 0, topic: 'resumed' }, { offset: 1 })
    const run = await task(mirrorSource, settings({ 'task.assigned.partitions': 'resumed-0' }), context)
    expect(valuesIn(await polled(run, 1))).toEqual(['c'])
  })
})

suite('a topic of the source that was made anew', () => {
  test('fails the task: positions in the old one mean nothing in it', async () => {
    await topic('anew', 1)
    await write('anew', ['a', 'b'])
    const run = await task(mirrorSource, settings({ 'task.assigned.partitions': 'anew-0' }))
    await polled(run, 2)
    await source.admin.deleteTopics(['anew'])
    await topic('anew', 1)
    await write('anew', ['c', 'd', 'e'])
    const failed = async (): Promise<string> => {
      for (;;) {
        try {
          await run.poll()
        } catch (error) {
          const { code, retriable } = error as SluiceError
          if (!retriable) return code
        }
      }
    }
    expect(await failed()).toBe('TOPIC_RECREATED')
    expect(valuesIn(run.records)).toEqual(['a', 'b'])
  })
})

suite('groups', () => {
  test('are translated by what the source task has noted, and moved while nobody is in them', async () => {
    const name = 'grouped'
    const group = `${ALIAS}-group`
    const remote = `${ALIAS}.${name}`
    await topic(name, 1)
    await write(
      name,
      Array.from({ length: 10 }, (_, n) => String(n)),
    )
    await target.admin.ensureTopics([{ topic: remote, partitions: 1 }])
    const offsets = source.groupOffsets(group)
    const commit = (offset: number): Promise<void> =>
      offsets.commit([{ topic: name, partition: 0, offset, metadata: 'm' }])
    await commit(4)

    // What a worker does: it says where the records lie; here 3 further than on the source.
    const mirror = await task(mirrorSource, settings({ 'task.assigned.partitions': `${name}-0` }))
    const records = await polled(mirror, 10)
    const lie = Float64Array.from(records.keys(), (i) => i + 3)
    await mirror.task.delivered!(records, lie)
    expect(await syncs()).toEqual([{ topic: name, partition: 0, runs: [{ upstream: 0, downstream: 3, count: 10 }] }])

    const raw = settings({
      topics: name,
      groups: `${ALIAS}.*`,
      'emit.checkpoints.interval.seconds': '1',
      'sync.group.offsets.enabled': 'true',
      'sync.group.offsets.interval.seconds': '1',
      'refresh.groups.interval.seconds': '1',
    })
    const watched = await watch(mirrorCheckpoint, raw)
    const [own] = await watched.tasks(3)
    expect(own).toMatchObject({ 'task.assigned.groups': group })
    const checkpoints = await task(mirrorCheckpoint, own!)
    const [record] = await polled(checkpoints, 1)
    expect(record).toMatchObject({ topic: `${ALIAS}.checkpoints.internal`, partition: 0 })
    const place = { group, topic: remote, partition: 0 }
    expect(readCheckpoint(record!.key as Uint8Array, record!.value as Uint8Array)).toEqual({
      ...place,
      upstreamOffset: 4,
      downstreamOffset: 7,
      metadata: 'm',
    })
    const stands = async (): Promise<number | undefined> =>
      (await target.groupOffsets(group).committed([{ topic: remote, partition: 0 }]))[0]?.offset
    const standsAt = (offset: number) => async (): Promise<boolean> => {
      await checkpoints.poll()
      return (await stands()) === offset
    }
    await eventually('the group stands on the target', standsAt(7))

    // It has gone on there: it is not put back.
    await target.groupOffsets(group).commit([{ topic: remote, partition: 0, offset: 9, metadata: '' }])
    await commit(5)
    await eventually('a checkpoint is written', async () => {
      await checkpoints.poll()
      return checkpoints.records.length === 2
    })
    await systemClock.sleep(1100)
    await checkpoints.poll()
    expect(await stands()).toBe(9)

    // Somebody is in it: it is left alone.
    const member = target.consumerMember({
      groupId: group,
      topics: [remote],
      hooks: { onAssigned: () => undefined, onLost: () => undefined },
    })
    await member.join()
    await commit(10)
    await eventually('a checkpoint is written', async () => {
      member.poll()
      await checkpoints.poll()
      return checkpoints.records.length === 3
    })
    expect(await stands()).toBe(9)
    await member.close()
    await eventually('it is moved when they have left', standsAt(13))
  })

  async function syncs(): Promise<readonly unknown[]> {
    const fetcher = source.fetcher()
    const name = `mm2-offset-syncs.${ALIAS}-there.internal`
    fetcher.assign([{ topic: name, partition: 0, offset: 0 }])
    const fetched = await fetcher.poll(5000)
    await fetcher.close()
    return fetched.flatMap(({ batches }) =>
      batches.flatMap((batch) =>
        Array.from({ length: batch.count }, (_, i) => readOffsetSync(batch.key(i)!, batch.value(i)!, batch.headers(i))),
      ),
    )
  }
})

suite('heartbeats', () => {
  test('are written at their times', async () => {
    const run = await task(mirrorHeartbeat, settings())
    await polled(run, 2)
    const beats = run.records.map(({ key, value }) => readHeartbeat(key as Uint8Array, value as Uint8Array))
    expect(beats[0]).toMatchObject({ source: ALIAS, target: `${ALIAS}-there` })
    expect(beats[1]!.timestamp - beats[0]!.timestamp).toBeGreaterThanOrEqual(990)
  })
})

suite('a cluster that is away', () => {
  test('is named with its side', async () => {
    const raw = settings({
      'source.cluster.bootstrap.servers': '127.0.0.1:1',
      'source.cluster.request.timeout.ms': '300',
    })
    await expect(task(mirrorSource, { ...raw, 'task.assigned.partitions': 'a-0' })).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: expect.stringContaining('The source cluster cannot be used'),
    })
  })
})
