import { describe, expect, test } from '@jest/globals'
import type { Kafka } from '@sluice/kafka'
import { SeededRandom } from '@sluice/sdk/testing'
import { Serdes } from '../../../src/serdes.ts'
import { StreamsBuilder } from '../../../src/dsl/streams-builder.ts'
import { BufferConfig, Suppressed } from '../../../src/dsl/suppressed.ts'
import { HeldBack } from '../../../src/record-path/held-back.ts'
import type { ProcessorContext } from '../../../src/operators/process.ts'
import type { StreamRecord } from '../../../src/operators/stream-record.ts'
import { TimeWindows } from '../../../src/windows/time-windows.ts'
import { inputsOf, shrink, simulate, type SimulationOptions } from '../../../src/testing/simulator/index.ts'

const text = Serdes.string
const asText = { key: text, value: text }

function counting() {
  const builder = new StreamsBuilder()
  builder
    .stream('words', asText)
    .groupByKey()
    .count({ materialized: { name: 'counts' } })
    .toStream()
    .mapValues(String)
    .to('counts', asText)
  return builder.build()
}

/** Windows that nothing closes behind the last record but the clock. */
function idling() {
  const builder = new StreamsBuilder()
  builder
    .stream('words', asText)
    .advanceWhenIdle({ name: 'idle', afterMs: 150 })
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(200, 50))
    .count({ materialized: { name: 'counts' } })
    .suppress(Suppressed.untilWindowCloses(BufferConfig.unbounded(), { name: 'final' }))
    .toStream(({ key, start }) => `${key}@${start}`)
    .mapValues(String)
    .to('windows', asText)
  return builder.build()
}

function words(seed: number, count = 60): SimulationOptions['inputs'] {
  const random = new SeededRandom(seed)
  const input = inputsOf('words', text, text)
  return Array.from({ length: count }, (_, i) =>
    input(`word ${random.below(5)}`, String(i), { timestamp: 1_700_000_000_000 + i, atMs: i * 20 }),
  )
}

const options = (seed: number): SimulationOptions => ({ topology: counting(), seed, inputs: words(seed) })

/** The offsets of a transaction are thrown away. */
function withoutOffsets(kafka: Kafka): Kafka {
  return {
    ...kafka,
    async transactionalProducer(of) {
      const producer = await kafka.transactionalProducer(of)
      return {
        begin: () => producer.begin(),
        produce: (records) => producer.produce(records),
        sendOffsets: () => Promise.resolve(),
        commit: () => producer.commit(),
        abort: () => producer.abort(),
        close: (timeoutMs) => producer.close(timeoutMs),
      }
    },
  }
}

