import { beforeEach, expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { Accumulator } from '../../src/produce/accumulator.ts'
import { ProduceCall } from '../../src/produce/produce-call.ts'

let accumulator: Accumulator

beforeEach(() => {
  const limits = { batchBytesMax: 262_144, bufferBytesMax: 33_554_432, requestBytesMax: 1_048_576 }
  accumulator = new Accumulator(limits, new FakeClock(), { next: () => 0 })
  accumulator.describe({ topic: 't', id: 'AAAAAAAAAAAAAAAAAAAAAQ', leaders: [1], leaderEpochs: [0] })
})

function queue(count: number, bytes: number): void {
  const value = Buffer.alloc(bytes)
  const record = { topic: 't', partition: 0, key: null, value, timestamp: null, headers: null }
  expect(accumulator.queue(new ProduceCall(Array.from({ length: count }, () => record)))).toBe('queued')
}

test('who writes now and then has little memory, and who fills a batch has whole batches from then on', () => {
  queue(1, 100)
  expect(accumulator.pool.leasedBytes).toBe(16_384)
  for (let i = 0; i < 20; i++) queue(1, 1000)
  expect(accumulator.pool.leasedBytes).toBe(16_384 + 262_144)
})

test('who begins with much has a batch that holds it', () => {
  queue(100, 1000)
  expect(accumulator.pool.leasedBytes).toBe(131_072)
})

test('a record that is larger than a batch has one for itself', () => {
  queue(1, 500_000)
  expect(accumulator.pool.leasedBytes).toBeGreaterThan(500_000)
  expect(accumulator.pool.leasedBytes).toBeLessThan(510_000)
})

test.each([undefined, null, ''])(
  'a record whose topic is %p is refused, and those behind it are queued',
  async (topic) => {
    const record = { topic: 't', partition: 0, key: null, value: null, timestamp: null, headers: null }
    const call = new ProduceCall([{ ...record, topic: topic as string }, record])
    expect(accumulator.queue(call)).toBe('queued')
    expect(accumulator.pool.leasedBytes).toBeGreaterThan(0)
    call.queued()
    call.closed()
    await expect(call.promise).rejects.toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining('names no topic') as unknown,
    })
  },
)
