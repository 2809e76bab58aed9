/** What others need for a stage, in the same run: Node's own JSON as the limit of the codecs, kafkajs, parquetjs-lite. In µs per record. */
import { createRequire } from 'node:module'
import type { ProducerRecord } from '@sluice/kafka'
import type { ConnectRecord, SinkRecord } from '@sluice/sdk'
import kafkajs from 'kafkajs'
import { median, microsSince, pump, slices } from './measure.ts'

const KAFKAJS_RECORDS = 20_000
const PARQUETJS_ROWS = 10_000

export function stringify(records: readonly ConnectRecord[]): number {
  return median(records, (batch) =>
    batch.reduce((sum, { value }) => sum + Buffer.from(JSON.stringify(value)).length, 0),
  )
}

export function parse(records: readonly ProducerRecord[]): number {
  const texts = records.map(({ value }) => Buffer.from(value!))
  return median(texts, (batch) => batch.reduce((sum, text) => sum + (JSON.parse(text.toString()) === null ? 0 : 1), 0))
}

export interface LogCosts {
  readonly records: number
  readonly produce: number
  readonly fetch: number
}

/** The first of the records, to a topic of its own and back; after as many again that warm up. */
export async function kafkajsLog(broker: string, records: readonly ProducerRecord[]): Promise<LogCosts> {
  const sample = records.slice(0, KAFKAJS_RECORDS)
  const topic = `bench-path-kafkajs-${process.pid}-${Date.now()}`
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true })
  try {
    const produce = await kafkajsProduce(kafka, topic, sample)
    return { records: sample.length, produce, fetch: await kafkajsFetch(kafka, topic, sample.length) }
  } finally {
    await admin.deleteTopics({ topics: [topic] })
    await admin.disconnect()
  }
}

async function kafkajsProduce(
  kafka: kafkajs.Kafka,
  topic: string,
  records: readonly ProducerRecord[],
): Promise<number> {
  const producer = kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
  await producer.connect()
  const messages = records.map(({ key, value }) => ({ key: Buffer.from(key!), value: Buffer.from(value!) }))
  const batches = slices(messages)
  const send = (batch: typeof messages): Promise<unknown> => producer.send({ topic, acks: -1, messages: batch })
  await pump(batches, send)
  globalThis.gc?.()
  const before = process.cpuUsage()
  await pump(batches, send)
  const micros = microsSince(before) / records.length
  await producer.disconnect()
  return micros
}

/** The topic holds the records twice: the first half warms up. */
async function kafkajsFetch(kafka: kafkajs.Kafka, topic: string, count: number): Promise<number> {
  const consumer = kafka.consumer({ groupId: topic, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  const { promise, resolve } = Promise.withResolvers<number>()
  let fetched = 0
  let measuredFrom = 0
  let before: NodeJS.CpuUsage | undefined
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages } }) => {
      fetched += messages.length
      if (before === undefined && fetched >= count) {
        measuredFrom = fetched
        before = process.cpuUsage()
      } else if (before !== undefined && fetched >= 2 * count) resolve(microsSince(before) / (fetched - measuredFrom))
    },
  })
  const micros = await promise
  await consumer.disconnect()
  return micros
}

interface ParquetjsWriter {
  appendRow(row: unknown): Promise<void>
  close(): Promise<void>
}
interface Parquetjs {
  ParquetSchema: new (fields: Record<string, unknown>) => unknown
  ParquetWriter: { openFile(schema: unknown, file: string): Promise<ParquetjsWriter> }
}

/** The first of the rows to a file. It has no decimals: costs go in as doubles. */
export async function parquetjs(records: readonly SinkRecord[], file: string): Promise<number> {
  const { ParquetSchema, ParquetWriter } = createRequire(import.meta.url)('parquetjs-lite') as Parquetjs
  const rows = records.slice(0, PARQUETJS_ROWS).map(({ value }) => parquetjsRow(value as Record<string, unknown>))
  const fields = Object.entries(rows[0]!).map(([name, value]) => {
    const type = typeof value === 'string' ? 'UTF8' : name.startsWith('cost') ? 'DOUBLE' : 'INT32'
    return [name, { type, optional: name === 'speed_ias_in_knots', compression: 'SNAPPY' }]
  })
  const write = async (): Promise<void> => {
    const writer = await ParquetWriter.openFile(
      new ParquetSchema(Object.fromEntries(fields) as Record<string, unknown>),
      file,
    )
    for (const row of rows) await writer.appendRow(row)
    await writer.close()
  }
  await write()
  globalThis.gc?.()
  const before = process.cpuUsage()
  await write()
  return microsSince(before) / rows.length
}

function parquetjsRow(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, name.startsWith('cost') ? Number(cell) : cell]),
  )
}
