import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { readBatches } from '@sluice/kafka-protocol'
import type { SluiceError } from '@sluice/sdk'
import {
  type Kafka,
  type Produced,
  type Producer,
  type ProducerOptions,
  type ProducerRecord,
  connect,
} from '../../src/index.ts'
import { type Fault, FakeCluster, type FakeTopic } from '../fake/fake-cluster.ts'
import { FakeLog } from '../fake/fake-log.ts'

const OUT_OF_ORDER = 45
const DUPLICATE = 46
const UNKNOWN_PRODUCER_ID = 59

let cluster: FakeCluster
let kafka: Kafka
let topic: FakeTopic
let producer: Producer

async function open(options: ProducerOptions = {}, brokers = 1, partitions = 1): Promise<void> {
  cluster = await FakeCluster.start(brokers)
  topic = cluster.createTopic('t', partitions)
  kafka = await connect({ bootstrapServers: cluster.bootstrap, requestTimeoutMs: 2000 })
  producer = kafka.producer(options)
}

function record(value: string, partition: number | null = 0, key: string | null = null): ProducerRecord {
  const bytes = key === null ? null : Buffer.from(key)
  return { topic: 't', partition, key: bytes, value: Buffer.from(value), timestamp: null, headers: null }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
const send = (...values: string[]): Promise<readonly Produced[]> =>
  producer.produce(values.map((value) => record(value)))
const refusal = (work: Promise<unknown>): Promise<SluiceError> =>
  work.then(
    () => Promise.reject(new Error('was not refused')),
    (error: SluiceError) => error,
  )

/** Batches of a partition as they arrived, answered or not. */
function attempts(partition = 0): { epoch: number; sequence: number; count: number; bytes: Buffer }[] {
  return cluster.requests.flatMap(({ api, body }) => {
    if (api !== 'Produce') return []
    const { topicData } = body as { topicData: { partitionData: { index: number; records: Uint8Array }[] }[] }
    return topicData.flatMap(({ partitionData }) =>
      partitionData
        .filter(({ index }) => index === partition)
        .map(({ records }) => {
          const [batch] = readBatches(records)
          const { producerEpoch: epoch, baseSequence: sequence, count } = batch!
          return { epoch, sequence, count, bytes: Buffer.from(records) }
        }),
    )
  })
}

afterEach(async () => {
  await kafka.close()
  await cluster.stop()
})

describe('a record is written once although', () => {
  beforeEach(() => open())

  const losses: [string, Fault][] = [
    ['the connection drops before the broker acts', { do: 'drop' }],
    ['the connection drops after the broker has acted', { do: 'act-and-drop' }],
    ['the connection drops in the middle of the answer', { do: 'truncate' }],
    ['the answer does not come in time', { do: 'delay', ms: 2500 }],
    ['the broker has too few replicas for a moment', { do: 'refuse', errorCode: 19 }],
    ['the broker does not know the partition for a moment', { do: 'refuse', errorCode: 3 }],
    ['the broker loses its memory of the producer', { do: 'refuse', errorCode: UNKNOWN_PRODUCER_ID }],
    ['the broker misses what came before', { do: 'refuse', errorCode: OUT_OF_ORDER }],
  ]
  for (const [what, fault] of losses) {
    test(what, async () => {
      await send('a')
      cluster.failNext('Produce', fault)
      expect(await send('b', 'c')).toEqual([{ topic: 't', partition: 0, firstOffset: 1, count: 2 }])
      await send('d')
      expect(topic.partitions[0]!.values).toEqual(['a', 'b', 'c', 'd'])
    })
  }

  test('a batch keeps its bytes and its identity over retries', async () => {
    cluster.failNext('Produce', { do: 'act-and-drop' }, { do: 'refuse', errorCode: 19 }, { do: 'drop' })
    await send('a', 'b')
    expect(attempts()).toHaveLength(4)
    for (const { bytes } of attempts()) expect(bytes.equals(attempts()[0]!.bytes)).toBe(true)
    expect(topic.partitions[0]!.values).toEqual(['a', 'b'])
  })

  test('DUPLICATE_SEQUENCE_NUMBER counts as success, without an offset', async () => {
    cluster.failNext('Produce', { do: 'refuse', errorCode: DUPLICATE })
    expect(await send('a', 'b')).toEqual([{ topic: 't', partition: 0, firstOffset: -1, count: 2 }])
    expect(await send('c')).toEqual([{ topic: 't', partition: 0, firstOffset: 0, count: 1 }])
  })

  test('although the broker has forgotten, after an attempt without an answer, who wrote it: the outcome is unknown', async () => {
    await send('a')
    cluster.failNext('Produce', { do: 'act-and-drop' }, { do: 'refuse', errorCode: UNKNOWN_PRODUCER_ID })
    expect(await refusal(send('b'))).toMatchObject({ code: 'KAFKA_TIMEOUT' })
    await send('c')
    expect(topic.partitions[0]!.values).toEqual(['a', 'b', 'c'])
  })

  test('a lost memory of the producer is answered with a new epoch that counts from 0', async () => {
    await send('a')
    cluster.failNext('Produce', { do: 'refuse', errorCode: UNKNOWN_PRODUCER_ID })
    await send('b')
    const seen = attempts().map(({ epoch, sequence }) => [epoch, sequence])
    expect(seen).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ])
  })
})

