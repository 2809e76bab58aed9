/**
 * What every source promises, as tests. No broker and no test runner of its own: it takes the runner's `test`.
 *
 * ```ts
 * sourceContract(test, {
 *   connector: fileSource,
 *   prepare: async () => ({ settings: { file, topic: 't' }, values: ['a', 'b', 'c'] }),
 * })
 * ```
 */
import assert from 'node:assert/strict'
import type { SourceConnector } from '../connector.ts'
import type { SourcePartition } from '../record.ts'
import type { RawSettings } from '../settings.ts'
import { validateValue } from '../validate-value.ts'
import type { Value } from '../value.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeSourceContext } from './fake-contexts.ts'
import { SourceRun } from './source-run.ts'
import type { SourceEvent } from './source-run.ts'
import { assertOurs, PATIENCE_MS, valueText, within } from './assertions.ts'
import type { Test } from './assertions.ts'

/** A source system that stands ready to be read. */
export interface PreparedSource {
  readonly settings: RawSettings
  /** The values of all records there are, in order (of several source partitions: in any order). */
  readonly values: readonly Value[]
  /** How many pieces of it cannot be read. Default: none. */
  readonly diverted?: number
  dispose?(): Promise<void>
}

export interface SourceSubject {
  readonly connector: SourceConnector
  /** Called for each test. Between calls nothing is shared but what the connector itself shares. */
  prepare(): Promise<PreparedSource>
  /** Settings with which `start` fails, such as a file that is not there. Without them that test is left out. */
  readonly unavailable?: RawSettings
}

/** From the abort to the return of `poll`: "at once", on a busy machine. */
const ABORT_MS = 500
/** "Within a second or so". */
const POLL_MS = 1_500
const RESUME_POINTS_MAX = 60

