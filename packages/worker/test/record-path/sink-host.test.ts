/** What a host does with a sink task: pauses it, resumes it, watches it, leaves it behind. */
import { describe, expect, test } from '@jest/globals'
import { DataError, RetriableError, systemClock, type SinkRecord } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { logOf } from '../support/fake-kafka.ts'
import { ActingSink, HoldingSink, LOG, P0, refusing, SinkRun } from '../support/sink-run.ts'

describe('a task that is paused', () => {
  test('commits once, keeps its partitions, is put to with nothing, and goes on where it stood', async () => {
    const run = new SinkRun({ log: LOG, commitIntervalMs: 60_000 })
    const sink = run.task as HoldingSink
    const ended = run.run()
    await eventually('all is put', () => sink.values.length === 25)
    run.control.pause()
    await eventually('told', () => run.told.includes('PAUSED'))
    expect(run.committed?.offset).toBe(25)
    run.fetcher.logs.set('t-0', logOf(...LOG, 'more'))
    const puts = sink.puts.length
    await eventually('some turns', () => sink.puts.length > puts + 3)
    expect([sink.values.length, run.offsets.commits.length, sink.calls.includes('close')]).toEqual([25, 1, false])
    run.control.resume()
    await eventually('it goes on', () => sink.values.length === 26)
    expect(run.told).toEqual(['RUNNING', 't', 'PAUSED', 'RUNNING'])
    run.stop()
    expect(await ended).toBeUndefined()
  })

  test('from the beginning is not started until it is resumed', async () => {
    const run = new SinkRun({ log: LOG, isPaused: true })
    const ended = run.run()
    await eventually('told', () => run.told.length > 0)
    expect([run.told, (run.task as HoldingSink).calls]).toEqual([['PAUSED'], []])
    run.control.resume()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    const never = new SinkRun({ log: LOG, isPaused: true })
    const waited = never.run()
    await eventually('told', () => never.told.length > 0)
    never.stop()
    expect(await waited).toBeUndefined()
    expect((never.task as HoldingSink).calls).toEqual(['stop'])
  })

  test('does not fetch partitions that it is given meanwhile', async () => {
    const run = new SinkRun({ log: LOG })
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 25)
    run.control.pause()
    await eventually('told', () => run.told.includes('PAUSED'))
    run.fetcher.logs.set('t-1', logOf(...LOG))
    await run.group.assign([{ topic: 't', partition: 1 }])
    const polls = run.fetcher.polls
    await eventually('some turns', () => run.fetcher.polls > polls + 3)
    expect((run.task as HoldingSink).values).toHaveLength(25)
    run.control.resume()
    await eventually('both are read', () => (run.task as HoldingSink).values.length === 50)
    run.stop()
    expect(await ended).toBeUndefined()
  })
})

describe('a task that is left behind', () => {
  test('in a put: nothing is flushed, committed or written as a dead letter when that comes back', async () => {
    const { promise: stuck, resolve } = Promise.withResolvers<void>()
    let isPutting = false
    const run = new SinkRun({
      log: LOG,
      batch: 25,
      commitIntervalMs: 60_000,
      deadLetters: true,
      tolerance: { tolerance: 'all' },
      task: (context) =>
        new ActingSink(async (records: readonly SinkRecord[]) => {
          if (records.length === 0) return
          isPutting = true
          await stuck
          context.report(records[3]!, new DataError('three'))
        }),
    })
    const ended = run.run()
    await eventually('it puts', () => isPutting)
    run.stop()
    run.control.cancel()
    resolve()
    expect(await ended).toMatchObject({ code: 'INTERRUPTED' })
    expect([run.offsets.commits, run.producer.durable]).toEqual([[], []])
    expect((run.task as HoldingSink).calls).not.toContain('flush')
  })

  test('in a flush: what that calls safe is not committed', async () => {
    const { promise: stuck, resolve } = Promise.withResolvers<void>()
    let isFlushing = false
    const run = new SinkRun({
      log: LOG,
      batch: 25,
      task: () =>
        new (class extends HoldingSink {
          override async flush(...given: Parameters<HoldingSink['flush']>): ReturnType<HoldingSink['flush']> {
            isFlushing = true
            await stuck
            return super.flush(...given)
          }
        })(),
    })
    const ended = run.run()
    await eventually('it flushes', () => isFlushing)
    run.stop()
    run.control.cancel()
    resolve()
    expect(await ended).toMatchObject({ code: 'INTERRUPTED' })
    expect(run.offsets.commits).toEqual([])
  })
})

