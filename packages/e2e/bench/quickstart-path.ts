/**
 * The quickstart's whole path, stage by stage: CPU of this process (user and system) per record, in µs. Every stage is fed with what the
 * stage before it makes of the bird strikes, repeated with one column varied so that no row repeats another, and measured alone after a
 * warm-up; then the whole path runs in this one process. What the sum of the stages lacks against the whole is what the loops around
 * them cost: batches, positions, offsets, tallies, waiting.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { jsonConverter, stringConverter } from '@sluice/codecs'
import { fileSource } from '@sluice/connector-file'
import lakeSink from '@sluice/connector-lake'
import { connect, type Kafka, type ProducerRecord } from '@sluice/kafka'
import {
  birdStrikeGate,
  birdStrikeSchema,
  birdStrikeSchemaJson,
  toBirdStrike,
  type BirdStrike,
} from '@sluice/processor-bird-strikes'
import { compileGate, markHeaders, type Gate } from '@sluice/quality'
import type { RawHeader, SinkRecord, SourceRecord, StructValue } from '@sluice/sdk'
import { FakeSourceContext, SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { Serdes } from '@sluice/streams'
import type { BenchCase } from './bench-case.ts'
import { brokerForBench } from './broker.ts'
import { runWholePath } from './quickstart-path/whole-path.ts'
import * as peers from './quickstart-path/peers.ts'
import { median, microsPerRecord, PARTITIONS, pump, slices } from './quickstart-path/measure.ts'
import { strikesFile, type StrikesFile } from './quickstart-path/strikes-file.ts'

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const broker = brokerForBench()
  if (broker === null) return []
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-path-'))
  const kafka = await connect({ bootstrapServers: broker, clientId: 'bench' })
  try {
    const strikes = strikesFile(dir, 'strikes', short ? 2 : 11)
    const stages = await measureStages(kafka, broker, strikes, dir)
    await runWholePath(kafka, broker, strikesFile(dir, 'warm', 1), dir)
    const whole = await runWholePath(kafka, broker, strikes, dir)
    const sum = stages.reduce((total, { ours }) => total + ours, 0)
    return [
      ...stages,
      { name: 'sum of the stages', unit: 'µs', ours: sum, peer: [] },
      {
        name: `the whole path in one process, ${strikes.rows.toLocaleString('en')} records`,
        unit: 'µs',
        ours: whole,
        peer: [{ name: 'sum of the stages', value: sum }],
      },
    ]
  } finally {
    await kafka.close()
    fs.rmSync(dir, { recursive: true, force: true })
  }
}

/** Columns as the table shows them: the number of the stage, and what it does. */
function stage(name: string, ours: number, peer: BenchCase['peer'] = []): BenchCase {
  return { name, unit: 'µs', ours, peer }
}

async function measureStages(
  kafka: Kafka,
  broker: string,
  strikes: StrikesFile,
  dir: string,
): Promise<readonly BenchCase[]> {
  const unique = `${process.pid}-${Date.now()}`
  const topics = { raw: `bench-path-raw-${unique}`, clean: `bench-path-clean-${unique}` }
  await kafka.admin.ensureTopics(Object.values(topics).map((topic) => ({ topic, partitions: PARTITIONS })))
  try {
    const { rows } = strikes
    const polled = await poll(strikes, topics.raw)
    const raw = encode(polled.records)
    const rawLog = await produceAndFetch(kafka, broker, raw.records)
    const lines = decode(raw.records)
    const typed = map(lines.values)
    const clean = judgeAndEncode(typed.values, raw.records, topics.clean)
    const cleanLog = await produceAndFetch(kafka, broker, clean.records)
    const read = decodeClean(clean.records)
    const put = await putAll(read.records, dir)
    const parquetjs = await peers.parquetjs(read.records, path.join(dir, 'peer.parquet'))
    const share = clean.records.length / rows
    return [
      stage('source: poll (CSV to structs of text)', polled.micros),
      stage('source: encode (JSON; the key as text)', raw.micros, [
        { name: 'JSON.stringify and Buffer.from', value: peers.stringify(polled.records) },
      ]),
      stage('source: produce', rawLog.produce, [rawLog.peerProduce]),
      stage('processor: fetch', rawLog.fetch, [rawLog.peerFetch]),
      stage('processor: decode (JSON without a schema)', lines.micros, [
        { name: 'JSON.parse of its text', value: peers.parse(raw.records) },
      ]),
      stage('processor: map (text to typed rows)', typed.micros),
      stage('processor: judge (17 rules, one with a memory), mark', clean.judge),
      stage('processor: encode (JSON by schema)', clean.encode * share, [
        { name: 'JSON.stringify and Buffer.from', value: peers.stringify(read.records) * share },
      ]),
      stage('processor: produce', cleanLog.produce * share, [scaled(cleanLog.peerProduce, share)]),
      stage('sink: fetch', cleanLog.fetch * share, [scaled(cleanLog.peerFetch, share)]),
      stage('sink: decode (JSON by schema.content)', read.micros * share, [
        { name: 'JSON.parse of its text', value: peers.parse(clean.records) * share },
      ]),
      stage('sink: put and commit (Parquet, zstd, Delta log)', put * share, [
        { name: 'parquetjs-lite (Parquet alone, snappy, 10,000 rows)', value: parquetjs * share },
      ]),
    ]
  } finally {
    await kafka.admin.deleteTopics(Object.values(topics))
  }
}

