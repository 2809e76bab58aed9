/**
 * What Kafka Streams 4.3.1 answers, record by record (vectors/streams/semantics.json), and what it drops. Where it is wrong ours is
 * better: those cases are listed by name, each with the reason and what ours answers.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Serdes } from '../src/index.ts'
import { TopologyTestDriver } from '../src/testing/index.ts'
import { vectorTopology, type Params } from './support/vector-topologies.ts'

interface Out {
  readonly topic?: string
  readonly key: string | null
  /** Of a windowed result. */
  readonly start?: number
  readonly end?: number
  readonly value: string | null
  readonly ts: number
}
interface Case {
  readonly name: string
  readonly topology: string
  readonly params: Params
  readonly dropped: number
  readonly steps: readonly {
    readonly in: {
      readonly topic: string
      readonly key: string | null
      readonly value: string | null
      readonly ts: number
    }
    readonly out?: readonly Out[]
    /** Kafka Streams stopped with this exception. */
    readonly error?: string
  }[]
}

/** A case in which ours does better than Kafka Streams. */
interface Better {
  readonly reason: string
  /** What ours puts out at these steps. */
  readonly steps?: Readonly<Record<number, readonly string[]>>
  readonly dropped?: number
}

const EXACT_RETENTION =
  'Kafka Streams’ RocksDB stores keep late records of a join for a segment longer, and its stores in memory refuse and count them; ours refuse them with every engine'
const LOST_ON_CLOSE =
  'time has passed the retention of the window store at once, and Kafka Streams never puts out the windows that closed with it'

const BETTER: Readonly<Record<string, Better>> = {
  'sliding/zero': {
    reason: 'Kafka Streams builds windows of difference 0 and stops with their first record; ours are one per time',
    steps: { 0: ['a@5/5:1@5'] },
  },
  'stream-table/left-versioned-grace': {
    reason: 'Kafka Streams stops at a record without a key (KIP-962 has it put out); ours puts it out at once',
    steps: { 9: ['null:9+null@9'] },
  },
  'stream-stream/inner-g5-late': { reason: EXACT_RETENTION, dropped: 3 },
  'stream-stream/left-g0-late': { reason: EXACT_RETENTION, dropped: 4 },
  'stream-stream/left-g5-late': { reason: EXACT_RETENTION, dropped: 3 },
  'stream-stream/outer-g0-late': { reason: EXACT_RETENTION, dropped: 4 },
  'tumbling/emit-close-g5': { reason: LOST_ON_CLOSE, steps: { 11: ['a@10/20:3@15', 'b@10/20:1@12'] } },
  'hopping/emit-close-random1': {
    reason: LOST_ON_CLOSE,
    steps: {
      15: ['a@10/20:6@18', 'b@10/20:1@17'],
      20: ['a@20/30:3@28', 'b@20/30:1@28'],
      23: ['a@25/35:2@28', 'b@25/35:3@31'],
    },
  },
  'hopping/emit-close-random2': {
    reason: LOST_ON_CLOSE,
    steps: {
      6: ['b@0/10:5@9'],
      14: ['a@20/30:2@28', 'b@20/30:2@23', 'a@25/35:2@31'],
      18: ['a@30/40:4@38', 'a@35/45:3@38'],
      21: ['a@40/50:1@49', 'b@40/50:1@49'],
    },
  },
}

const folder = process.env['VECTORS'] ?? new URL('../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/semantics.json`, 'utf8')) as {
  readonly cases: readonly Case[]
}
const same = cases.filter(({ name }) => !(name in BETTER))
const better = cases.filter(({ name }) => name in BETTER)

describe(`${same.length} of ${cases.length} cases: as Kafka Streams answers, and as many dropped`, () => {
  test.each(same)('$name', (one) => {
    const { steps, dropped } = run(one)
    expect(steps).toEqual(one.steps.map(({ out }) => textsOf(out ?? [])))
    expect(dropped).toBe(one.dropped)
  })
})

describe(`${better.length} of ${cases.length} cases: better than Kafka Streams`, () => {
  test.each(better.map((one) => ({ ...one, reason: BETTER[one.name]!.reason })))('$name: $reason', (one) => {
    const { steps: answers = {}, dropped: expected = one.dropped } = BETTER[one.name]!
    const { steps, dropped } = run(one)
    expect(steps).toEqual(one.steps.map(({ out }, i) => answers[i] ?? textsOf(out ?? [])))
    expect(dropped).toBe(expected)
    // It is not as Kafka Streams answers, or the case would have no business here.
    const isSame = one.steps.every(({ out, error }) => error === undefined && out !== undefined)
    expect([isSame && Object.keys(answers).length === 0, dropped]).not.toEqual([true, one.dropped])
  })
})

test('every case that is listed as better is a case, and not one stopped Kafka Streams without being listed', () => {
  expect(better.map(({ name }) => name).toSorted()).toEqual(Object.keys(BETTER).toSorted())
  expect(same.filter(({ steps }) => steps.some(({ error }) => error !== undefined))).toEqual([])
})

function run({ topology, params, steps }: Case): {
  readonly steps: readonly (readonly string[])[]
  readonly dropped: number
} {
  const driver = new TopologyTestDriver(vectorTopology(topology, params), {
    settings: { 'processing.exception.handler': 'fail' },
  })
  const topics = new Set(['out', ...steps.flatMap(({ out = [] }) => out.map(({ topic = 'out' }) => topic))])
  const outputs = [...topics].toSorted().map((topic) => driver.createOutputTopic(topic, Serdes.string, Serdes.string))
  const answers = steps.map((step) => {
    const { topic, key, value, ts } = step.in
    driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput(key, value, { timestamp: ts })
    return outputs.flatMap((output) =>
      output.readRecordsToList().map(({ key, value, timestamp }) => textOf(output.topic, `${key}`, value, timestamp)),
    )
  })
  const dropped = Object.values(driver.droppedRecords()).reduce((sum, count) => sum + count, 0)
  driver.close()
  return { steps: answers, dropped }
}

function textsOf(out: readonly Out[]): string[] {
  return out.map(({ topic = 'out', key, start, end, value, ts }) =>
    textOf(topic, start === undefined ? `${key}` : `${key}@${start}/${end! > 2 ** 62 ? Infinity : end}`, value, ts),
  )
}

function textOf(topic: string, key: string, value: string | null, timestamp: number): string {
  return `${topic === 'out' ? '' : `${topic} `}${key}:${value}@${timestamp}`
}
