/** Runs the configurations on one worker, Java's or ours, with a broker and a folder of its own, and collects what came out. */
import fs from 'node:fs'
import path from 'node:path'
import { connect, TopicReader, type Kafka } from '@sluice/kafka'
import type { RawHeader } from '@sluice/sdk'
import { ConnectWorkerProcess, type Runtime, until } from '../connect/connect-worker.ts'
import { type GivenRecord, timeOf } from './given-records.ts'
import { ENVIRONMENT, PROVIDERS, SECRETS, type Trialled } from './given.ts'

const SETTLE_MS = 120_000
const LOOK_MS = 250
const CONFIGURATIONS = path.join(import.meta.dirname, 'configurations')

/** A connector's JSON as it is posted. */
export interface Configuration {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
}

interface Offsets {
  readonly offsets: readonly { readonly offset: unknown }[]
}

/** A record as it lies in a topic. */
export interface WrittenRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RawHeader[]
  readonly timestamp: number
}

export interface Outcome {
  /** `RUNNING`, or the state and the first line of the trace. */
  readonly status: string
  readonly records: readonly WrittenRecord[]
  /** Of a sink's file; null for a source. */
  readonly lines: readonly string[] | null
}

export function configurationOf(name: string): Configuration {
  return JSON.parse(fs.readFileSync(path.join(CONFIGURATIONS, `${name}.json`), 'utf8')) as Configuration
}

/** @param folder the worker's own: relative paths of the configurations begin there */
export async function outcomes(
  runtime: Runtime,
  bootstrap: string,
  folder: string,
  trialled: readonly Trialled[],
): Promise<ReadonlyMap<string, Outcome>> {
  fs.mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(SECRETS)) {
    fs.mkdirSync(path.join(folder, path.dirname(file)), { recursive: true })
    fs.writeFileSync(path.join(folder, file), text)
  }
  const kafka = await connect({ bootstrapServers: bootstrap })
  const worker = await ConnectWorkerProcess.start(runtime, {
    bootstrap,
    groupId: 'same-config',
    folder,
    runsIn: folder,
    environment: ENVIRONMENT,
    settings: PROVIDERS,
  })
  try {
    for (const one of trialled) await give(kafka, folder, one)
    for (const { name } of trialled) await worker.must('POST', '/connectors', configurationOf(name))
    const found = new Map<string, Outcome>()
    for (const one of trialled) found.set(one.name, await outcome(worker, kafka, folder, one))
    return found
  } catch (error) {
    console.log(worker.tail())
    throw error
  } finally {
    await kafka.close()
    await worker.end('SIGTERM')
  }
}

async function give(kafka: Kafka, folder: string, { name, lines, records }: Trialled): Promise<void> {
  const { config } = configurationOf(name)
  if (lines !== undefined) fs.writeFileSync(path.join(folder, config['file']!), textOf(lines))
  for (const [topic, given] of Object.entries(records ?? {})) {
    await kafka.admin.ensureTopics([{ topic, partitions: 1, replicationFactor: 1 }])
    const producer = kafka.producer()
    await producer.produce(given.map((record, i) => produced(topic, record, timeOf(i))))
    await producer.close()
  }
}

function produced(topic: string, { key, value, headers = [] }: GivenRecord, timestamp: number) {
  const bytes = (text: string | Uint8Array | null): Uint8Array | null =>
    typeof text === 'string' ? Buffer.from(text) : text
  const raw = headers.map(([name, text]) => ({ key: name, value: bytes(text) }))
  return { topic, partition: 0, key: bytes(key), value: bytes(value), timestamp, headers: raw }
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

async function outcome(worker: ConnectWorkerProcess, kafka: Kafka, folder: string, one: Trialled): Promise<Outcome> {
  const { name, config } = configurationOf(one.name)
  const done = JSON.stringify(positionsOf(worker.runtime, one))
  let status = 'unknown'
  let at = 'unknown'
  const isDone = async (): Promise<boolean> => {
    status = await statusOf(worker, name)
    if (status.startsWith('FAILED')) return true
    const { offsets } = (await worker.must('GET', `/connectors/${name}/offsets`)) as Offsets
    at = JSON.stringify(offsets.map(({ offset }) => offset))
    return status === 'RUNNING' && at === done
  }
  await until(`${name} of ${worker.runtime} has come to ${done}`, isDone, SETTLE_MS, LOOK_MS).catch((error: Error) => {
    throw new Error(`${error.message}: it is ${status}, at ${at}`, { cause: error })
  })
  const file = path.join(folder, config['file']!)
  const lines = one.records === undefined ? null : fs.readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const records: WrittenRecord[] = []
  for (const topic of one.topics) records.push(...(await recordsOf(kafka, topic)))
  return { status, records, lines }
}

/** Where a connector has come to when it has done everything. Java's FileStreamSource counts characters where ours counts bytes. */
function positionsOf(runtime: Runtime, { lines, records }: Trialled): unknown[] {
  if (lines === undefined) return Object.values(records!).map((of) => ({ kafka_offset: of.length }))
  const text = textOf(lines)
  return [{ position: runtime === 'java' ? text.length : Buffer.byteLength(text) }]
}

async function statusOf(worker: ConnectWorkerProcess, name: string): Promise<string> {
  const status = (await worker.statuses()).get(name)
  const work = [status?.connector, ...(status?.tasks ?? [])]
  const failed = work.find((each) => each?.state === 'FAILED')
  if (failed !== undefined) return `FAILED: ${failed.trace?.split('\n')[0]}`
  return work.length === 2 && work.every((each) => each?.state === 'RUNNING') ? 'RUNNING' : 'starting'
}

/** Everything in a topic; partition by partition. */
async function recordsOf(kafka: Kafka, topic: string): Promise<WrittenRecord[]> {
  const records: WrittenRecord[] = []
  const reader = await TopicReader.open(kafka, {
    topic,
    take: (partition, batch) => {
      for (let i = 0; i < batch.count; i++)
        records.push({
          topic,
          partition,
          key: batch.key(i)?.slice() ?? null,
          value: batch.value(i)?.slice() ?? null,
          headers: (batch.headers(i) ?? []).map(({ key, value }) => ({ key, value: value?.slice() ?? null })),
          timestamp: batch.timestamp(i),
        })
    },
  })
  await reader.close()
  return records.toSorted((a, b) => a.partition - b.partition)
}
