/**
 * Producing and consuming through the port against a real broker: CPU of this process per million records of 100 bytes, 24
 * partitions, 1000 records per call, four calls at a time, acks=all, no compression, no keys. Beside it kafkajs with the same
 * batches, over 100,000 records, scaled. Consuming touches the length of every value.
 */
import { type Fetcher, type Kafka as KafkaPort, type ProducerRecord, connect } from '@sluice/kafka'
import kafkajs from 'kafkajs'
import type { BenchCase } from './bench-case.ts'
import { brokerForBench } from './broker.ts'

const PARTITIONS = 24
const BATCH = 1000
const AT_A_TIME = 4
const PEER_RECORDS = 100_000
const PEER = `kafkajs (${PEER_RECORDS.toLocaleString('en')} records, scaled)`
const PRODUCE_BAR_CPU_SECONDS = 0.4
const CONSUME_BAR_CPU_SECONDS = 0.3

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = brokerForBench()
  if (broker === null) return []
  const records = short ? 100_000 : 1_000_000
  const scale = records / 1_000_000
  const topic = `bench-kafka-${process.pid}-${Date.now()}`
  const kafka = await connect({ bootstrapServers: broker, clientId: 'bench' })
  try {
    await kafka.admin.ensureTopics([{ topic, partitions: PARTITIONS }])
    const values = payloads(100)
    const produce = await produceOurs(kafka, topic, values, records)
    const consume = await consumeOurs(kafka, topic, records)
    const peer = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
    const peerProduce = await producePeer(peer, topic, values)
    const peerConsume = await consumePeer(peer, topic)
    const scaled = records / PEER_RECORDS
    const count = records.toLocaleString('en')
    return [
      {
        name: `produce ${count} records of 100 B`,
        unit: 'CPU-s',
        ours: produce,
        bar: PRODUCE_BAR_CPU_SECONDS * scale,
        peer: [{ name: PEER, value: peerProduce * scaled }],
      },
      {
        name: `consume ${count} records of 100 B`,
        unit: 'CPU-s',
        ours: consume,
        bar: CONSUME_BAR_CPU_SECONDS * scale,
        peer: [{ name: PEER, value: peerConsume * scaled }],
      },
    ]
  } finally {
    await kafka.admin.deleteTopics([topic])
    await kafka.close()
  }
}

async function produceOurs(kafka: KafkaPort, topic: string, values: readonly Buffer[], count: number): Promise<number> {
  const producer = kafka.producer()
  const send = async (batch: number): Promise<void> => {
    const records: ProducerRecord[] = []
    for (let i = 0; i < BATCH; i++) {
      const value = values[(batch * 31 + i) % values.length]!
      records.push({ topic, partition: null, key: null, value, timestamp: null, headers: null })
    }
    await producer.produce(records)
  }
  await pump((count * 0.3) / BATCH, send)
  const started = process.cpuUsage()
  await pump(count / BATCH, send)
  const seconds = cpuSeconds(started)
  await producer.close()
  return seconds
}

async function consumeOurs(kafka: KafkaPort, topic: string, count: number): Promise<number> {
  const fetcher = kafka.fetcher()
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  fetcher.assign(await kafka.admin.listOffsets(partitions, 'earliest'))
  await consume(fetcher, count * 0.3)
  // What is measured is read from the beginning again, so that the warm-up does not eat into it.
  fetcher.assign(await kafka.admin.listOffsets(partitions, 'earliest'))
  const started = process.cpuUsage()
  const consumed = await consume(fetcher, count)
  const seconds = cpuSeconds(started)
  await fetcher.close()
  return seconds * (count / consumed)
}

async function consume(fetcher: Fetcher, count: number): Promise<number> {
  let consumed = 0
  let bytes = 0
  while (consumed < count) {
    for (const { batches } of await fetcher.poll(5000)) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) bytes += records.value(i)!.length
        consumed += records.count
      }
    }
  }
  if (bytes !== consumed * 100) throw new Error(`${bytes} bytes came in ${consumed} records`)
  return consumed
}

async function producePeer(kafka: kafkajs.Kafka, topic: string, values: readonly Buffer[]): Promise<number> {
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  await producer.connect()
  const send = async (batch: number): Promise<void> => {
    const partition = batch % PARTITIONS
    const messages = Array.from({ length: BATCH }, (_, i) => ({
      value: values[(batch * 31 + i) % values.length]!,
      partition,
    }))
    await producer.send({ topic, acks: -1, messages })
  }
  await pump((PEER_RECORDS * 0.3) / BATCH, send)
  const started = process.cpuUsage()
  await pump(PEER_RECORDS / BATCH, send)
  const seconds = cpuSeconds(started)
  await producer.disconnect()
  return seconds
}

async function consumePeer(kafka: kafkajs.Kafka, topic: string): Promise<number> {
  const consumer = kafka.consumer({ groupId: `bench-${process.pid}-${Date.now()}`, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const { promise, resolve } = Promise.withResolvers<void>()
  const warm = PEER_RECORDS * 0.3
  let consumed = 0
  let bytes = 0
  let measured = 0
  let started = process.cpuUsage()
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages } }) => {
      const wasWarm = consumed >= warm
      consumed += messages.length
      if (!wasWarm) {
        started = process.cpuUsage()
        return
      }
      for (const { value } of messages) bytes += value!.length
      measured += messages.length
      if (measured >= PEER_RECORDS) resolve()
    },
  })
  await promise
  const seconds = cpuSeconds(started)
  if (bytes === 0) throw new Error('kafkajs consumed nothing')
  await consumer.disconnect()
  return seconds * (PEER_RECORDS / measured)
}

/** Calls `send` with 0, 1, 2 … to `count`, four at a time. */
async function pump(count: number, send: (batch: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await send(next++)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}

function cpuSeconds(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1e6
}

/** JSON-like text of exactly `size` bytes, 997 different ones: compresses about as real events do. */
function payloads(size: number): Buffer[] {
  let seed = 12345
  const random = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) / 0x7fffffff
  const words = [
    'order',
    'customer',
    'shipped',
    'pending',
    'amount',
    'currency',
    'EUR',
    'status',
    'region',
    'item',
    'sku',
  ]
  return Array.from({ length: 997 }, () => {
    let text = `{"id":${Math.floor(random() * 1e9)},"v":"`
    while (text.length < size)
      text += `${words[Math.floor(random() * words.length)]}${Math.floor(random() * 1e6).toString(36)} `
    return Buffer.from(`${text.slice(0, size - 2)}"}`)
  })
}
