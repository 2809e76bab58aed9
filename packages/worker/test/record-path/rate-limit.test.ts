import { describe, expect, test } from '@jest/globals'
import { systemClock } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { RateLimit } from '../../src/record-path/rate-limit.ts'
import { SourceRun, sourceRecord } from '../support/source-run.ts'

describe('a rate', () => {
  test('that nobody gives holds up nothing', () => {
    const limit = new RateLimit({ recordsPerSecond: null, bytesPerSecond: null }, new FakeClock())
    limit.take(1e9, 1e12)
    expect(limit.waitMs()).toBe(0)
  })

  test('lets a batch go as it is, and has the next one wait until that is paid for', () => {
    const clock = new FakeClock()
    const limit = new RateLimit({ recordsPerSecond: 100, bytesPerSecond: null }, clock)
    limit.take(350, 0)
    expect(limit.waitMs()).toBe(2500)
    clock.advance(2499)
    expect(limit.waitMs()).toBe(1)
    clock.advance(2)
    expect(limit.waitMs()).toBe(0)
  })

  test('is kept over time, whatever the sizes of batches are', () => {
    const clock = new FakeClock()
    const limit = new RateLimit({ recordsPerSecond: 1000, bytesPerSecond: null }, clock)
    let sent = 0
    for (let i = 0; i < 500; i++) {
      clock.advance(limit.waitMs())
      const records = 1 + ((i * 7919) % 300)
      limit.take(records, 0)
      sent += records
    }
    // What is saved up at the beginning, and the last batch, are beyond the rate.
    expect(sent).toBeGreaterThan((clock.monotonic() / 1000) * 1000 - 1)
    expect(sent).toBeLessThanOrEqual((clock.monotonic() / 1000) * 1000 + 1000 + 300)
  })

  test('does not save up more than a second of rest', () => {
    const clock = new FakeClock()
    const limit = new RateLimit({ recordsPerSecond: 10, bytesPerSecond: null }, clock)
    clock.advance(3_600_000)
    limit.take(30, 0)
    expect(limit.waitMs()).toBe(2000)
  })

  test('of bytes counts beside one of records: the slower one decides', () => {
    const limit = new RateLimit({ recordsPerSecond: 10, bytesPerSecond: 1000 }, new FakeClock())
    limit.take(20, 5000)
    expect(limit.waitMs()).toBe(4000)
    const other = new RateLimit({ recordsPerSecond: 10, bytesPerSecond: 1000 }, new FakeClock())
    other.take(60, 1500)
    expect(other.waitMs()).toBe(5000)
  })
})

test('a source is held to its rate, and the loop goes on beating meanwhile', async () => {
  const clock = new FakeClock()
  let n = 0
  const run = new SourceRun({
    task: () => ({ poll: async () => (n < 100 ? Array.from({ length: 10 }, () => sourceRecord(++n)) : []) }),
    rates: { recordsPerSecond: 5, bytesPerSecond: null },
    flushIntervalMs: 1_000_000,
    clock,
  })
  const ended = run.run()
  let longestMs = 0
  while (run.counts.progress().produced < 100) {
    await systemClock.sleep(1)
    longestMs = Math.max(longestMs, clock.monotonic() - run.control.heartbeat.lastMs)
    clock.advance(100)
    if (clock.monotonic() > 60_000) throw new Error('it does not come to its end')
  }
  // Five are saved up, and the last ten are not waited for.
  expect(clock.monotonic()).toBeGreaterThanOrEqual(((100 - 5 - 10) / 5) * 1000)
  expect(longestMs).toBeLessThan(3000)
  run.stop()
  await ended
})
