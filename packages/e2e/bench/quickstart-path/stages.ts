/**
 * The stages of the quickstart, each alone: fed with what the stage before it makes, and measured after a warm-up. What a stage was
 * fed with is let go before the next one runs, and fetching comes last: a large heap would make others' garbage look like theirs.
 */
import path from 'node:path'
import { jsonConverter, stringConverter } from '@sluice/codecs'
import { fileSource } from '@sluice/connector-file'
import { lakeSink } from '@sluice/connector-lake'
import type { Kafka, ProducerRecord } from '@sluice/kafka'
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
import { median, microsPerRecord, PARTITIONS, pump, slices } from './measure.ts'
import { KafkajsLog, parquetjs, parse, stringify } from './peers.ts'
import type { StageTable } from './stage-table.ts'
import type { StrikesFile } from './strikes-file.ts'

/** What the stages share. */
export interface Bench {
  readonly kafka: Kafka
  readonly broker: string
  readonly dir: string
  readonly table: StageTable
}

export async function measureStages(bench: Bench, strikes: StrikesFile): Promise<void> {
  const { kafka, table } = bench
  const unique = `${process.pid}-${Date.now()}`
  const topics = { raw: `bench-path-raw-${unique}`, clean: `bench-path-clean-${unique}` }
  await kafka.admin.ensureTopics(Object.values(topics).map((topic) => ({ topic, partitions: PARTITIONS })))
  const peers = {
    raw: new KafkajsLog(bench.broker, `${topics.raw}-kafkajs`),
    clean: new KafkajsLog(bench.broker, `${topics.clean}-kafkajs`),
  }
  try {
    table.perRow = 1
    const clean = await processor(bench, topics.clean, await source(bench, strikes, topics.raw, peers.raw))
    table.perRow = clean.length / strikes.rows
    await sink(bench, clean, peers.clean)
    const passed = clean.splice(0).length
    table.add('sink: fetch', await fetch(kafka, topics.clean, passed), [['kafkajs', await peers.clean.fetch()]])
    table.perRow = 1
    table.add('processor: fetch', await fetch(kafka, topics.raw, strikes.rows), [['kafkajs', await peers.raw.fetch()]])
  } finally {
    await peers.raw.close()
    await peers.clean.close()
    await kafka.admin.deleteTopics(Object.values(topics))
  }
}

async function source(bench: Bench, strikes: StrikesFile, topic: string, peer: KafkajsLog): Promise<ProducerRecord[]> {
  const encoded = encode(bench, await poll(bench, strikes, topic))
  bench.table.add('source: produce', await produce(bench.kafka, encoded), [['kafkajs', await peer.produce(encoded)]])
  return encoded
}

async function poll({ table }: Bench, { file, rows }: StrikesFile, topic: string): Promise<readonly SourceRecord[]> {
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
  table.add('source: poll', await microsPerRecord(() => through(null)))
  const records: SourceRecord[] = []
  await through(records)
  return records
}

function encode({ table }: Bench, records: readonly SourceRecord[]): ProducerRecord[] {
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
  table.add(
    'source: encode',
    median(records, (batch) => batch.map(encodeOne).length),
    [['JSON.stringify', stringify(records)]],
  )
  return records.map(encodeOne)
}

/** @param lines the raw records; taken apart on the way */
async function processor({ kafka, table }: Bench, topic: string, lines: ProducerRecord[]): Promise<ProducerRecord[]> {
  const keys = lines.map(({ key }) => key)
  const clean = judgeAndEncode(table, topic, keys, map(table, decode(table, lines)))
  table.add('processor: produce', (await produce(kafka, clean)) * (clean.length / keys.length))
  return clean
}

function decode(table: StageTable, records: ProducerRecord[]): StructValue[] {
  const { topic } = records[0]!
  const key = Serdes.string.converter
  const value = Serdes.json<StructValue>().converter
  const decodeOne = (record: ProducerRecord): StructValue => {
    key.decode(topic, record.key)
    return value.decode(topic, record.value).value as StructValue
  }
  table.add(
    'processor: decode',
    median(records, (batch) => batch.map(decodeOne).length),
    [['JSON.parse', parse(records)]],
  )
  return records.splice(0).map(decodeOne)
}

function map(table: StageTable, lines: StructValue[]): BirdStrike[] {
  table.add(
    'processor: map',
    median(lines, (batch) => batch.map(toBirdStrike).length),
  )
  return lines.splice(0).map(toBirdStrike)
}

