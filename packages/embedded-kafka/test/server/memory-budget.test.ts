import { expect, jest, test } from '@jest/globals'
import { MemoryBudget, type MemoryHolder } from '../../src/server/memory-budget.ts'

function holder(budget: () => MemoryBudget, lastActive: number): MemoryHolder & { evicted: string | null } {
  return {
    lastActive,
    evicted: null,
    evict(reason) {
      this.evicted = reason
      budget().hold(this, 0)
    },
  }
}

test('over the bound everybody waits until there is room', () => {
  const budget = new MemoryBudget(100)
  const someone = holder(() => budget, performance.now())
  let runs = 0
  budget.hold(someone, 100)
  budget.whenRoom(() => runs++)
  budget.hold(someone, 101)
  budget.whenRoom(() => runs++)
  expect([budget.isFull, budget.total, runs]).toEqual([true, 101, 1])
  budget.hold(someone, 50)
  expect([budget.isFull, budget.total, runs]).toEqual([false, 50, 2])
  budget.stop()
})

test('whoever stands still the longest is given up, whoever works is not', () => {
  jest.useFakeTimers()
  const budget = new MemoryBudget(130)
  const now = performance.now()
  const [working, still, stillest] = [0, 10_000, 20_000].map((ms) => holder(() => budget, now - ms))
  for (const one of [working!, still!, stillest!]) budget.hold(one, 60)
  jest.advanceTimersByTime(500)
  expect([working!.evicted, still!.evicted]).toEqual([null, null])
  expect(stillest!.evicted).toContain('60 bytes')
  budget.hold(working!, 140)
  jest.advanceTimersByTime(500)
  expect([working!.evicted, typeof still!.evicted, budget.isFull]).toEqual([null, 'string', true])
  budget.stop()
  jest.useRealTimers()
})

test('as many are given up at once as stand in the way', () => {
  jest.useFakeTimers()
  const budget = new MemoryBudget(100)
  const still = Array.from({ length: 50 }, (_, i) => holder(() => budget, performance.now() - 10_000 - i))
  for (const one of still) budget.hold(one, 60)
  jest.advanceTimersByTime(500)
  expect(still.filter(({ evicted }) => evicted === null)).toEqual([still[0]])
  budget.stop()
  jest.useRealTimers()
})
