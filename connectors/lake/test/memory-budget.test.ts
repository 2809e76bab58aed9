import { randomBytes } from 'node:crypto'
import { expect, test } from '@jest/globals'
import type { SinkRecord } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import { FakeSinkContext } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import { MemoryBudget } from '../src/memory-budget.ts'
import { LakeSinkTask } from '../src/sink-task.ts'
import { P0, order } from './lake-runs.ts'

test('whoever holds most is over, and only while all together are above the bound', () => {
  const budget = new MemoryBudget()
  const [small, big] = [{}, {}]
  budget.hold(small, 40)
  budget.hold(big, 70)
  expect([budget.isOver(small, 100), budget.isOver(big, 100), budget.isOver(big, 110)]).toEqual([false, true, false])
  budget.hold(big, 30)
  expect([budget.total, budget.isOver(small, 100)]).toEqual([70, false])
  budget.release(small)
  expect(budget.total).toBe(30)
})

test('the task that holds most stores its files early, and gives its memory back', async () => {
  const budget = new MemoryBudget()
  const settings = lakeSink.settings.parse({ 'lake.url': 'memory:', 'memory.bytes': '4096' })
  const [stores, bytes] = [
    [new MemoryStore(), new MemoryStore()],
    [6000, 1000],
  ]
  const tasks = stores.map((store) => new LakeSinkTask(settings, new FakeSinkContext(), store, budget))
  const long = (offset: number, length: number): SinkRecord =>
    order(0, offset, { id: offset, note: randomBytes(length / 2).toString('hex') })
  const filesIn = async (store: MemoryStore): Promise<number> => {
    let count = 0
    for await (const { path } of listAll(store, 'orders/')) if (path.endsWith('.parquet')) count++
    return count
  }
  for (const [i, task] of tasks.entries()) {
    await task.start(new AbortController().signal)
    await task.open([P0])
    await task.put([long(0, bytes[i]!)])
  }
  const before = budget.total
  expect(before).toBeGreaterThan(4096)
  for (const task of tasks) await task.put([])
  expect(await Promise.all(stores.map(filesIn))).toEqual([1, 0])
  expect(budget.total).toBeLessThan(before - 2000)
  for (const task of tasks) await task.stop()
  expect(budget.total).toBe(0)
})
