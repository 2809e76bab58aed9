/**
 * Our CPU time per record of encoding and decoding record batches, without a broker:
 *
 *     node --conditions=@sluice/source packages/kafka-protocol/bench/record-batches.ts [valueBytes=100] [recordsPerBatch=1000]
 */
import { BatchAppender, batchSizeBound, crc32c, readBatches } from '@sluice/kafka-protocol'

const valueBytes = Number(process.argv[2] ?? 100)
const recordsPerBatch = Number(process.argv[3] ?? 1000)
const records = 400_000
const rounds = Math.ceil(records / recordsPerBatch)

// Values that no cache line predicts, keys as ids have them.
const values = Array.from({ length: 997 }, (_, i) => Buffer.alloc(valueBytes, `value ${i} `))
const keys = Array.from({ length: 997 }, (_, i) => Buffer.from(`key-${i}`))
const lease = new Uint8Array(recordsPerBatch * batchSizeBound(keys[996]!, values[0]!, null))
const appender = new BatchAppender(lease)
let sink = 0

function encode(round: number, withKeys: boolean): Uint8Array {
  appender.reset(lease)
  for (let k = 0; k < recordsPerBatch; k++) {
    const at = (round * 31 + k) % 997
    appender.append(withKeys ? keys[at]! : null, values[at]!, 1_700_000_000_000 + k, null)
  }
  return appender.seal()
}

/** The best of five runs, as CPU microseconds (user and system) per record. */
function measure(name: string, run: (round: number) => void): void {
  for (let i = 0; i < rounds / 2; i++) run(i)
  let best = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat < 5; repeat++) {
    const before = process.cpuUsage()
    for (let i = 0; i < rounds; i++) run(i)
    const { user, system } = process.cpuUsage(before)
    best = Math.min(best, (user + system) / (rounds * recordsPerBatch))
  }
  console.log(
    JSON.stringify({ measured: name, valueBytes, recordsPerBatch, cpuMicrosPerRecord: Number(best.toFixed(4)) }),
  )
}

measure('encode into a leased buffer, crc', (i) => {
  sink += encode(i, false).length
})
measure('encode into a leased buffer, with keys, crc', (i) => {
  sink += encode(i, true).length
})

const batch = encode(0, false).slice()
measure('crc alone', () => {
  sink += crc32c(batch.subarray(21))
})
measure('decode to positions', () => {
  for (const one of readBatches(batch, { checkCrc: false })) sink += one.records().count
})
measure('decode to positions, crc', () => {
  for (const one of readBatches(batch)) sink += one.records().count
})
measure('decode to positions, crc, a view of every value', () => {
  for (const one of readBatches(batch)) {
    const view = one.records()
    for (let i = 0; i < view.count; i++) sink += view.value(i)!.length
  }
})
if (sink === 0) throw new Error('nothing was measured')
