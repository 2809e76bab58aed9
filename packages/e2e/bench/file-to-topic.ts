/**
 * A file of 1,000,000 lines of 100 bytes into a topic as JSON strings, through the standalone worker: file connector, JSON converter,
 * source loop, producer, Apache Kafka; at least once, and exactly once. Beside it: reading the lines and sending them through kafkajs, by hand, in the same process.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import kafkajs from 'kafkajs'
import type { BenchCase } from './bench-case.ts'
import { brokerForBench } from './broker.ts'
import { costOfSource, cpuSeconds } from './standalone-source.ts'
import { throughTransactions } from './file-to-topic-exactly-once.ts'

const BAR_CPU_SECONDS = 3
/** What exactly once may cost on top, with a transaction for each 2,000 records. */
const BAR_EXACTLY_ONCE = 1.15
/** Each way is measured so often, in turns, and the best counts: what else the machine does is not to decide. */
const ROUNDS = 3

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = await brokerForBench()
  const lines = short ? 100_000 : 1_000_000
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'))
  try {
    const file = path.join(dir, 'lines.txt')
    writeLines(file, lines)
    const warm = path.join(dir, 'warm.txt')
    writeLines(warm, Math.min(lines, 200_000))
    await through(broker, warm, 'warm', Math.min(lines, 200_000), dir)
    await throughTransactions(broker, warm, 'warm-eos', Math.min(lines, 200_000))
    let [ours, exactlyOnce] = [Infinity, Infinity]
    for (let round = 0; round < ROUNDS; round++) {
      ours = Math.min(ours, await through(broker, file, `lines-${round}`, lines, dir))
      exactlyOnce = Math.min(exactlyOnce, await throughTransactions(broker, file, `eos-${round}`, lines))
    }
    const peerLines = 100_000
    const peer = await throughKafkajs(broker, file, peerLines)
    return [
      {
        name: `file to topic, ${lines.toLocaleString('en')} lines of 100 B as JSON strings`,
        unit: 'CPU-s',
        ours,
        bar: BAR_CPU_SECONDS * (lines / 1_000_000),
        peer: [
          {
            name: `readline and kafkajs (${peerLines.toLocaleString('en')} lines, scaled)`,
            value: peer * (lines / peerLines),
          },
        ],
      },
      {
        name: 'the same exactly once, one transaction per 2,000 lines',
        unit: 'CPU-s',
        ours: exactlyOnce,
        bar: ours * BAR_EXACTLY_ONCE,
        peer: [{ name: 'at least once, in turns with it', value: ours }],
      },
    ]
  } finally {
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

async function through(broker: string, file: string, name: string, lines: number, dir: string): Promise<number> {
  const topic = `bench-${name}-${process.pid}-${Date.now()}`
  const settings = {
    'bootstrap.servers': broker,
    'key.converter': 'StringConverter',
    'value.converter': 'JsonConverter',
    'value.converter.schemas.enable': 'false',
    'header.converter': 'StringConverter',
    'offset.storage.file.filename': path.join(dir, `${name}.positions`),
    'offset.flush.interval.ms': '1000',
    listeners: 'http://127.0.0.1:0',
  }
  const config = {
    name,
    'connector.class': 'FileStreamSource',
    file,
    topic,
    'topic.creation.default.partitions': '4',
    'restart.enable': 'false',
  }
  return costOfSource(settings, config, lines)
}

async function throughKafkajs(broker: string, file: string, lines: number): Promise<number> {
  const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING })
  const producer = kafka.producer()
  await producer.connect()
  const started = process.cpuUsage()
  let messages: { value: string }[] = []
  let sent = 0
  for await (const line of readline.createInterface({ input: fs.createReadStream(file) })) {
    messages.push({ value: JSON.stringify(line) })
    if (messages.length === 1000) {
      await producer.send({ topic: `bench-kafkajs-${process.pid}`, messages })
      sent += messages.length
      messages = []
      if (sent >= lines) break
    }
  }
  const used = cpuSeconds(started)
  await producer.disconnect()
  return used
}

/** 99 characters and a newline each, no two lines alike. */
function writeLines(file: string, lines: number): void {
  const out = fs.openSync(file, 'w')
  const filler = 'the quick brown fox jumps over the lazy dog, again and again, until the line is long enough for us'
  for (let first = 0; first < lines; first += 10_000) {
    let text = ''
    for (let n = first; n < Math.min(lines, first + 10_000); n++) text += `${`${n} ${filler}`.slice(0, 99)}\n`
    fs.writeSync(out, text)
  }
  fs.closeSync(out)
}
