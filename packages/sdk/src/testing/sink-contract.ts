/**
 * What every sink promises, as tests. No broker and no test runner of its own: it takes the runner's `test`.
 *
 * ```ts
 * sinkContract(test, {
 *   connector: fileSink,
 *   prepare: async () => ({ settings: { file, topics: 't' }, values: ['a', 'b', 'c', 'd'], read: () => linesOf(file) }),
 * })
 * ```
 */
import assert from 'node:assert/strict'
import type { SinkConnector } from '../connector.ts'
import type { SinkRecord, TopicPartitionOffset } from '../record.ts'
import type { Schema } from '../schema.ts'
import type { RawSettings } from '../settings.ts'
import type { Value } from '../value.ts'
import { assertOurs, PATIENCE_MS, valueText, within } from './assertions.ts'
import type { Test } from './assertions.ts'
import { FakeSinkContext } from './fake-contexts.ts'
import { sinkRecord, SinkRun } from './sink-run.ts'

/** A target that stands ready to be written, and can be looked into. */
export interface PreparedSink {
  readonly settings: RawSettings
  /** At least four values that the sink can write, each different from the others. */
  readonly values: readonly Value[]
  readonly valueSchema?: Schema
  /** What a reader of the target finds now, as values equal to those put; in any order. */
  read(): Promise<readonly Value[]>
  dispose?(): Promise<void>
}

export interface SinkSubject {
  readonly connector: SinkConnector
  /** Called for each test; the target is empty. */
  prepare(): Promise<PreparedSink>
  /** Whether a record put again after a crash is still there only once. Default: at least once. */
  readonly exactlyOnce?: boolean
  /** A value (and its schema) that this sink cannot write. Without it those tests are left out. */
  readonly bad?: { readonly value: Value; readonly schema?: Schema }
  /** Settings with which `start` fails, such as a folder that is not there. Without them that test is left out. */
  readonly unavailable?: RawSettings
}

const TOPIC = 'contract'
const PARTITIONS = [
  { topic: TOPIC, partition: 0 },
  { topic: TOPIC, partition: 1 },
]

