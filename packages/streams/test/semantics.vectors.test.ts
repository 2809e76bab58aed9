/** What Kafka Streams 4.3.1 answers, record by record (vectors/streams/semantics.json), for the operators that we have. */
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { Serdes, StreamsBuilder, type KStream } from '../src/index.ts'
import { TopologyTestDriver } from '../src/testing/index.ts'

interface Datum {
  readonly key: string | null
  readonly value: string | null
  readonly ts: number
}
interface Case {
  readonly name: string
  readonly topology: string
  readonly dropped: number
  readonly steps: readonly { readonly in: Datum; readonly out: readonly Datum[] }[]
}

const folder = process.env['VECTORS'] ?? new URL('../../e2e/vectors', import.meta.url).pathname
const { cases } = JSON.parse(readFileSync(`${folder}/streams/semantics.json`, 'utf8')) as {
  readonly cases: readonly Case[]
}

type Texts = KStream<string | null, string | null>
const isBeforeM = (_key: string | null, value: string | null): boolean => value !== null && value < 'm'
const WRITTEN: Readonly<Record<string, (stream: Texts) => Texts>> = {
  filter: (stream) => stream.filter(isBeforeM),
  filterNot: (stream) => stream.filterNot(isBeforeM),
}
const written = cases.filter(({ topology }) => topology in WRITTEN)

test(`${written.length} of ${cases.length} cases use only operators that there are`, () => {
  expect(written.length).toBeGreaterThan(0)
})

test.each(written)('$name', ({ topology, steps }) => {
  const text = { key: Serdes.string, value: Serdes.string }
  const builder = new StreamsBuilder()
  WRITTEN[topology]!(builder.stream('in', text)).to('out', text)
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  const output = driver.createOutputTopic('out', Serdes.string, Serdes.string)
  for (const step of steps) {
    input.pipeInput(step.in.key, step.in.value, { timestamp: step.in.ts })
    expect(output.readRecordsToList().map(({ key, value, timestamp }) => ({ key, value, ts: timestamp }))).toEqual(
      step.out,
    )
  }
})