describe('a simulation', () => {
  test('of an application with faults ends with every invariant held and the output of the model', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const { violations, faults, trace } = await simulate(options(seed))
      expect({ seed, violations }).toEqual({ seed, violations: [] })
      expect(faults.length).toBeGreaterThan(0)
      expect(trace.some((line) => line.includes('commits words'))).toBe(true)
    }
  })

  test('of one seed has one trace, however often it is run; of another, another', async () => {
    const [first, again, other] = [await simulate(options(3)), await simulate(options(3)), await simulate(options(4))]
    expect(again.trace).toEqual(first.trace)
    expect(again.hash).toBe(first.hash)
    expect(other.hash).not.toBe(first.hash)
  })

  test('crashes an instance at the step that is asked for, before the broker has it, after, and when it knows', async () => {
    for (const point of ['asking', 'done', 'answered'] as const) {
      const faults = [
        { kind: 'crash at' as const, atMs: 600, instance: 0, request: 'commit', number: 1, point, downMs: 400 },
      ]
      const { violations, trace } = await simulate({ ...options(5), instances: 1, faults })
      expect(violations).toEqual([])
      const said = trace.map((line) => line.slice(line.indexOf(' ') + 1))
      const at = said.indexOf('instance-0-0 crashes')
      const asked = said.lastIndexOf('instance-0-0 asks commit', at)
      const between = said.slice(asked, at)
      expect(between.some((line) => / transaction of .* committed$/.test(line))).toBe(point !== 'asking')
      expect(said.slice(at + 1).some((line) => line.startsWith('instance-0-0 '))).toBe(false)
      expect(said.indexOf('instance-0-1 is RUNNING', at)).toBeGreaterThan(at)
    }
  })

  test('refuses what a zombie writes when it goes on after its session', async () => {
    const faults = [{ kind: 'freeze' as const, atMs: 500, instance: 0, ms: 4_000 }]
    const { violations, trace } = await simulate({ ...options(6), faults })
    expect(violations).toEqual([])
    expect(
      trace.some((line) => /instance-0-0.* hears of .*(UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION|EPOCH)/.test(line)),
    ).toBe(true)
  })

  test('loses nothing at least once', async () => {
    for (let seed = 20; seed < 26; seed++) {
      const settings = { 'processing.guarantee': 'at_least_once' }
      const { violations } = await simulate({ ...options(seed), settings })
      expect({ seed, violations }).toEqual({ seed, violations: [] })
    }
  })

  test('says what should have come out, and did not', async () => {
    const model = () => new Map([['counts', new Map([['61', ['31']]])]])
    const { violations } = await simulate({ ...options(7), faults: [], model })
    expect(violations[0]).toEqual({
      invariant: 1,
      what: 'counts: of key a there should be 1 (1), and there is 0 ()',
    })
  })

  test('puts each window out once, the last ones too, though its stream goes idle and only the clock moves on', async () => {
    for (let seed = 40; seed < 50; seed++) {
      const timed = words(seed).map((input, i) => ({ ...input, timestamp: 1_700_000_000_000 + i * 20 }))
      const last = timed.at(-1)!
      // Far behind its time: it closes nothing, and is there to be waited for.
      const inputs = [...timed, { ...last, timestamp: 1_700_000_000_000, atMs: 8_000 }]
      const { violations, outputs } = await simulate({ topology: idling(), seed, inputs, model: () => new Map() })
      expect({ seed, violations }).toEqual({ seed, violations: [] })
      const windows = [...outputs.get('windows')!]
      expect(windows.filter(([, counts]) => counts.length > 1)).toEqual([])
      const start = Math.floor(last.timestamp / 200) * 200
      expect(windows.map(([key]) => Buffer.from(key, 'hex').toString())).toContain(
        `${Buffer.from(last.key!).toString()}@${start}`,
      )
    }
  })

  test('of punctuators that fail holds every invariant: their dead letters are of no partition', async () => {
    const builder = new StreamsBuilder()
    let failures = 0
    const fail = (): never => {
      failures++
      throw new Error('not now')
    }
    builder
      .stream('words', asText)
      .process<string | null, string | null>(() => {
        let context: ProcessorContext<string | null, string | null>
        return {
          init(given: ProcessorContext<string | null, string | null>) {
            context = given
            context.schedule(300, 'WALL_CLOCK_TIME', fail)
          },
          process: (record: StreamRecord<string | null, string | null>) => context.forward(record),
        }
      })
      .to('words-out', asText)
    const topology = builder.build()
    const { violations } = await simulate({ ...options(9), topology })
    expect(violations).toEqual([])
    expect(failures).toBeGreaterThan(3)
  })

  test('that breaks an invariant does so with as few faults as need be', async () => {
    const broken = { ...options(8), around: withoutOffsets }
    const found = await simulate(broken)
    expect(found.violations.length).toBeGreaterThan(0)
    const smallest = await shrink(broken, found)
    expect(smallest.violations[0]?.invariant).toBe(found.violations[0]!.invariant)
    expect(smallest.faults).toEqual([])
  }, 60_000)
})

describe('a key that is paused for a while', () => {
  const paused = (seed: number): SimulationOptions => ({
    ...options(seed),
    partitions: 1,
    pauses: [{ target: { topic: 'words', key: 'word 1' }, atMs: 300, ms: 1_500 }],
  })

  test('holds every invariant whatever goes wrong, and others go on behind its records', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const { violations, trace } = await simulate(paused(seed))
      expect({ seed, violations }).toEqual({ seed, violations: [] })
      expect(trace.filter((line) => line.includes('key word 1 of words'))).toHaveLength(2)
    }
  })

  test('and a bug by which it is not held back, but passed over, is found', async () => {
    const whole = Object.getOwnPropertyDescriptor(HeldBack.prototype, 'held')!
    Object.defineProperty(HeldBack.prototype, 'held', {
      ...whole,
      value: ({ position }: { readonly position: number }) => ({ until: position, offsets: [] }),
    })
    try {
      const { violations } = await simulate({ ...paused(1), faults: [] })
      expect(violations).not.toEqual([])
    } finally {
      Object.defineProperty(HeldBack.prototype, 'held', whole)
    }
  })
})
