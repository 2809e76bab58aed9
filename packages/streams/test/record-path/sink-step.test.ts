import { expect, test } from '@jest/globals'
import { partitionForKey } from '@sluice/kafka'
import type { Clock } from '@sluice/sdk'
import { serde, Serdes, type Side } from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { RecordContext } from '../../src/record-path/record-context.ts'
import { sinkStep } from '../../src/record-path/sink-step.ts'
import { fixedWindowedKey } from '../../src/dsl/windowed-keys.ts'
import { codecOf } from '../../src/state/formats/side-codec.ts'
import type { SinkNode } from '../../src/topology/node.ts'
import { TimeWindows } from '../../src/windows/time-windows.ts'

const NOW = 1_700_000_000_000

function send(facts: Partial<SinkNode>, records: readonly (readonly [unknown, unknown, number?])[], now = () => NOW) {
  const output = new OutputBatch()
  const at = new RecordContext({ output, clock: { now } as Clock })
  at.topic = 'in'
  const sink: SinkNode = {
    kind: 'sink',
    name: 'sink',
    predecessors: [],
    topic: 'out',
    key: Serdes.string,
    value: Serdes.string,
    ...facts,
  }
  const scope = {
    recordBytesMax: 1000,
    recordLimits: new Map([
      ['usual', { bytes: Infinity, aheadMs: 1_000, behindMs: Infinity }],
      ['out', { bytes: Infinity, aheadMs: 1_000, behindMs: 5_000 }],
    ]),
    clock: { now },
    partitionsOf: (topic: string) => (topic === 'out' ? 12 : 1),
  }
  const step = sinkStep(sink, { key: false, value: false }, scope)
  for (const [key, value, timestamp = NOW] of records) {
    at.timestamp = timestamp
    step(key, value, at)
  }
  return output.take().map(({ topic, partition }) => [topic, partition])
}

test('without a partitioner the producer decides', () => {
  expect(send({}, [['k', 'v']])).toEqual([['out', null]])
})

test('a partitioner chooses one partition, several, none, or leaves it to the producer', () => {
  const chosen: Record<string, number | readonly number[] | null> = { one: 3, several: [1, 2, 1], none: [], any: null }
  const seen: unknown[] = []
  const partitioner: NonNullable<SinkNode['partitioner']> = (topic, key, value, partitions) => {
    seen.push([topic, value, partitions])
    return chosen[String(key)]!
  }
  const records = Object.keys(chosen).map((key) => [key, 'v'] as const)
  expect(send({ partitioner }, records)).toEqual([
    ['out', 3],
    ['out', 1],
    ['out', 2],
    ['out', null],
  ])
  expect(seen[0]).toEqual(['out', 'v', 12])
})

test('a function chooses the topic by record', () => {
  const topic: SinkNode['topic'] = (key, value, record) => `${String(key)}-${String(value)}-${record.topic}`
  expect(
    send({ topic }, [
      ['a', 'b'],
      ['c', 'd'],
    ]),
  ).toEqual([
    ['a-b-in', null],
    ['c-d-in', null],
  ])
})

test('a sink looks at the clock once for many records, also where a function chooses the topic', () => {
  for (const topic of ['usual', () => 'usual']) {
    let looks = 0
    const now = (): number => {
      looks++
      return NOW
    }
    send(
      { topic },
      ['a', 'b', 'c'].map((key) => [key, 'v'] as const),
      now,
    )
    expect(looks).toBe(1)
  }
})

test('a windowed key goes to the partition of the key within, whatever the window', () => {
  const key: Side = fixedWindowedKey(Serdes.string, TimeWindows.ofSizeWithNoGrace(10))
  const partition = partitionForKey(Buffer.from('k'), 12)
  const windows = [0, 10, 5000].map((start) => [{ key: 'k', start, end: start + 10 }, 'v'] as const)
  expect(send({ key }, windows)).toEqual(windows.map(() => ['out', partition]))
})

test('a function that chooses no topic is told so', () => {
  expect(() => send({ topic: () => undefined as unknown as string }, [['k', 'v']])).toThrow(
    /The function of sink has chosen no topic: undefined/,
  )
})

test('a serde that writes a text instead of bytes is told so, of records and of rows', () => {
  const { converter } = Serdes.string
  const textual = serde<string>({ ...converter, encoder: () => (value) => value as never })
  expect(() => send({ value: textual }, [['k', 'v']])).toThrow(
    'A serde writes a string for out where bytes are asked for',
  )
  expect(() => codecOf<string>(textual, 'app-store-changelog').encode('v')).toThrow('for app-store-changelog')
})

test.each<SinkNode['topic']>(['out', () => 'out'])(
  'a time that is further ahead than the topic allows is told so',
  (topic) => {
    expect(send({ topic }, [['k', 'v', NOW + 1_000]])).toEqual([['out', null]])
    const late = [
      ['k', 'v', NOW],
      ['k', 'v', NOW + 1_001],
    ] as const
    expect(() => send({ topic }, late)).toThrow(
      `A record for out has the time ${NOW + 1_001}, which is more than 1000 ms ahead`,
    )
    expect(send({ topic: 'other' }, late)).toHaveLength(2)
  },
)

test('so is one that is further behind', () => {
  expect(send({}, [['k', 'v', NOW - 5_000]])).toEqual([['out', null]])
  const old = [
    ['k', 'v', NOW],
    ['k', 'v', NOW - 5_001],
  ] as const
  expect(() => send({}, old)).toThrow(
    `A record for out has the time ${NOW - 5_001}, which is further back than the topic takes`,
  )
  expect(send({ topic: 'usual' }, old)).toHaveLength(2)
})
