import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Change } from '../../src/dsl/change.ts'
import type { Aggregation } from '../../src/operators/aggregator.ts'
import { mapValues } from '../../src/operators/map-values.ts'
import { merge } from '../../src/operators/pass-through.ts'
import { sessionWindowAggregate } from '../../src/operators/session-window-aggregate.ts'
import { slidingWindowAggregate } from '../../src/operators/sliding-window-aggregate.ts'
import { timeWindowAggregate } from '../../src/operators/time-window-aggregate.ts'
import { CalendarWindows } from '../../src/windows/calendar-windows.ts'
import { SessionWindows } from '../../src/windows/session-windows.ts'
import { SlidingWindows } from '../../src/windows/sliding-windows.ts'
import { TimeWindows } from '../../src/windows/time-windows.ts'
import type { Windowed } from '../../src/windows/window.ts'
import { OperatorRun, STORE, type Collected, type Input } from '../support/run-operators.ts'

type Result = Collected<Windowed<string>, Change<string>>
type Emit = 'update' | 'close'

/** Puts the values behind each other, so that what is in a window can be seen. */
const joining: Aggregation = {
  initializer: () => '',
  aggregator: (_key, value, so) => `${so as string}${value as string}`,
}
const common = { ...joining, store: 'w', table: { sendOldValues: false }, aggregatesNulls: false }
const store = { ...STORE, name: 'w', retainDuplicates: false } as const

function tumbling(
  size: number,
  advance: number,
  grace: number,
  emit: Emit,
): OperatorRun<Windowed<string>, Change<string>> {
  const windows = TimeWindows.ofSizeAndGrace(size, grace).advanceBy(advance)
  const operator = timeWindowAggregate({ ...common, windows, emit })
  const definition = { ...store, kind: 'timestampedWindow', retentionMs: size + grace, windowSizeMs: size } as const
  return new OperatorRun([{ name: 'agg', from: ['in'], operator, stores: ['w'] }], [definition])
}

function sliding(difference: number, grace: number, emit: Emit): OperatorRun<Windowed<string>, Change<string>> {
  const windows = SlidingWindows.ofTimeDifferenceAndGrace(difference, grace)
  const operator = slidingWindowAggregate({ ...common, windows, emit })
  const retentionMs = 2 * difference + grace + 1
  const definition = { ...store, kind: 'timestampedWindow', retentionMs, windowSizeMs: difference } as const
  return new OperatorRun([{ name: 'agg', from: ['in'], operator, stores: ['w'] }], [definition])
}

