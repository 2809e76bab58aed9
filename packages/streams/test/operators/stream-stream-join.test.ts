import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { reversed, type AnyJoiner } from '../../src/operators/joiner.ts'
import { merge } from '../../src/operators/pass-through.ts'
import { selfJoin, selfJoinWindowed } from '../../src/operators/self-join.ts'
import { streamStreamJoin } from '../../src/operators/stream-stream-join.ts'
import { windowedStore } from '../../src/operators/windowed-store.ts'
import type { StoreDefinition } from '../../src/state/definition.ts'
import { JoinWindows } from '../../src/windows/join-windows.ts'
import { OperatorRun, STORE, type Input, type NodeSpec } from '../support/run-operators.ts'

type Kind = 'inner' | 'left' | 'outer'
const joiner: AnyJoiner = (left, right) => `${left as string}+${right as string}`

function joined(
  kind: Kind,
  windows: JoinWindows,
  topics: readonly [string, string] = ['L', 'R'],
): OperatorRun<string, string> {
  const pair = {}
  const shared = kind === 'inner' ? {} : { sharedStore: 'shared', joiners: { left: joiner, right: reversed(joiner) } }
  const names = kind === 'inner' ? [] : ['shared']
  const window = (name: string): StoreDefinition => ({
    ...STORE,
    name,
    kind: 'window',
    retentionMs: windows.sizeMs + windows.graceMs,
    windowSizeMs: windows.sizeMs,
    retainDuplicates: true,
  })
  const side = (own: 'left' | 'right'): NodeSpec => {
    const isLeft = own === 'left'
    const other = isLeft ? 'rights' : 'lefts'
    const operator = streamStreamJoin({
      side: own,
      isOuter: isLeft ? kind !== 'inner' : kind === 'outer',
      joiner: isLeft ? joiner : reversed(joiner),
      windows,
      otherStore: other,
      pair,
      ...shared,
    })
    return { name: own, from: [isLeft ? 'keep-left' : 'keep-right'], operator, stores: [other, ...names] }
  }
  return new OperatorRun<string, string>(
    [
      { name: 'keep-left', from: [topics[0]], operator: windowedStore({ store: 'lefts' }), stores: ['lefts'] },
      { name: 'keep-right', from: [topics[1]], operator: windowedStore({ store: 'rights' }), stores: ['rights'] },
      side('left'),
      side('right'),
      { name: 'merge', from: ['left', 'right'], operator: merge() },
    ],
    [
      window('lefts'),
      window('rights'),
      ...names.map((name) => ({ ...STORE, name, kind: 'outerJoin', rightValue: STORE.value }) as const),
    ],
  )
}

const inputs: fc.Arbitrary<Input[]> = fc
  .array(fc.record({ topic: fc.constantFrom('L', 'R'), key: fc.constantFrom('x', 'y'), timestamp: fc.nat(30) }), {
    minLength: 1,
    maxLength: 20,
  })
  .map((records) => records.map((record, i) => ({ ...record, value: `${record.topic}${i}` })))
const windows = fc
  .tuple(fc.integer({ min: -3, max: 8 }), fc.integer({ min: -3, max: 8 }), fc.integer({ min: 60, max: 80 }))
  .filter(([before, after]) => before + after >= 0)
  .map(([before, after, grace]) =>
    JoinWindows.ofTimeDifferenceAndGrace(0, grace)
      .before(Math.max(0, before))
      .after(Math.max(0, after))
      .before(before)
      .after(after),
  )

/** Every pair of a left and a right record of one key that are within the window. */
function pairsOf(records: readonly Input[], { beforeMs, afterMs }: JoinWindows): string[] {
  const lefts = records.filter(({ topic }) => topic === 'L')
  const rights = records.filter(({ topic }) => topic === 'R')
  return lefts.flatMap((left) =>
    rights
      .filter(
        ({ key, timestamp: at }) =>
          key === left.key && at >= left.timestamp - beforeMs && at <= left.timestamp + afterMs,
      )
      .map((right) => `${left.key!}:${left.value!}+${right.value!}@${Math.max(left.timestamp, right.timestamp)}`),
  )
}

