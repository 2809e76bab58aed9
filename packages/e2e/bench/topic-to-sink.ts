/**
 * A topic of 1,000,000 JSON values into a sink that counts them, through the standalone worker: fetcher, converter, sink loop, membership,
 * commits. Parsed (JsonConverter) and not (StringConverter). Beside it: kafkajs and JSON.parse by hand, in the same process.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import kafkajs from 'kafkajs'
import { converters } from '@sluice/codecs'
import { connect } from '@sluice/kafka'
import { defineSettings, defineSink, silentLogger, type Connector } from '@sluice/sdk'
import { Plugins, StandaloneWorker } from '@sluice/worker'
import type { BenchCase } from './bench-case.ts'
import { brokerForBench } from './broker.ts'
import { throwFailure } from './connector-failure.ts'
import { cpuSeconds } from './standalone-source.ts'

interface Run {
  readonly name: string
  readonly valueBytes: number
  readonly converter: 'JsonConverter' | 'StringConverter'
  /** For 1,000,000 values. */
  readonly barCpuSeconds: number
}

const RUNS: readonly Run[] = [
  { name: 'JSON values of 100 B, parsed', valueBytes: 100, converter: 'JsonConverter', barCpuSeconds: 1.8 },
  { name: 'JSON values of 100 B, not parsed', valueBytes: 100, converter: 'StringConverter', barCpuSeconds: 0.5 },
  { name: 'JSON values of 1 KB, parsed', valueBytes: 1000, converter: 'JsonConverter', barCpuSeconds: 3.5 },
]

const MILLION = 1_000_000
const PEER_VALUES = 100_000

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = await brokerForBench()
  const count = short ? 100_000 : MILLION
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'))
  try {
    const topics = new Map<number, string>()
    for (const { valueBytes } of RUNS)
      if (!topics.has(valueBytes)) topics.set(valueBytes, await filled(broker, valueBytes, count))
    const cases: BenchCase[] = []
    for (const { name, valueBytes, converter, barCpuSeconds } of RUNS) {
      const topic = topics.get(valueBytes)!
      // Once to warm up, as Java's figures are of a worker that has run before.
      await through(broker, topic, converter, Math.min(count, 200_000), dir)
      const ours = await through(broker, topic, converter, count, dir)
      const peer = await throughKafkajs(broker, topic, converter === 'JsonConverter', Math.min(count, PEER_VALUES))
      cases.push({
        name: `topic to sink, ${count.toLocaleString('en')} ${name}`,
        unit: 'CPU-s',
        ours,
        bar: barCpuSeconds * (count / MILLION),
        peer: [
          {
            name: `kafkajs by hand (${PEER_VALUES.toLocaleString('en')} values, scaled)`,
            value: peer * (count / Math.min(count, PEER_VALUES)),
          },
        ],
      })
    }
    return cases
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** CPU seconds from the worker's start until all is committed. */
async function through(broker: string, topic: string, converter: string, count: number, dir: string): Promise<number> {
  const name = `bench-sink-${process.pid}-${Date.now()}`
  const counting = countingSink()
  const settings = {
    'bootstrap.servers': broker,
    'key.converter': 'StringConverter',
    'value.converter': converter,
    'value.converter.schemas.enable': 'false',
    'offset.storage.file.filename': path.join(dir, `${name}.positions`),
    'offset.flush.interval.ms': '1000',
    listeners: 'http://127.0.0.1:0',
  }
  const started = process.cpuUsage()
  const worker = await StandaloneWorker.start({
    settings,
    connectors: [{ config: { name, 'connector.class': 'counting', topics: topic, 'restart.enable': 'false' } }],
    plugins: new Plugins({ connectors: [counting.sink], converters, transforms: [], predicates: [] }),
    logger: silentLogger,
  })
  try {
    while (counting.records() < count) {
      throwFailure(worker)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  } finally {
    await worker.stop()
  }
  return cpuSeconds(started)
}

/** Drops what it is given, after it has looked at each record. */
function countingSink(): { readonly sink: Connector; readonly records: () => number } {
  let seen = 0
  const sink = defineSink({
    name: 'counting',
    version: '1',
    documentation: 'Counts.',
    settings: defineSettings({}),
    createTask: () => ({
      start: async () => undefined,
      open: async () => undefined,
      put: async (records) => {
        for (const { value } of records) if (value !== null) seen += 1
      },
      flush: async (positions) => positions,
      close: async () => undefined,
      stop: async () => undefined,
    }),
  })
  return { sink, records: () => seen }
}

/** A topic of one partition with JSON objects of six fields, about so many bytes each. */
async function filled(broker: string, valueBytes: number, count: number): Promise<string> {
  const topic = `bench-sink-${valueBytes}-${process.pid}-${Date.now()}`
  const kafka = await connect({ bootstrapServers: broker })
  try {
    await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
    const producer = kafka.producer()
    for (let first = 0; first < count; first += 10_000) {
      const values = Array.from({ length: Math.min(10_000, count - first) }, (_, n) => valueOf(first + n, valueBytes))
      const rest = { topic, partition: 0, key: null, timestamp: null, headers: null }
      await producer.produce(values.map((value) => ({ ...rest, value: Buffer.from(value) })))
    }
    await producer.close()
  } finally {
    await kafka.close()
  }
  return topic
}

function valueOf(n: number, bytes: number): string {
  const fields = {
    id: n,
    name: `customer ${n % 1000}`,
    amount: (n % 10_000) / 100,
    paid: n % 2 === 0,
    at: 1_700_000_000 + n,
  }
  const text = JSON.stringify({ ...fields, note: '' })
  return `${text.slice(0, -2)}${'x'.repeat(Math.max(0, bytes - text.length))}"}`
}

async function throughKafkajs(broker: string, topic: string, isParsed: boolean, count: number): Promise<number> {
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
  const consumer = kafka.consumer({
    groupId: `bench-kafkajs-${process.pid}-${Date.now()}`,
    maxBytesPerPartition: 1_048_576,
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const { promise: isDone, resolve } = Promise.withResolvers<void>()
  let seen = 0
  const started = process.cpuUsage()
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) {
        const text = value!.toString()
        if ((isParsed ? (JSON.parse(text) as unknown) : text) !== null) seen += 1
      }
      if (seen >= count) resolve()
    },
  })
  await isDone
  const used = cpuSeconds(started) * (count / seen)
  await consumer.disconnect()
  return used
}
