import { expect, test } from '@jest/globals'
import { silentLogger } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { LeaderWatch } from '../../src/group/leader-watch.ts'

function watching(): {
  clock: FakeClock
  watch: LeaderWatch
  counts: Map<string, number>
  reasons: string[]
  asked: number[]
  closing: AbortController
  advance: (ms: number) => Promise<void>
} {
  const clock = new FakeClock()
  const counts = new Map([['t', 1]])
  const reasons: string[] = []
  const asked: number[] = []
  const closing = new AbortController()
  const watch = new LeaderWatch({
    clock,
    signal: closing.signal,
    logger: silentLogger,
    intervalMs: 100,
    count: () => {
      asked.push(clock.monotonic())
      if (counts.size === 0) return Promise.reject(new Error('no broker'))
      return Promise.resolve(new Map(counts))
    },
    onChange: (reason) => void reasons.push(reason),
  })
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await new Promise(setImmediate)
  }
  return { clock, watch, counts, reasons, asked, closing, advance }
}

test('says once that a topic has grown, with what it was and is', async () => {
  const { watch, counts, reasons, advance } = watching()
  watch.start(['t'], new Map([['t', 1]]))
  await advance(100)
  expect(reasons).toEqual([])
  counts.set('t', 2)
  await advance(100)
  expect(reasons).toEqual(['cached metadata has changed from {t=1} to {t=2}'])
  await advance(500)
  expect(reasons.length).toBe(1)
})

test('a leader that did not assign starts from what is there', async () => {
  const { watch, counts, reasons, asked, advance } = watching()
  watch.start(['t'], undefined)
  await advance(0)
  expect(asked).toEqual([0])
  await advance(100)
  expect(reasons).toEqual([])
  counts.set('u', 1)
  await advance(100)
  expect(reasons).toEqual(['cached metadata has changed from {t=1} to {t=1, u=1}'])
})

test('a broker that is away is asked again later', async () => {
  const { watch, counts, reasons, advance } = watching()
  watch.start(['t'], new Map([['t', 1]]))
  counts.clear()
  await advance(100)
  counts.set('t', 3)
  await advance(100)
  await advance(100)
  expect(reasons).toEqual(['cached metadata has changed from {t=1} to {t=3}'])
})

test('stops, and leaves no timer behind', async () => {
  const { clock, watch, counts, reasons, advance } = watching()
  watch.start(['t'], new Map([['t', 1]]))
  watch.start(['t'], new Map([['t', 1]]))
  await advance(0)
  expect(clock.sleeping).toBe(1)
  watch.stop()
  counts.set('t', 2)
  await advance(500)
  expect([reasons, clock.sleeping]).toEqual([[], 0])
})

test('nothing is watched any more when the client has been closed: no timer is left', async () => {
  const { clock, watch, asked, closing, advance } = watching()
  watch.start(['t'], new Map([['t', 1]]))
  expect(clock.sleeping).toBe(1)
  closing.abort()
  await advance(1_000)
  watch.start(['t'], new Map([['t', 1]]))
  await advance(1_000)
  expect(asked).toEqual([])
  expect(clock.sleeping).toBe(0)
})
