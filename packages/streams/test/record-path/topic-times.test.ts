import { expect, test } from '@jest/globals'
import { EMPTY_TALLY, type FetchedPartition } from '@sluice/kafka'
import { readQuarantineHeaders, type GateDefinition } from '@sluice/quality'
import { systemRandom, type StructValue } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, streamsSettings, type ProcessorContext, type Topology } from '../../src/index.ts'
import type { RecordLimits } from '../../src/record-path/sink-step.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import { NO_CHANGELOG } from '../../src/state/store-context.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'

const NOW = 1_700_000_000_000

/** One record for each time. */
function records(times: readonly number[]): FetchedPartition {
  return fetchedPartition(times.map((timestamp, offset) => ({ offset, timestamp, key: 'k', value: '{"n":5}' })))
}

/** A task that reads `in`, whose topics take what is said. */
function taskOf(topology: Topology, limits: Readonly<Record<string, Partial<RecordLimits>>>) {
  const [output, clock] = [new OutputBatch(), new FakeClock({ now: NOW })]
  const settings = taskSettingsOf(streamsSettings.parse({ 'application.id': 'app' }))
  const unlimited = { bytes: Infinity, aheadMs: Infinity, behindMs: Infinity }
  const task = new StreamTask(
    topology,
    topology.subtopologies[0]!,
    0,
    [{ topic: 'in', partition: 0, offset: 0, tally: EMPTY_TALLY }],
    { ...settings, takesBack: true },
    {
      clock,
      random: systemRandom,
      output,
      stores: { factory: memoryStores, changelog: NO_CHANGELOG },
      recordLimits: new Map(Object.entries(limits).map(([topic, own]) => [topic, { ...unlimited, ...own }])),
    },
  )
  return { task, output, clock }
}

function counting(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: Serdes.string, value: Serdes.string })
    .groupByKey()
    .count({ materialized: { name: 'counts' } })
  return builder.build()
}

function countsOf(task: StreamTask): readonly unknown[] {
  return [...(task.stores.get('counts') as unknown as { all(): Iterable<unknown> }).all()]
}

test('a record whose time is further ahead than a changelog takes comes to none of its rows; when time has come there, it does', () => {
  const { task, output, clock } = taskOf(counting(), { 'app-counts-changelog': { aheadMs: 1_000 } })
  task.process(records([NOW, NOW + 1_000, NOW + 1_001]))
  expect(output.take().map(({ topic }) => topic)).toEqual(['app.quarantine'])
  expect(task.partitions[0]!.tally.snapshot()).toMatchObject({ in: 3, passed: 2, quarantined: { process: 1 } })
  expect(countsOf(task)).toEqual([{ key: 'k', value: { value: 2, timestamp: NOW + 1_000 } }])
  clock.advance(1)
  task.process(records([NOW + 1_001]))
  expect(output.take()).toEqual([])
})

test('one that is older than a changelog takes comes to the rows: what is written of it may be newer, or nothing', () => {
  const { task, output } = taskOf(counting(), { 'app-counts-changelog': { behindMs: 1_000 } })
  task.process(records([NOW, NOW - 1_001]))
  expect(output.take()).toEqual([])
  expect(countsOf(task)).toEqual([{ key: 'k', value: { value: 2, timestamp: NOW } }])
})

test('a dead letter whose topic does not take the time of its record has that at which it is written; the record’s is among its headers', () => {
  const limits = { aheadMs: 1_000, behindMs: 2_000 }
  const times = [NOW - 2_001, NOW - 2_000, NOW + 1_000, NOW + 1_001]
  const lettersOf = (build: (builder: StreamsBuilder) => void): readonly unknown[] => {
    const builder = new StreamsBuilder()
    build(builder)
    const { task, output } = taskOf(builder.build(), { letters: limits })
    expect(task.process(records(times))).toBeNull()
    return output.take().map(({ topic, timestamp, headers }) => {
      expect(topic).toBe('letters')
      return [timestamp, readQuarantineHeaders(headers)?.origin?.timestamp]
    })
  }
  const written = [null, NOW - 2_000, NOW + 1_000, null].map((time, i) => [time, times[i]])
  const failing = (builder: StreamsBuilder): void =>
    builder.stream('in', { quarantine: 'letters' }).foreach(() => {
      throw new Error('no')
    })
  expect(lettersOf(failing)).toEqual(written)
  const check = { id: 'small', check: 'range', field: 'n', params: { max: 4 } } as const
  const gate: GateDefinition = { id: 'g', mode: 'enforce', ruleset: { id: 'r', version: 1, checks: [check] } }
  const json = Serdes.json<StructValue>()
  const refusing = (builder: StreamsBuilder): void =>
    builder.stream('in', { value: json }).gate(gate, { quarantine: 'letters' }).to('out', { value: json })
  expect(lettersOf(refusing)).toEqual(written)
})

test('so has one that says what failed without a record', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', { quarantine: 'letters' }).process(() => ({
    init: (context: ProcessorContext<Uint8Array, Uint8Array>) => {
      context.schedule(1, 'STREAM_TIME', () => {
        throw new Error('no')
      })
    },
    process: () => {},
  }))
  const { task, output } = taskOf(builder.build(), { letters: { aheadMs: 1_000 } })
  expect(task.process(records([NOW, NOW + 1_001]))).toBeNull()
  expect(output.take().map(({ topic, timestamp }) => [topic, timestamp])).toEqual([
    ['letters', NOW],
    ['letters', null],
  ])
})
