/** What the simulator runs: by its seed one of these topologies, with input that is late, out of order, poisoned and aborted now and then. */
import {
  BufferConfig,
  JoinWindows,
  Serdes,
  StreamsBuilder,
  Suppressed,
  TimeWindows,
  type Topology,
} from '@sluice/streams'
import { inputsOf, type SimulatedInput, type SimulationOptions } from '@sluice/streams/testing'
import { SeededRandom } from '@sluice/sdk/testing'

const text = Serdes.string
const asText = { key: text, value: text }
const asLong = { key: text, value: Serdes.long }
const BEGINNING = 1_700_000_000_000
const KEYS = 9

type Write = (random: SeededRandom, count: number) => readonly SimulatedInput[]

interface Scenario {
  readonly name: string
  readonly topology: Topology
  readonly write: Write
  readonly compare?: NonNullable<SimulationOptions['compare']>
  /** Of results that do not count what is there twice. */
  readonly compareAtLeastOnce?: NonNullable<SimulationOptions['compare']>
}

/** Records without order among their timestamps. */
function moments(random: SeededRandom, count: number, latestMs: number): { timestamp: number; atMs: number }[] {
  let at = 0
  return Array.from({ length: count }, () => {
    at += random.below(25)
    return { timestamp: BEGINNING + at - (random.isOneIn(4) ? random.below(latestMs) : 0), atMs: at }
  })
}

const numbers: Write = (random, count) => {
  const input = inputsOf('numbers', text, Serdes.long)
  return moments(random, count, 900).map((facts, i) =>
    input(`key ${random.below(KEYS)}`, i * 100 + random.below(100), facts),
  )
}

/** What cannot be decoded, what an operator throws at, and what is filtered out. */
function poisoned(): Scenario {
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: text, value: Serdes.json<{ readonly eur: number; readonly nr: number }>() })
    .filter((_key, order) => order !== null && order.eur !== 13, { name: 'lucky' })
    .mapValues((order) => {
      if (order!.eur === 66) throw new Error('refused')
      return `${order!.nr}: ${order!.eur * 2}`
    })
    .to('doubled', asText)
  const write: Write = (random, count) => {
    const input = inputsOf('orders', text, text)
    return moments(random, count, 100).map((facts, nr) => {
      const value = random.isOneIn(9) ? 'not { JSON' : JSON.stringify({ eur: random.pick([1, 2, 13, 66, 100]), nr })
      return input(`key ${random.below(KEYS)}`, value, facts)
    })
  }
  return { name: 'poisoned', topology: builder.build(), write }
}

function counted(): Scenario {
  const builder = new StreamsBuilder()
  const groups = builder.stream('numbers', asLong).groupByKey()
  groups
    .count({ materialized: { name: 'counts' } })
    .toStream()
    .mapValues(String)
    .to('counts', asText)
  groups
    .aggregate(
      () => 0,
      (_key, value, sum) => sum + value,
      { materialized: { name: 'sums', value: Serdes.long } },
    )
    .toStream()
    .mapValues(String)
    .to('sums', asText)
  return { name: 'counted', topology: builder.build(), write: numbers }
}

function regrouped(): Scenario {
  const builder = new StreamsBuilder()
  builder
    .stream('numbers', asLong)
    .selectKey((_key, value) => `digit ${value! % 10}`)
    .groupByKey({ ...asLong, name: 'by-digit' })
    .count({ materialized: { name: 'digits' } })
    .toStream()
    .mapValues(String)
    .to('digits', asText)
  return { name: 'regrouped', topology: builder.build(), write: numbers }
}

function windowed(): Scenario {
  const builder = new StreamsBuilder()
  builder
    .stream('numbers', asLong)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(400, 200))
    .aggregate(
      () => 0,
      (_key, value, sum) => sum + value,
      { materialized: { name: 'windows', value: Serdes.long } },
    )
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'closed' }))
    .toStream(({ key, start }) => `${key}@${start}`, { name: 'named' })
    .mapValues(String)
    .to('windows', asText)
  return { name: 'windowed', topology: builder.build(), write: numbers }
}