/** Declares the tests of a sink connector. */
export function sinkContract(test: Test, subject: SinkSubject): void {
  const { connector } = subject
  const of = (promise: string): string => `${connector.name}: ${promise}`
  const prepared = async (body: (sink: PreparedSink) => Promise<void>): Promise<void> => {
    const sink = await subject.prepare()
    try {
      assert.ok(sink.values.length >= 4, 'the suite needs four values or more')
      await within(PATIENCE_MS, 'the test', body(sink))
    } finally {
      await sink.dispose?.()
    }
  }
  const running = async (sink: PreparedSink, body: (run: SinkRun) => Promise<void>): Promise<void> => {
    const run = new SinkRun(connector, sink.settings)
    try {
      await body(run)
    } finally {
      await run.stop()
    }
  }

  test(of('makes durable what was put, and says so'), () =>
    prepared((sink) =>
      running(sink, async (run) => {
        await run.start(PARTITIONS)
        await run.put(recordsOf(sink))
        assert.deepEqual(sorted(await run.flush(true)), sorted(run.positions), 'the last flush names all positions')
        assert.deepEqual(texts(await sink.read()), texts(sink.values))
        await run.close()
      }),
    ),
  )

  test(of('takes an empty put at any time, and a flush of nothing'), () =>
    prepared((sink) =>
      running(sink, async (run) => {
        await run.start(PARTITIONS)
        await run.put([])
        assertNamed(await run.flush(), run)
        const [first = [], ...rest] = recordsOf(sink).map((record) => [record])
        await run.put(first)
        await run.put([])
        for (const records of rest) await run.put(records)
        await run.flush(true)
        await run.put([])
        assert.deepEqual(texts(await sink.read()), texts(sink.values))
        await run.close()
      }),
    ),
  )

  test(of('names a position safe only when the target holds everything before it'), () =>
    prepared((sink) =>
      running(sink, async (run) => {
        await run.start(PARTITIONS)
        const records = recordsOf(sink)
        for (const [i, record] of records.entries()) {
          await run.put([record])
          const named = await run.flush(i === records.length - 1)
          assertNamed(named, run)
          const held = new Set(texts(await sink.read()))
          for (const { partition, offset, value } of records) {
            const safe = named.find((position) => position.partition === partition)?.offset ?? 0
            if (offset < safe)
              assert.ok(held.has(valueText(value)), `offset ${offset} was called safe but is not there`)
          }
        }
        await run.close()
      }),
    ),
  )

  test(of('goes on after a restart: nothing lost, and after a clean one nothing twice'), () =>
    prepared(async (sink) => {
      const records = recordsOf(sink)
      let committed: readonly TopicPartitionOffset[] = PARTITIONS.map((partition) => ({ ...partition, offset: 0 }))
      for (const part of [records.slice(0, records.length / 2), records]) {
        await running(sink, async (run) => {
          const from = await run.start(committed)
          await run.put(part.filter((record) => record.offset >= offsetOf(from, record)))
          committed = await run.flush(true)
          await run.close()
        })
      }
      assert.deepEqual(texts(await sink.read()), texts(sink.values))
    }),
  )

  test(of('tolerates records put again after a crash'), () =>
    prepared(async (sink) => {
      const records = recordsOf(sink)
      await running(sink, async (run) => {
        await run.start(PARTITIONS)
        await run.put(records)
      })
      await running(sink, async (run) => {
        const from = await run.start(PARTITIONS)
        await run.put(records.filter((record) => record.offset >= offsetOf(from, record)))
        await run.flush(true)
        await run.close()
      })
      const held = texts(await sink.read())
      if (subject.exactlyOnce === true) assert.deepEqual(held, texts(sink.values))
      else assert.deepEqual([...new Set(held)], texts(sink.values))
    }),
  )

  test(of('speaks no more of partitions that were taken away'), () =>
    prepared((sink) =>
      running(sink, async (run) => {
        await run.start(PARTITIONS)
        await run.put(recordsOf(sink))
        await run.flush(true)
        await run.close(PARTITIONS.slice(1))
        assertNamed(await run.flush(), run)
        await run.close()
      }),
    ),
  )

  test(of('stops at any time: not started, running, and once more'), () =>
    prepared(async (sink) => {
      await new SinkRun(connector, sink.settings).stop()
      const run = new SinkRun(connector, sink.settings)
      await run.start(PARTITIONS)
      await run.put(recordsOf(sink))
      await run.stop()
      await run.stop()
    }),
  )

  const { bad, unavailable } = subject
  if (bad !== undefined) {
    const withBad = (sink: PreparedSink): { readonly records: readonly SinkRecord[]; readonly badAt: number } => {
      const values = [...sink.values.slice(0, 2).map((value) => ({ value, schema: sink.valueSchema })), bad]
      const all = [...values, ...sink.values.slice(2).map((value) => ({ value, schema: sink.valueSchema }))]
      const at = (offset: number): TopicPartitionOffset => ({ topic: TOPIC, partition: 0, offset })
      return { records: all.map(({ value, schema }, i) => sinkRecord(at(i), value, schema ?? null)), badAt: 2 }
    }

    test(of('reports a record that it cannot write, and writes the others'), () =>
      prepared((sink) =>
        running(sink, async (run) => {
          const { records, badAt } = withBad(sink)
          await run.start(PARTITIONS)
          await run.put(records)
          await run.flush(true)
          assert.deepEqual(
            run.context.reported.map(({ record }) => record.offset),
            [badAt],
          )
          assert.ok(
            run.context.reported.every(({ error }) => error instanceof Error),
            'a report names an error',
          )
          assert.deepEqual(texts(await sink.read()), texts(sink.values))
          await run.close()
        }),
      ),
    )

    test(of('stops at a record that it cannot write when nobody tolerates it, and does not name it safe'), () =>
      prepared(async (sink) => {
        const context = new FakeSinkContext()
        context.tolerant = false
        const run = new SinkRun(connector, sink.settings, context)
        const { records, badAt } = withBad(sink)
        let named: readonly TopicPartitionOffset[] = []
        try {
          await run.start(PARTITIONS)
          await assert.rejects(async () => {
            await run.put(records)
            named = await run.flush(true)
          }, assertOurs)
        } finally {
          await run.stop()
        }
        for (const { offset } of named) assert.ok(offset <= badAt)
      }),
    )
  }

  if (unavailable !== undefined)
    test(of('fails to start with an error that says what to do, and can be stopped then'), async () => {
      const run = new SinkRun(connector, unavailable)
      const failing = assert.rejects(run.start(PARTITIONS), (error) => assertOurs(error))
      await within(PATIENCE_MS, 'the failing start', failing)
      await run.stop()
    })
}

/** The values as records, in turn on both partitions. */
function recordsOf({ values, valueSchema }: PreparedSink): readonly SinkRecord[] {
  return values.map((value, i) =>
    sinkRecord({ topic: TOPIC, partition: i % 2, offset: Math.floor(i / 2) }, value, valueSchema ?? null),
  )
}

function offsetOf(positions: readonly TopicPartitionOffset[], { partition }: SinkRecord): number {
  return positions.find((position) => position.partition === partition)?.offset ?? 0
}

/** Only partitions the task has, and nothing beyond what it was given. */
function assertNamed(named: readonly TopicPartitionOffset[], run: SinkRun): void {
  for (const { topic, partition, offset } of named) {
    const current = run.positions.find((position) => position.topic === topic && position.partition === partition)
    assert.ok(current !== undefined, `flush named ${topic}-${partition}, which the task does not have`)
    assert.ok(Number.isSafeInteger(offset) && offset >= 0, 'an offset is a whole number')
    assert.ok(offset <= current.offset, `flush named offset ${offset}, but only ${current.offset} was reached`)
  }
}

function texts(values: readonly Value[]): readonly string[] {
  return values.map(valueText).toSorted()
}

function sorted(positions: readonly TopicPartitionOffset[]): readonly TopicPartitionOffset[] {
  return positions
    .map(({ topic, partition, offset }) => ({ topic, partition, offset }))
    .toSorted((a, b) => a.partition - b.partition)
}
