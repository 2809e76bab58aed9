/** kafkajs, a client that shares no code with ours, on the same Apache Kafka: `SLUICE_TEST_KAFKA` names it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import kafkajs from 'kafkajs'
import { type Compression, type Kafka, connect, dialPlain } from '../src/index.ts'
import { PortFixture, record } from '../src/testing/port-fixture.ts'

const address = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (address === '') console.warn('SLUICE_TEST_KAFKA is not set: interoperability with kafkajs is not tested')
const onKafka = address === '' ? describe.skip : describe
jest.setTimeout(60_000)

const sorted = <T>(rows: readonly T[]): T[] => rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

onKafka('kafkajs (needs SLUICE_TEST_KAFKA)', () => {
  let peer: kafkajs.Kafka
  let admin: kafkajs.Admin
  let fixture: PortFixture
  let kafka: Kafka
  const open = (): Promise<Kafka> => connect({ bootstrapServers: address })

  beforeAll(async () => {
    peer = new kafkajs.Kafka({ brokers: [address], logLevel: kafkajs.logLevel.NOTHING })
    admin = peer.admin()
    await admin.connect()
  })
  afterAll(() => admin.disconnect())
  beforeEach(async () => {
    fixture = new PortFixture(await open(), open)
    kafka = fixture.kafka
  })
  afterEach(() => fixture.dispose())

  async function readByPeer(topic: string, count: number): Promise<kafkajs.EachMessagePayload[]> {
    const consumer = peer.consumer({ groupId: fixture.freshName(), maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const found: kafkajs.EachMessagePayload[] = []
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async (payload: kafkajs.EachMessagePayload): Promise<void> => {
        found.push(payload)
        if (found.length === count) resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
    await consumer.disconnect()
    return found
  }

  for (const compression of ['none', 'gzip'] satisfies Compression[]) {
    test(`reads what we produce (${compression})`, async () => {
      const topic = await fixture.topic(3)
      const producer = kafka.producer({ compression })
      const headers = [{ key: 'h', value: Buffer.from('ü') }]
      await producer.produce(
        range(500).map((i) =>
          record(topic, {
            key: `key-${i}`,
            value: i % 7 === 0 ? null : `value ${i}`,
            timestamp: 1_600_000_000_000 + i,
            headers,
          }),
        ),
      )
      const ours = (await fixture.readAll(topic)).map(({ partition, offset, key, value, timestamp }) => [
        partition,
        offset,
        key,
        value,
        timestamp,
      ])
      const theirs = (await readByPeer(topic, 500)).map(({ partition, message }) => {
        expect(message.headers!['h']!.toString()).toBe('ü')
        const { offset, key, value, timestamp } = message
        return [partition, Number(offset), key!.toString(), value?.toString() ?? null, Number(timestamp)]
      })
      expect(sorted(theirs)).toEqual(sorted(ours))
      await producer.close()
    })
  }

  test('produces what we read, and sends keys to the same partitions', async () => {
    const topic = await fixture.topic(5)
    const producer = peer.producer({ idempotent: true, createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    const messages = range(300).map((i) => ({
      key: `key-${i}`,
      value: i % 5 === 0 ? null : `value ${i}`,
      headers: { h: 'x' },
      timestamp: String(1_600_000_000_000 + i),
    }))
    await producer.send({ topic, messages, compression: kafkajs.CompressionTypes.GZIP })
    await producer.disconnect()
    const theirs = await fixture.readAll(topic)
    expect(sorted(theirs.map(({ key, value, timestamp }) => [key, value, String(timestamp)]))).toEqual(
      sorted(messages.map(({ key, value, timestamp }) => [key, value, timestamp])),
    )
    const own = await fixture.topic(5)
    const ours = kafka.producer()
    await ours.produce(messages.map(({ key }) => record(own, { key, value: 'v' })))
    const places = new Map((await fixture.readAll(own)).map(({ key, partition }) => [key, partition]))
    for (const { key, partition } of theirs) expect([key, partition]).toEqual([key, places.get(key)])
    await ours.close()
  })

  test('sees the offsets that we commit, and we see those that it sets', async () => {
    const topic = await fixture.topic(2)
    const groupId = fixture.freshName()
    const offsets = kafka.groupOffsets(groupId)
    await offsets.commit([{ topic, partition: 1, offset: 17, metadata: 'ours' }])
    const [seen] = await admin.fetchOffsets({ groupId, topics: [topic] })
    expect(seen!.partitions.find(({ partition }) => partition === 1)).toMatchObject({ offset: '17', metadata: 'ours' })
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '5' }] })
    const found = await offsets.committed([0, 1].map((partition) => ({ topic, partition })))
    expect(sorted(found.map(({ partition, offset }) => [partition, offset]))).toEqual([
      [0, 5],
      [1, 17],
    ])
  })

  test('aborts transactions that read_committed does not show, wherever the answers are cut', async () => {
    const topic = await fixture.topic()
    const producers = range(2).map((i) =>
      peer.producer({
        transactionalId: `${topic}-${i}`,
        maxInFlightRequests: 1,
        idempotent: true,
        retry: { retries: 20 },
      }),
    )
    for (const producer of producers) await producer.connect()
    const committed: string[] = []
    for (const round of range(6)) {
      const open = []
      for (const producer of producers) open.push(await producer.transaction())
      for (const part of range(3)) {
        for (const [i, transaction] of open.entries()) {
          await transaction.send({ topic, messages: [{ value: `${round}-${i}-${part}`.padEnd(200, '.') }] })
        }
      }
      for (const [i, transaction] of open.entries()) {
        if ((round + i) % 3 === 0) {
          await transaction.commit()
          for (const part of range(3)) committed.push(`${round}-${i}-${part}`)
        } else await transaction.abort()
      }
    }
    for (const producer of producers) await producer.disconnect()
    const values = (records: readonly { value: string | null }[]): string[] =>
      records.map(({ value }) => value!.replaceAll('.', ''))
    expect(values(await fixture.readAll(topic, 'read_committed')).toSorted()).toEqual(committed.toSorted())
    expect(values(await fixture.readAll(topic))).toHaveLength(36)
    // A batch per answer: every transaction begins before some answer and ends behind it.
    const fetcher = kafka.fetcher({ isolation: 'read_committed', bytesMax: 1, partitionBytesMax: 1 })
    const [end] = await kafka.admin.listOffsets([{ topic, partition: 0 }], 'latest')
    fetcher.assign([{ topic, partition: 0, offset: 0 }])
    const cut: string[] = []
    while (fetcher.position(end!)! < end!.offset) {
      for (const { batches } of await fetcher.poll(1000)) {
        for (const records of batches)
          cut.push(...range(records.count).map((i) => Buffer.from(records.value(i)!).toString()))
      }
    }
    expect(values(cut.map((value) => ({ value }))).toSorted()).toEqual(committed.toSorted())
    await fetcher.close()
  })
})

onKafka('a network that cuts connections (needs SLUICE_TEST_KAFKA)', () => {
  test('every record is written once, in order, and read once', async () => {
    let cuts = 0
    let isCalm = false
    const cutting = (): Promise<Kafka> =>
      connect({
        bootstrapServers: address,
        dial: async (...args) => {
          const socket = await dialPlain(...args)
          setTimeout(
            () => {
              if (isCalm) return
              cuts++
              socket.destroy()
            },
            20 + Math.random() * 80,
          ).unref()
          return socket
        },
      })
    const fixture = new PortFixture(await connect({ bootstrapServers: address }), cutting)
    try {
      const topic = await fixture.topic(4)
      const kafka = await fixture.another()
      const producer = kafka.producer({ batchBytesMax: 4096 })
      const calls: Promise<unknown>[] = []
      for (const call of range(300)) {
        calls.push(
          producer.produce(range(100).map((i) => record(topic, { partition: i % 4, value: `${call * 100 + i}` }))),
        )
        if (call % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 10))
      }
      await Promise.all(calls)
      expect(cuts).toBeGreaterThan(5)
      const written = await fixture.readAll(topic)
      for (const partition of range(4)) {
        const values = written.filter((one) => one.partition === partition).map(({ value }) => Number(value))
        expect(values).toEqual(range(30_000).filter((i) => i % 4 === partition))
      }
      const fetcher = kafka.fetcher({ bytesMax: 4096, partitionBytesMax: 1024 })
      const before = cuts
      const isEnough = (): boolean => cuts >= before + 3
      // Reading all of it may be over before the first cut.
      for (let round = 0; round < 50 && !isEnough(); round++) {
        fetcher.assign([])
        fetcher.assign(range(4).map((partition) => ({ topic, partition, offset: 0 })))
        let read = 0
        while (read < 30_000)
          for (const { batches } of await fetcher.poll(1000)) for (const { count } of batches) read += count
        expect(read).toBe(30_000)
      }
      expect(cuts).toBeGreaterThan(before)
    } finally {
      isCalm = true
      await fixture.dispose()
    }
  })
})