describe('a windowed join of two streams', () => {
  test.each(['inner', 'left', 'outer'] as const)(
    '%s: within the grace each pair is put out once, whatever comes first',
    (kind) => {
      fc.assert(
        fc.property(windows, inputs, (window, some) => {
          // Beyond time 0, where Kafka Streams' rule for windows that would begin before it is another.
          const records = some.map((record) => ({ ...record, timestamp: record.timestamp + 10 }))
          const run = joined(kind, window)
          const out = records.flatMap((record) => run.pipe(record))
          const pairs = out.map(({ key, value, timestamp }) => `${key}:${value}@${timestamp}`)
          const matched = pairs.filter((pair) => !pair.includes('null'))
          expect(matched.toSorted()).toEqual(pairsOf(records, window).toSorted())
        }),
      )
    },
  )

  test.each(['left', 'outer'] as const)(
    '%s: what met nothing is put out once, when its window and grace are past',
    (kind) => {
      fc.assert(
        fc.property(fc.nat(6), inputs, (difference, some) => {
          const window = JoinWindows.ofTimeDifferenceAndGrace(difference, 40)
          const run = joined(kind, window)
          const out = some.flatMap((record) => run.pipe(record))
          // Time moves on in two steps, because one record looks at what is due before it is one itself.
          const rest = [100, 200].flatMap((timestamp) => run.pipe({ topic: 'L', key: 'z', value: 'end', timestamp }))
          const pairs = pairsOf(some, window)
          const expected = some
            .filter(
              ({ topic, value }) =>
                (topic === 'L' || kind === 'outer') &&
                !pairs.some((pair) => /:(\w+)\+(\w+)@/.exec(pair)!.slice(1).includes(value!)),
            )
            .map(({ topic, value }) => (topic === 'L' ? `${value!}+null` : `null+${value!}`))
          const early = out.filter(({ value }) => value.includes('null')).map(({ value }) => value)
          const unmatched = rest
            .filter(({ key, value }) => key !== 'z' && value.includes('null'))
            .map(({ value }) => value)
          // One that comes when its window is past already does not wait for a partner that may come within the grace.
          expect(new Set([...early, ...unmatched]).size).toBe(early.length + unmatched.length)
          for (const value of expected) expect([...early, ...unmatched]).toContain(value)
          for (const value of unmatched) expect(expected).toContain(value)
        }),
      )
    },
  )

  test('a key of null meets nothing: an inner join drops it, an outer one puts it out at once', () => {
    const window = JoinWindows.ofTimeDifferenceWithNoGrace(5)
    const record = { topic: 'L', key: null, value: 'a', timestamp: 1 }
    const inner = joined('inner', window)
    expect([inner.pipe(record), inner.driver.droppedRecords()]).toEqual([[], { 'null-key': 1 }])
    expect(joined('left', window).pipe(record)).toEqual([{ key: null, value: 'a+null', timestamp: 1 }])
  })
})

test('a join of a stream with itself over one store puts out what the join over two does, in the same order', () => {
  fc.assert(
    fc.property(fc.nat(8), fc.nat(8), fc.nat(5), inputs, (before, after, grace, some) => {
      const window = JoinWindows.ofTimeDifferenceAndGrace(0, grace).before(before).after(after)
      const two = joined('inner', window, ['in', 'in'])
      const one = new OperatorRun<string, string>(
        [
          { name: 'keep', from: ['in'], operator: selfJoinWindowed(), stores: ['s'] },
          { name: 'self', from: ['keep'], operator: selfJoin({ joiner, windows: window, store: 's' }), stores: ['s'] },
        ],
        [
          {
            ...STORE,
            name: 's',
            kind: 'window',
            retentionMs: window.sizeMs + grace,
            windowSizeMs: window.sizeMs,
            retainDuplicates: true,
          },
        ],
      )
      for (const { key, value, timestamp } of some) {
        const record = { key, value, timestamp }
        expect(one.pipe(record)).toEqual(two.pipe(record))
      }
    }),
  )
})
