import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { FetchedPartition } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, type ErrorPolicy, type TimestampExtractor } from '../../src/index.ts'
import { readCommitMetadata, writeCommitMetadata } from '../../src/record-path/commit-metadata.ts'
import { HELD_BYTES_MAX, holdBack, keyText, undoneFrom } from '../../src/record-path/held-back.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { streamsSettings } from '../../src/streams-settings.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'

/** `key value`, at offsets of their places; '' is a gap. */
type Log = readonly string[]

function fetched(topic: string, log: Log, from: number, to: number): FetchedPartition {
  const rows = log.slice(from, to).flatMap((row, i) => {
    const [key, value] = row.split(' ')
    return row === '' ? [] : [{ offset: from + i, key: key === '-' ? null : key!, value: value! }]
  })
  const headers = [{ key: 'h', value: Buffer.from('x') }]
  return fetchedPartition(rows, {
    topic,
    nextOffset: to,
    endOffset: log.length,
    headers,
    bytes: 10 * rows.length,
  })
}

interface Shape {
  readonly policy?: ErrorPolicy
  readonly extractor?: TimestampExtractor<string, string>
  /** Throws for these. */
  readonly bad?: Set<string>
}

/** One application over logs by topic, in one task after the other; what is committed is there for the next one. */
class Runs {
  readonly #logs: Readonly<Record<string, Log>>
  readonly #shape: Shape
  readonly clock = new FakeClock()
  readonly #output = new OutputBatch()
  #fetched: Record<string, number> = {}
  #paused = new Set<string>()
  #task!: StreamTask
  #uncommitted: string[] = []
  /** What was put out for good. */
  readonly out: string[] = []
  committed: Record<string, { offset: number; metadata: string }> = {}

  constructor(logs: Readonly<Record<string, Log>>, shape: Shape = {}) {
    this.#logs = logs
    this.#shape = shape
    this.restart()
  }

  get task(): StreamTask {
    return this.#task
  }

