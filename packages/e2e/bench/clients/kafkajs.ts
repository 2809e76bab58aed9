/** kafkajs at the job of the command line. */
import zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { BATCH, PAYLOADS, meter, parseJob, payloads, pump } from './client-run.ts'

const job = parseJob()
const kafka = new kafkajs.Kafka({ clientId: 'bench', brokers: [job.bootstrap], logLevel: kafkajs.logLevel.ERROR })
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: { buffer: Buffer }) => zlib.zstdCompressSync(encoder.buffer),
  decompress: async (bytes: Buffer) => zlib.zstdDecompressSync(bytes),
})

if (job.mode === 'produce') await produce()
else await consume()
process.exit(0)

async function produce(): Promise<void> {
  const producer = kafka.producer({
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  })
  await producer.connect()
  const values = payloads(job.bytes)
  const compression = job.compression === 'zstd' ? kafkajs.CompressionTypes.ZSTD : kafkajs.CompressionTypes.None
  const send = (batch: number): Promise<unknown> => {
    const partition = batch % job.partitions
    const messages = Array.from({ length: BATCH }, (_, i) => ({
      value: values[(batch * 31 + i) % PAYLOADS]!,
      partition,
    }))
    return producer.send({ topic: job.topic, acks: -1, compression, messages })
  }
  await pump(job.records * 0.3, send)
  const done = meter()
  await pump(job.records, send)
  done(job.records)
}

async function consume(): Promise<void> {
  const consumer = kafka.consumer({ groupId: `bench-${Date.now()}`, maxWaitTimeInMs: 500 })
  await consumer.connect()
  await consumer.subscribe({ topics: [job.topic], fromBeginning: true })
  const { promise, resolve } = Promise.withResolvers<void>()
  let seen = 0
  let measured = 0
  let bytes = 0
  let done: ReturnType<typeof meter> | undefined
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { messages } }) => {
      if (seen < job.records / 4) {
        seen += messages.length
        return
      }
      done ??= meter()
      for (const { value } of messages) bytes += value!.length
      measured += messages.length
      // A batch is all that a partition has: the warm-up takes more than it should, and the topic has no more to give for that.
      if (seen + measured >= job.records * 1.25) resolve()
    },
  })
  await promise
  if (bytes === 0) throw new Error('nothing was consumed')
  done!(measured)
}
