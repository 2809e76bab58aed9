import { describe, expect, test } from '@jest/globals'
import { DataError, RetriableError } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Samples } from '../../src/record-path/samples.ts'
import { TaskFigures } from '../../src/record-path/task-figures.ts'
import { eventually } from '../support/eventually.ts'
import { TransactionalRun } from '../support/fake-transactions.ts'
import { batches, SourceRun, sourceRecord } from '../support/source-run.ts'

describe('samples', () => {
  test('say nothing before anything was recorded', () => {
    const samples = new Samples(new FakeClock())
    expect([samples.avg, samples.max, samples.min, samples.rate, samples.total]).toEqual([NaN, NaN, NaN, 0, 0])
  })

  test('look back over the last 30 to 60 seconds; the total does not', () => {
    const clock = new FakeClock()
    const samples = new Samples(clock)
    samples.record(100)
    clock.advance(29_000)
    samples.record(2)
    expect([samples.max, samples.min, samples.avg]).toEqual([100, 2, 51])
    clock.advance(2_000)
    samples.record(4)
    expect([samples.max, samples.min]).toEqual([100, 2])
    clock.advance(29_500)
    expect([samples.max, samples.min, samples.avg, samples.total]).toEqual([4, 4, 4, 106])
    clock.advance(60_000)
    expect([samples.max, samples.rate, samples.total]).toEqual([NaN, 0, 106])
  })

  test('have a rate per second, of which a first window that has only begun is a whole one', () => {
    const clock = new FakeClock()
    const samples = new Samples(clock)
    samples.record(300)
    expect(samples.rate).toBe(10)
    clock.advance(45_000)
    samples.record(150)
    expect(samples.rate).toBe(10)
  })
})

test('a task spends its time running, paused, or neither', () => {
  const clock = new FakeClock()
  const figures = new TaskFigures({ connector: 'c', task: '0' }, clock, { 'connector-class': 'x' })
  clock.advance(1000)
  figures.turnedTo('running')
  clock.advance(6000)
  figures.turnedTo('paused')
  clock.advance(3000)
  figures.committed(4)
  figures.committed(8)
  figures.committed(3)
  figures.commitFailed(5)
  expect(figures.read()).toEqual({
    group: 'connector-task-metrics',
    tags: { connector: 'c', task: '0' },
    values: {
      'connector-class': 'x',
      'running-ratio': 0.6,
      'pause-ratio': 0.3,
      'batch-size-max': NaN,
      'batch-size-avg': NaN,
      'offset-commit-max-time-ms': 8,
      'offset-commit-avg-time-ms': 5,
      'offset-commit-success-percentage': 0.75,
      'offset-commit-failure-percentage': 0.25,
    },
  })
})

describe('the figures of a source', () => {
  test('count what was polled and written, what is under way, and how large batches were', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2), sourceRecord(3)], [sourceRecord(4)]) }),
      chain: (record) => (record.value === '2' ? null : record),
    })
    run.producer.holds = true
    const ended = run.run()
    await eventually('both are under way', () => run.producer.calls.length === 2)
    expect(run.sourceFigures.read().values).toMatchObject({
      'source-record-poll-total': 4,
      'source-record-write-total': 0,
      'source-record-active-count': 4,
    })
    run.producer.calls.slice().forEach((call) => call.done())
    await eventually('stored', () => run.positions.at === 4)
    run.stop()
    await ended
    expect(run.sourceFigures.read().values).toMatchObject({
      'source-record-poll-total': 4,
      'source-record-write-total': 3,
      'source-record-active-count': 0,
      'source-record-active-count-max': 4,
    })
    expect(run.figures.read().values).toMatchObject({
      'batch-size-max': 3,
      'batch-size-avg': 2,
      'offset-commit-success-percentage': 1,
    })
  })

  test('count stores that failed', async () => {
    const run = new SourceRun({ task: () => ({ poll: batches([sourceRecord(1)]) }) })
    run.positions.failures = 1
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 1)
    run.stop()
    await ended
    expect(run.figures.read().values).toMatchObject({ 'offset-commit-failure-percentage': 0.5 })
  })

  test('know the sizes of transactions, dead letters included', async () => {
    const eos = new TransactionalRun('poll', {
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2), sourceRecord(3), sourceRecord(4)]) }),
    })
    const ended = eos.run.run()
    await eventually('both', () => eos.committed.length === 2)
    eos.run.stop()
    await ended
    expect(eos.run.sourceFigures.read().values).toMatchObject({
      'transaction-size-min': 1,
      'transaction-size-max': 3,
      'transaction-size-avg': 2,
    })
    expect(eos.run.figures.read().values).toMatchObject({ 'offset-commit-success-percentage': 1 })
  })

  test('of errors: each failure, each try, each record that failed for good, each log line', async () => {
    let tries = 0
    const clock = new FakeClock({ impatient: true })
    const run = new SourceRun({
      task: () => ({
        poll: batches([sourceRecord(1), sourceRecord(2, { value: 'later' }), sourceRecord(3, { value: 'bad' })]),
      }),
      chain: (record) => {
        if (record.value === 'bad') throw new DataError('bad')
        if (record.value === 'later' && ++tries <= 2) throw new RetriableError('SOURCE_UNAVAILABLE', 'later')
        return record
      },
      tolerance: { tolerance: 'all', retryTimeoutMs: 60_000, log: true },
      clock,
    })
    const ended = run.run()
    await eventually('all settled', () => run.counts.progress().skipped === 1)
    run.stop()
    await ended
    expect(run.errors.read().values).toEqual({
      'total-record-failures': 3,
      'total-record-errors': 1,
      'total-records-skipped': 1,
      'total-retries': 2,
      'total-errors-logged': 1,
      'deadletterqueue-produce-requests': 0,
      'deadletterqueue-produce-failures': 0,
      'last-error-timestamp': expect.any(Number),
    })
  })
})