  /** As after a crash, with these keys paused from the beginning. */
  restart(...paused: readonly string[]): void {
    const builder = new StreamsBuilder()
    const { policy = 'fail', extractor, bad = new Set() } = this.#shape
    const text = { key: Serdes.string, value: Serdes.string }
    builder
      .stream(Object.keys(this.#logs), extractor === undefined ? text : { ...text, timestampExtractor: extractor })
      .mapValues((value) => {
        if (bad.has(value!)) throw new Error('bad')
        return value
      })
      .onError(policy)
      .to('out', text)
    const topology = builder.build()
    const starts = Object.entries(this.#logs).map(([topic, log]) => {
      const { offset, metadata } = this.committed[topic] ?? { offset: 0, metadata: '' }
      const { tally, partitionTime: time, held } = readCommitMetadata(metadata)
      const start = { topic, partition: 0, offset, tally, time, endOffset: log.length }
      return held === undefined ? start : { ...start, held }
    })
    const settings = taskSettingsOf(streamsSettings.parse({ 'application.id': 'test' }))
    const ports = { clock: this.clock, random: systemRandom, output: this.#output }
    this.#output.take()
    this.#uncommitted = []
    this.#task = new StreamTask(topology, topology.subtopologies[0]!, 0, starts, settings, ports)
    this.#fetched = Object.fromEntries(starts.map(({ topic, offset }) => [topic, offset]))
    this.#paused = new Set(paused)
    this.#applyPauses()
  }

  pause(key: string): void {
    this.#paused.add(key)
    this.#applyPauses()
    this.run()
  }

  resume(...keys: readonly string[]): unknown {
    for (const key of keys) this.#paused.delete(key)
    this.#applyPauses()
    return this.run()
  }

  fetch(topic: string, count: number): unknown {
    const from = this.#fetched[topic]!
    const to = Math.min(from + count, this.#logs[topic]!.length)
    if (to > from) this.#task.take(fetched(topic, this.#logs[topic]!, from, to))
    this.#fetched[topic] = to
    return this.run()
  }

  run(): unknown {
    const stop = this.#task.run()
    this.#uncommitted.push(
      ...this.#output.take().map(({ key, value }) => `${key === null ? '-' : String(key)} ${String(value)}`),
    )
    return stop
  }

  /** Exactly once: what was put out is final with the offsets. */
  commit(): void {
    this.out.push(...this.#uncommitted.splice(0))
    for (const one of this.#task.partitions) {
      const held = one.held === null ? {} : { held: one.held.held(one) }
      const whole = { tally: one.tally.snapshot(), partitionTime: one.time, nodeTimes: {}, ...held }
      this.committed[one.topic] = { offset: undoneFrom(one), metadata: writeCommitMetadata(whole) }
    }
  }

  tallied(): number {
    return this.#task.partitions.reduce((sum, { tally }) => sum + tally.snapshot().passed, 0)
  }

  #applyPauses(): void {
    const keys = new Set(Array.from(this.#paused, (key) => keyText(key)))
    for (const partition of this.#task.partitions) {
      partition.isPaused = false
      holdBack(partition, keys)
    }
  }
}

describe('records of a paused key', () => {
  test('are held back in their order while all others go on; resumed, they go before any newer one of their key', () => {
    const runs = new Runs({ in: ['a 0', 'b 1', 'a 2', '- 3', 'b 4', 'a 5', 'a 6'] })
    runs.fetch('in', 1)
    runs.pause('a')
    runs.fetch('in', 5)
    runs.commit()
    expect([runs.out, runs.committed['in']!.offset]).toEqual([['a 0', 'b 1', '- 3', 'b 4'], 2])
    runs.resume('a')
    runs.fetch('in', 9)
    runs.commit()
    expect(runs.out.slice(4)).toEqual(['a 2', 'a 5', 'a 6'])
    expect([runs.committed['in']!.offset, runs.tallied(), runs.task.partitions[0]!.held]).toEqual([7, 7, null])
    expect(runs.committed['in']!.metadata).not.toContain('held')
  })

  test('that are fetched already, and not run yet, are held back too', () => {
    const runs = new Runs({ in: ['a 0', 'a 1', 'b 2'] })
    runs.task.isHeld = true
    runs.fetch('in', 3)
    runs.task.isHeld = false
    runs.pause('a')
    runs.commit()
    expect([runs.out, runs.committed['in']!.offset]).toEqual([['b 2'], 0])
  })

  test('are there after a crash, and nothing else is done again: whether their key is still paused or not', () => {
    const runs = new Runs({ in: ['b 0', 'a 1', 'b 2', '', 'a 4', 'c 5', 'b 6', 'b 7'] })
    runs.pause('a')
    runs.fetch('in', 6)
    runs.commit()
    runs.fetch('in', 1)
    runs.restart('a')
    runs.fetch('in', 3)
    runs.commit()
    expect([runs.out, runs.committed['in']!.offset]).toEqual([['b 0', 'b 2', 'c 5'], 1])
    runs.restart()
    runs.fetch('in', 9)
    runs.commit()
    expect([runs.out, runs.committed['in']!.offset, runs.tallied()]).toEqual([
      ['b 0', 'b 2', 'c 5', 'a 1', 'a 4', 'b 6', 'b 7'],
      8,
      7,
    ])
  })

  test('are so many at the most as find room in a commit: then their partition waits, and goes on when they are resumed', () => {
    const log = Array.from({ length: 2_000 }, (_, i) => (i % 2 === 0 ? `a ${i}` : `b ${i}`))
    const runs = new Runs({ in: log })
    runs.pause('a')
    runs.fetch('in', 2_000)
    const [partition] = runs.task.partitions
    expect([partition!.isPaused, partition!.held!.isFull]).toEqual([true, true])
    runs.commit()
    const put = runs.out.length
    expect(put).toBeGreaterThan(400)
    expect(put).toBeLessThan(600)
    expect(Buffer.byteLength(runs.committed['in']!.metadata)).toBeLessThan(1_300)
    runs.restart('a')
    runs.fetch('in', 2_000)
    runs.commit()
    expect(runs.out).toHaveLength(put)
    runs.resume('a')
    runs.commit()
    expect([runs.out.length, new Set(runs.out).size]).toEqual([2_000, 2_000])
  })

  test('are so many as may be in memory, and one at least', () => {
    const large = 'x'.repeat(HELD_BYTES_MAX / 2)
    const runs = new Runs({ in: [`a ${large}${large}`, `a ${large}`, 'b 2'] })
    runs.pause('a')
    runs.fetch('in', 3)
    runs.commit()
    expect([runs.out, runs.task.partitions[0]!.isPaused]).toEqual([[], true])
    runs.resume('a')
    runs.commit()
    expect(runs.out).toHaveLength(3)
  })

  test('that fail when they are resumed are parked, tried again, or end the run like others, and are not lost', () => {
    for (const policy of ['park', 'retry', 'fail'] as const) {
      const bad = new Set(['0'])
      const runs = new Runs({ in: ['a 0', 'b 1', 'a 2', 'b 3'] }, { policy, bad })
      runs.pause('a')
      runs.fetch('in', 3)
      const stop = runs.resume('a')
      runs.commit()
      expect([policy, runs.out, runs.committed['in']!.offset]).toEqual([policy, ['b 1'], 0])
      expect(stop !== null).toBe(policy === 'fail')
      expect(runs.task.takeParked().map(({ offset }) => offset)).toEqual(policy === 'park' ? [0] : [])
      bad.clear()
      runs.clock.advance(10_000)
      if (policy === 'fail') runs.restart()
      else runs.resume()
      runs.fetch('in', 9)
      runs.commit()
      expect([policy, runs.out.filter((row) => row.startsWith('a')), runs.out.length]).toEqual([
        policy,
        ['a 0', 'a 2'],
        4,
      ])
    }
  })

  test('one that is paused once more while it waits to be tried again is held back, and the others go on', () => {
    const bad = new Set(['0'])
    const runs = new Runs({ in: ['a 0', 'b 1', 'b 2'] }, { policy: 'retry', bad })
    runs.pause('a')
    runs.fetch('in', 2)
    runs.resume('a')
    runs.pause('a')
    runs.clock.advance(10_000)
    runs.fetch('in', 1)
    runs.commit()
    expect(runs.out).toEqual(['b 1', 'b 2'])
    bad.clear()
    runs.resume('a')
    runs.commit()
    expect([runs.out.at(-1), runs.committed['in']!.offset]).toEqual(['a 0', 3])
  })

  test('whatever is paused, resumed, fetched, committed and lost, and when: each record comes out once, those of a key in their order', () => {
    const key = fc.constantFrom('a', 'b', 'c')
    const topic = fc.constantFrom('one', 'two')
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('fetch' as const), topic, count: fc.integer({ min: 1, max: 6 }) }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const), key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), key }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('commit' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), keys: fc.uniqueArray(key) }) },
    )
    const rows = fc.array(fc.constantFrom('a', 'b', 'c', '-', ''), { minLength: 10, maxLength: 20 })
    fc.assert(
      fc.property(
        rows,
        rows,
        fc.boolean(),
        fc.array(step, { minLength: 20, maxLength: 60 }),
        (one, two, extracts, steps) => {
          const logOf = (name: string, keys: readonly string[]): Log =>
            keys.map((each, i) => (each === '' ? '' : `${each} ${name}${i}`))
          const logs = { one: logOf('one', one), two: logOf('two', two) }
          const runs = new Runs(logs, extracts ? { extractor: (at) => (at as { timestamp: number }).timestamp } : {})
          for (const each of steps) {
            if (each.do === 'fetch') runs.fetch(each.topic, each.count)
            else if (each.do === 'pause') runs.pause(each.key)
            else if (each.do === 'resume') runs.resume(each.key)
            else if (each.do === 'commit') runs.commit()
            else runs.restart(...each.keys)
          }
          runs.resume('a', 'b', 'c')
          runs.fetch('one', 99)
          runs.fetch('two', 99)
          runs.commit()
          for (const [name, log] of Object.entries(logs))
            for (const each of ['a', 'b', 'c', '-'])
              expect(runs.out.filter((row) => row.startsWith(`${each} ${name}`))).toEqual(
                log.filter((row) => row.startsWith(`${each} `)),
              )
          expect(runs.tallied()).toBe([...one, ...two].filter((each) => each !== '').length)
        },
      ),
      { numRuns: 500 },
    )
  })
})