function judgeAndEncode(
  table: StageTable,
  topic: string,
  keys: readonly ProducerRecord['key'][],
  rows: BirdStrike[],
): ProducerRecord[] {
  const all = rows
    .splice(0)
    .map((value, offset) => ({ key: keys[offset]!, value, timestamp: 0, topic: 'raw', partition: 0, offset }))
  /** Null: clean. Undefined: it does not go on. */
  const headersOf = (gate: Gate, record: (typeof all)[number]): readonly RawHeader[] | null | undefined => {
    const verdict = gate.judge(record)
    if (verdict.action === 'pass') return null
    if (verdict.action === 'drop') throw new Error('a row repeats another')
    return verdict.action === 'mark' ? markHeaders(gate, verdict) : undefined
  }
  // Each pass with a gate of its own: what repeats an earlier pass would be a duplicate.
  const newGate = (): Gate => compileGate(birdStrikeGate, { valueSchema: birdStrikeSchema })
  let gate = newGate()
  const clean = (batch: typeof all): number =>
    batch.reduce((sum, record) => sum + (headersOf(gate, record) === null ? 1 : 0), 0)
  table.add(
    'processor: judge',
    median(all, clean, () => (gate = newGate())),
  )
  gate = newGate()
  const passed = all.splice(0).flatMap((record) => {
    const headers = headersOf(gate, record)
    return headers === undefined ? [] : [{ ...record, headers }]
  })
  const { converter, schema } = Serdes.json<BirdStrike>(birdStrikeSchema)
  const encoder = converter.encoder(topic, schema)
  const micros = median(passed, (batch) => batch.reduce((sum, { value }) => sum + encoder(value)!.length, 0))
  const share = passed.length / keys.length
  table.add('processor: encode', micros * share, [['JSON.stringify', stringify(passed) * share]])
  return passed.map(({ key, value, headers }) => ({
    topic,
    partition: null,
    key,
    value: encoder(value),
    // Now: a broker forgets records of 1970 as too old.
    timestamp: null,
    headers,
  }))
}

async function sink(bench: Bench, clean: readonly ProducerRecord[], peer: KafkajsLog): Promise<void> {
  bench.table.addPeer('processor: produce', ['kafkajs', await peer.produce(clean)])
  await put(bench, decodeClean(bench.table, clean))
}

function decodeClean(table: StageTable, records: readonly ProducerRecord[]): SinkRecord[] {
  const { topic } = records[0]!
  const key = stringConverter.create({}, 'key')
  const value = jsonConverter.create({ 'schema.content': birdStrikeSchemaJson }, 'value')
  const decodeOne = (record: ProducerRecord, offset: number): SinkRecord => {
    const decodedKey = key.decode(topic, record.key)
    const decoded = value.decode(topic, record.value)
    const bare = sinkRecord({ topic, partition: 0, offset }, decoded.value, decoded.schema)
    return { ...bare, keySchema: decodedKey.schema, key: decodedKey.value }
  }
  table.add(
    'sink: decode',
    median(records, (batch) => batch.map(decodeOne).length),
    [['JSON.parse', parse(records)]],
  )
  return records.map(decodeOne)
}

/** All rows into a new table each time, in puts of the size that a fetch brings, and one commit. */
async function put({ table, dir }: Bench, records: readonly SinkRecord[]): Promise<void> {
  const batches = slices(records)
  let pass = 0
  const micros = await microsPerRecord(async () => {
    const settings = {
      'lake.url': path.join(dir, 'put'),
      'table.name': `strikes-${pass++}`,
      'kafka.coordinates': 'true',
    }
    const run = new SinkRun(lakeSink, settings)
    await run.start([{ topic: records[0]!.topic, partition: 0 }])
    for (const batch of batches) await run.put(batch)
    const [safe] = await run.flush(true)
    if (safe?.offset !== records.length) throw new Error(`the table holds ${safe?.offset} of ${records.length} rows`)
    await run.stop()
    return records.length
  })
  table.add('sink: put, commit', micros, [['parquetjs-lite', await parquetjs(records, path.join(dir, 'peer.parquet'))]])
}

/** Once to warm up, once measured: the topic then holds all records twice. */
async function produce(kafka: Kafka, records: readonly ProducerRecord[]): Promise<number> {
  const producer = kafka.producer()
  const batches = slices(records)
  const send = async (): Promise<number> => {
    await pump(batches, (batch) => producer.produce(batch))
    return records.length
  }
  const micros = await microsPerRecord(send, 1)
  await producer.close()
  return micros
}

/** Every key and value is looked at. */
async function fetch(kafka: Kafka, topic: string, records: number): Promise<number> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  const fetcher = kafka.fetcher()
  const micros = await microsPerRecord(async () => {
    fetcher.assign(await kafka.admin.listOffsets(partitions, 'earliest'))
    let count = 0
    let bytes = 0
    while (count < 2 * records) {
      for (const { batches } of await fetcher.poll(5000)) {
        for (const batch of batches) {
          for (let i = 0; i < batch.count; i++) bytes += batch.key(i)!.length + batch.value(i)!.length
          count += batch.count
        }
      }
    }
    if (bytes === 0) throw new Error('nothing was fetched')
    return count
  })
  await fetcher.close()
  return micros
}
