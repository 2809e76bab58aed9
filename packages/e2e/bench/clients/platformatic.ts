/** @platformatic/kafka at the job of the command line. */
import { Consumer, Producer } from '@platformatic/kafka'
import { BATCH, PAYLOADS, meter, parseJob, payloads, pump } from './client-run.ts'

const job = parseJob()
const client = { clientId: 'bench', bootstrapBrokers: [job.bootstrap] }

if (job.mode === 'produce') await produce()
else await consume()
process.exit(0)

async function produce(): Promise<void> {
  const producer = new Producer({ ...client, maxInflights: 5 })
  await producer.metadata({ topics: [job.topic] })
  const values = payloads(job.bytes)
  const send = (batch: number): Promise<unknown> => {
    const partition = batch % job.partitions
    const messages = Array.from({ length: BATCH }, (_, i) => ({
      topic: job.topic,
      value: values[(batch * 31 + i) % PAYLOADS]!,
      partition,
    }))
    return producer.send({ acks: -1, compression: job.compression, messages })
  }
  await pump(job.records * 0.3, send)
  const done = meter()
  await pump(job.records, send)
  done(job.records)
}

async function consume(): Promise<void> {
  const consumer = new Consumer({
    ...client,
    groupId: `bench-${Date.now()}`,
    maxWaitTime: 500,
    autocommit: false,
    highWaterMark: 16_384,
  })
  const stream = await consumer.consume({ topics: [job.topic], mode: 'earliest' })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let seen = 0
  let measured = 0
  let bytes = 0
  let done: ReturnType<typeof meter> | undefined
  stream.on('error', reject)
  stream.on('data', ({ value }) => {
    if (seen++ < job.records / 4 || measured === job.records) return
    done ??= meter()
    bytes += value.length
    if (++measured === job.records) resolve()
  })
  await promise
  if (bytes === 0) throw new Error('nothing was consumed')
  done!(measured)
}