function sessions(gap: number, grace: number, emit: Emit): OperatorRun<Windowed<string>, Change<string>> {
  const windows = SessionWindows.ofInactivityGapAndGrace(gap, grace)
  const merger = (_key: unknown, a: unknown, b: unknown): string => `${a as string}${b as string}`
  const operator = sessionWindowAggregate({ ...common, windows, emit, merger })
  const definition = { ...STORE, name: 'w', kind: 'session', retentionMs: gap + grace + 1 } as const
  return new OperatorRun([{ name: 'agg', from: ['in'], operator, stores: ['w'] }], [definition])
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
/** Records of two keys, each with a letter of its own, in an order that is not that of their times. */
const inputs: fc.Arbitrary<Input[]> = fc
  .array(fc.record({ key: fc.constantFrom('x', 'y'), timestamp: fc.nat(40) }), { minLength: 1, maxLength: 20 })
  .map((records) => records.map((record, i) => ({ ...record, value: LETTERS[i]! })))

const sorted = (text: string): string => text.split('').toSorted().join('')
const place = ({ key, start, end }: Windowed<string>): string => `${key}[${start},${end}]`

/** What each window holds at last, its letters in order; deleted ones are gone. */
function lastOf(results: readonly Result[]): Record<string, string> {
  const last: Record<string, string> = {}
  for (const { key, value } of results) {
    if (value.newValue === null) delete last[place(key)]
    else last[place(key)] = sorted(value.newValue)
  }
  return last
}

describe('fixed windows', () => {
  const shape = fc
    .integer({ min: 1, max: 12 })
    .chain((size) => fc.tuple(fc.constant(size), fc.integer({ min: 1, max: size }), fc.nat(12)))

  test('each update is that of a window that holds the record and is not final; all others are counted as dropped', () => {
    fc.assert(
      fc.property(shape, inputs, ([size, advance, grace], records) => {
        const run = tumbling(size, advance, grace, 'update')
        const model = new Map<string, string>()
        let time = -1
        let dropped = 0
        for (const record of records) {
          time = Math.max(time, record.timestamp)
          const expected: string[] = []
          for (let start = 0; start <= record.timestamp; start += advance) {
            const end = start + size
            if (record.timestamp >= end) continue
            if (end <= time - grace) {
              dropped++
              continue
            }
            const window = `${record.key}[${start},${end}]`
            model.set(window, (model.get(window) ?? '') + record.value!)
            expected.push(`${window}=${model.get(window)}`)
          }
          expect(run.pipe(record).map(({ key, value }) => `${place(key)}=${value.newValue}`)).toEqual(expected)
        }
        expect(run.dropped).toBe(dropped)
      }),
    )
  })

  test('on close, each window is put out once, with all it ever took, when its end and grace have passed', () => {
    fc.assert(
      fc.property(shape, inputs, ([size, advance, grace], records) => {
        const run = tumbling(size, advance, grace, 'close')
        const updates = tumbling(size, advance, grace, 'update')
        const last: Record<string, string> = {}
        const out: Record<string, string> = {}
        let time = -1
        for (const record of [...records, { key: 'z', value: '-', timestamp: 200 }]) {
          time = Math.max(time, record.timestamp)
          for (const { key, value } of run.pipe(record)) {
            expect(key.end).toBeLessThanOrEqual(time - grace)
            expect(out).not.toHaveProperty([place(key)])
            out[place(key)] = value.newValue!
          }
          for (const { key, value } of updates.pipe(record)) if (record.key !== 'z') last[place(key)] = value.newValue!
          const due = Object.keys(last).filter((window) => Number(/,(\d+)/.exec(window)![1]) <= time - grace)
          expect(Object.keys(out).toSorted()).toEqual(due.toSorted())
        }
        expect(out).toEqual(last)
      }),
    )
  })
})

describe('sliding windows', () => {
  test('there is a window for each distinct set of records within the difference, and it holds just those', () => {
    fc.assert(
      fc.property(fc.nat(12), inputs, (difference, records) => {
        const run = sliding(difference, 100, 'update')
        const results = records.flatMap((record) => run.pipe(record))
        const expected: Record<string, string> = {}
        for (const { key, timestamp } of records) {
          for (const end of [timestamp, timestamp + 1 + difference]) {
            const start = Math.max(0, end - difference)
            const last = start + difference
            const held = records.filter((one) => one.key === key && one.timestamp >= start && one.timestamp <= last)
            if (held.length > 0) expected[`${key!}[${start},${last}]`] = held.map(({ value }) => value).join('')
          }
        }
        expect(lastOf(results)).toEqual(expected)
      }),
      { numRuns: 300 },
    )
  })

  test('a difference of 0 is a window per time', () => {
    const run = sliding(0, 5, 'update')
    const results = ['a', 'b', 'c'].flatMap((value, i) => run.pipe({ key: 'x', value, timestamp: i < 2 ? 5 : 6 }))
    expect(lastOf(results)).toEqual({ 'x[5,5]': 'ab', 'x[6,6]': 'c' })
  })

  test('on close, each window is put out once, and as its last update said', () => {
    fc.assert(
      fc.property(fc.nat(8), fc.nat(8), inputs, (difference, grace, records) => {
        const run = sliding(difference, grace, 'close')
        const updates = sliding(difference, grace, 'update')
        const all = [...records, { key: 'z', value: '-', timestamp: 200 }]
        const out = all.flatMap((record) => run.pipe(record))
        const last = records.flatMap((record) => updates.pipe(record))
        expect(new Set(out.map(({ key }) => place(key))).size).toBe(out.length)
        expect(lastOf(out)).toEqual(lastOf(last))
      }),
    )
  })
})

describe('sessions', () => {
  test('records with no longer a pause than the gap are one session, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.nat(8), inputs, (gap, records) => {
        const run = sessions(gap, 100, 'update')
        const results = records.flatMap((record) => run.pipe(record))
        const expected: Record<string, string> = {}
        for (const key of ['x', 'y']) {
          const times = [...new Set(records.filter((one) => one.key === key).map(({ timestamp }) => timestamp))]
          times.sort((a, b) => a - b)
          for (let i = 0; i < times.length;) {
            const start = times[i]!
            while (i + 1 < times.length && times[i + 1]! - times[i]! <= gap) i++
            const end = times[i++]!
            const held = records.filter((one) => one.key === key && one.timestamp >= start && one.timestamp <= end)
            expected[`${key}[${start},${end}]`] = held.map(({ value }) => value).join('')
          }
        }
        expect(lastOf(results)).toEqual(expected)
      }),
    )
  })

  test('on close, no session is put out twice, and none that is missing among the last updates', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.nat(6), inputs, (gap, grace, records) => {
        const run = sessions(gap, grace, 'close')
        const updates = sessions(gap, grace, 'update')
        const all = [...records, { key: 'z', value: '-', timestamp: 200 }]
        const out = all.flatMap((record) => run.pipe(record))
        const last = records.flatMap((record) => updates.pipe(record))
        expect(new Set(out.map(({ key }) => place(key))).size).toBe(out.length)
        expect(lastOf(out)).toEqual(lastOf(last))
      }),
    )
  })

  test('a second record of the same time replaces a session as long as it, and says what was there', () => {
    const windows = SessionWindows.ofInactivityGapAndGrace(5, 5)
    const merger = (_key: unknown, a: unknown, b: unknown): string => `${a as string}${b as string}`
    const operator = sessionWindowAggregate({
      ...common,
      windows,
      emit: 'update',
      merger,
      table: { sendOldValues: true },
    })
    const run = new OperatorRun(
      [{ name: 'agg', from: ['in'], operator, stores: ['w'] }],
      [{ ...STORE, name: 'w', kind: 'session', retentionMs: 11 }],
    )
    run.pipe({ key: 'x', value: 'a', timestamp: 1 })
    expect(run.pipe({ key: 'x', value: 'b', timestamp: 1 })).toEqual([
      { key: { key: 'x', start: 1, end: 1 }, value: { newValue: 'ab', oldValue: 'a', isLatest: true }, timestamp: 1 },
    ])
  })
})