describe('order and number', () => {
  test('random faults: every record once, in the order of the calls', async () => {
    await open({ batchBytesMax: 1024, deliveryTimeoutMs: 60_000, requestTimeoutMs: 300 }, 2, 4)
    let seed = 7
    const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
    const faults: Fault[] = [
      { do: 'drop' },
      { do: 'act-and-drop' },
      { do: 'truncate' },
      { do: 'refuse', errorCode: 19 },
      { do: 'refuse', errorCode: 6 },
      { do: 'delay', ms: 400 },
      { do: 'delay', ms: 20 },
    ]
    cluster.faults.push(({ api }) => {
      if (api === 'Produce' && random() < 0.03)
        for (const log of topic.partitions) log.leader = 1 + Math.floor(random() * 2)
      return api === 'Produce' && random() < 0.25 ? faults[Math.floor(random() * faults.length)] : undefined
    })
    const calls: Promise<readonly Produced[]>[] = []
    for (const call of range(150)) {
      calls.push(producer.produce(range(20).map((i) => record(`${call * 20 + i}`, i % 4))))
      if (call % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await Promise.all(calls)
    for (const [partition, log] of topic.partitions.entries()) {
      expect(log.values.map(Number)).toEqual(range(3000).filter((i) => (i % 20) % 4 === partition))
    }
  }, 60_000)

  test('a first batch that is refused stays first, though the broker takes any number from a producer it does not know', async () => {
    await open({ batchBytesMax: 1024 })
    cluster.failNext('Produce', { do: 'refuse', errorCode: 3 })
    await Promise.all(range(10).map((i) => send(`${i}`.padEnd(600, '.'))))
    expect(topic.partitions[0]!.values.map((value) => Number.parseInt(value))).toEqual(range(10))
  })

  test('batches in flight behind one that fails follow again in order', async () => {
    await open({ batchBytesMax: 1024 })
    await send('warm')
    cluster.failNext('Produce', { do: 'delay', ms: 100 }, { do: 'refuse', errorCode: 19 })
    await Promise.all(range(30).map((i) => send(`${i}`.padEnd(300, '.'))))
    expect(topic.partitions[0]!.values.slice(1).map((value) => Number.parseInt(value))).toEqual(range(30))
    expect(attempts().length).toBeGreaterThan(11)
    expect(attempts().every(({ epoch }) => epoch === 0)).toBe(true)
  })

  test('a moved leader is found; what was in flight at the old one stays in order', async () => {
    await open({ batchBytesMax: 1024 }, 2)
    await send('first')
    const [log] = topic.partitions
    cluster.failNext('Produce', { do: 'delay', ms: 50 })
    const calls = range(20).map((i) => send(`${i}`.padEnd(300, '.')))
    log!.leader = 2
    await Promise.all(calls)
    expect(log!.values.slice(1).map((value) => Number.parseInt(value))).toEqual(range(20))
  })

  test('at most inFlightMax requests wait at a broker; what waits meanwhile goes out together', async () => {
    await open({ inFlightMax: 2 })
    let open_ = 0
    let most = 0
    cluster.faults.push(({ api }) => {
      if (api !== 'Produce') return undefined
      most = Math.max(most, ++open_)
      setTimeout(() => open_--, 30)
      return { do: 'delay', ms: 30 }
    })
    await send('warm')
    const calls: Promise<unknown>[] = []
    for (const i of range(60)) {
      calls.push(send(`${i}`))
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await Promise.all(calls)
    expect(most).toBeLessThanOrEqual(2)
    expect(cluster.count('Produce')).toBeLessThan(30)
    expect(topic.partitions[0]!.values.slice(1)).toEqual(range(60).map(String))
  })

  test('records queued in one turn for several partitions leave in one request per broker', async () => {
    await open({}, 2, 6)
    await Promise.all(range(60).map((i) => producer.produce([record(`${i}`, i % 6)])))
    expect(cluster.count('Produce')).toBe(2)
  })
})

describe('a record that cannot be delivered', () => {
  test('without an answer: KAFKA_TIMEOUT, outcome unknown; what follows is written once', async () => {
    await open({ deliveryTimeoutMs: 600, requestTimeoutMs: 200 })
    await send('a')
    let isMute = true
    cluster.faults.push(({ api }) => (api === 'Produce' && isMute ? { do: 'mute' } : undefined))
    const error = await refusal(send('b'))
    expect(error).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true, place: { topic: 't', partition: 0 } })
    isMute = false
    await send('c')
    expect(topic.partitions[0]!.values).toEqual(['a', 'c'])
    // Whatever of the old epoch is still on its way can no longer be written.
    expect(
      attempts()
        .slice(1)
        .map(({ epoch, sequence }) => [epoch, sequence]),
    ).toEqual([
      [0, 1],
      [0, 1],
      [1, 0],
    ])
  })

  test('without a broker: KAFKA_UNREACHABLE, since nothing was sent', async () => {
    await open({ deliveryTimeoutMs: 400 })
    await cluster.stop()
    expect(await refusal(send('a'))).toMatchObject({ code: 'KAFKA_UNREACHABLE', retriable: true })
  })

  test('refused for good: fails alone, with the name of the refusal', async () => {
    await open({ batchBytesMax: 1024 })
    const invalidRecord = 87
    cluster.failNext('Produce', { do: 'refuse', errorCode: invalidRecord })
    const calls = ['a', 'b', 'c'].map((value) => send(value.padEnd(900, '.')))
    const [first, ...others] = await Promise.allSettled(calls)
    expect(first).toMatchObject({
      status: 'rejected',
      reason: { code: 'KAFKA_REFUSED', place: { error: 'INVALID_RECORD' } },
    })
    expect(others.every(({ status }) => status === 'fulfilled')).toBe(true)
    expect(topic.partitions[0]!.values.map((value) => value[0])).toEqual(['b', 'c'])
  })

  test('a call rejects only when its other records are settled', async () => {
    await open({}, 2, 2)
    cluster.faults.push(({ api }, broker) => {
      if (api !== 'Produce') return undefined
      return broker === 1 ? { do: 'refuse', errorCode: 87 } : { do: 'delay', ms: 200 }
    })
    await refusal(producer.produce([record('a', 0), record('b', 1)]))
    expect(topic.partitions[1]!.values).toEqual(['b'])
  })

  test('an answer that is not Kafka: KAFKA_PROTOCOL, at once', async () => {
    await open()
    cluster.failNext('Produce', { do: 'garbage' })
    expect(await refusal(send('a'))).toMatchObject({ code: 'KAFKA_PROTOCOL', retriable: false })
    await send('b')
    expect(topic.partitions[0]!.values.at(-1)).toBe('b')
  })

  test('no permission to get a producer id: the refusal reaches the caller', async () => {
    await open()
    const clusterAuthorizationFailed = 31
    cluster.failNext('InitProducerId', { do: 'refuse', errorCode: clusterAuthorizationFailed })
    expect(await refusal(send('a'))).toMatchObject({ place: { error: 'CLUSTER_AUTHORIZATION_FAILED' } })
    await send('b')
    expect(topic.partitions[0]!.values).toEqual(['b'])
  })

  test('wrong settings are all named', async () => {
    await open()
    const compression = 'brotli' as 'zstd'
    const settings = { compression, inFlightMax: 6, lingerMs: -1, bufferBytesMax: 10, deliveryTimeoutMs: 2 ** 31 }
    expect(() => kafka.producer(settings)).toThrow(
      /compression is brotli.*deliveryTimeoutMs.*lingerMs.*inFlightMax.*bufferBytesMax/,
    )
  })
})

describe('nothing is written twice, and nothing that was acknowledged is missing', () => {
  /** What was acknowledged is there once, what failed at most once, all in the order of the calls. */
  function settleUp(outcomes: readonly PromiseSettledResult<unknown>[]): void {
    const written = topic.partitions[0]!.values.map((value) => Number.parseInt(value))
    expect(written).toEqual([...new Set(written)].toSorted((a, b) => a - b))
    const there = new Set(written)
    const missing = range(outcomes.length).filter((i) => outcomes[i]!.status === 'fulfilled' && !there.has(i))
    expect(missing).toEqual([])
  }

  const numbered = (count: number): Promise<unknown>[] => range(count).map((i) => send(`${i}`.padEnd(400, '.')))

  test('although the first of two that were sent is given up in an outage, and the second is not', async () => {
    await open({ deliveryTimeoutMs: 2000, requestTimeoutMs: 800 })
    await send('warm')
    // Both are written, no answer arrives, and then nothing gets through until the first is given up.
    cluster.failNext('Produce', { do: 'act-and-drop', ms: 750 })
    const first = refusal(send('a'))
    await new Promise((resolve) => setTimeout(resolve, 700))
    const second = send('b')
    await new Promise((resolve) => setTimeout(resolve, 100))
    let isOut = true
    cluster.faults.push(({ api }) => (api === 'Produce' && isOut ? { do: 'drop' } : undefined))
    expect(await first).toMatchObject({ code: 'KAFKA_TIMEOUT' })
    isOut = false
    const third = send('c')
    expect(await second).toEqual([{ topic: 't', partition: 0, firstOffset: 2, count: 1 }])
    await third
    expect(topic.partitions[0]!.values).toEqual(['warm', 'a', 'b', 'c'])
    expect(attempts().every(({ epoch }) => epoch === 0)).toBe(true)
  })

  for (const seed of range(4)) {
    test(`although outages come and go (seed ${seed})`, async () => {
      await open({ batchBytesMax: 1024, deliveryTimeoutMs: 400, requestTimeoutMs: 100 })
      let state = seed * 7919 + 1
      const random = (): number => (state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
      const faults: Fault[] = [
        { do: 'drop' },
        { do: 'act-and-drop' },
        { do: 'act-and-drop' },
        { do: 'refuse', errorCode: 19 },
      ]
      let isOut = false
      cluster.faults.push(({ api }) =>
        api === 'Produce' && random() < (isOut ? 0.95 : 0.1) ? faults[Math.floor(random() * faults.length)] : undefined,
      )
      const outcomes: Promise<PromiseSettledResult<unknown>[]>[] = []
      for (const round of range(60)) {
        isOut = round % 20 >= 10
        outcomes.push(Promise.allSettled(range(5).map((i) => send(`${round * 5 + i}`.padEnd(400, '.')))))
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
      isOut = false
      settleUp((await Promise.all(outcomes)).flat())
    })
  }

  test('although a refused batch stands behind one whose answer was lost', async () => {
    await open({ batchBytesMax: 1024 })
    await send('0.')
    topic.partitions[0]!.batches.pop()
    cluster.failNext('Produce', { do: 'act-and-drop' }, { do: 'drop' }, { do: 'refuse', errorCode: 19 })
    settleUp(await Promise.allSettled(numbered(12)))
  })
})

describe('a record that the broker names as wrong (KIP-467)', () => {
  const INVALID_RECORD = 87

  test('fails alone; the rest of the batch goes in the next epoch, and what follows behind it', async () => {
    await open({ batchBytesMax: 1024, lingerMs: 20 })
    topic.partitions[0]!.isRefused = (value) => value.startsWith('bad')
    const values = range(12).map((i) => `${i % 5 === 2 ? 'bad' : 'good'} ${i}`.padEnd(150, '.'))
    const outcomes = await Promise.allSettled(values.map((value) => send(value)))
    for (const [i, outcome] of outcomes.entries()) {
      expect(outcome.status).toBe(i % 5 === 2 ? 'rejected' : 'fulfilled')
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ place: { error: 'INVALID_RECORD' } })
    }
    expect(topic.partitions[0]!.values).toEqual(values.filter((value) => value.startsWith('good')))
  })

  test('takes all with it where the broker names none', async () => {
    await open()
    cluster.failNext('Produce', { do: 'refuse', errorCode: INVALID_RECORD })
    expect(await refusal(send('a', 'b'))).toMatchObject({ place: { error: 'INVALID_RECORD' } })
    expect(topic.partitions[0]!.values).toEqual([])
  })
})

describe('what an error says of the outcome', () => {
  test('refused until the delivery timeout: certainly not written', async () => {
    await open({ deliveryTimeoutMs: 400 })
    cluster.faults.push(({ api }) => (api === 'Produce' ? { do: 'refuse', errorCode: 19 } : undefined))
    const error = await refusal(send('a'))
    expect(error).toMatchObject({ code: 'KAFKA_REFUSED', retriable: true, place: { error: 'NOT_ENOUGH_REPLICAS' } })
    expect(error.message).toMatch(/not written/)
  })

  test('written by the leader alone until the delivery timeout: unknown', async () => {
    await open({ deliveryTimeoutMs: 400 })
    const afterAppend = 20
    cluster.faults.push(({ api }) => (api === 'Produce' ? { do: 'refuse', errorCode: afterAppend } : undefined))
    expect(await refusal(send('a'))).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: true })
  })

  test('refused for good after an attempt without an answer: unknown', async () => {
    await open()
    const topicAuthorizationFailed = 29
    cluster.failNext('Produce', { do: 'act-and-drop' }, { do: 'refuse', errorCode: topicAuthorizationFailed })
    const error = await refusal(send('a'))
    expect(error).toMatchObject({ code: 'KAFKA_TIMEOUT', cause: { place: { error: 'TOPIC_AUTHORIZATION_FAILED' } } })
    await send('b')
    expect(topic.partitions[0]!.values).toEqual(['a', 'b'])
  })

  test('too large after an attempt without an answer: unknown', async () => {
    await open()
    cluster.failNext('Produce', { do: 'act-and-drop' }, { do: 'refuse', errorCode: 10 })
    expect(await refusal(send('a', 'b'))).toMatchObject({ code: 'KAFKA_TIMEOUT', retriable: false })
    expect(topic.partitions[0]!.values).toEqual(['a', 'b'])
  })

  test('closed with batches on their way: they may be written', async () => {
    await open()
    cluster.failNext('Produce', { do: 'delay', ms: 100 })
    const cut = refusal(send('a'))
    while (cluster.count('Produce') < 1) await new Promise((resolve) => setTimeout(resolve, 1))
    await producer.close(1)
    const error = await cut
    expect(error.code).toBe('INTERRUPTED')
    expect(error.message).toMatch(/may be written/)
  })
})

