/** The port at the job of the command line. */
import { type Fetcher, type Kafka, type ProducerRecord, connect } from '@sluice/kafka'
import { BATCH, PAYLOADS, atRate, meter, parseJob, payloads, percentiles, pump } from './client-run.ts'

const job = parseJob()
const kafka = await connect({ bootstrapServers: job.bootstrap, clientId: 'bench' })
const jobs = {
  produce,
  consume,
  drain,
  copy,
  latency,
  /** What Node and the modules take by themselves. */
  nothing: async () => meter()(1),
}
await jobs[job.mode](kafka)
await kafka.close()
process.exit(0)

async function produce(kafka: Kafka): Promise<void> {
  const producer = kafka.producer({ compression: job.compression })
  const values = payloads(job.bytes)
  const send = (batch: number): Promise<unknown> => {
    const records: ProducerRecord[] = []
    for (let i = 0; i < BATCH; i++) {
      const value = values[(batch * 31 + i) % PAYLOADS]!
      records.push({
        topic: job.topic,
        partition: batch % job.partitions,
        key: null,
        value,
        timestamp: null,
        headers: null,
      })
    }
    return producer.produce(records)
  }
  await pump(job.records * 0.3, send)
  const done = meter()
  await pump(job.records, send)
  done(job.records)
  await producer.close()
}

async function consume(kafka: Kafka): Promise<void> {
  const fetcher = kafka.fetcher()
  await fromTheBeginning(kafka, fetcher)
  await read(fetcher, job.records / 4)
  // What is measured is read from the beginning again, so that the warm-up does not eat into it.
  await fromTheBeginning(kafka, fetcher)
  const done = meter()
  done(await read(fetcher, job.records))
  await fetcher.close()
}

/** Reads each record of the topic once. */
async function drain(kafka: Kafka): Promise<void> {
  const partitions = Array.from({ length: job.partitions }, (_, partition) => ({ topic: job.topic, partition }))
  const ends = await kafka.admin.listOffsets(partitions, 'latest')
  const fetcher = kafka.fetcher()
  await fromTheBeginning(kafka, fetcher)
  const done = meter()
  done(
    await read(
      fetcher,
      ends.reduce((sum, { offset }) => sum + offset, 0),
    ),
  )
  await fetcher.close()
}

/** Exactly once: fetch, produce, offsets, a commit for every thousand records. */
async function copy(kafka: Kafka): Promise<void> {
  const producer = await kafka.transactionalProducer({ transactionalId: `bench-copy-${process.pid}` })
  const fetcher = kafka.fetcher({ isolation: 'read_committed' })
  const group = { groupId: `bench-copy-${process.pid}`, generationId: -1, memberId: '', instanceId: null }
  await fromTheBeginning(kafka, fetcher)
  const measured: { done?: ReturnType<typeof meter>; before: number } = { before: 0 }
  let copied = 0
  let waiting: ProducerRecord[] = []
  const offsets = new Map<string, { topic: string; partition: number; offset: number; metadata: string }>()
  const commit = async (): Promise<void> => {
    producer.begin()
    const produced = producer.produce(waiting)
    const sent = producer.sendOffsets(group, [...offsets.values()])
    await Promise.all([produced, sent])
    await producer.commit()
    copied += waiting.length
    waiting = []
    offsets.clear()
    if (measured.done !== undefined || copied < job.records / 4) return
    measured.before = copied
    measured.done = meter()
  }
  while (measured.done === undefined || copied - measured.before < job.records) {
    for (const { topic, partition, batches } of await fetcher.poll(1000)) {
      for (const records of batches) {
        for (let i = 0; i < records.count; i++) {
          const value = records.value(i)
          waiting.push({
            topic: job.target,
            partition,
            key: records.key(i),
            value,
            timestamp: records.timestamp(i),
            headers: null,
          })
          if (waiting.length < BATCH) continue
          offsets.set(`${partition}`, { topic, partition, offset: records.offset(i) + 1, metadata: '' })
          await commit()
        }
        const offset = records.offset(records.count - 1) + 1
        if (waiting.length > 0) offsets.set(`${partition}`, { topic, partition, offset, metadata: '' })
      }
    }
  }
  measured.done(copied - measured.before)
  await producer.close()
  await fetcher.close()
}

async function latency(kafka: Kafka): Promise<void> {
  const producer = kafka.producer()
  const fetcher = kafka.fetcher()
  fetcher.assign(await kafka.admin.listOffsets([{ topic: job.topic, partition: 0 }], 'latest'))
  const latencies: number[] = []
  const receive = async (): Promise<void> => {
    while (latencies.length < job.records) {
      for (const { batches } of await fetcher.poll(1000)) {
        const now = process.hrtime.bigint()
        for (const records of batches) {
          for (let i = 0; i < records.count; i++) {
            const sent = Buffer.from(records.value(i)!).readBigInt64BE()
            latencies.push(Number(now - sent) / 1e6)
          }
        }
      }
    }
  }
  const done = meter()
  const received = receive()
  await atRate(job.records, job.bytes, (value) => {
    const record = { topic: job.topic, partition: 0, key: null, value, timestamp: null, headers: null }
    producer.produce([record]).catch((error: unknown) => {
      throw error
    })
  })
  await received
  done(job.records, percentiles(latencies))
  await producer.close()
  await fetcher.close()
}

async function fromTheBeginning(kafka: Kafka, fetcher: Fetcher): Promise<void> {
  const partitions = Array.from({ length: job.partitions }, (_, partition) => ({ topic: job.topic, partition }))
  fetcher.assign(await kafka.admin.listOffsets(partitions, 'earliest'))
}

/** Reads so many records, touching the length of every value; how many they were. */
async function read(fetcher: Fetcher, count: number): Promise<number> {
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
  if (bytes !== consumed * job.bytes) throw new Error(`${bytes} bytes came in ${consumed} records`)
  return consumed
}