test.each(['tumbling', 'sliding', 'sessions'])('%s: without a key or a value a record is dropped', (kind) => {
  const run =
    kind === 'tumbling'
      ? tumbling(5, 5, 0, 'update')
      : kind === 'sliding'
        ? sliding(5, 0, 'update')
        : sessions(5, 0, 'update')
  expect(run.pipe({ key: null, value: 'a', timestamp: 1 })).toEqual([])
  expect(run.pipe({ key: 'x', value: null, timestamp: 1 })).toEqual([])
  expect(run.driver.droppedRecords()).toEqual({ 'null-key': 1, 'null-value': 1 })
})

test.each(['fixed', 'sliding', 'session'])(
  '%s: a child for late records gets them as they came, and nothing else',
  (kind) => {
    const merger = (_key: unknown, a: unknown, b: unknown): string => `${a as string}${b as string}`
    const options = { ...common, emit: 'update', late: 'late' } as const
    const operator =
      kind === 'fixed'
        ? timeWindowAggregate({ ...options, windows: TimeWindows.ofSizeWithNoGrace(5) })
        : kind === 'sliding'
          ? slidingWindowAggregate({ ...options, windows: SlidingWindows.ofTimeDifferenceWithNoGrace(5) })
          : sessionWindowAggregate({ ...options, merger, windows: SessionWindows.ofInactivityGapWithNoGrace(5) })
    const definition =
      kind === 'session'
        ? ({ ...STORE, name: 'w', kind: 'session', retentionMs: 6 } as const)
        : ({ ...store, kind: 'timestampedWindow', retentionMs: 11, windowSizeMs: 5 } as const)
    const run = new OperatorRun(
      [
        { name: 'agg', from: ['in'], operator, stores: ['w'] },
        { name: 'late', from: ['agg'], operator: mapValues((value) => `late ${String(value)}`) },
        { name: 'both', from: ['agg', 'late'], operator: merge() },
      ],
      [definition],
    )
    expect(run.pipe({ key: 'x', value: 'a', timestamp: 50 })).toMatchObject([{ value: { newValue: 'a' } }])
    expect(run.pipe({ key: 'x', value: 'b', timestamp: 9 })).toEqual([{ key: 'x', value: 'late b', timestamp: 9 }])
    expect(run.dropped).toBe(0)
  },
)

test('windows of the calendar are aggregated like any other: a day of 23 hours and the next one', () => {
  const windows = CalendarWindows.ofUnitWithNoGrace('day', 'Europe/Berlin')
  const operator = timeWindowAggregate({ ...common, windows, emit: 'close' })
  const definition = {
    ...store,
    kind: 'timestampedWindow',
    retentionMs: windows.sizeMs,
    windowSizeMs: windows.sizeMs,
  } as const
  const run = new OperatorRun<Windowed<string>, Change<string>>(
    [{ name: 'agg', from: ['in'], operator, stores: ['w'] }],
    [definition],
  )
  const at = (time: string, value: string): readonly Result[] =>
    run.pipe({ key: 'x', value, timestamp: Date.parse(time) })
  expect(at('2026-03-28T23:00Z', 'a')).toEqual([])
  expect(at('2026-03-29T21:59Z', 'b')).toEqual([])
  expect(at('2026-03-29T22:00Z', 'c')).toMatchObject([
    {
      key: { start: Date.parse('2026-03-28T23:00Z'), end: Date.parse('2026-03-29T22:00Z') },
      value: { newValue: 'ab' },
    },
  ])
})
