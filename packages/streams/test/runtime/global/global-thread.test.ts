import { afterEach, expect, test } from '@jest/globals'
import type { FetchedPartition, Fetcher, Kafka } from '@sluice/kafka'
import { MemoryMetrics, silentLogger, SluiceError, systemRandom, type Logger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, streamsSettings, type TimestampedKeyValueStore } from '../../../src/index.ts'
import { GlobalThread } from '../../../src/runtime/global/global-thread.ts'
import { StreamMetrics } from '../../../src/stream-metrics.ts'
import { taskSettingsOf } from '../../../src/task-settings.ts'
import { Topology } from '../../../src/topology/topology.ts'
import { fetchedPartition } from '../../support/fetched-partition.ts'

const TOPIC = 'rates'
const TIMEOUT_MS = 300_000
const threads: GlobalThread[] = []
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close()
})

/** What a poll brings: records, or nothing within its time, or an error. */
type Poll = readonly string[] | 'nothing' | SluiceError

/** A topic of one partition whose records, keys and values alike, come as scripted; behind the script nothing comes. */
function reading(end: number, polls: Poll[], shaped: (topology: Topology) => Topology = (topology) => topology) {
  const clock = new FakeClock({ impatient: true })
  const told: string[] = []
  const tell = (message: string): void => void told.push(message)
  const logger: Logger = { ...silentLogger, child: () => logger, warn: tell }
  let offset = 0
  const fetcher: Pick<Fetcher, 'assign' | 'poll' | 'close'> = {
    assign: () => undefined,
    close: () => Promise.resolve(),
    async poll(timeoutMs, signal) {
      const next = polls.shift() ?? 'nothing'
      if (next instanceof SluiceError) throw next
      if (next !== 'nothing') {
        const fetched = fetchedFrom(offset, next)
        offset = fetched.nextOffset
        return [fetched]
      }
      await clock.sleep(timeoutMs, signal)
      return []
    },
  }
  const offsets = (at: string) => [{ topic: TOPIC, partition: 0, offset: at === 'earliest' ? 0 : end }]
  const admin = {
    listOffsets: (_places: unknown, at: string) => Promise.resolve(offsets(at)),
    partitions: {
      listOffsets: (specs: readonly unknown[]) =>
        Promise.resolve(specs.map((item) => ({ item, value: { offset: end }, error: null }))),
    },
  }
  const builder = new StreamsBuilder()
  const text = { key: Serdes.string, value: Serdes.string }
  builder.globalTable(TOPIC, { ...text, materialized: { name: 'rates', engine: 'memory' } })
  const parts = {
    topology: shaped(builder.build()),
    topics: new Map([[TOPIC, 1]]),
    kafka: { admin, fetcher: () => fetcher } as unknown as Kafka,
    settings: taskSettingsOf(streamsSettings.parse({ 'application.id': 'app' })),
    isolation: 'read_committed' as const,
    stateDirectory: '/nowhere',
    commitIntervalMs: 100,
    timeoutMs: TIMEOUT_MS,
    clock,
    random: systemRandom,
    logger,
    metrics: new StreamMetrics(new MemoryMetrics(), 'app'),
  }
  const start = async (signal = new AbortController().signal): Promise<GlobalThread | null> => {
    const thread = await GlobalThread.start(parts, signal)
    if (thread !== null) threads.push(thread)
    return thread
  }
  return { clock, told, start }
}

const valueOf = (thread: GlobalThread | null, key: string): string | null =>
  (thread!.stores.get('rates') as TimestampedKeyValueStore<string, string>).get(key)?.value ?? null

test('a start to which nothing more comes fails in time, with the place that it has come to; it may be tried again', async () => {
  const { clock, start } = reading(3, [['a', 'b']])
  await expect(start()).rejects.toMatchObject({
    code: 'KAFKA_TIMEOUT',
    retriable: true,
    place: { topic: TOPIC, partition: 0, offset: 2, end: 3 },
  })
  expect(clock.monotonic()).toBeGreaterThan(TIMEOUT_MS)
})

test('a slow topic is waited for as long as something comes', async () => {
  const slow = Array.from({ length: 250 }, () => 'nothing' as const)
  const { clock, start } = reading(3, [['a'], ...slow, ['b'], ...slow, ['c']])
  expect(valueOf(await start(), 'c')).toBe('c')
  expect(clock.monotonic()).toBeGreaterThan(TIMEOUT_MS)
})

test('a start that is called off gives nothing', async () => {
  const stop = new AbortController()
  stop.abort()
  expect(await reading(1, []).start(stop.signal)).toBeNull()
})

test('a broker that is away is waited for, and said to be', async () => {
  const away = new SluiceError('KAFKA_UNREACHABLE', 'away', { retriable: true })
  const { told, start } = reading(2, [['a'], away, away, ['b']])
  const thread = await start()
  expect([valueOf(thread, 'a'), valueOf(thread, 'b'), thread!.failure]).toEqual(['a', 'b', null])
  expect(told).toEqual(['Global stores cannot be kept up'])
})

test('records that were deleted before they were read end it, so that it is filled anew; whoever listens is told, also later', async () => {
  const { start } = reading(1, [['a'], new SluiceError('OFFSET_OUT_OF_RANGE', 'gone')])
  const thread = await start()
  const failed = await new Promise((resolve) => thread!.onFailure(resolve))
  expect(failed).toMatchObject({ code: 'STATE_TORN', retriable: true })
  let again: unknown
  thread!.onFailure((error) => (again = error))
  expect(again).toBe(failed)
})

test('a refusal for good ends it as it is', async () => {
  const refused = new SluiceError('KAFKA_REFUSED', 'not yours')
  await expect(reading(1, [refused]).start()).rejects.toBe(refused)
})

test('a record that cannot be taken back ends it with what it failed on, and for good: whoever began anew would meet it again', async () => {
  const broken = new Error('out of order')
  const letsGoAndFails = (topology: Topology): Topology => {
    const nodes = topology.nodes.map((node) => {
      if (node.kind !== 'processor') return node
      const compile: typeof node.operator.compile = () => (_key, value, at) => {
        at.node = node.name
        if (value !== 'bad') return
        at.letGoBegins()
        at.letGoEnds()
        throw broken
      }
      return { ...node, operator: { ...node.operator, compile } }
    })
    return new Topology(nodes, { stores: topology.stores.values() })
  }
  const { start } = reading(2, [['good', 'bad']], letsGoAndFails)
  await expect(start()).rejects.toMatchObject({
    code: 'TASK_FAILED',
    retriable: false,
    cause: broken,
    place: { topic: TOPIC, partition: 0, offset: 1 },
  })
  const { start: later } = reading(1, [['good'], ['bad']], letsGoAndFails)
  const failed = await new Promise((resolve) => void later().then((thread) => thread!.onFailure(resolve)))
  expect(failed).toMatchObject({ code: 'TASK_FAILED', retriable: false, cause: broken })
})

function fetchedFrom(offset: number, texts: readonly string[]): FetchedPartition {
  const rows = texts.map((text, i) => ({ offset: offset + i, timestamp: 1, key: text, value: text }))
  return fetchedPartition(rows, { topic: TOPIC, nextOffset: offset + texts.length })
}
