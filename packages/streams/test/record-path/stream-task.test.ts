import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { checkTally, EMPTY_TALLY, type FetchedPartition, type ProducerRecord } from '@sluice/kafka'
import { readQuarantineHeaders, type GateDefinition } from '@sluice/quality'
import { DataError, systemRandom, type StructValue } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, streamsSettings, type Topology } from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'

const json = Serdes.json<StructValue>()

interface Bench {
  readonly task: StreamTask
  readonly output: OutputBatch
}

function bench(topology: Topology, settings: Readonly<Record<string, string>> = {}, position = 0): Bench {
  const output = new OutputBatch()
  const starts = topology.subtopologies[0]!.sourceTopics.map((topic) => ({
    topic,
    partition: 0,
    offset: position,
    tally: EMPTY_TALLY,
  }))
  const parsed = taskSettingsOf(streamsSettings.parse({ 'application.id': 'app', ...settings }))
  const ports = { clock: new FakeClock(), random: systemRandom, output }
  return { task: new StreamTask(topology, topology.subtopologies[0]!, 0, starts, parsed, ports), output }
}

/** Values as one fetch brings them, from an offset on, with a gap of control records at the end. */
function fetched(values: readonly (string | null)[], from = 0, gap = 0): FetchedPartition {
  const rows = values.map((value, i) => ({ offset: from + i, timestamp: 1000 + i, value }))
  return fetchedPartition(rows, { nextOffset: from + values.length + gap })
}

const text = ({ value }: ProducerRecord): string => (value === null ? 'null' : Buffer.from(value).toString())

/** Throws for n = 13, naming the field for n = 14; drops n = 15. */
function picky(gate?: GateDefinition): Topology {
  const builder = new StreamsBuilder()
  const stream = builder
    .stream('in', { value: json, quarantine: 'q' })
    .mapValues(
      (value, _key): StructValue => {
        if (value?.['n'] === 13) throw new TypeError('thirteen')
        if (value?.['n'] === 14) throw new DataError('n is not right', { place: { field: 'n' } })
        return { m: value?.['n'] ?? null }
      },
      { name: 'renamed' },
    )
    .filter((_key, value) => value['m'] !== 15, { name: 'no-fifteen' })
  ;(gate === undefined ? stream : stream.gate(gate)).to('out', { value: json })
  return builder.build()
}

describe('a record that cannot go on', () => {
  test('because its bytes cannot be decoded is quarantined, byte for byte, stage decode', () => {
    const { task, output } = bench(picky())
    task.process(fetched(['{"n":1}', '{"n":', '{"n":2}']))
    const records = output.take()
    expect(records.map((record) => [record.topic, text(record)])).toEqual([
      ['out', '{"m":1}'],
      ['q', '{"n":'],
      ['out', '{"m":2}'],
    ])
    expect(readQuarantineHeaders(records[1]!.headers)).toMatchObject({
      stage: 'decode',
      flow: 'app',
      origin: { topic: 'in', partition: 0, offset: 1 },
    })
    expect(task.partitions[0]!.tally.snapshot()).toMatchObject({ in: 3, passed: 2, quarantined: { decode: 1 } })
  })

  test('because user code threw is quarantined, stage process; an error that names its field is counted under it', () => {
    const { task, output } = bench(picky())
    task.process(fetched(['{"n":13}', '{"n":14}']))
    const [plain, field] = output.take().map((record) => readQuarantineHeaders(record.headers)!)
    expect(plain).toMatchObject({ stage: 'process', exceptionClass: 'TypeError', reasons: [{ message: 'thirteen' }] })
    expect(field).toMatchObject({ stage: 'process', reasons: [{ code: 'DATA_INVALID', place: { field: 'n' } }] })
    expect(task.partitions[0]!.tally.snapshot().quarantined).toEqual({ process: 1, 'process:n': 1 })
  })

  test('because its result is too large is quarantined, stage encode; one that just fits is not', () => {
    const settings = { 'producer.max.request.size': '1000' }
    const { task, output } = bench(picky(), settings)
    task.process(fetched([`{"n":"${'x'.repeat(800)}"}`, `{"n":"${'x'.repeat(990)}"}`]))
    const records = output.take()
    expect(records.map((record) => record.topic)).toEqual(['out', 'q'])
    expect(readQuarantineHeaders(records[1]!.headers)).toMatchObject({
      stage: 'encode',
      reasons: [{ code: 'RECORD_TOO_LARGE' }],
    })
    expect(records[1]!.value).toHaveLength(998)
  })

  test('takes back what it had put out before it failed', () => {
    const builder = new StreamsBuilder()
    const stream = builder.stream('in', { value: json, quarantine: 'q' })
    stream.to('copy', { value: json })
    stream
      .mapValues(() => {
        throw new Error('no')
      })
      .to('out', { value: json })
    const { task, output } = bench(builder.build())
    task.process(fetched(['{"n":1}']))
    expect(output.take().map((record) => record.topic)).toEqual(['q'])
    expect(task.partitions[0]!.tally.snapshot()).toMatchObject({ in: 1, passed: 0, quarantined: { process: 1 } })
  })

  const handlers = [
    ['deserialization.exception.handler', '{', 'decode'],
    ['processing.exception.handler', '{"n":13}', 'process'],
    ['production.exception.handler', `{"n":"${'x'.repeat(1200)}"}`, 'encode'],
  ] as const
  test.each(handlers)('with %s=fail stops the task before it, naming the place', (handler, value, stage) => {
    const { task, output } = bench(picky(), { [handler]: 'fail', 'producer.max.request.size': '1000' })
    const stop = task.process(fetched(['{"n":1}', value, '{"n":2}'], 10))
    expect(stop).toMatchObject({
      code: 'TASK_FAILED',
      message: expect.stringContaining(`stage ${stage}`),
      place: { topic: 'in', partition: 0, offset: 11 },
    })
    expect(stop!.cause).toBeInstanceOf(Error)
    expect(task.partitions[0]!.position).toBe(11)
    expect(output.take().map(text)).toEqual(['{"m":1}'])
  })
})

