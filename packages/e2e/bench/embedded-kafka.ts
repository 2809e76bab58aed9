/**
 * The embedded broker: how soon it is ready, what it weighs, what it costs per record in and out again, beside Apache Kafka doing the
 * same for the same client, and how long a gigabyte takes to open after a kill -9. CPU is that of the broker's process, from /proc.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { connect } from '@sluice/kafka'
import type { BenchCase } from './bench-case.ts'
import { type BenchBroker, cpuSecondsOf, startApacheKafka, startEmbedded } from './broker.ts'
import type { ClientJob } from './clients/client-run.ts'
import { ClientPrograms } from './clients/programs.ts'

const PARTITIONS = [1, 100, 2000] as const
const ROUND_TRIPS = 2000
const RECORDS_PER_BATCH = 1000
/** A client's warm-up is produced too. */
const PRODUCED_PER_RECORD = 1.3
const GIGABYTE_RECORDS = 1_000_000

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const programs = new ClientPrograms()
  const embedded = await startEmbedded()
  const apache = await startApacheKafka()
  try {
    const cases: BenchCase[] = [
      { name: 'ready after', unit: 'ms', ours: embedded.readyMs, peer: [], bar: 150 },
      { name: "memory when idle, beyond Node's own", unit: 'MiB', ours: embedded.rssMb, peer: [], bar: 60 },
    ]
    const records = short ? 100_000 : 1_000_000
    for (const partitions of PARTITIONS) {
      const ours = await inAndOut(embedded, programs, partitions, records)
      const theirs = apache === null ? null : await inAndOut(apache, programs, partitions, records)
      if (ours === null) continue
      cases.push({
        name: `broker, 1,000,000 records of 100 B in and out, ${partitions} partitions`,
        unit: 'CPU-s',
        ours,
        peer: [{ name: 'Apache Kafka 4.3', value: theirs }],
        bar: 0.5,
      })
    }
    const theirs = apache === null ? null : await roundTripMs(apache.address)
    const ours = await roundTripMs(embedded.address)
    const peer = [{ name: 'Apache Kafka 4.3', value: theirs }]
    cases.push({ name: 'one record produced and acknowledged, half', unit: 'ms', ours, peer, bar: 1 })
    cases.push(await reopened(programs, short ? GIGABYTE_RECORDS / 20 : GIGABYTE_RECORDS))
    return cases
  } finally {
    embedded.end()
    apache?.end()
  }
}

/** CPU-seconds of the broker per million records, topics made before. Null where the system does not tell. */
async function inAndOut(
  { address, pid }: BenchBroker,
  programs: ClientPrograms,
  partitions: number,
  records: number,
): Promise<number | null> {
  const topic = `bench-${partitions}-${Date.now()}`
  const kafka = await connect({ bootstrapServers: address, clientId: 'bench' })
  await kafka.admin.ensureTopics([{ topic, partitions }])
  const shape = { target: '', partitions, records, bytes: 100, compression: 'none' } as const
  const job: ClientJob = { mode: 'produce', bootstrap: address, topic, ...shape }
  // The broker's code is warm then and every log has its files, as it is for most of its life.
  const warmUp = Math.max(records / 4, partitions * RECORDS_PER_BATCH)
  await programs.run('sluice', { ...job, records: warmUp }, true)
  const before = cpuSecondsOf(pid)
  await programs.run('sluice', job, true)
  const between = cpuSecondsOf(pid)
  await programs.run('sluice', { ...job, mode: 'drain' }, true)
  const after = cpuSecondsOf(pid)
  await kafka.admin.deleteTopics([topic])
  await kafka.close()
  if (before === undefined || between === undefined || after === undefined) return null
  const millionsIn = (records * PRODUCED_PER_RECORD) / 1_000_000
  const millionsOut = ((records + warmUp) * PRODUCED_PER_RECORD) / 1_000_000
  return (between - before) / millionsIn + (after - between) / millionsOut
}

async function roundTripMs(bootstrapServers: string): Promise<number> {
  const kafka = await connect({ bootstrapServers, clientId: 'bench' })
  const topic = `bench-round-trip-${Date.now()}`
  await kafka.admin.ensureTopics([{ topic, partitions: 1 }])
  const producer = kafka.producer()
  const took: number[] = []
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const since = performance.now()
    const value = Buffer.from(String(i))
    await producer.produce([{ topic, partition: 0, key: null, value, timestamp: null, headers: null }])
    took.push(performance.now() - since)
  }
  await producer.close()
  await kafka.admin.deleteTopics([topic])
  await kafka.close()
  return took.toSorted((a, b) => a - b)[ROUND_TRIPS >> 1]!
}

async function reopened(programs: ClientPrograms, records: number): Promise<BenchCase> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-kafka-'))
  try {
    const first = await startEmbedded(dir)
    const kafka = await connect({ bootstrapServers: first.address, clientId: 'bench' })
    await kafka.admin.ensureTopics([{ topic: 'large', partitions: 24 }])
    await kafka.close()
    const shape = { target: '', partitions: 24, records, bytes: 1024, compression: 'none' } as const
    await programs.run('sluice', { mode: 'produce', bootstrap: first.address, topic: 'large', ...shape }, true)
    first.end()
    const again = await startEmbedded(dir)
    const name = `${((1.3 * records * 1024) / 1e9).toFixed(2)} GB opened after a kill -9`
    const opened: BenchCase = { name, unit: 'ms', ours: again.readyMs, peer: [], bar: 2000 }
    again.end()
    return opened
  } finally {
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  }
}