test('a topic is named by its id; one that was created again is found, and gets what waits', async () => {
  await open()
  await send('a')
  const old = topic
  topic = { ...cluster.createTopic('t', 1), id: Buffer.from('another-topic-id').toString('base64url') }
  cluster.topics.set('t', topic)
  await send('b', 'c')
  await send('d')
  expect(old.partitions[0]!.values).toEqual(['a'])
  expect(topic.partitions[0]!.values).toEqual(['b', 'c', 'd'])
  expect(cluster.requests.at(-1)!.version).toBe(13)
})

test('many partitions that are refused for a while are sent again in few requests', async () => {
  await open({}, 1, 500)
  await producer.produce(range(500).map((i) => record('first', i)))
  const until = performance.now() + 1500
  cluster.faults.push(({ api }) =>
    api === 'Produce' && performance.now() < until ? { do: 'refuse', errorCode: 19 } : undefined,
  )
  const before = cluster.count('Produce')
  await producer.produce(range(500).map((i) => record('second', i)))
  expect(cluster.count('Produce') - before).toBeLessThan(120)
})

test('topics that have all grown are all described afresh within one call', async () => {
  await open()
  const other = cluster.createTopic('other', 1)
  const to = (name: string, partition: number): ProducerRecord => ({ ...record('x', partition), topic: name })
  await producer.produce([to('t', 0), to('other', 0)])
  for (const { partitions } of [topic, other]) partitions.push(new FakeLog(1))
  await producer.produce([to('t', 1), to('other', 1)])
  expect(other.partitions[1]!.values).toEqual(['x'])
})

