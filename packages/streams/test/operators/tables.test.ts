import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Serdes, StreamsBuilder, TimeWindows, type KTable } from '../../src/index.ts'
import { TopologyTestDriver } from '../../src/testing/index.ts'

const text = { key: Serdes.string, value: Serdes.string }
const joined = (left: string | null, right: string | null): string => `${left}+${right}`
const foreignKeyOf = (value: string): string | null => value.split(',')[0] || null

interface Update {
  readonly topic: string
  readonly key: string
  readonly value: string | null
}
/** Rows that come and go in two tables; values of L name a key of R, or none, before the comma. */
const updates: fc.Arbitrary<Update[]> = fc.array(
  fc.oneof(
    fc.record({
      topic: fc.constant('L'),
      key: fc.constantFrom('1', '2', '3'),
      value: fc.option(fc.tuple(fc.constantFrom('a', 'b', ''), fc.nat(3)).map(([key, n]) => `${key},${n}`)),
    }),
    fc.record({
      topic: fc.constant('R'),
      key: fc.constantFrom('a', 'b', '1', '2'),
      value: fc.option(fc.constantFrom('x', 'y')),
    }),
  ),
  { maxLength: 30 },
)

type Rows = ReadonlyMap<string, string>

/** What is in both tables at last. */
function last(all: readonly Update[]): { readonly left: Rows; readonly right: Rows } {
  const tables = { L: new Map<string, string>(), R: new Map<string, string>() }
  for (const { topic, key, value } of all) {
    const table = topic === 'L' ? tables.L : tables.R
    if (value === null) table.delete(key)
    else table.set(key, value)
  }
  return { left: tables.L, right: tables.R }
}

/** Runs the updates in order of time and returns the last value of each key that came out, without those that were deleted. */
function outcome<V>(
  all: readonly Update[],
  write: (left: KTable<string, string>, right: KTable<string, string>) => KTable<string, V>,
): object {
  const builder = new StreamsBuilder()
  write(builder.table('L', text), builder.table('R', text))
    .toStream()
    .mapValues((value) => (value === null ? null : String(value)))
    .to('out', text)
  const driver = new TopologyTestDriver(builder.build(), { settings: { 'processing.exception.handler': 'fail' } })
  for (const [timestamp, { topic, key, value }] of all.entries())
    driver.createInputTopic(topic, Serdes.string, Serdes.string).pipeInput(key, value, { timestamp })
  const rows = driver.createOutputTopic('out', Serdes.string, Serdes.string).readKeyValuesToMap()
  driver.tally()
  return Object.fromEntries([...rows].filter(([, value]) => value !== null))
}

describe('joins of tables come to what a join of their last rows is', () => {
  test.each(['inner', 'left', 'outer'] as const)('%s, by key', (kind) => {
    fc.assert(
      fc.property(updates, (all) => {
        const { left, right } = last(all)
        const expected: Record<string, string> = {}
        for (const key of new Set([...left.keys(), ...right.keys()])) {
          const [one, other] = [left.get(key) ?? null, right.get(key) ?? null]
          if (kind === 'inner' ? one !== null && other !== null : kind === 'left' ? one !== null : true)
            expected[key] = joined(one, other)
        }
        const rows = outcome(all, (left, right) =>
          kind === 'inner'
            ? left.join(right, joined)
            : kind === 'left'
              ? left.leftJoin(right, joined)
              : left.outerJoin(right, joined),
        )
        expect(rows).toEqual(expected)
      }),
    )
  })

  test.each(['inner', 'left'] as const)('%s, by foreign key', (kind) => {
    fc.assert(
      fc.property(updates, (all) => {
        const { left, right } = last(all)
        const expected: Record<string, string> = {}
        for (const [key, value] of left) {
          const foreign = foreignKeyOf(value)
          const other = foreign === null ? null : (right.get(foreign) ?? null)
          if (kind === 'left' || other !== null) expected[key] = joined(value, other)
        }
        const rows = outcome(all, (left, right) =>
          kind === 'inner' ? left.join(right, foreignKeyOf, joined) : left.leftJoin(right, foreignKeyOf, joined),
        )
        expect(rows).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  test('of three tables, filtered and mapped without a store of their own in between', () => {
    fc.assert(
      fc.property(updates, (all) => {
        const { left, right } = last(all)
        const expected: Record<string, string> = {}
        for (const [key, value] of left) {
          const other = right.get(key) ?? null
          if (!value.startsWith('a')) expected[key] = joined(joined(value, other), other === 'x' ? 'X' : null)
        }
        const rows = outcome(all, (left, right) => {
          const some = right.filter((_key, value) => value === 'x').mapValues((value) => value.toUpperCase())
          return left
            .filter((_key, value) => !value.startsWith('a'))
            .leftJoin(right, joined)
            .leftJoin(some, joined)
        })
        expect(rows).toEqual(expected)
      }),
    )
  })
})

test('a table that is grouped anew comes to the aggregate of its last rows: what moved was taken out where it was', () => {
  fc.assert(
    fc.property(updates, (all) => {
      const sums: Record<string, number> = {}
      const counts: Record<string, number> = {}
      for (const value of last(all).left.values()) {
        const group = foreignKeyOf(value)
        if (group === null) continue
        sums[group] = (sums[group] ?? 0) + Number(value.split(',')[1])
        counts[group] = (counts[group] ?? 0) + 1
      }
      const byGroup = (_key: string, value: string): [string | null, string] => [foreignKeyOf(value), value]
      const long = { materialized: { value: Serdes.long } }
      const texts = (numbers: Record<string, number>): object =>
        Object.fromEntries(Object.entries(numbers).map(([key, value]) => [key, String(value)]))
      const withoutEmpty = (rows: object): object =>
        Object.fromEntries(Object.entries(rows).filter(([, value]) => value !== '0'))
      expect(withoutEmpty(outcome(all, (left) => left.groupBy(byGroup, text).count(long)))).toEqual(texts(counts))
      const summed = outcome(all, (left) =>
        left.groupBy(byGroup, text).aggregate(
          () => 0,
          (_key, value, sum) => sum + Number(value.split(',')[1]),
          (_key, value, sum) => sum - Number(value.split(',')[1]),
          long,
        ),
      )
      expect(withoutEmpty(summed)).toEqual(withoutEmpty(texts(sums)))
    }),
  )
})

test('windows that are grouped anew are each counted once, however often they are updated', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', text)
    .groupByKey()
    .windowedBy(TimeWindows.ofSizeAndGrace(10, 100))
    .count({ materialized: { value: Serdes.long } })
    .groupBy(({ key }) => [key, 'window'], text)
    .count({ materialized: { value: Serdes.long } })
    .toStream()
    .to('out', { key: Serdes.string, value: Serdes.long })
  const driver = new TopologyTestDriver(builder.build())
  const input = driver.createInputTopic('in', Serdes.string, Serdes.string)
  for (const timestamp of [1, 2, 15, 3, 16, 27]) input.pipeInput('k', 'v', { timestamp })
  expect(driver.createOutputTopic('out', Serdes.string, Serdes.long).readValuesToList().at(-1)).toBe(3)
})
