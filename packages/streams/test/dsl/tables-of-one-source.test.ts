/** Joins of a table with itself, or with what was made of it: both sides have changed before either is told. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Serdes, type KTable, type StreamsBuilder } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'
import { text, thrownBy, topologyOf } from './topology-of.ts'

type Texts = KTable<string, string>
type Row = readonly [key: string, value: string | null]

const both = (a: string | null, b: string | null): string => `${a}${b}`
const isPlain = (_key: string, value: string): boolean => !value.includes('x')
const stored = (name: string) => ({ materialized: { name, ...text } })

/** The rows that a table comes to. */
function rowsOf(write: (table: Texts) => Texts, changes: readonly Row[]): Record<string, string> {
  const rows: Record<string, string> = {}
  const topology = topologyOf((builder) =>
    write(builder.table('in', text))
      .toStream()
      .foreach((key, value) => {
        if (value === null) delete rows[key]
        else rows[key] = value
      }),
  )
  new TopologyTestDriver(topology).createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList(changes)
  return rows
}

describe.each([
  ['with itself', (table: Texts) => table.join(table, both)],
  ['with itself, kept', (table: Texts) => table.join(table, both, stored('joined'))],
  ['with what was filtered out of it', (table: Texts) => table.join(table.filter(isPlain), both)],
  [
    'with what was made of it and kept',
    (table: Texts) => table.mapValues((value) => value, stored('m')).join(table, both),
  ],
  ['with a table of its changes', (table: Texts) => table.toStream().toTable(stored('t')).join(table, both)],
] as const)('a table that is joined %s', (what, write) => {
  test('comes to what its last rows come to, deleted ones too', () => {
    const change = fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('p', 'q', 'x', null))
    const property = fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const last = [...new Map<string, string | null>(changes)].flatMap(([key, value]) =>
        value === null ? [] : [[key, value] as const],
      )
      const shown = what.includes('filtered') ? last.filter(([, value]) => isPlain('', value)) : last
      expect(rowsOf(write, changes)).toEqual(Object.fromEntries(shown.map(([key, value]) => [key, value + value])))
    })
    fc.assert(property, { seed: 7, numRuns: 60 })
  })
})

describe('who must know what a row was before', () => {
  const count = (joined: Texts): KTable<string, number> =>
    joined
      .groupBy((_key, value) => [value, value], { ...text, name: 'by-value' })
      .count({ materialized: { name: 'counts' } })
  const write = (named?: ReturnType<typeof stored>) => (builder: StreamsBuilder) => {
    const table = builder.table('in', text)
    count(table.leftJoin(table, both, named))
      .toStream()
      .to('out', { key: Serdes.string, value: Serdes.long })
  }

  test('cannot be told without a store, and is refused', () => {
    expect(thrownBy(() => topologyOf(write()))).toMatchObject({
      code: 'TOPOLOGY_INVALID',
      message: expect.stringContaining('made of one source') as unknown,
      remedy: expect.stringContaining('give the join a store') as unknown,
    })
  })

  test('is told by a store', () => {
    const driver = new TopologyTestDriver(topologyOf(write(stored('joined'))))
    driver.createInputTopic('in', Serdes.string, Serdes.string).pipeKeyValueList([
      ['a', 'p'],
      ['b', 'p'],
      ['a', 'q'],
      ['b', null],
    ])
    const counts = driver.createOutputTopic('out', Serdes.string, Serdes.long).readKeyValuesToMap()
    expect(counts).toEqual(
      new Map([
        ['pp', 0],
        ['qq', 1],
      ]),
    )
  })
})