function enriched(): Scenario {
  const builder = new StreamsBuilder()
  const names = builder.table('names', { ...asText, materialized: { name: 'names' } })
  builder
    .stream('numbers', asLong)
    .leftJoin(names, (value, name) => `${name ?? 'nobody'} ${value}`)
    .to('enriched', asText)
  const write: Write = (random, count) => {
    const name = inputsOf('names', text, text)
    const facts = { timestamp: BEGINNING - 10_000, atMs: 0 }
    const rows = Array.from({ length: KEYS - 2 }, (_, i) => name(`key ${i}`, `name ${i}`, facts))
    return [...rows, ...numbers(random, count)]
  }
  return { name: 'enriched', topology: builder.build(), write, compareAtLeastOnce: { enriched: 'set' } }
}

function paired(): Scenario {
  const builder = new StreamsBuilder()
  const left = builder.stream('lefts', asText)
  const right = builder.stream('rights', asText)
  left
    .join(right, (a, b) => `${a}+${b}`, JoinWindows.ofTimeDifferenceAndGrace(150, 600_000), {
      ...asText,
      otherValue: text,
      name: 'pairs',
      storeName: 'pairs',
    })
    .to('pairs', asText)
  const write: Write = (random, count) => {
    const sides = ['lefts', 'rights'].map((topic) => inputsOf(topic, text, text))
    return moments(random, count, 300).map((facts, i) => random.pick(sides)(`key ${random.below(KEYS)}`, `${i}`, facts))
  }
  return { name: 'paired', topology: builder.build(), write, compare: { pairs: 'set' } }
}

/** Another system is asked about each record, which refuses some and never answers others; and about what has been counted of a key. */
function asked(): Scenario {
  const builder = new StreamsBuilder()
  const answers = builder.stream('numbers', asLong).mapValuesAsync(
    async (value) => {
      if (value! % 31 === 7) throw new Error('refused')
      if (Math.floor(value! / 100) % 97 === 7) return await new Promise<string>(() => undefined)
      return `answer to ${value}`
    },
    { name: 'ask', timeoutMs: 400, concurrency: 4 },
  )
  answers.to('answers', asText)
  answers
    .groupByKey({ ...asText, name: 'by-key' })
    .count({ materialized: { name: 'answered' } })
    .toStream()
    .mapValuesAsync(async (count) => `${count} answers`, { name: 'tell' })
    .to('told', asText)
  const write: Write = (random, count) => numbers(random, Math.ceil(count / 2))
  return { name: 'asked', topology: builder.build(), write }
}

/** All records of a partition, in which they all are, go on in their order, whatever their keys. */
function askedInOrder(): Scenario {
  const builder = new StreamsBuilder()
  builder
    .stream('numbers', asLong)
    .mapValuesAsync(async (value) => `answer to ${value}`, { name: 'ask', keepsOrder: true })
    .map((key, answer) => ['all', `${key}: ${answer}`] as const)
    .to('answers', asText)
  const write: Write = (random, count) => numbers(random, count).map((input) => ({ ...input, partition: 0 }))
  return { name: 'asked in order', topology: builder.build(), write }
}

const scenarios: readonly Scenario[] = [
  poisoned(),
  counted(),
  regrouped(),
  windowed(),
  enriched(),
  paired(),
  asked(),
  askedInOrder(),
]

export type Guarantee = 'at_least_once' | 'exactly_once_v2'

/** What a seed simulates; without a guarantee, a third of the seeds is at least once. */
export function scenarioOf(
  seed: number,
  guarantee?: Guarantee,
): { readonly name: string; readonly options: SimulationOptions } {
  const { name, topology, write, compare = {}, compareAtLeastOnce = {} } = scenarios[seed % scenarios.length]!
  const random = new SeededRandom(seed ^ 0x51_0c_e0)
  const drawn: Guarantee = random.isOneIn(3) ? 'at_least_once' : 'exactly_once_v2'
  const promised = guarantee ?? drawn
  const options: SimulationOptions = {
    topology,
    seed,
    inputs: write(random, 80 + random.below(160)),
    partitions: 1 + random.below(4),
    instances: 1 + random.below(3),
    settings: { 'processing.guarantee': promised, 'num.stream.threads': String(1 + random.below(2)) },
    compare: promised === 'at_least_once' ? { ...compare, ...compareAtLeastOnce } : compare,
  }
  return { name: `${name}, ${promised}`, options }
}