test('a quarantined record goes to the application’s topic when its source names none', () => {
  const builder = new StreamsBuilder()
  builder.stream('in', { value: json }).to('out', { value: Serdes.json<StructValue>() })
  const topology = builder.build()
  const wrong = fetched(['{'])
  const topicOf = ({ task, output }: Bench): string => {
    task.process(wrong)
    return output.take()[0]!.topic
  }
  expect(topicOf(bench(topology))).toBe('app.quarantine')
  expect(topicOf(bench(topology, { 'quarantine.topic': 'dead' }))).toBe('dead')
})

test('the position moves over control records and gaps', () => {
  const { task } = bench(picky())
  task.process(fetched(['{"n":1}'], 5, 3))
  expect(task.partitions[0]!.position).toBe(9)
  expect(task.partitions[0]!.tally.snapshot().in).toBe(1)
})

const gate: GateDefinition = {
  id: 'g',
  mode: 'enforce',
  ruleset: {
    id: 'r',
    version: 1,
    checks: [
      { id: 'not_sixteen', check: 'not_in_set', field: 'm', params: { values: [16] } },
      { id: 'small', check: 'range', field: 'm', params: { max: 20 }, severity: 'warn' },
      { id: 'once', check: 'unique_within', action: 'drop', doc: 'Repetitions.', params: { entriesMax: 50 } },
    ],
  },
}

const cell = fc.oneof(
  fc.nat(30).map((n) => `{"n":${n}}`),
  fc.constantFrom('{', '', 'null'),
  fc.constant(null),
)

test('whatever comes: in = passed + quarantined + dropped, passed records are put out once, quarantined ones byte for byte', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 60 }), (values) => {
      const { task, output } = bench(picky(gate))
      expect(task.process(fetched(values))).toBeNull()
      const tally = task.partitions[0]!.tally.snapshot()
      checkTally(tally)
      expect(tally.in).toBe(values.length)
      const records = output.take()
      const passed = records.filter((record) => record.topic === 'out')
      const quarantined = records.filter((record) => record.topic === 'q')
      expect(passed).toHaveLength(tally.passed)
      expect(passed.length + quarantined.length).toBe(records.length)
      for (const record of quarantined) {
        const { origin } = readQuarantineHeaders(record.headers)!
        expect(text(record)).toBe(values[origin!.offset] ?? 'null')
      }
    }),
  )
})

test('a task that was stopped anywhere and remembers goes on as one that never was', () => {
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 60 }), fc.nat(60), (values, at) => {
      const cut = Math.min(at, values.length)
      const whole = bench(picky(gate))
      whole.task.process(fetched(values.slice(0, cut)))
      whole.output.take()
      whole.task.process(fetched(values.slice(cut), cut))
      const expected = whole.output.take().map((record) => [record.topic, text(record)])

      const restarted = bench(picky(gate), {}, cut)
      restarted.task.remember(fetched(values))
      expect(restarted.output.length).toBe(0)
      expect(restarted.task.partitions[0]!.tally.snapshot().in).toBe(0)
      restarted.task.process(fetched(values.slice(cut), cut))
      expect(restarted.output.take().map((record) => [record.topic, text(record)])).toEqual(expected)
    }),
  )
})

test('remembering calls no peek, fails on nothing and halts on nothing', () => {
  const seen: unknown[] = []
  const builder = new StreamsBuilder()
  builder
    .stream('in', { value: json })
    .peek((_key, value) => seen.push(value))
    .gate({
      ...gate,
      ruleset: {
        ...gate.ruleset,
        checks: [{ id: 'x', check: 'required', field: 'x', severity: 'fatal' }, gate.ruleset.checks[2]!],
      },
    })
    .to('out', { value: json })
  const { task, output } = bench(builder.build(), { 'deserialization.exception.handler': 'fail' }, 2)
  task.remember(fetched(['{', '{"n":1}']))
  expect([seen, output.length]).toEqual([[], 0])
  expect(task.memoryRecords).toBe(50)
})
