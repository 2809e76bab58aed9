import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { EMPTY_TALLY, type FetchedPartition, type FetchedRecords } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder } from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { streamsSettings } from '../../src/streams-settings.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'

function fetched(topic: string, first: number, times: readonly number[], endOffset: number): FetchedPartition {
  const batch: FetchedRecords = {
    count: times.length,
    offset: (i) => first + i,
    timestamp: (i) => times[i]!,
    timestampType: 'create',
    key: () => null,
    value: (i) => Buffer.from(`${topic}${first + i}@${times[i]}`),
    headers: () => null,
    bytes: 10 * times.length,
  }
  const nextOffset = first + times.length
  const ends = { highWatermark: endOffset, lastStableOffset: endOffset, logStartOffset: 0, leaderEpoch: 0, topicId: '' }
  return { topic, partition: 0, batches: [batch], nextOffset, ...ends }
}

function taskOf(ends: Readonly<Record<string, number>>) {
  const output = new OutputBatch()
  const builder = new StreamsBuilder()
  const text = { key: Serdes.string, value: Serdes.string }
  builder.stream(Object.keys(ends), text).to('out', text)
  const topology = builder.build()
  const starts = Object.entries(ends).map(([topic, endOffset]) => ({
    topic,
    partition: 0,
    offset: 0,
    tally: EMPTY_TALLY,
    endOffset,
  }))
  const settings = taskSettingsOf(streamsSettings.parse({ 'application.id': 'test' }))
  const ports = { clock: new FakeClock(), random: systemRandom, output }
  const task = new StreamTask(topology, topology.subtopologies[0]!, 0, starts, settings, ports)
  const out = () => output.take().map(({ value }) => Buffer.from(value!).toString())
  const positions = () => Object.fromEntries(task.partitions.map(({ topic, position }) => [topic, position]))
  return { task, out, positions }
}

describe('a task of several partitions', () => {
  test('processes the record with the smallest timestamp first', () => {
    const { task, out } = taskOf({ a: 3, b: 2 })
    task.take(fetched('a', 0, [1, 5, 9], 3))
    task.take(fetched('b', 0, [4, 6], 2))
    expect(task.run()).toBeNull()
    expect(out()).toEqual(['a0@1', 'b0@4', 'a1@5', 'b1@6', 'a2@9'])
  })

  test('waits for a partition that has more at the broker, and goes on with what comes', () => {
    const { task, out, positions } = taskOf({ a: 2, b: 1 })
    task.take(fetched('a', 0, [1, 5], 2))
    task.run()
    expect(out()).toEqual([])
    task.take(fetched('b', 0, [3], 1))
    task.run()
    expect(out()).toEqual(['a0@1', 'b0@3', 'a1@5'])
    expect(positions()).toEqual({ a: 2, b: 1 })
  })

  test('does not wait for one that has nothing more', () => {
    const { task, out } = taskOf({ a: 2, b: 0 })
    task.take(fetched('a', 0, [1, 5], 2))
    task.run()
    expect(out()).toEqual(['a0@1', 'a1@5'])
  })

  test('goes over control records at the end of a partition', () => {
    const { task, positions } = taskOf({ a: 3, b: 0 })
    task.take({ ...fetched('a', 0, [1, 5], 3), nextOffset: 3 })
    task.run()
    expect(positions()).toEqual({ a: 3, b: 0 })
  })

  test('puts out everything, each partition in its order, whatever the batches are', () => {
    const times = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1, maxLength: 4 }), { maxLength: 5 })
    fc.assert(
      fc.property(times, times, fc.array(fc.boolean()), (a, b, turns) => {
        const all = { a: a.flat().length, b: b.flat().length }
        const { task, out, positions } = taskOf(all)
        const left = { a: [...a], b: [...b] }
        const first = { a: 0, b: 0 }
        const got: string[] = []
        const give = (topic: 'a' | 'b'): void => {
          const batch = left[topic].shift()
          if (batch === undefined) return
          expect(task.process(fetched(topic, first[topic], batch, all[topic]))).toBeNull()
          first[topic] += batch.length
          got.push(...out())
        }
        for (const isA of turns) give(isA ? 'a' : 'b')
        while (left.a.length + left.b.length > 0) {
          give('a')
          give('b')
        }
        for (const topic of ['a', 'b'] as const)
          expect(got.filter((one) => one.startsWith(topic)).map((one) => Number(/\d+/.exec(one)![0]))).toEqual(
            Array.from({ length: all[topic] }, (_, i) => i),
          )
        expect(positions()).toEqual(all)
      }),
    )
  })
})
