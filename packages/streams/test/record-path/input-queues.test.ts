import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { EMPTY_TALLY, type FetchedPartition } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, type TimestampExtractor } from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { streamsSettings } from '../../src/streams-settings.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'

function fetched(
  topic: string,
  first: number,
  times: readonly number[],
  endOffset: number,
  release?: () => void,
): FetchedPartition {
  const rows = times.map((timestamp, i) => ({
    offset: first + i,
    timestamp,
    value: `${topic}${first + i}@${timestamp}`,
  }))
  return fetchedPartition(rows, {
    topic,
    nextOffset: first + times.length,
    endOffset,
    bytes: 10 * times.length,
    ...(release && { release }),
  })
}

interface Of {
  readonly settings?: Readonly<Record<string, string>>
  readonly timestampExtractor?: TimestampExtractor<string, string>
  readonly times?: Readonly<Record<string, number>>
}

function taskOf(ends: Readonly<Record<string, number>>, of: Of = {}) {
  const clock = new FakeClock()
  const output = new OutputBatch()
  const builder = new StreamsBuilder()
  const text = { key: Serdes.string, value: Serdes.string }
  const { timestampExtractor, times } = of
  builder
    .stream(Object.keys(ends), timestampExtractor === undefined ? text : { ...text, timestampExtractor })
    .to('out', text)
  const topology = builder.build()
  const starts = Object.entries(ends).map(([topic, endOffset]) => ({
    topic,
    partition: 0,
    offset: 0,
    tally: EMPTY_TALLY,
    endOffset,
    ...(times?.[topic] === undefined ? {} : { time: times[topic] }),
  }))
  const settings = taskSettingsOf(streamsSettings.parse({ 'application.id': 'test', ...of.settings }))
  const ports = { clock, random: systemRandom, output }
  const task = new StreamTask(topology, topology.subtopologies[0]!, 0, starts, settings, ports)
  const out = () => output.take().map(({ value }) => Buffer.from(value!).toString())
  const positions = () => Object.fromEntries(task.partitions.map(({ topic, position }) => [topic, position]))
  return { task, out, positions, clock }
}

describe('a task of several partitions', () => {
  test('processes the record with the smallest timestamp first', () => {
    const { task, out } = taskOf({ a: 3, b: 2 })
    task.take(fetched('a', 0, [1, 5, 9], 3))
    task.take(fetched('b', 0, [4, 6], 2))
    expect(task.run()).toBeNull()
    expect(out()).toEqual(['a0@1', 'b0@4', 'a1@5', 'b1@6', 'a2@9'])
  })

  test('releases a batch when all its records have been dealt with', () => {
    const { task } = taskOf({ a: 2, b: 2 })
    const released: string[] = []
    task.take(fetched('a', 0, [1, 5], 2, () => released.push('a')))
    task.take(fetched('b', 0, [3], 2, () => released.push('b')))
    task.run()
    expect(released).toEqual(['b'])
    task.take(fetched('b', 1, [9], 2, () => released.push('b again')))
    task.run()
    expect(released).toEqual(['b', 'a', 'b again'])
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

describe('the order of several partitions', () => {
  /** The time is in the value, as `topic offset @ record time`: turned round. */
  const reversed: TimestampExtractor<string, string> = (_record, _key, value) => 100 - Number(value!.split('@')[1])

  test('is that of the times that their source takes from the records', () => {
    const { task, out } = taskOf({ a: 2, b: 2 }, { timestampExtractor: reversed })
    task.take(fetched('a', 0, [30, 10], 2))
    task.take(fetched('b', 0, [40, 20], 2))
    expect(task.run()).toBeNull()
    expect(out()).toEqual(['b0@40', 'a0@30', 'b1@20', 'a1@10'])
    expect(task.streamTime).toBe(90)
  })

  test('is not held up by a record whose time cannot be told: it is dealt with at once', () => {
    const timestampExtractor: TimestampExtractor<string, string> = (record, key, value, partitionTime) => {
      if (value === 'b0@40') throw new Error('no time')
      return reversed(record, key, value, partitionTime)
    }
    const { task, out } = taskOf({ a: 2, b: 2 }, { timestampExtractor })
    task.take(fetched('a', 0, [30, 10], 2))
    task.take(fetched('b', 0, [40, 20], 2))
    expect(task.run()).toBeNull()
    // Of the quarantine topic first.
    expect(out()).toEqual(['b0@40', 'a0@30', 'b1@20', 'a1@10'])
    expect(task.partitions[1]!.tally.snapshot()).toMatchObject({ in: 2, passed: 1, quarantined: { process: 1 } })
  })

  test('max.task.idle.ms=-1: nothing is waited for', () => {
    const { task, out } = taskOf({ a: 2, b: 1 }, { settings: { 'max.task.idle.ms': '-1' } })
    task.take(fetched('a', 0, [1, 5], 2))
    task.run()
    expect(out()).toEqual(['a0@1', 'a1@5'])
    expect(task.waitsUntil).toBe(Infinity)
  })

  test('max.task.idle.ms: a partition without records is waited for that long, and again when it had some', () => {
    const { task, out, clock } = taskOf({ a: 2, b: 0 }, { settings: { 'max.task.idle.ms': '500' } })
    task.take(fetched('a', 0, [1, 5], 2))
    task.run()
    expect(out()).toEqual([])
    expect(task.waitsUntil).toBe(clock.monotonic() + 500)
    clock.advance(499)
    task.run()
    expect(out()).toEqual([])
    task.take(fetched('b', 0, [3], 1))
    task.run()
    // Now b is empty again, and waited for anew.
    expect(out()).toEqual(['a0@1', 'b0@3'])
    expect(task.waitsUntil).toBe(clock.monotonic() + 500)
    clock.advance(500)
    task.run()
    expect(out()).toEqual(['a1@5'])
    expect(task.waitsUntil).toBe(Infinity)
  })

  test('what an open transaction keeps from being read is not waited for with exactly once', () => {
    const settings = { 'processing.guarantee': 'exactly_once_v2' }
    const { task, out } = taskOf({ a: 2, b: 0 }, { settings })
    task.take({ ...fetched('b', 0, [3], 9), lastStableOffset: 1 })
    task.take(fetched('a', 0, [1, 5], 2))
    task.run()
    expect(out()).toEqual(['a0@1', 'b0@3', 'a1@5'])
  })

  test('a task goes on with the times that its partitions had', () => {
    const seen: number[] = []
    const timestampExtractor: TimestampExtractor<string, string> = (record, _key, _value, partitionTime) => {
      seen.push(partitionTime)
      return record.timestamp
    }
    const { task } = taskOf({ a: 2 }, { timestampExtractor, times: { a: 70 } })
    expect([task.streamTime, task.partitions[0]!.time]).toEqual([70, 70])
    task.take(fetched('a', 0, [60, 80], 2))
    task.run()
    expect(seen).toEqual([70, 70])
    expect([task.streamTime, task.partitions[0]!.time]).toEqual([80, 80])
  })
})
