/**
 * The lake's sinks in a worker as it is installed, on an S3 server of this process: one topic that a transform parts into two tables,
 * and a configuration of Confluent's S3 sink as it is; the worker is killed again and again.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { connect, type Kafka } from '@sluice/kafka'
import { S3TestServer } from '@sluice/object-store/testing'
import type { RawSettings } from '@sluice/sdk'
import { ConnectWorkerProcess, until } from '../trials/connect/connect-worker.ts'

const bootstrap = process.env['SLUICE_TEST_KAFKA'] ?? ''
if (bootstrap === '') console.warn('SLUICE_TEST_KAFKA is not set: the lake’s sinks are not tested on a worker')
const onBroker = bootstrap === '' ? describe.skip : describe

const ARRIVE_MS = 60_000
const KILLS = 4
const RECORDS_PER_KILL = 400
const BUCKET = 'lake'

const SCHEMA = JSON.stringify({
  type: 'struct',
  fields: [
    { field: 'id', type: 'int64' },
    { field: 'kind', type: 'string' },
  ],
})
const KINDS = ['a', 'b'] as const

onBroker('the lake’s sinks on S3, killed again and again', () => {
  jest.setTimeout(180_000)
  const run = randomUUID().slice(0, 8)
  const topic = `lake-${run}`
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-lake-sinks-'))
  let kafka: Kafka
  let server: S3TestServer
  let worker: ConnectWorkerProcess
  let sent = 0

  const start = async (): Promise<ConnectWorkerProcess> =>
    ConnectWorkerProcess.start('sluice', {
      bootstrap,
      groupId: `lake-sinks-${run}`,
      folder,
      settings: { 'offset.flush.interval.ms': '200' },
    })

  const send = async (count: number): Promise<void> => {
    const producer = kafka.producer({})
    await producer.produce(
      Array.from({ length: count }, (_, i) => ({
        topic,
        partition: (sent + i) % 2,
        key: null,
        value: Buffer.from(JSON.stringify({ id: sent + i, kind: KINDS[(sent + i) % 3 === 0 ? 0 : 1] })),
        timestamp: 1_700_000_000_000 + (sent + i) * 1000,
        headers: null,
      })),
    )
    await producer.close()
    sent += count
  }

  /** What all files of JSON hold. */
  const idsInFiles = (): number[] =>
    server
      .keys(BUCKET)
      .filter((key) => key.startsWith(`topics/${topic}/`))
      .flatMap((key) => server.object(BUCKET, key)!.bytes.toString().trimEnd().split('\n'))
      .map((line) => (JSON.parse(line) as { id: number }).id)

  /** How many rows the log of the table speaks of. */
  const rowsIn = (table: string): number =>
    server
      .keys(BUCKET)
      .filter((key) => key.startsWith(`${table}/_delta_log/`) && /\d{20}\.json$/.test(key))
      .flatMap((key) => [
        ...server
          .object(BUCKET, key)!
          .bytes.toString()
          .matchAll(/"numRecords\\":(\d+)/g),
      ])
      .reduce((sum, [, rows]) => sum + Number(rows), 0)

  const ofKindA = (): number => Math.ceil(sent / 3)
  const expected = (): string => `${sent} ${ofKindA()} ${sent - ofKindA()}`
  const found = (): string => `${idsInFiles().length} ${rowsIn(`${topic}.a`)} ${rowsIn(topic)}`

  beforeAll(async () => {
    ;[kafka, server] = await Promise.all([connect({ bootstrapServers: bootstrap }), S3TestServer.start()])
    await kafka.admin.ensureTopics([{ topic, partitions: 2 }])
    worker = await start()
    const shared: RawSettings = {
      'restart.enable': 'false',
      topics: topic,
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'true',
      'value.converter.schema.content': SCHEMA,
      's3.region': 'us-west-2',
      ...server.settings,
    }
    await worker.must('PUT', `/connectors/tables-${run}/config`, {
      ...shared,
      'connector.class': 'lake',
      'lake.url': `s3://${BUCKET}`,
      'rotate.interval.ms': '300',
      transforms: 'part',
      'transforms.part.type': 'io.debezium.transforms.ContentBasedRouter',
      'transforms.part.language': 'jsr223.groovy',
      'transforms.part.topic.expression': `value.kind == 'a' ? '${topic}.a' : null`,
    })
    await worker.must('PUT', `/connectors/files-${run}/config`, {
      ...shared,
      'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
      's3.bucket.name': BUCKET,
      'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
      'flush.size': '70',
      'rotate.schedule.interval.ms': '500',
      'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
      'partition.duration.ms': '3600000',
      'path.format': "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH",
      locale: 'en-US',
      timezone: 'UTC',
      'timestamp.extractor': 'Record',
    })
    for (let kill = 0; kill < KILLS; kill++) {
      await send(RECORDS_PER_KILL)
      const before = idsInFiles().length
      await until('something has come', async () => idsInFiles().length > before, ARRIVE_MS)
      await worker.end('SIGKILL')
      worker = await start()
    }
    await until('all has come', async () => found() === expected(), ARRIVE_MS).catch((cause: unknown) => {
      throw new Error(`expected ${expected()}, found ${found()}\n${worker.tail()}`, { cause })
    })
  }, 180_000)

  afterAll(async () => {
    await worker.end('SIGTERM')
    await Promise.all([kafka.close(), server.stop()])
    fs.rmSync(folder, { recursive: true, force: true })
  })

  test('both tables that one topic feeds have every row once', () => {
    expect([rowsIn(`${topic}.a`), rowsIn(topic)]).toEqual([ofKindA(), sent - ofKindA()])
  })

  test('a configuration of Confluent’s, whose files end by the clock: every record is in one file, under Confluent’s names', () => {
    const ids = idsInFiles().toSorted((a, b) => a - b)
    expect(ids).toEqual(Array.from({ length: sent }, (_, id) => id))
    const [first] = server.keys(BUCKET).filter((key) => key.startsWith(`topics/${topic}/`))
    expect(first).toMatch(
      new RegExp(`^topics/${topic}/year=2023/month=11/day=14/hour=22/${topic}\\+[01]\\+000000000[01]\\.json$`),
    )
  })

  test('the topic is deleted and created again: both sinks fail and say so, and nothing of the new topic is taken for the old', async () => {
    const before = [idsInFiles().length, rowsIn(`${topic}.a`), rowsIn(topic)]
    await worker.end('SIGTERM')
    await kafka.admin.deleteTopics([topic])
    await kafka.admin.ensureTopics([{ topic, partitions: 2 }])
    await send(RECORDS_PER_KILL)
    worker = await start()
    const traces = async (): Promise<string[]> =>
      Array.from((await worker.statuses()).values(), ({ tasks }) => tasks[0]?.trace ?? '')
    let seen: readonly string[] = []
    // A moment later they may be tried again.
    await until('both have failed', async () => (seen = await traces()).every((trace) => trace !== ''), ARRIVE_MS)
    for (const trace of seen) expect(trace).toMatch(/another topic|its partition does not have|created again/)
    expect([idsInFiles().length, rowsIn(`${topic}.a`), rowsIn(topic)]).toEqual(before)
  })
})
