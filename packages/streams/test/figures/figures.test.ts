import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { Figure, RetractableFigure } from '../../src/figures/figure.ts'
import { Figures } from '../../src/figures/index.ts'

type Value = number | null
const self = (value: Value): Value => value
const given = (values: readonly Value[]): number[] => values.filter((value) => value !== null)
const values = fc.array(fc.option(fc.integer({ min: -20, max: 20 })), { maxLength: 40 })

function stateOf<V>(figure: Figure<V, unknown>, all: readonly V[]): unknown {
  // What is kept goes through JSON, as in a store.
  return all.reduce<unknown>((state, value) => JSON.parse(JSON.stringify(figure.add(state, value))), figure.initial)
}

const mean = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0) / all.length
const models: readonly [string, Figure<Value, unknown>, (all: readonly number[]) => unknown][] = [
  ['count', Figures.count(self), (all) => all.length],
  ['sum', Figures.sum(self), (all) => (all.length === 0 ? null : all.reduce((a, b) => a + b, 0))],
  ['avg', Figures.avg(self), (all) => (all.length === 0 ? null : mean(all))],
  ['min', Figures.min(self), (all) => (all.length === 0 ? null : Math.min(...all))],
  ['max', Figures.max(self), (all) => (all.length === 0 ? null : Math.max(...all))],
  ['first', Figures.first(self), (all) => all[0] ?? null],
  ['last', Figures.last(self), (all) => all.at(-1) ?? null],
  ['topK', Figures.topK(3, self), (all) => all.toSorted((a, b) => b - a).slice(0, 3)],
  ['approxDistinct', Figures.approxDistinct(self), (all) => new Set(all).size],
]

test.each(['sum', 'avg'] as const)('%s refuses what is no number, which would be none after a restart', (name) => {
  const figure = Figures[name]((value: unknown) => value as number)
  expect(() => figure.add(figure.initial, 'twelve')).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }))
})

describe.each(models)('%s', (_name, figure, model) => {
  test('says what a model says, and takes no notice of null', () => {
    fc.assert(
      fc.property(values, (all) => {
        expect(figure.result(stateOf(figure, all))).toEqual(model(given(all)))
      }),
    )
  })

  test('of two parts put together is that of the whole', () => {
    fc.assert(
      fc.property(values, values, (earlier, later) => {
        const merged = figure.merge(stateOf(figure, earlier), stateOf(figure, later))
        expect(figure.result(merged)).toEqual(model([...given(earlier), ...given(later)]))
      }),
    )
  })

  test('changes nothing that it is given', () => {
    fc.assert(
      fc.property(values, values, fc.integer(), (earlier, later, value) => {
        const [a, b] = [stateOf(figure, earlier), stateOf(figure, later)]
        const before = JSON.stringify([a, b])
        figure.add(a, value)
        figure.merge(a, b)
        expect(JSON.stringify([a, b])).toBe(before)
      }),
    )
  })
})

test('count without an input counts all values', () => {
  expect(stateOf(Figures.count<Value>(), [1, null, 2])).toBe(3)
})

test.each<[string, RetractableFigure<Value, unknown>]>([
  ['count', Figures.count(self)],
  ['sum', Figures.sum(self)],
  ['avg', Figures.avg(self)],
])('%s without the values that were taken out is that of the others', (_name, figure) => {
  fc.assert(
    fc.property(values, values, (kept, taken) => {
      const state = taken.reduce<unknown>(
        (so, value) => figure.subtract(so, value),
        stateOf(figure, [...taken, ...kept]),
      )
      expect(figure.result(state)).toEqual(figure.result(stateOf(figure, kept)))
    }),
  )
})

test('a sum of fractions is nothing again when nothing is left', () => {
  const sum = Figures.sum(self)
  const some = [0.1, 0.2, 0.3]
  const left = some.reduce<unknown>((state, value) => sum.subtract(state, value), stateOf(sum, some))
  expect(sum.result(left)).toBeNull()
})

test('min and max compare texts too', () => {
  const text = (value: string): string => value
  expect(Figures.min(text).result(stateOf(Figures.min(text), ['b', 'a', 'c']))).toBe('a')
  expect(Figures.topK(2, text).result(stateOf(Figures.topK(2, text), ['b', 'a', 'c']))).toEqual(['c', 'b'])
})

describe('approxDistinct of many', () => {
  const figure = Figures.approxDistinct((value: string) => value)
  const of = (from: number, to: number): unknown => {
    const all = Array.from({ length: to - from }, (_, i) => `user-${from + i}`)
    return all.reduce<unknown>((state, value) => figure.add(state, value), figure.initial)
  }

  test.each([128, 129, 1_000, 20_000])('%d are counted within a tenth, each as often as it comes', (count) => {
    const state = of(0, count)
    const once = figure.result(state)
    expect(Math.abs(once - count)).toBeLessThanOrEqual(count <= 128 ? 0 : count / 10)
    expect(figure.result(figure.add(state, 'user-7'))).toBe(once)
  })

  test.each([
    ['few and few', 0, 50, 30, 80],
    ['few and many', 0, 50, 0, 500],
    ['many and few', 0, 500, 450, 550],
    ['many and many', 0, 500, 250, 750],
  ])('%s: put together they are those of both', (_name, a, b, c, d) => {
    const merged = figure.merge(of(a, b), of(c, d))
    expect(figure.result(merged)).toBe(figure.result(of(Math.min(a, c), Math.max(b, d))))
  })

  test('tells a text from what looks like it', () => {
    const mixed = Figures.approxDistinct((value: unknown) => value)
    const state = [1, '1', true, 'true', { a: 1 }, '{"a":1}'].reduce<unknown>(
      (so, value) => mixed.add(so, value),
      mixed.initial,
    )
    expect(mixed.result(state)).toBe(6)
  })
})

test('topK of less than one is refused', () => {
  expect(() => Figures.topK(0, self)).toThrow(/topK of 0 keeps nothing/)
})

test.each([
  ['count', Figures.count<Value>((value) => value)],
  ['sum', Figures.sum<Value>((value) => value)],
  ['avg', Figures.avg<Value>((value) => value)],
  ['min', Figures.min<Value, number>((value) => value)],
  ['first', Figures.first<Value, number>((value) => value)],
  ['topK', Figures.topK<Value, number>(2, (value) => value)],
] as const)('%s takes no notice of NaN and infinity: its state is the same behind a restart', (_name, figure) => {
  const values = [NaN, Infinity, 5, -Infinity, 7]
  const kept = values.reduce<unknown>((state, value) => figure.add(state, value), figure.initial)
  const restored = values.reduce<unknown>(
    (state, value) => JSON.parse(JSON.stringify(figure.add(state, value))) as unknown,
    figure.initial,
  )
  const expected = [5, 7].reduce<unknown>((state, value) => figure.add(state, value), figure.initial)
  expect([kept, restored]).toEqual([expected, expected])
})