/** Per record of the file, since that is what all stages are measured in: some records do not get as far as others. */
function scaled({ name, value }: BenchCase['peer'][number], share: number): BenchCase['peer'][number] {
  return { name, value: value === null ? null : value * share }
}

async function poll(
  { file, rows }: StrikesFile,
  topic: string,
): Promise<{ micros: number; records: readonly SourceRecord[] }> {
  const settings = fileSource.settings.parse({
    file,
    topic,
    format: 'csv',
    'last.line': 'read',
    'key.field': 'Airport Name',
  })
  const through = async (keep: SourceRecord[] | null): Promise<number> => {
    const { signal } = new AbortController()
    const task = fileSource.createTask(settings, new FakeSourceContext())
    await task.start(signal)
    let count = 0
    while (count < rows) {
      const records = (await task.poll(signal)) ?? []
      if (records.length === 0) throw new Error(`the source stopped at ${count} of ${rows} rows`)
      count += records.length
      if (keep !== null) for (const record of records) keep.push(record)
    }
    await task.stop()
    return count
  }
  const micros = await microsPerRecord(() => through(null))
  const records: SourceRecord[] = []
  await through(records)
  return { micros, records }
}

function encode(records: readonly SourceRecord[]): { micros: number; records: readonly ProducerRecord[] } {
  const { topic, keySchema, valueSchema } = records[0]!
  const key = stringConverter.create({}, 'key').encoder(topic, keySchema)
  const value = jsonConverter.create({ 'schemas.enable': 'false' }, 'value').encoder(topic, valueSchema)
  const encodeOne = (record: SourceRecord): ProducerRecord => ({
    topic,
    partition: null,
    key: key(record.key),
    value: value(record.value),
    timestamp: null,
    headers: null,
  })
  return { micros: median(records, (batch) => batch.map(encodeOne).length), records: records.map(encodeOne) }
}

interface LogCosts {
  readonly produce: number
  readonly fetch: number
  readonly peerProduce: BenchCase['peer'][number]
  readonly peerFetch: BenchCase['peer'][number]
}

/** Twice through the log: the first time to warm up. */
async function produceAndFetch(kafka: Kafka, broker: string, records: readonly ProducerRecord[]): Promise<LogCosts> {
  const batches = slices(records)
  const producer = kafka.producer()
  const produce = await microsPerRecord(async () => {
    await pump(batches, (batch) => producer.produce(batch))
    return records.length
  }, 1)
  await producer.close()
  const { topic } = records[0]!
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  const fetcher = kafka.fetcher()
  const fetch = await microsPerRecord(async () => {
    fetcher.assign(await kafka.admin.listOffsets(partitions, 'earliest'))
    let count = 0
    let bytes = 0
    while (count < records.length) {
      for (const fetched of await fetcher.poll(5000)) {
        for (const batch of fetched.batches) {
          for (let i = 0; i < batch.count; i++) bytes += batch.key(i)!.length + batch.value(i)!.length
          count += batch.count
        }
      }
    }
    if (bytes === 0) throw new Error('nothing was fetched')
    return count
  })
  await fetcher.close()
  const peer = await peers.kafkajsLog(broker, records)
  const name = `kafkajs (${peer.records.toLocaleString('en')} records)`
  return { produce, fetch, peerProduce: { name, value: peer.produce }, peerFetch: { name, value: peer.fetch } }
}

