/** Partitions that are taken away, and a stop, wait for calls of user code, but not for ever. */
import { expect, test } from '@jest/globals'
import { asking, beginning, Calls, counted, texts, type Around } from './conductor.ts'

const warnings = ({ logger }: Around) => logger.lines.filter(({ level }) => level === 'warn')
/** Some records that a task has put out, and one that it asks about. */
const askingOfLong = (calls: Calls) => (stream: Parameters<ReturnType<typeof asking>>[0]) => {
  stream.filter((_key, value) => value!.length === 1).to('besides', texts)
  asking(calls)(counted(stream.filter((_key, value) => value!.length > 1)))
}

test('what is taken away is committed when its calls are over in time', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls))
  await around.pipe(0, 0, 'a')
  const revocation = await around.revoke(0)
  around.clock.advance(9_000)
  await around.turns()
  expect(revocation.isDone).toBe(false)
  calls.end('a')
  await around.turns()
  expect(revocation.isDone).toBe(true)
  expect(around.told).toEqual(['out a:a!', 'commit 0@1'])
  around.clock.advance(60_000)
  await around.turns()
  expect(warnings(around)).toEqual([])
})

test.each([
  ['at least once', false],
  ['exactly once', true],
])(
  '%s, calls that take too long are left to the next owner: nothing of the partition is committed, and all of the others',
  async (_, isAtomic) => {
    const calls = new Calls()
    const around = await beginning(askingOfLong(calls), isAtomic)
    await around.assign(1)
    await around.pipe(1, 0, 'k', 'kept')
    await around.pipe(0, 0, 'r', 'revoked')
    await around.pipe(1, 2, 'l')
    const revocation = await around.revoke(0)
    around.clock.advance(10_000)
    await around.turns()
    expect(revocation.isDone).toBe(true)
    expect(warnings(around)).toMatchObject([
      { message: expect.stringContaining('given up'), fields: { partitions: 'in-0', calls: 1, waitedMs: 10_000 } },
    ])
    calls.end('revoked')
    calls.end('kept')
    await around.turns()
    await around.due()
    const told = around.told.filter((one) => isAtomic || !one.startsWith('besides r:'))
    expect(told.filter((one) => !one.includes('changelog'))).toEqual([
      'besides k:k',
      'besides l:l',
      'out kept:kept!',
      'commit 1@3',
    ])
    expect(told.filter((one) => one.includes('changelog')).map((one) => one.split(':')[0])).toEqual([
      'app-counts-changelog kept',
    ])
  },
)

test('a commit that waited for nothing else goes through before others have what is taken away: it is of the place that was held', async () => {
  const around = await beginning(askingOfLong(new Calls()))
  await around.assign(1)
  await around.pipe(0, 0, 'asked')
  await around.pipe(1, 0, 'k')
  const answered = Promise.withResolvers<void>()
  around.broker = answered.promise
  const revocation = await around.revoke(0)
  around.clock.advance(10_000)
  await around.turns()
  expect([...around.tasks.keys()]).toEqual([1])
  expect(revocation.isDone).toBe(false)
  answered.resolve()
  await around.turns()
  expect(revocation.isDone).toBe(true)
  expect(around.told).toEqual(['besides k:k', 'commit 1@1'])
})

test('a commit that has waited for calls before is no reason to wait for longer; what comes back is begun anew', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls), true)
  await around.pipe(0, 0, 'a')
  await around.due()
  const revocation = await around.revoke(0)
  around.clock.advance(10_000)
  await around.turns()
  expect(revocation.isDone).toBe(true)
  await around.assign(0)
  await around.pipe(0, 0, 'a')
  calls.end('a')
  await around.turns()
  await around.due()
  expect(around.told).toEqual(['out a:a!', 'commit 0@1'])
})

test('a stop waits for calls no longer than it may, and nothing is committed when its tasks are closed then', async () => {
  const around = await beginning(askingOfLong(new Calls()), true)
  await around.pipe(0, 0, 'a', 'asked')
  const end = around.end()
  await around.turns()
  around.clock.advance(1_000)
  expect(await end).toEqual({ stop: null, drained: false })
  for (const task of around.tasks.values()) task.close()
  around.tasks.clear()
  await around.turns()
  expect(around.told).toEqual([])
})

test('a stop during a revocation that waits for calls takes no longer than others', async () => {
  const calls = new Calls()
  const around = await beginning(asking(calls))
  await around.pipe(0, 0, 'a')
  await around.revoke(0)
  const end = around.end()
  await around.turns()
  around.clock.advance(1_000)
  await around.turns()
  expect(await Promise.race([end, around.turns()])).toEqual({ stop: null, drained: false })
})
