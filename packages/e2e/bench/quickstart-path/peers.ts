/** What others need for a stage, in the same run: Node's own JSON as the limit of the codecs, kafkajs, parquetjs-lite. In µs per record. */
import { createRequire } from 'node:module'
import type { ProducerRecord } from '@sluice/kafka'
import type { SinkRecord, Value } from '@sluice/sdk'
import kafkajs from 'kafkajs'
import { median, microsPerRecord, PARTITIONS, pump, slices } from './measure.ts'

const KAFKAJS_RECORDS = 20_000
const PARQUETJS_ROWS = 10_000

export function stringify(records: readonly { readonly value: Value }[]): number {
  return median(records, (batch) =>
    batch.reduce((sum, { value }) => sum + Buffer.from(JSON.stringify(value)).length, 0),
  )
}

export function parse(records: readonly ProducerRecord[]): number {
  const texts = records.map(({ value }) => Buffer.from(value!))
  return median(texts, (batch) => batch.reduce((sum, text) => sum + (JSON.parse(text.toString()) === null ? 0 : 1), 0))
}

/** kafkajs, with the first of the records, to a topic of its own and back. */
export class KafkajsLog {
  readonly #kafka: kafkajs.Kafka
  readonly #topic: string
  #records = 0

  constructor(broker: string, topic: string) {
    this.#kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
    this.#topic = topic
  }

  /** Once to warm up, once measured: the topic then holds all of them twice. */
  async produce(records: readonly ProducerRecord[]): Promise<number> {
    const messages = records
      .slice(0, KAFKAJS_RECORDS)
      .map(({ key, value }) => ({ key: Buffer.from(key!), value: Buffer.from(value!) }))
    await this.#administer((admin) =>
      admin.createTopics({ topics: [{ topic: this.#topic, numPartitions: PARTITIONS }], waitForLeaders: true }),
    )
    this.#records = 2 * messages.length
    const producer = this.#kafka.producer({ createPartitioner: kafkajs.Partitioners.DefaultPartitioner })
    await producer.connect()
    const send = async (): Promise<number> => {
      await pump(slices(messages), (batch) => producer.send({ topic: this.#topic, acks: -1, messages: batch }))
      return messages.length
    }
    const micros = await microsPerRecord(send, 1)
    await producer.disconnect()
    return micros
  }

  /** With a consumer of its own each time. */
  async fetch(): Promise<number> {
    let pass = 0
    return microsPerRecord(async () => {
      const consumer = this.#kafka.consumer({ groupId: `${this.#topic}-${pass++}`, maxWaitTimeInMs: 500 })
      await consumer.connect()
      await consumer.subscribe({ topics: [this.#topic], fromBeginning: true })
      const { promise, resolve } = Promise.withResolvers<void>()
      let fetched = 0
      await consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch: { messages } }) => {
          fetched += messages.length
          if (fetched >= this.#records) resolve()
        },
      })
      await promise
      await consumer.disconnect()
      return this.#records
    }, 1)
  }

  async close(): Promise<void> {
    if (this.#records > 0) await this.#administer((admin) => admin.deleteTopics({ topics: [this.#topic] }))
  }

  async #administer(work: (admin: kafkajs.Admin) => Promise<unknown>): Promise<void> {
    const admin = this.#kafka.admin()
    await admin.connect()
    await work(admin)
    await admin.disconnect()
  }
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
  return microsPerRecord(async () => {
    const writer = await ParquetWriter.openFile(
      new ParquetSchema(Object.fromEntries(fields) as Record<string, unknown>),
      file,
    )
    for (const row of rows) await writer.appendRow(row)
    await writer.close()
    return rows.length
  }, 1)
}

function parquetjsRow(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, name.startsWith('cost') ? Number(cell) : cell]),
  )
}