function decode(records: readonly ProducerRecord[]): { micros: number; values: readonly StructValue[] } {
  const { topic } = records[0]!
  const key = Serdes.string.converter
  const value = Serdes.json<StructValue>().converter
  const decodeOne = (record: ProducerRecord): StructValue => {
    key.decode(topic, record.key)
    return value.decode(topic, record.value).value as StructValue
  }
  return { micros: median(records, (batch) => batch.map(decodeOne).length), values: records.map(decodeOne) }
}

function map(lines: readonly StructValue[]): { micros: number; values: readonly BirdStrike[] } {
  return { micros: median(lines, (batch) => batch.map(toBirdStrike).length), values: lines.map(toBirdStrike) }
}

interface Judged {
  readonly judge: number
  readonly encode: number
  readonly records: readonly ProducerRecord[]
}

function judgeAndEncode(rows: readonly BirdStrike[], lines: readonly ProducerRecord[], topic: string): Judged {
  const all = rows.map((value, offset) => {
    return { key: lines[offset]!.key, value, timestamp: 0, topic: 'raw', partition: 0, offset }
  })
  /** Null: clean. Undefined: it does not go on. */
  const headersOf = (gate: Gate, record: (typeof all)[number]): readonly RawHeader[] | null | undefined => {
    const verdict = gate.judge(record)
    if (verdict.action === 'pass') return null
    if (verdict.action === 'drop') throw new Error('a row repeats another')
    return verdict.action === 'mark' ? markHeaders(gate, verdict) : undefined
  }
  const newGate = (): Gate => compileGate(birdStrikeGate, { valueSchema: birdStrikeSchema })
  let gate = newGate()
  // Each pass with a gate of its own: what repeats an earlier pass would be a duplicate.
  const judge = median(
    all,
    (batch) => batch.reduce((sum, record) => sum + (headersOf(gate, record) === null ? 1 : 0), 0),
    () => (gate = newGate()),
  )
  gate = newGate()
  const passed = all.flatMap((record) => {
    const headers = headersOf(gate, record)
    return headers === undefined ? [] : [{ ...record, headers }]
  })
  const { converter, schema } = Serdes.json<BirdStrike>(birdStrikeSchema)
  const encoder = converter.encoder(topic, schema)
  const records = passed.map(({ key, value, headers }): ProducerRecord => {
    return { topic, partition: null, key, value: encoder(value), timestamp: 0, headers }
  })
  return {
    judge,
    encode: median(passed, (batch) => batch.reduce((sum, { value }) => sum + encoder(value)!.length, 0)),
    records,
  }
}

function decodeClean(records: readonly ProducerRecord[]): { micros: number; records: readonly SinkRecord[] } {
  const { topic } = records[0]!
  const key = stringConverter.create({}, 'key')
  const value = jsonConverter.create({ 'schema.content': birdStrikeSchemaJson }, 'value')
  const decodeOne = (record: ProducerRecord, offset: number): SinkRecord => {
    const decodedKey = key.decode(topic, record.key)
    const decoded = value.decode(topic, record.value)
    return {
      ...sinkRecord({ topic, partition: 0, offset }, decoded.value, decoded.schema),
      keySchema: decodedKey.schema,
      key: decodedKey.value,
    }
  }
  return { micros: median(records, (batch) => batch.map(decodeOne).length), records: records.map(decodeOne) }
}

/** All rows into a new table each time, in puts of the size that a fetch brings, and one commit. */
async function putAll(records: readonly SinkRecord[], dir: string): Promise<number> {
  const batches = slices(records)
  let pass = 0
  return microsPerRecord(async () => {
    const run = new SinkRun(lakeSink, {
      'lake.url': path.join(dir, 'put'),
      'table.name': `strikes-${pass++}`,
      'kafka.coordinates': 'true',
    })
    await run.start([{ topic: records[0]!.topic, partition: 0 }])
    for (const batch of batches) await run.put(batch)
    const [safe] = await run.flush(true)
    if (safe?.offset !== records.length) throw new Error(`the table holds ${safe?.offset} of ${records.length} rows`)
    await run.stop()
    return records.length
  })
}