describe('a watchdog', () => {
  test('sees a loop that lives beat, also while a put is repeated; a put that hangs does not', async () => {
    let isAsking = true
    const run = new SinkRun({
      log: LOG,
      clock: new FakeClock({ impatient: true }),
      task: () =>
        new ActingSink((records) => {
          if (records.length > 0 && isAsking) throw new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
        }),
    })
    const ended = run.run()
    const { beats } = run.control.heartbeat
    await eventually('it beats', () => run.control.heartbeat.beats > beats + 20)
    expect(run.group.polls).toBeGreaterThan(10)
    isAsking = false
    run.stop()
    await ended
    const hanging = new SinkRun({ log: LOG, task: () => new ActingSink(() => new Promise<void>(() => undefined)) })
    void hanging.run()
    await eventually('it has begun', () => hanging.control.heartbeat.beats > 0)
    await new Promise((done) => setTimeout(done, 20))
    const before = hanging.control.heartbeat.beats
    await new Promise((done) => setTimeout(done, 30))
    expect(hanging.control.heartbeat.beats).toBe(before)
  })
})

describe('figures', () => {
  test('count what was read, sent, committed, skipped and failed, under Kafka Connect’s names', async () => {
    const clock = new FakeClock()
    const run = new SinkRun({
      log: LOG,
      batch: 10,
      commitIntervalMs: 0,
      clock,
      converters: { value: refusing('7') },
      deadLetters: true,
      tolerance: { tolerance: 'all', log: true },
      chain: (record) => (record.value === '9' ? null : record),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    await eventually('nothing more to commit', () => Number(run.figures.read().values['offset-commit-skip-total']) > 0)
    expect(run.figures.read().values).toMatchObject({
      'sink-record-read-total': 25,
      'sink-record-send-total': 23,
      'sink-record-active-count': 0,
      'sink-record-lag-max': 0,
      'partition-count': 1,
      'put-batch-max-time-ms': 0,
    })
    expect(Number(run.figures.read().values['offset-commit-completion-total'])).toBeGreaterThan(0)
    expect(run.errorFigures.read().values).toMatchObject({
      'total-record-failures': 1,
      'total-record-errors': 1,
      'total-records-skipped': 1,
      'total-errors-logged': 1,
      'deadletterqueue-produce-requests': 1,
      'deadletterqueue-produce-failures': 0,
    })
    expect(run.taskFigures.read().values).toMatchObject({ 'offset-commit-success-percentage': 1, 'batch-size-max': 10 })
    run.stop()
    await ended
  })

  test('say how far the sink is behind, in records and in seconds that grow while it stands still', async () => {
    const clock = new FakeClock({ now: 1_700_000_010_000 })
    const { promise: stuck, resolve } = Promise.withResolvers<void>()
    const run = new SinkRun({
      log: LOG,
      batch: 10,
      clock,
      commitIntervalMs: 1e9,
      task: () => new ActingSink((records) => (records[0]?.offset === 10 ? stuck : undefined)),
    })
    const poll = run.fetcher.poll.bind(run.fetcher)
    run.fetcher.poll = async (...given) => (await poll(...given)).map((at) => ({ ...at, highWatermark: 25 }))
    const ended = run.run()
    await eventually('it stands still', () => run.positions.progress()[0]?.position === 10)
    // Record 9 has the time …000,009.
    expect(run.lag.read()).toEqual([{ ...P0, records: 15, seconds: 9.991 }])
    clock.advance(5000)
    expect(run.lag.read()).toEqual([{ ...P0, records: 15, seconds: 14.991 }])
    expect(run.figures.read().values['sink-record-lag-max']).toBe(15)
    expect(run.figures.readLags()).toMatchObject([{ tags: { partition: '0' }, values: { 'records-lag': 15 } }])
    resolve()
    await eventually('it is through', () => run.lag.read()[0]?.records === 0)
    expect(run.lag.read()).toEqual([{ ...P0, records: 0, seconds: 0 }])
    run.stop()
    await ended
  })

  test('know how many records there are before any has been fetched', async () => {
    const run = new SinkRun({ log: LOG })
    run.fetcher.poll = async (_, signal) => {
      await systemClock.sleep(2, signal)
      return []
    }
    const ended = run.run()
    await eventually('known', () => run.lag.read().length > 0)
    expect(run.lag.read()).toEqual([{ ...P0, records: 25, seconds: Number.NaN }])
    run.stop()
    await ended
  })

  test('a put that takes longer than the group waits for is told, with what to do', async () => {
    const clock = new FakeClock()
    const run = new SinkRun({
      log: LOG,
      batch: 25,
      clock,
      putMaxMs: 1000,
      task: () => new ActingSink((records) => (records.length > 0 ? clock.advance(1500) : undefined)),
    })
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 25)
    run.stop()
    await ended
    expect(run.logger.lines.filter(({ message }) => message.includes('max.poll.interval.ms'))).toMatchObject([
      { level: 'warn', fields: { tookMs: 1500, 'max.poll.interval.ms': 1000 } },
    ])
  })
})
