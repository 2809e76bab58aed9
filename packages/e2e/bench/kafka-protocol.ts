/**
 * Record batches without a broker: CPU per record of writing 1000 records of 100 bytes into a batch, checksum included, and of reading
 * one to the positions of its records. Beside it kafkajs, which makes an object of every record and does not look at the checksum.
 */
import { createRequire } from 'node:module'
import { BatchAppender, batchSizeBound, readBatches } from '@sluice/kafka-protocol'
import type { BenchCase } from './bench-case.ts'

const VALUE_BYTES = 100
const BATCH = 1000
const ROUNDS = 5
const ENCODE_BAR_MICROS = 0.2
const DECODE_BAR_MICROS = 0.05
const TIMESTAMP = 1_700_000_000_000

// More values than a processor's cache guesses, keys as ids have them.
const values = Array.from({ length: 997 }, (_, i) => Buffer.alloc(VALUE_BYTES, `value ${i} `))
const keys = Array.from({ length: 997 }, (_, i) => Buffer.from(`key-${i}`))

export async function bench(short: boolean): Promise<readonly BenchCase[]> {
  const batches = short ? 200 : 1000
  const lease = new Uint8Array(BATCH * batchSizeBound(keys[996]!, values[0]!, null))
  const appender = new BatchAppender(lease)
  const encode = (round: number, withKeys: boolean): Uint8Array => {
    appender.reset(lease)
    for (let i = 0; i < BATCH; i++) {
      const at = (round * 31 + i) % 997
      appender.append(withKeys ? keys[at]! : null, values[at]!, TIMESTAMP + i, null)
    }
    return appender.seal()
  }
  const batch = encode(0, false).slice()
  const peer = kafkajsBatches()
  const peerBatches = Math.ceil(batches / 20)
  return [
    {
      name: `write a batch of ${BATCH} records of ${VALUE_BYTES} B, with CRC`,
      unit: 'µs',
      ours: await costPerRecord(batches, (round) => encode(round, false).length),
      bar: ENCODE_BAR_MICROS,
      peer: [{ name: 'kafkajs', value: await costPerRecord(peerBatches, (round) => peer.encode(round, false)) }],
    },
    {
      name: 'the same, with keys',
      unit: 'µs',
      ours: await costPerRecord(batches, (round) => encode(round, true).length),
      peer: [{ name: 'kafkajs', value: await costPerRecord(peerBatches, (round) => peer.encode(round, true)) }],
    },
    {
      name: 'read it to positions, with CRC',
      unit: 'µs',
      ours: await costPerRecord(batches, () => positionsIn(batch)),
      bar: DECODE_BAR_MICROS,
      peer: [
        { name: 'kafkajs (an object each, no CRC)', value: await costPerRecord(peerBatches, () => peer.decode(batch)) },
      ],
    },
    {
      name: 'the same, and a view of every value',
      unit: 'µs',
      ours: await costPerRecord(batches, () => valuesIn(batch)),
      peer: [],
    },
  ]
}

function positionsIn(bytes: Uint8Array): number {
  let count = 0
  for (const batch of readBatches(bytes)) count += batch.records().count
  return count
}

function valuesIn(bytes: Uint8Array): number {
  let length = 0
  for (const batch of readBatches(bytes)) {
    const records = batch.records()
    for (let i = 0; i < records.count; i++) length += records.value(i)!.length
  }
  return length
}

interface KafkajsRecord {
  readonly value: Buffer
}
interface KafkajsEncoder {
  readonly buffer: Buffer
}

/** kafkajs' own codec of record batches; it has no public door. */
function kafkajsBatches(): {
  encode(round: number, withKeys: boolean): Promise<number>
  decode(bytes: Uint8Array): Promise<number>
} {
  const require = createRequire(import.meta.url)
  const { RecordBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
    readonly RecordBatch: (batch: object) => Promise<KafkajsEncoder>
  }
  const makeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => KafkajsEncoder
  const decodeBatch = require('kafkajs/src/protocol/recordBatch/v0/decoder') as (decoder: object) => Promise<{
    readonly records: readonly KafkajsRecord[]
  }>
  const Decoder = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object
  return {
    async encode(round, withKeys) {
      const records = Array.from({ length: BATCH }, (_, i) => {
        const at = (round * 31 + i) % 997
        return makeRecord({ offsetDelta: i, timestampDelta: i, key: withKeys ? keys[at]! : null, value: values[at]! })
      })
      const batch = await RecordBatch({
        firstTimestamp: TIMESTAMP,
        maxTimestamp: TIMESTAMP + BATCH,
        lastOffsetDelta: BATCH - 1,
        records,
      })
      return batch.buffer.length
    },
    async decode(bytes) {
      const { records } = await decodeBatch(new Decoder(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)))
      if (records.length !== BATCH) throw new Error(`kafkajs reads ${records.length} records`)
      return records.length
    },
  }
}

/** The least of some rounds, in µs of CPU (user and system): what disturbs only adds. */
async function costPerRecord(batches: number, run: (round: number) => number | Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY
  let sum = 0
  for (let round = -1; round < ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let i = 0; i < batches; i++) {
      const result = run(i)
      sum += typeof result === 'number' ? result : await result
    }
    const { user, system } = process.cpuUsage(before)
    if (round >= 0) least = Math.min(least, (user + system) / (batches * BATCH))
  }
  if (sum === 0) throw new Error('nothing was measured')
  return least
}
