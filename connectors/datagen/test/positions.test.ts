import { expect, test } from '@jest/globals'
import { datagenSource } from '@sluice/connector-datagen'
import { FakeSourceContext, SourceRun } from '@sluice/sdk/testing'
import { datagen } from './datagen-runs.ts'

const SETTINGS = datagen({ quickstart: 'pageviews', iterations: '10' })

test('positions of Confluent’s connector are taken over: the count goes on', async () => {
  const context = new FakeSourceContext()
  context.store({ 'task.id': 0 }, { 'task.generation': 3, 'current.iteration': 6, 'random.seed': 12_345 })
  const run = new SourceRun(datagenSource, SETTINGS, context)
  await run.start()
  expect((await run.drain()).map(({ value }) => (value as { readonly viewtime: number }).viewtime)).toEqual([
    61, 71, 81, 91,
  ])
  await run.stop()
})

test('positions that an operator sets are looked at', async () => {
  const settings = datagenSource.settings.parse(SETTINGS)
  const set = (partition: object, position: object | null): unknown =>
    datagenSource.alterOffsets!(
      settings,
      new Map([[partition, position]]) as Parameters<NonNullable<typeof datagenSource.alterOffsets>>[1],
      SETTINGS,
    )
  expect(set({ 'task.id': 0 }, { next: 7 })).toBe(true)
  expect(set({ 'task.id': 0 }, null)).toBe(true)
  expect(() => set({ 'task.id': 0 }, { next: -1 })).toThrow('no number of a record')
  expect(() => set({ task: 0 }, { next: 1 })).toThrow('task.id')
})

test('a task that has made its records is idle, and says so once', async () => {
  const context = new FakeSourceContext()
  const run = new SourceRun(datagenSource, SETTINGS, context)
  await run.start()
  await run.drain(4)
  expect(run.records).toHaveLength(10)
  expect(context.logger.lines.filter(({ message }) => message === 'All records are made')).toHaveLength(1)
  await run.stop()
})
