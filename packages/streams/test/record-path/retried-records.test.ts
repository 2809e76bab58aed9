/** A record that is tried again though what it did cannot be taken back: each time its task goes back to the last commit. */
import { expect, test } from '@jest/globals'
import { NotReadyError } from '@sluice/sdk'
import {
  BufferConfig,
  serde,
  Serdes,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  type Serde,
  type Topology,
} from '../../src/index.ts'
import { inputsOf, simulate, type Simulation } from '../../src/testing/simulator/index.ts'

const text = Serdes.string
const asText = { key: text, value: text }
const BEGINNING = 1_700_000_000_000
const TIMEOUT_MS = 2_000

/** `bad` lets the window of what was before it go, and then fails so many times. */
function failing(times: number): Topology {
  let left = times
  const builder = new StreamsBuilder()
  const stream = builder.stream('in', asText)
  stream
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 0))
    .count({ materialized: { name: 'counts' } })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
    .toStream(({ key, start }) => `${key}@${start - BEGINNING}`)
    .mapValues(String)
    .to('windows', asText)
  stream
    .peek((_key, value) => {
      if (value === 'bad' && left-- > 0) throw new Error('not now')
    })
    .to('values', asText)
  return builder.build()
}

async function run(times: number): Promise<Simulation> {
  const input = inputsOf('in', text, text)
  const inputs = ['x', 'bad', 'y'].map((value, i) =>
    input('a', value, { timestamp: BEGINNING + i * 40, atMs: i * 200 }),
  )
  return await simulate({
    topology: failing(times),
    seed: 1,
    inputs,
    partitions: 1,
    instances: 1,
    faults: [],
    model: () => new Map(),
    settings: { 'processing.exception.handler': 'retry', 'task.timeout.ms': String(TIMEOUT_MS) },
  })
}

const read = ({ outputs }: Simulation, topic: string): Record<string, readonly string[]> =>
  Object.fromEntries(
    [...(outputs.get(topic) ?? [])].map(([key, values]) => [hexText(key), values.map(hexText)] as const),
  )
const hexText = (hex: string): string => Buffer.from(hex, 'hex').toString()

test('it goes on once it is through, and what it let go was let go once', async () => {
  const simulation = await run(3)
  expect(simulation.violations).toEqual([])
  expect(read(simulation, 'values')).toEqual({ a: ['x', 'bad', 'y'] })
  expect(read(simulation, 'windows')).toEqual({ 'a@0': ['1'], 'a@40': ['1'] })
})

test('it is quarantined when it was tried for task.timeout.ms, and the run goes on', async () => {
  const simulation = await run(Infinity)
  expect(simulation.violations).toEqual([])
  expect(read(simulation, 'values')).toEqual({ a: ['x', 'y'] })
  expect(read(simulation, 'windows')).toEqual({ 'a@0': ['1'] })
  expect(simulation.trace.filter((line) => line.includes('instance-0-0 ends')).length).toBeLessThanOrEqual(1)
  expect(simulation.lastedMs).toBeGreaterThan(TIMEOUT_MS)
})

test.each([true, false])(
  'what the serde of a store has to ask for is asked for, and the run goes on (caching: %s)',
  async (caching) => {
    let isHere = false
    const ask = async (): Promise<void> => {
      isHere = true
    }
    const encoder: Serde<string>['converter']['encoder'] = (topic, schema) => {
      const encode = text.converter.encoder(topic, schema)
      return (value) => {
        if (!isHere) throw new NotReadyError('The schema is not registered yet', ask)
        return encode(value)
      }
    }
    const value = serde<string>({ decode: (topic, bytes) => text.converter.decode(topic, bytes), encoder })
    const builder = new StreamsBuilder()
    builder
      .stream('in', asText)
      .groupByKey()
      .reduce((a, b) => a + b, { materialized: { name: 'all', engine: 'memory', key: text, value, caching } })
      .toStream()
      .to('values', asText)
    const input = inputsOf('in', text, text)
    const simulation = await simulate({
      topology: builder.build(),
      seed: 1,
      inputs: ['x', 'y'].map((one, i) => input('a', one, { timestamp: BEGINNING + i, atMs: i * 500 })),
      partitions: 1,
      instances: 1,
      faults: [],
      model: () => new Map(),
      settings: { 'task.timeout.ms': String(TIMEOUT_MS) },
    })
    expect(isHere).toBe(true)
    expect(simulation.violations).toEqual([])
    expect(read(simulation, 'values')).toEqual({ a: ['x', 'xy'] })
  },
)
