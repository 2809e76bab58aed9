import { describe, expect, test } from '@jest/globals'
import type { Produced, ProducerRecord } from '@sluice/kafka'
import type { SourceRecord } from '@sluice/sdk'
import { Deliveries, offsetsOf } from '../../src/record-path/deliveries.ts'
import { OutgoingBatch } from '../../src/record-path/outgoing-batch.ts'
import { eventually } from '../support/eventually.ts'
import { TransactionalRun } from '../support/fake-transactions.ts'
import { batches, sourceRecord, SourceRun } from '../support/source-run.ts'

function record(topic: string, partition: number | null): ProducerRecord {
  return { topic, partition, key: null, value: null, timestamp: null, headers: null }
}

function run(topic: string, partition: number, firstOffset: number, count: number): Produced {
  return { topic, partition, firstOffset, count }
}

describe('where records lie', () => {
  test('follows from the order within a partition, in whatever order its runs are told', () => {
    const records = [record('a', 0), record('a', 1), record('a', 0), record('b', 0), record('a', 0)]
    const runs = [run('a', 0, 9, 1), run('b', 0, 70, 1), run('a', 0, 5, 2), run('a', 1, 3, 1)]
    expect([...offsetsOf(records, runs)]).toEqual([5, 3, 6, 70, 9])
  })

  test('is not known of a partition of which something was refused, or whose place was not told', () => {
    const records = [record('a', 0), record('a', 0), record('a', 1), record('a', 2)]
    expect([...offsetsOf(records, [run('a', 0, 5, 1), run('a', 1, -1, 1), run('a', 2, 4, 1)])]).toEqual([-1, -1, -1, 4])
  })

  test('is not known of a record whose partition is left to the producer', () => {
    expect([...offsetsOf([record('a', null)], [run('a', 0, 5, 1)])]).toEqual([-1])
  })
})

function batch(n: number): OutgoingBatch {
  const made = new OutgoingBatch(true)
  made.add(record('a', 0), 1, { sourcePosition: { n } } as unknown as SourceRecord)
  return made
}

test('a source is told in the order of the batches, whatever the order of the answers', async () => {
  const told: number[] = []
  const deliveries = new Deliveries({
    delivered: async (records) => void told.push(Number(records[0]!.sourcePosition['n'])),
  })
  const answers = [1, 2].map(() => Promise.withResolvers<readonly Produced[]>())
  const settled = answers.map(({ promise }, i) => deliveries.settled(batch(i), promise))
  answers[1]!.resolve([run('a', 0, 1, 1)])
  await new Promise(setImmediate)
  expect(told).toEqual([])
  answers[0]!.resolve([run('a', 0, 0, 1)])
  await Promise.all(settled)
  expect(told).toEqual([0, 1])
})

test('a batch that was not produced holds up nobody', async () => {
  const told: number[] = []
  const deliveries = new Deliveries({ delivered: async (_, [offset]) => void told.push(offset!) })
  const first = deliveries.settled(batch(0), Promise.reject(new Error('refused')))
  const second = deliveries.settled(batch(1), Promise.resolve([run('a', 0, 7, 1)]))
  await expect(first).rejects.toThrow('refused')
  await second
  expect(told).toEqual([7])
})

test('at least once no position is stored before the source has noted where the records behind it lie', async () => {
  const noted = Promise.withResolvers<void>()
  const calls: (readonly (SourceRecord | null)[])[] = []
  const run = new SourceRun({
    flushIntervalMs: 1,
    task: () => ({
      poll: batches([sourceRecord(1)]),
      delivered: (records) => {
        calls.push(records)
        return noted.promise
      },
    }),
  })
  const ended = run.run()
  await eventually('told', () => calls.length === 1)
  await new Promise((resolve) => void setTimeout(resolve, 20))
  expect(run.positions.stores).toEqual([])
  noted.resolve()
  await eventually('stored', () => run.positions.at === 1)
  run.stop()
  expect(await ended).toBeUndefined()
})

test('a source that cannot take note fails, and its positions stay where they are', async () => {
  const run = new SourceRun({
    task: () => ({
      poll: batches([sourceRecord(1)]),
      delivered: async () => {
        throw new Error('nowhere to write it')
      },
    }),
  })
  expect(await run.run()).toMatchObject({ message: 'nowhere to write it' })
  expect(run.positions.at).toBeUndefined()
})

test('exactly once nothing is committed before the source has noted where the records lie', async () => {
  const noted = Promise.withResolvers<void>()
  const told: (readonly number[])[] = []
  const { run, producer } = new TransactionalRun('poll', {
    task: () => ({
      poll: batches([sourceRecord(1, { partition: 0 }), sourceRecord(2, { partition: 0 })]),
      delivered: (_, offsets) => {
        told.push([...offsets])
        return noted.promise
      },
    }),
  })
  producer.sendsAtOnce = true
  const ended = run.run()
  await eventually('told', () => told.length === 1)
  await new Promise((resolve) => void setTimeout(resolve, 20))
  const committedBefore = producer.commits
  noted.resolve()
  await eventually('committed', () => producer.ended.length === 1)
  run.stop()
  expect(await ended).toBeUndefined()
  expect({ told, committedBefore }).toEqual({ told: [[0, 1]], committedBefore: 0 })
})

test('exactly once a source that cannot take note has nothing committed', async () => {
  const { run, producer } = new TransactionalRun('poll', {
    task: () => ({
      poll: batches([sourceRecord(1, { partition: 0 })]),
      delivered: async () => {
        throw new Error('nowhere to write it')
      },
    }),
  })
  producer.sendsAtOnce = true
  const late = setTimeout(() => run.stop(), 2000)
  expect(await run.run()).toMatchObject({ message: 'nowhere to write it' })
  clearTimeout(late)
  expect(producer.commits).toBe(0)
})
