/**
 * What Kafka Streams 4.3.1 writes to the topics that an application keeps for itself (vectors/streams/changelogs.json): every record of
 * every changelog, repartition, subscription and response topic, with key, value, time and headers, behind each input.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { Serdes } from '../src/index.ts'
import { readBufferValue, writeBufferValue } from '../src/state/formats/buffer-value.ts'
import { TopologyTestDriver, type TestOutputTopic } from '../src/testing/index.ts'
import { vectorTopology, type Params } from './support/vector-topologies.ts'

interface Row {
  readonly afterInput: number
  readonly key: string | null
  readonly value: string | null
  readonly ts: number | null
  readonly headers?: readonly { readonly key: string; readonly value: string | null }[]
}
interface Case {
  readonly topology: string
  readonly params: Params
  readonly inputs: readonly {
    readonly topic: string
    readonly key: string | null
    readonly value: string | null
    readonly ts: number
  }[]
  readonly topics: Readonly<Record<string, readonly Row[]>>
}

const folder = process.env['VECTORS'] ?? new URL('../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/changelogs.json`, 'utf8')) as {
  readonly cases: readonly Case[]
}

const nameOf = ({ topology, params }: Case): string => `${topology} ${JSON.stringify(params)}`

/** Where Kafka Streams is wrong: what it wrote, turned into what ours writes. */
const BETTER: Readonly<Record<string, { readonly reason: string; ours(topics: Case['topics']): Case['topics'] }>> = {
  'tumbling {"op":"count","size":10,"grace":5,"suppress":"close"}': {
    reason: 'before the first record of a window there was no row; Kafka Streams says that there was one, of count 0',
    ours: (topics) =>
      Object.fromEntries(
        Object.entries(topics).map(([topic, rows]) => [
          topic,
          topic.includes('-SUPPRESS-') ? rows.map(withoutZero) : rows,
        ]),
      ),
  },
  'tumbling {"op":"count","size":10,"grace":5,"emit":"close"}': {
    reason: 'time has passed the retention at once, and Kafka Streams never puts out the windows that closed with it',
    ours: (topics) => ({
      ...topics,
      out: [
        { afterInput: 4, key: base64(Buffer.from('a@0/10')), value: base64(Buffer.from('2')), ts: 9 },
        { afterInput: 4, key: base64(Buffer.from('b@0/10')), value: base64(Buffer.from('1')), ts: 5 },
        { afterInput: 4, key: base64(Buffer.from('a@10/20')), value: base64(Buffer.from('1')), ts: 10 },
      ],
    }),
  },
}
const same = cases.filter((one) => !(nameOf(one) in BETTER))
const better = cases.filter((one) => nameOf(one) in BETTER)

describe(`${same.length} of ${cases.length} topologies write their topics as Kafka Streams does`, () => {
  test.each(same)('$topology $params', (one) => {
    expect(comparable(written(one))).toEqual(comparable(one.topics))
  })
})

describe(`${better.length} of ${cases.length} topologies do better than Kafka Streams`, () => {
  test.each(better.map((one) => ({ ...one, ...BETTER[nameOf(one)]! })))('$topology $params: $reason', (one) => {
    expect(comparable(written(one))).toEqual(comparable(one.ours(one.topics)))
    expect(comparable(one.ours(one.topics))).not.toEqual(comparable(one.topics))
  })
  test('every one that is listed is there', () => expect(better).toHaveLength(Object.keys(BETTER).length))
})

/** Everything that a topology of ours writes for the inputs of a case. */
function written({ topology, params, inputs }: Case): Case['topics'] {
  const driver = new TopologyTestDriver(vectorTopology(topology, params), {
    settings: { 'application.id': 'app', 'processing.exception.handler': 'fail' },
  })
  const outputs = new Map<string, TestOutputTopic<Uint8Array, Uint8Array>>()
  const written: Record<string, Row[]> = {}
  for (const [afterInput, { topic, key, value, ts }] of inputs.entries()) {
    driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput(key, value, { timestamp: ts })
    for (const name of driver.producedTopicNames) {
      if (!outputs.has(name)) outputs.set(name, driver.createOutputTopic(name))
      for (const { key, value, timestamp, headers } of outputs.get(name)!.readRecordsToList()) {
        const row: Row = { afterInput, key: base64(key), value: base64(value), ts: timestamp }
        const some = headers.map(({ key, value }) => ({ key, value: base64(value) }))
        ;(written[name] ??= []).push(some.length === 0 ? row : { ...row, headers: some })
      }
    }
  }
  return written
}

/** Records without a time are read as of time 0; what a buffer logs at a commit is in the order of a hash map, and so in none. */
function comparable(topics: Case['topics']): Case['topics'] {
  return Object.fromEntries(
    Object.entries(topics).map(([topic, rows]) => {
      const timed = rows.map((row) => ({ ...row, ts: row.ts ?? 0 }))
      if (!topic.includes('-SUPPRESS-')) return [topic, timed]
      return [topic, timed.toSorted((a, b) => a.afterInput - b.afterInput || (a.key! < b.key! ? -1 : 1))]
    }),
  )
}

/** What waits in a buffer, but that a row of count 0 was there before is said as none. */
function withoutZero(row: Row): Row {
  if (row.value === null) return row
  const { time, ...buffered } = readBufferValue(Buffer.from(row.value, 'base64'))
  const none = (bytes: Uint8Array | null): Uint8Array | null => (bytes?.every((byte) => byte === 0) ? null : bytes)
  const { priorValue, oldValue } = buffered
  const value = writeBufferValue({ ...buffered, priorValue: none(priorValue), oldValue: none(oldValue) }, time)
  return { ...row, value: base64(value) }
}

function base64(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('base64')
}
