/** A batch that the sink refuses because of some of its records: the others are put, in their order. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { readQuarantineHeaders } from '@sluice/quality'
import { DataError, RetriableError, type SinkRecord } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { headersOf } from '../support/fake-kafka.ts'
import { HoldingSink, LOG, SinkRun } from '../support/sink-run.ts'

/** Takes a batch whole or not at all, as a transaction does. */
class ChoosySink extends HoldingSink {
  readonly canBisect: boolean
  readonly #refuse: (value: string) => Error | undefined

  constructor(refuse: (value: string) => Error | undefined, canBisect = true) {
    super()
    this.#refuse = refuse
    this.canBisect = canBisect
  }

  override async put(records: readonly SinkRecord[]): Promise<void> {
    for (const { value } of records) {
      const error = this.#refuse(value as string)
      if (error !== undefined) {
        this.puts.push(records.length)
        throw error
      }
    }
    await super.put(records)
  }
}

const refusing =
  (...bad: string[]) =>
  (value: string): Error | undefined =>
    bad.includes(value) ? new DataError(`${value} is too long for the column`) : undefined

const tolerant = {
  deadLetters: true,
  tolerance: { tolerance: 'all' },
  batch: 25,
  commitIntervalMs: 60_000,
} as const

describe('a sink that can be asked again', () => {
  test('gets all records but the bad ones, in order; those are dead letters with their own bytes and reasons', async () => {
    const run = new SinkRun({ log: LOG, ...tolerant, task: () => new ChoosySink(refusing('3', '17')) })
    const ended = run.run()
    await eventually('the rest is put', () => (run.task as HoldingSink).values.length === 23)
    run.stop()
    expect(await ended).toBeUndefined()
    expect((run.task as HoldingSink).values).toEqual(LOG.filter((value) => value !== '3' && value !== '17'))
    expect(run.producer.values('dead')).toEqual(['3', '17'])
    expect(readQuarantineHeaders(run.producer.durable[1]!.headers)).toMatchObject({
      stage: 'put',
      origin: { offset: 17 },
      reasons: [{ message: '17 is too long for the column' }],
    })
    expect(headersOf(run.producer.durable[0]!)['__connect.errors.stage']).toBe('TASK_PUT')
    expect(run.committed).toMatchObject({ offset: 25, tally: { in: 25, passed: 23, quarantined: { put: 2 } } })
  })

  test('whatever records are bad: each is in the sink or a dead letter, once, in order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.nat(24), { maxLength: 25 }), async (bad) => {
        const texts = bad.map(String)
        const run = new SinkRun({ log: LOG, ...tolerant, task: () => new ChoosySink(refusing(...texts)) })
        const ended = run.run()
        const sink = run.task as HoldingSink
        await eventually('all has gone somewhere', () => run.positions.progress()[0]?.position === 25)
        run.stop()
        expect(await ended).toBeUndefined()
        expect(sink.values).toEqual(LOG.filter((value) => !texts.includes(value)))
        expect(run.producer.values('dead')).toEqual(LOG.filter((value) => texts.includes(value)))
      }),
      { numRuns: 20 },
    )
  })

  test('and asks for later meanwhile: the same part comes again, nothing overtakes it', async () => {
    let sleeps = 2
    const refuse = (value: string): Error | undefined => {
      if (value === '12' && sleeps-- > 0) return new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
      return refusing('3')(value)
    }
    const run = new SinkRun({
      log: LOG,
      ...tolerant,
      clock: new FakeClock({ impatient: true }),
      task: () => new ChoosySink(refuse),
    })
    const ended = run.run()
    await eventually('the rest is put', () => (run.task as HoldingSink).values.length === 24)
    run.stop()
    expect(await ended).toBeUndefined()
    expect((run.task as HoldingSink).values).toEqual(LOG.filter((value) => value !== '3'))
  })

  test('is not asked for ever: with too many bad records the task fails with the last reason', async () => {
    const log = Array.from({ length: 2000 }, (_, n) => String(n))
    const run = new SinkRun({
      ...tolerant,
      log,
      batch: 2000,
      task: () => new ChoosySink(() => new DataError('none of them fits')),
    })
    expect(await run.run()).toMatchObject({ code: 'TASK_FAILED', cause: { message: 'none of them fits' } })
    expect((run.task as HoldingSink).puts.length).toBeLessThan(600)
    expect(run.offsets.commits).toEqual([])
  })
})

describe('a batch is not divided', () => {
  test.each([
    ['when the sink does not say that it may be', false, tolerant, new DataError('bad')],
    ['without a dead letter topic', true, { ...tolerant, deadLetters: false }, new DataError('bad')],
    ['when nothing is tolerated', true, { ...tolerant, tolerance: {} }, new DataError('bad')],
    ['over an error that is not about data', true, tolerant, new Error('bad')],
  ])('%s', async (_, canBisect, options, error) => {
    const run = new SinkRun({
      log: LOG,
      ...options,
      task: () => new ChoosySink((value) => (value === '3' ? error : undefined), canBisect),
    })
    expect(await run.run()).toMatchObject({
      message: 'Exiting WorkerSinkTask due to unrecoverable exception.',
      cause: { message: 'bad' },
    })
    const puts = (run.task as HoldingSink).puts.filter((records) => records > 0)
    expect([puts, run.producer.durable]).toEqual([[25], []])
  })
})
