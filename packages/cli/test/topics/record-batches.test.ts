import { describe, expect, test } from '@jest/globals'
import { setImmediate as turn } from 'node:timers/promises'
import type { ProducerRecord } from '@sluice/kafka'
import { FakeClock } from '@sluice/sdk/testing'
import { RecordBatches } from '../../src/topics/record-batches.ts'

const record = (value: string): ProducerRecord => ({
  topic: 't',
  partition: null,
  key: null,
  value: Buffer.from(value),
  headers: [],
  timestamp: null,
})

function batchesTo(produce: (records: readonly ProducerRecord[]) => Promise<void> = async () => undefined) {
  const sent: string[][] = []
  const clock = new FakeClock()
  const producer = {
    produce: async (records: readonly ProducerRecord[]) => {
      sent.push(records.map(({ value }) => Buffer.from(value!).toString()))
      await produce(records)
      return []
    },
  }
  return { sent, clock, batches: new RecordBatches(producer, clock) }
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  clock.advance(ms)
  await turn()
}

describe('records are sent', () => {
  test('when there are a thousand, or a mebibyte', async () => {
    const { sent, batches } = batchesTo()
    for (let i = 0; i < 1000; i++) await batches.add(record(String(i)))
    expect(sent.map(({ length }) => length)).toEqual([1000])
    await batches.add(record('x'.repeat(1_048_576)))
    expect(sent).toHaveLength(2)
    expect(batches.written).toBe(1001)
    batches.close()
  })

  test('when no more come for a moment, but not while they come', async () => {
    const { sent, clock, batches } = batchesTo()
    await batches.add(record('a'))
    await pass(clock, 200)
    await batches.add(record('b'))
    await pass(clock, 200)
    expect(sent).toEqual([])
    await pass(clock, 200)
    expect(sent).toEqual([['a', 'b']])
    await pass(clock, 200)
    expect(sent).toHaveLength(1)
    batches.close()
  })

  test('at the end, and by themselves no more when it is closed', async () => {
    const { sent, clock, batches } = batchesTo()
    await batches.add(record('a'))
    await batches.flush()
    expect(sent).toEqual([['a']])
    batches.close()
    expect(clock.sleeping).toBe(0)
  })
})

test('behind a batch that fails nothing is sent, and whoever adds or flushes is told', async () => {
  let fails = true
  const { sent, clock, batches } = batchesTo(async () => {
    if (fails) throw new Error('no leader')
  })
  await batches.add(record('a'))
  await pass(clock, 200)
  await pass(clock, 200)
  expect(sent).toEqual([['a']])
  fails = false
  await batches.add(record('b'))
  await expect(batches.flush()).rejects.toThrow('no leader')
  expect(sent).toEqual([['a']])
  expect(batches.written).toBe(0)
  batches.close()
})
