import { expect, test } from '@jest/globals'
import { heartbeatSource } from '@sluice/connector-datagen'
import { validateValue } from '@sluice/sdk'
import { FakeClock, FakeSourceContext, SourceRun } from '@sluice/sdk/testing'

const SETTINGS = { topic: 'beats', 'heartbeat.interval.ms': '1000', 'worker.name': 'w1' }

async function beats(context: FakeSourceContext, clock: FakeClock, ms: number): Promise<SourceRun> {
  const run = new SourceRun(heartbeatSource, SETTINGS, context)
  await run.start()
  for (const until = clock.monotonic() + ms; clock.monotonic() < until;) await run.poll()
  return run
}

test('a beat comes at once, and then one each interval, with the time, keyed by the connector', async () => {
  const clock = new FakeClock({ impatient: true })
  const begin = clock.now()
  const run = await beats(new FakeSourceContext(clock), clock, 5000)
  expect(run.records.map(({ value }) => value)).toEqual(
    Array.from({ length: run.records.length }, (_, sequence) => ({
      sequence,
      time: begin + sequence * 1000,
      connector: 'test',
      task: 0,
      worker: 'w1',
    })),
  )
  expect(run.records.length).toBeGreaterThanOrEqual(5)
  for (const { topic, key, value, valueSchema, timestamp } of run.records) {
    validateValue(valueSchema, value, 'value')
    expect({ topic, key, timestamp }).toEqual({
      topic: 'beats',
      key: 'test',
      timestamp: (value as { readonly time: number }).time,
    })
  }
  await run.stop()
})

test('the sequence has no gaps across restarts', async () => {
  const clock = new FakeClock({ impatient: true })
  const context = new FakeSourceContext(clock)
  const found: unknown[] = []
  for (let life = 0; life < 5; life++) {
    const run = await beats(context, clock, 3000)
    await run.settle()
    await run.stop()
    found.push(...run.records.map(({ value }) => (value as { readonly sequence: number }).sequence))
  }
  expect(found).toEqual(Array.from({ length: found.length }, (_, i) => i))
  expect(found.length).toBeGreaterThan(10)
})

test('what was missed is not made up for', async () => {
  const clock = new FakeClock()
  const run = new SourceRun(heartbeatSource, SETTINGS, new FakeSourceContext(clock))
  await run.start()
  expect(await run.poll()).toHaveLength(1)
  clock.advance(60_000)
  expect(await run.poll()).toHaveLength(1)
  const waiting = run.poll()
  await new Promise(setImmediate)
  expect(clock.sleeping).toBe(1)
  clock.advance(1000)
  expect(await waiting).toHaveLength(1)
  await run.stop()
})

test('a position that it cannot have written is refused', async () => {
  const context = new FakeSourceContext()
  context.store({ connector: 'test' }, { sequence: -1 })
  const run = new SourceRun(heartbeatSource, SETTINGS, context)
  await expect(run.start()).rejects.toMatchObject({ code: 'POSITION_UNREADABLE' })
  await run.stop()
})

test('it ends at once when it is asked to', async () => {
  const run = new SourceRun(heartbeatSource, SETTINGS, new FakeSourceContext(new FakeClock()))
  await run.start()
  await run.poll()
  const abort = new AbortController()
  const waiting = run.poll(abort.signal)
  abort.abort()
  expect(await waiting).toEqual([])
  await run.stop()
})