test('keyless records go to partitions that there are, when a topic was created again with fewer', async () => {
  await open({ deliveryTimeoutMs: 500 }, 1, 8)
  for (const i of range(8)) await producer.produce([record(`${i}`, null)])
  cluster.topics.delete('t')
  topic = cluster.createTopic('t', 1)
  // What is queued before anybody knows waits for its partition in vain.
  await producer.produce([record('late', null)]).catch(() => undefined)
  for (const i of range(8)) await producer.produce([record(`${i}`, null)])
  expect(topic.partitions[0]!.values.slice(-8)).toEqual(range(8).map(String))
})

describe('too large', () => {
  test('a batch is split until the broker takes it, in order, and later ones are smaller', async () => {
    await open()
    topic.partitions[0]!.batchBytesMax = 2000
    const values = range(100).map((i) => `${i}`.padEnd(100, '.'))
    const produced = await send(...values)
    expect(topic.partitions[0]!.values).toEqual(values)
    expect(produced.reduce((sum, { count }) => sum + count, 0)).toBe(100)
    const before = cluster.count('Produce')
    await send(...values)
    expect(topic.partitions[0]!.values).toEqual([...values, ...values])
    expect(cluster.count('Produce') - before).toBeLessThanOrEqual(10)
  })

  test('a single record that the broker finds too large is refused alone', async () => {
    await open()
    topic.partitions[0]!.batchBytesMax = 2000
    expect(await refusal(send('a', 'b'.repeat(3000), 'c'))).toMatchObject({
      code: 'RECORD_TOO_LARGE',
      retriable: false,
    })
    await send('d')
    expect(topic.partitions[0]!.values).toEqual(['a', 'c', 'd'])
  })
})