/** Declares the tests of a source connector. */
export function sourceContract(test: Test, subject: SourceSubject): void {
  const { connector } = subject
  const of = (promise: string): string => `${connector.name}: ${promise}`
  const prepared = async (body: (source: PreparedSource) => Promise<void>): Promise<void> => {
    const source = await subject.prepare()
    try {
      await within(PATIENCE_MS, 'the test', body(source))
    } finally {
      await source.dispose?.()
    }
  }
  const readAll = async (source: PreparedSource, context?: FakeSourceContext): Promise<readonly SourceEvent[]> => {
    const run = new SourceRun(connector, source.settings, context)
    try {
      await run.start()
      await run.drain()
      await run.settle()
    } finally {
      await run.stop()
    }
    return run.events
  }

  test(of('reads everything, each thing once'), () =>
    prepared(async (source) => {
      const events = await readAll(source)
      const values = events.flatMap(({ record }) => (record === null ? [] : [record.value]))
      const partitions = new Set(events.map(({ partition }) => JSON.stringify(partition)))
      if (partitions.size <= 1) assert.deepEqual(values, source.values)
      else assert.deepEqual(values.map(valueText).toSorted(), source.values.map(valueText).toSorted())
      assert.equal(events.length - values.length, source.diverted ?? 0, 'the number of diverted pieces')
    }),
  )

  test(of('hands out records that are valid, with keys, values and headers that fit their schemas'), () =>
    prepared(async (source) => {
      for (const { record } of await readAll(source)) {
        if (record === null) continue
        assert.ok(typeof record.topic === 'string' && record.topic !== '', 'a record has a topic')
        assert.ok(record.partition === null || (Number.isInteger(record.partition) && record.partition >= 0))
        assert.ok(
          record.timestamp === null || Number.isSafeInteger(record.timestamp),
          'a timestamp is whole milliseconds',
        )
        validateValue(record.keySchema, record.key, 'key')
        validateValue(record.valueSchema, record.value, 'value')
        for (const header of record.headers ?? []) validateValue(header.schema, header.value, `header ${header.key}`)
      }
    }),
  )

  test(of('resumes from any position: what comes is exactly the rest'), () =>
    prepared(async (source) => {
      const events = await readAll(source)
      for (const at of resumePoints(events.length)) {
        const context = new FakeSourceContext()
        for (const { partition, position } of events.slice(0, at)) context.store(partition, position)
        const rest = await readAll(source, context)
        assert.deepEqual(byPartition(rest), byPartition(events.slice(at)), `resumed after ${at} of ${events.length}`)
      }
    }),
  )

  test(of('names partitions and positions in JSON, and does not change them afterwards'), () =>
    prepared(async (source) => {
      const objects = new Map<string, SourcePartition>()
      for (const { partition, position, positionText } of await readAll(source)) {
        assert.deepEqual(JSON.parse(JSON.stringify(partition)), partition, 'a partition survives JSON')
        assert.deepEqual(JSON.parse(JSON.stringify(position)), position, 'a position survives JSON')
        assert.equal(JSON.stringify(position), positionText, 'a position stays as it was handed out')
        const known = objects.get(JSON.stringify(partition)) ?? partition
        assert.equal(partition, known, 'all records of a partition share one partition object')
        objects.set(JSON.stringify(partition), partition)
      }
    }),
  )

  test(of('refuses a stored position that it cannot have written'), () =>
    prepared(async (source) => {
      const context = new FakeSourceContext()
      const events = await readAll(source)
      for (const { partition } of events) context.store(partition, { [UNKNOWN_KEY]: 'x' })
      if (events.length === 0) return
      await assert.rejects(readAll(source, context), (error) => assertOurs(error, 'POSITION_UNREADABLE'))
    }),
  )

  test(of('tells of what it cannot read: the bytes, a reason, a place'), () =>
    prepared(async (source) => {
      for (const { diverted } of await readAll(source)) {
        if (diverted === null) continue
        assert.ok(diverted.bytes instanceof Uint8Array)
        assert.match(diverted.reason.code, /^[a-z0-9]+(?:-[a-z0-9]+)*$/, 'the reason’s code is a stable word')
        assert.notEqual(diverted.reason.message, '')
        assert.notDeepEqual(diverted.reason.place, {}, 'the reason says where')
      }
    }),
  )

  test(of('returns from poll at once when it is asked to end'), () =>
    prepared(async (source) => {
      // Time stands still here: a task that waits is woken by the signal or never.
      const run = new SourceRun(connector, source.settings, new FakeSourceContext(new FakeClock()))
      try {
        await run.start()
        const total = source.values.length + (source.diverted ?? 0)
        for (let polls = 0; run.events.length < total && polls < 10_000; polls++)
          await within(POLL_MS, 'a poll while there is more to read', run.poll())
        assert.equal(run.events.length, total, 'all there is comes without the passing of time')
        const abort = new AbortController()
        const idle = run.poll(abort.signal)
        await new Promise((resolve) => void setTimeout(resolve, 20))
        abort.abort()
        await within(ABORT_MS, 'returning from an idle poll after the abort', idle)
        await within(ABORT_MS, 'a poll with an aborted signal', run.poll(AbortSignal.abort()))
      } finally {
        await run.stop()
      }
    }),
  )

  test(of('stops at any time: not started, running, and once more'), () =>
    prepared(async (source) => {
      const untouched = new SourceRun(connector, source.settings)
      await untouched.stop()
      const running = new SourceRun(connector, source.settings)
      await running.start()
      await running.poll()
      await running.stop()
      await running.stop()
    }),
  )

  const { unavailable } = subject
  if (unavailable === undefined) return
  test(of('fails to start with an error that says what to do, and can be stopped then'), async () => {
    const run = new SourceRun(connector, unavailable)
    await within(
      PATIENCE_MS,
      'the failing start',
      assert.rejects(run.start(), (error) => assertOurs(error)),
    )
    await run.stop()
  })
}

const UNKNOWN_KEY = 'no source writes this'

/** All of a short run; of a long one evenly spread, with both ends. */
function resumePoints(length: number): readonly number[] {
  const step = Math.max(1, length / RESUME_POINTS_MAX)
  const points = Array.from({ length: Math.floor(length / step) + 1 }, (_, i) => Math.min(length, Math.round(i * step)))
  return [...new Set([...points, length])]
}

/** What each partition gave, in order, comparable between runs. */
function byPartition(events: readonly SourceEvent[]): Readonly<Record<string, readonly unknown[]>> {
  const groups = Map.groupBy(events, ({ partition }) => JSON.stringify(partition))
  const content = ({ record, diverted }: SourceEvent): unknown => {
    if (record === null) return { bytes: Buffer.from(diverted?.bytes ?? []).toString('hex') }
    const { topic, key, value, headers, partition } = record
    return { topic, key, value, headers, partition }
  }
  return Object.fromEntries([...groups].map(([partition, group]) => [partition, group.map(content)]))
}
