import { describe, expect, test } from '@jest/globals'
import { datagenSource } from '@sluice/connector-datagen'
import type { RawSettings } from '@sluice/sdk'
import { FakeClock, FakeSourceContext, SourceRun } from '@sluice/sdk/testing'

async function startedAt(clock: FakeClock, settings: RawSettings): Promise<SourceRun> {
  const run = new SourceRun(
    datagenSource,
    { 'kafka.topic': 't', quickstart: 'users', ...settings },
    new FakeSourceContext(clock),
  )
  await run.start()
  return run
}

/** How many records come while so much time passes. */
async function recordsIn(run: SourceRun, clock: FakeClock, ms: number): Promise<number> {
  const [before, until] = [run.records.length, clock.monotonic() + ms]
  while (clock.monotonic() < until) await run.poll()
  return run.records.length - before
}

describe('records come', () => {
  test.each([0.5, 20, 5000])('%d in a second', async (rate) => {
    const clock = new FakeClock({ impatient: true })
    const run = await startedAt(clock, { 'records.per.second': String(rate) })
    const found = await recordsIn(run, clock, 20_000)
    expect(Math.abs(found - rate * 20)).toBeLessThanOrEqual(2 + rate / 500)
    await run.stop()
  })

  test('half of max.interval apart, on average', async () => {
    const clock = new FakeClock({ impatient: true })
    const run = await startedAt(clock, { 'max.interval': '100' })
    expect(Math.abs((await recordsIn(run, clock, 50_000)) - 1000)).toBeLessThan(80)
    await run.stop()
  })

  test.each([{ 'records.per.second': '10' }, { 'max.interval': '200' }] as readonly RawSettings[])(
    'and what a long stop was to bring is not made up for: %j',
    async (settings) => {
      const clock = new FakeClock()
      const run = await startedAt(clock, settings)
      clock.advance(3_600_000)
      let burst = 0
      for (let polls = 0; polls < 20; polls++) {
        const poll = run.poll()
        await new Promise(setImmediate)
        if (clock.sleeping > 0) break
        burst += (await poll).length
      }
      expect(burst).toBeGreaterThan(0)
      expect(burst).toBeLessThanOrEqual(40)
      await run.stop()
    },
  )
})
