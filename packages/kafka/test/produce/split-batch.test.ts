import { expect, test } from '@jest/globals'
import { readBatches } from '@sluice/kafka-protocol'
import { SluiceError } from '@sluice/sdk'
import { BufferPool } from '../../src/produce/buffer-pool.ts'
import { ProduceCall } from '../../src/produce/produce-call.ts'
import { ProducerBatch } from '../../src/produce/producer-batch.ts'
import { splitBatch, withoutRefused } from '../../src/produce/split-batch.ts'

const IDENTITY = { producerId: 1, producerEpoch: 0, baseSequence: 0 }
const pool = new BufferPool(1 << 20)

/** Records without a byte in them, so that their times are most of what they take. */
function sealed(timestamps: readonly number[]): ProducerBatch {
  const call = new ProduceCall([])
  const batch = new ProducerBatch(pool.leaseAnyway(1 << 16), 0)
  for (const timestamp of timestamps) {
    expect(batch.appender.append(null, null, timestamp)).toBe(true)
    batch.share(call)
  }
  batch.seal(IDENTITY, 'none')
  return batch
}

/** The first time is like all but the second one, which is far from them. */
const timestamps = [1_790_000_000_000, 0, ...Array.from({ length: 998 }, () => 1_790_000_000_000)]

function timesIn(batch: ProducerBatch): number[] {
  batch.seal(IDENTITY, 'none')
  const [read] = readBatches(batch.bytes!)
  const records = read!.records()
  return Array.from({ length: records.count }, (_, i) => records.timestamp(i))
}

test('no record is left out when the one is refused by whose time the others were told', () => {
  const refused = new Map([[0, new SluiceError('KAFKA_REFUSED', 'no key')]])
  expect(timesIn(withoutRefused(sealed(timestamps), refused, pool))).toEqual(timestamps.slice(1))
})

test('the halves of a batch have all of its records, whatever their times', () => {
  const late = [...Array.from({ length: 500 }, () => 1_790_000_000_000), 0, ...timestamps.slice(501)]
  const [head, tail] = splitBatch(sealed(late), pool)
  expect([...timesIn(head), ...timesIn(tail)]).toEqual(late)
})
