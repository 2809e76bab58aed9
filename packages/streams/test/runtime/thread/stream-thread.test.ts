import { expect, test } from '@jest/globals'
import { asking, beginning, Calls, counted, texts } from './conductor.ts'

test('a call that fails while a commit is waited for ends the run, whoever has asked for it: its record is not committed', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls))
  await around.pipe(0, 0, 'a')
  const still = around.thread.standingStill(async () => undefined)
  await around.turns()
  calls.fail('a')
  await expect(still).rejects.toMatchObject({ code: 'TASK_FAILED' })
  await around.turns()
  await around.due()
  await expect(around.end()).rejects.toMatchObject({ code: 'TASK_FAILED', place: { offset: 0 } })
  expect(around.told).toEqual([])
})

test('nothing is committed of a place that was lost while calls were waited for', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls))
  await around.pipe(0, 0, 'a')
  await around.due()
  around.thread.fail(new Error('lost'))
  calls.end('a')
  await expect(around.end()).rejects.toThrow('lost')
  expect(around.told.filter((one) => one.startsWith('commit'))).toEqual([])
})

test('a task that comes while a commit waits for calls begins no record before it: the commit would cover it', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls))
  await around.pipe(0, 0, 'a')
  await around.due()
  await around.assign(1)
  await around.pipe(1, 0, 'b')
  calls.end('a')
  await around.turns()
  expect(around.told).toEqual(['out a:a!', 'commit 0@1'])
  calls.end('b')
  await around.turns()
  await around.due()
  expect(around.told.slice(2)).toEqual(['out b:b!', 'commit 1@1'])
})

test('what arrives while a commit waits for calls is bounded', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls))
  await around.pipe(0, 0, 'a')
  await around.assign(1)
  await around.due()
  await around.pipe(1, 0, 'b', 'c', 'd')
  expect([...around.paused]).toEqual(['in-1'])
  calls.end('a')
  await around.turns()
  expect([...around.paused]).toEqual([])
  for (const value of ['b', 'c', 'd']) calls.end(value)
})

test('at least once, what a store has let go of a record is not written before the calls for it are over', async () => {
  const calls = new Calls()
  const around = await beginning((stream) => asking(calls)(counted(stream)))
  await around.pipe(0, 0, 'a')
  expect(around.told).toEqual([])
  calls.end('a')
  await around.turns()
  expect(around.told.map((one) => one.split(' ')[0])).toEqual(['out', 'app-counts-changelog'])
})

test('at least once, much that waits for calls lets a commit come early', async () => {
  const calls = new Calls()
  const around = await beginning((stream) => asking(calls)(counted(stream)))
  const values = Array.from({ length: 14 }, (_, i) => `${i}`)
  await around.pipe(0, 0, ...values)
  await around.pipe(0, 14, 'later')
  for (const value of values) calls.end(value)
  await around.turns()
  expect(around.told).toContain('commit 0@14')
  calls.end('later')
})

test('what a record that stops the run has changed in stores is in no changelog: it would be its own repetition', async () => {
  const around = await beginning((stream) =>
    counted(stream)
      .mapValues(() => {
        throw new Error('not this one')
      })
      .to('out', texts),
  )
  await around.pipe(0, 0, 'a')
  await around.end()
  expect(around.told).toEqual([])
})

test('atomic: nothing is put out before the calls are over that its commit waits for, and then all of it', async () => {
  const calls = new Calls()
  const around = await beginning((stream) => {
    stream.filter((_key, value) => value !== 'a').to('besides', texts)
    asking(calls)(counted(stream.filterNot((_key, value) => value !== 'a')))
  }, true)
  await around.pipe(0, 0, 'b', 'a')
  await around.due()
  expect(around.told).toEqual([])
  calls.end('a')
  await around.turns()
  expect(around.told.filter((one) => !one.includes('changelog'))).toEqual(['besides b:b', 'out a:a!', 'commit 0@2'])
})

test('atomic: when much waits to be put out, it is committed before it is time', async () => {
  const around = await beginning((stream) => stream.to('out', texts), true)
  await around.pipe(0, 0, 'a')
  expect(around.told).toEqual([])
  const long = 'b'.repeat(100)
  await around.pipe(0, 1, long)
  expect(around.told).toEqual(['out a:a', `out ${long}:${long}`, 'commit 0@2'])
})

test('atomic: nothing is put out while it could not be committed, since no transaction is to wait for calls', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls), true)
  await around.pipe(0, 0, 'a')
  calls.end('a')
  await around.turns()
  around.hasNoPlace = true
  await around.due()
  expect(around.told).toEqual([])
  around.hasNoPlace = false
  await around.due()
  expect(around.told).toEqual(['out a:a!', 'commit 0@1'])
  await around.pipe(0, 1, 'b')
  calls.end('b')
  await around.turns()
  await around.due()
  expect(around.told.slice(2)).toEqual(['out b:b!', 'commit 0@2'])
})

test('a stop waits for calls no longer than it may', async () => {
  const around = await beginning(asking(new Calls()), true)
  await around.pipe(0, 0, 'a')
  await around.due()
  const end = around.end()
  await around.turns()
  around.clock.advance(1_000)
  expect(await end).toEqual({ stop: null, drained: false })
  expect(around.told).toEqual([])
})

test('that a commit has gone through is told, also of nothing; not while what was put out is on its way', async () => {
  const around = await beginning((stream) => stream.to('out', texts))
  await around.due()
  await around.pipe(0, 0, 'a')
  await around.due()
  expect(around.commits).toEqual([false, true])
  const broker = Promise.withResolvers<void>()
  around.broker = broker.promise
  await around.pipe(0, 1, 'b')
  for (let i = 0; i < 3; i++) await around.due()
  expect(around.commits).toEqual([false, true])
  broker.resolve()
  await around.turns()
  expect(around.commits.slice(0, 3)).toEqual([false, true, true])
})
