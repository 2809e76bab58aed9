import { describe, expect, test } from '@jest/globals'
import { FakeClock } from '@sluice/sdk/testing'
import { RateLimit } from '../../src/record-path/rate-limit.ts'
import { eventually } from '../support/eventually.ts'
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
  const clock = new FakeClock({ impatient: true })
  let n = 0
  const run = new SourceRun({
    task: () => ({ poll: async () => (n < 100 ? Array.from({ length: 10 }, () => sourceRecord(++n)) : []) }),
    rates: { recordsPerSecond: 5, bytesPerSecond: null },
    clock,
  })
  const began = clock.monotonic()
  const ended = run.run()
  let lastMs: number | undefined
  let longestMs = 0
  await eventually('all are sent', () => {
    const beat = run.control.heartbeat.lastMs
    longestMs = Math.max(longestMs, beat - (lastMs ?? beat))
    lastMs = beat
    return run.counts.progress().produced === 100
  })
  // Five are saved up, and the last ten are not waited for.
  expect(clock.monotonic() - began).toBeGreaterThanOrEqual(((100 - 5 - 10) / 5) * 1000)
  expect(run.control.heartbeat.beats).toBeGreaterThan(17)
  run.stop()
  await ended
})
