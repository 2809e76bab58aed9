import { expect, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import { SortedIndex } from '../../../src/state/memory/sorted-index.ts'

test.each([1, 2])('thousands of items that come and go stay in order, seed %i', (seed) => {
  const draw = new SeededRandom(seed)
  const order = (): string => `${draw.below(5000)}`
  const items = new Map(Array.from({ length: 1500 }, order).map((one) => [one, { order: one }]))
  const index = new SortedIndex(items.values())
  for (let count = 0; count < 12_000; count++) {
    const one = order()
    const isGrowing = count < 6000
    if (items.delete(one)) {
      index.delete(one)
    } else if (isGrowing || draw.below(4) === 0) {
      items.set(one, { order: one })
      index.add({ order: one })
    }
    if (count % 400 !== 0) continue
    const from = draw.below(3) === 0 ? null : order()
    const before = draw.below(3) === 0 ? null : order()
    const between = [...items.keys()]
      .filter((item) => (from === null || item >= from) && (before === null || item < before))
      .toSorted()
    expect([...index.ascending(from, before)].map((item) => item.order)).toEqual(between)
    expect([...index.descending(from, before)].map((item) => item.order)).toEqual(between.toReversed())
  }
})

test('a walk goes on where it was when what it has seen is removed', () => {
  const orders = Array.from({ length: 2000 }, (_, at) => `${at}`.padStart(4, '0'))
  const index = new SortedIndex(orders.map((order) => ({ order })))
  const seen: string[] = []
  for (const { order } of index.ascending(null, null)) {
    seen.push(order)
    index.delete(order)
  }
  expect(seen).toEqual(orders)
  expect([...index.ascending(null, null)]).toEqual([])
})
