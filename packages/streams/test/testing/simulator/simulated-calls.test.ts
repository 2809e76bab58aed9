/** Asynchronous operators in simulated time: what they ask is answered in any order, late, or never. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import { Serdes } from '../../../src/serdes.ts'
import { StreamsBuilder } from '../../../src/dsl/streams-builder.ts'
import { AsyncCalls } from '../../../src/record-path/async-calls.ts'
import type { AsyncMapping } from '../../../src/options.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { inputsOf, simulate, type SimulationOptions } from '../../../src/testing/simulator/index.ts'

const text = Serdes.string
const asText = { key: text, value: text }

/** Refuses what ends with 7, and never answers what ends with 23; counts answers by key. */
function asking(mapping: AsyncMapping = {}): Topology {
  const builder = new StreamsBuilder()
  const answers = builder.stream('words', asText).mapValuesAsync(
    async (value) => {
      if (value!.endsWith('7')) throw new Error('refused')
      if (value!.endsWith('23')) return await new Promise<string>(() => undefined)
      return `${value}!`
    },
    { name: 'ask', timeoutMs: 300, ...mapping },
  )
  answers.to('answers', asText)
  answers
    .groupByKey(asText)
    .count({ materialized: { name: 'counts' } })
    .toStream()
    .mapValuesAsync(async (count) => `${count}!`, { name: 'tell' })
    .to('counts', asText)
  return builder.build()
}

/** All keys in one partition and, behind the calls, of one key. `isKeyed`: the calls know the keys. */
function inOneOrder(
  mapping: AsyncMapping,
  isKeyed = true,
  ask: (value: string) => Promise<string> = (value) => Promise.resolve(value),
): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('words', asText)
    .map((key, value) => [isKeyed ? key : null, `${key} ${value}`] as const)
    .mapValuesAsync(ask, { name: 'ask', ...mapping })
    .map((_key, value) => [isKeyed ? 'all' : value.split(' ')[1]!, value] as const)
    .to('answers', asText)
  return builder.build()
}

const options = (seed: number, topology: Topology = asking()): SimulationOptions => {
  const random = new SeededRandom(seed)
  const input = inputsOf('words', text, text)
  const inputs = Array.from({ length: 60 }, (_, i) =>
    input(`word ${random.below(5)}`, String(i), { timestamp: 1_700_000_000_000 + i, atMs: i * 20, partition: 0 }),
  )
  return { topology, seed, inputs }
}

async function firstViolation(topology: Topology): Promise<string | null> {
  for (let seed = 1; seed <= 20; seed++) {
    const [violation] = (await simulate(options(seed, topology))).violations
    if (violation !== undefined) return `${violation.invariant}: ${violation.what}`
  }
  return null
}

describe.each(['exactly_once_v2', 'at_least_once'])('an application that asks others, %s', (guarantee) => {
  test('holds every invariant whatever goes wrong, with refusals and time-outs', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const simulation = await simulate({
        ...options(seed),
        settings: { 'processing.guarantee': guarantee },
      })
      expect({ seed, violations: simulation.violations }).toEqual({ seed, violations: [] })
      expect(simulation.trace.some((line) => line.includes('is answered by ask'))).toBe(true)
      expect(simulation.outputs.get('answers')!.size).toBeGreaterThan(0)
    }
  }, 60_000)
})

test('exactly once, calls may take longer than a transaction: none is aborted for that', async () => {
  const topology = inOneOrder({ timeoutMs: 1_500 }, true, (value) =>
    value.startsWith('word 1') ? new Promise(() => undefined) : Promise.resolve(value),
  )
  const { violations, trace } = await simulate({ ...options(1, topology), faults: [], compare: { answers: 'set' } })
  expect(violations).toEqual([])
  expect(trace.filter((line) => /transaction of (?!input-).* aborted/.test(line))).toEqual([])
})

test('the same seed is answered in the same order', async () => {
  const [first, again] = [await simulate(options(3)), await simulate(options(3))]
  expect(again.trace).toEqual(first.trace)
})

test('answers come in another order than questions: with keepsOrder records go on in theirs, without it they do not', async () => {
  expect(await firstViolation(inOneOrder({ keepsOrder: true }))).toBeNull()
  expect(await firstViolation(inOneOrder({}))).toContain('of key all')
})

test('the order of one key is that of its records: where the calls do not know the key it is not', async () => {
  expect(await firstViolation(inOneOrder({}, false))).toContain('of key ')
})

describe('a bug is found', () => {
  const whole = Object.getOwnPropertyDescriptor(AsyncCalls.prototype, 'isEmpty')!
  afterEach(() => void Object.defineProperty(AsyncCalls.prototype, 'isEmpty', whole))

  test('by which commits do not wait for calls', async () => {
    Object.defineProperty(AsyncCalls.prototype, 'isEmpty', { ...whole, get: () => true })
    expect(await firstViolation(asking())).toMatch(/^[12]: /)
  })
})