test('keyless records go on to another partition with every batch that leaves', async () => {
  await open({}, 1, 3)
  for (const i of range(9)) await producer.produce([record(`${i}`, null)])
  for (const log of topic.partitions) expect(log.values).toHaveLength(3)
})

test('calls wait in line while memory is out, and none overtakes', async () => {
  await open({ bufferBytesMax: 1_048_576, batchBytesMax: 65_536, requestBytesMax: 65_536 })
  cluster.faults.push(({ api }) => (api === 'Produce' ? { do: 'delay', ms: 5 } : undefined))
  const values = range(200).map((i) => `${i}:`.padEnd(20_000, '.'))
  await Promise.all(values.map((value) => send(value)))
  expect(topic.partitions[0]!.values.map((value) => Number.parseInt(value))).toEqual(range(200))
})

describe('records that are to be sent after something', () => {
  test('are queued at once and sent when it has happened, and so is what comes behind them in their partitions', async () => {
    await open({}, 1, 2)
    await producer.produce([record('first', 0), record('first', 1)])
    const before = Promise.withResolvers<void>()
    const held = producer.produce([record('held', 0)], { after: before.promise })
    const behind = producer.produce([record('behind', 0)])
    await producer.produce([record('elsewhere', 1)])
    expect(topic.partitions.map(({ values }) => values)).toEqual([['first'], ['first', 'elsewhere']])
    before.resolve()
    expect(await held).toEqual([{ topic: 't', partition: 0, firstOffset: 1, count: 1 }])
    await behind
    expect(topic.partitions[0]!.values).toEqual(['first', 'held', 'behind'])
  })

  test('share a batch when it is the same, and none with others', async () => {
    await open()
    const [one, another] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const calls = [
      ...['a', 'b'].map((value) => producer.produce([record(value)], { after: one.promise })),
      producer.produce([record('c')], { after: another.promise }),
    ]
    one.resolve()
    await Promise.all(calls.slice(0, 2))
    expect(topic.partitions[0]!.values).toEqual(['a', 'b'])
    another.resolve()
    await Promise.all(calls)
    expect(attempts().map(({ count }) => count)).toEqual([2, 1])
  })

  test('fail with its error when it never happens, those that wait in line too, and nothing else does', async () => {
    await open({ bufferBytesMax: 65_536, batchBytesMax: 65_536, requestBytesMax: 65_536 })
    const before = Promise.withResolvers<void>()
    const lost = new Error('lost')
    const values = ['held', 'in line'].map((value) => value.padEnd(40_000, '.'))
    const calls = values.map((value) => refusal(producer.produce([record(value)], { after: before.promise })))
    const other = send('other')
    before.reject(lost)
    for (const error of await Promise.all(calls)) expect(error).toMatchObject({ code: 'INTERRUPTED', cause: lost })
    await other
    expect(topic.partitions[0]!.values).toEqual(['other'])
  })
})
