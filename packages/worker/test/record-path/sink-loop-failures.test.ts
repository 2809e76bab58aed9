/** The sink loop and what cannot be decoded: judged record by record, never forgotten. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import { NotReadyError, RetriableError, SluiceError, systemClock, type Converter } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { headersOf, text } from '../support/fake-kafka.ts'
import { HoldingSink, LOG, refusing, SinkRun } from '../support/sink-run.ts'

describe('a record that cannot be decoded', () => {
  test('is a dead letter with the bytes it came as, before its offset is committed', async () => {
    const run = new SinkRun({
      log: LOG,
      converters: { value: refusing('7', '8') },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
      batch: 25,
    })
    run.fetcher.logs.get('t-0')![7] = {
      offset: 7,
      key: new Uint8Array([1, 2]),
      value: Buffer.from('7'),
      headers: [{ key: 'h', value: null }],
    }
    run.producer.holds = true
    const ended = run.run()
    await eventually('the letters are on their way', () => run.producer.calls.length === 1)
    await systemClock.sleep(30)
    expect(run.offsets.commits).toEqual([])
    run.producer.calls[0]!.done()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    const [letter] = run.producer.durable
    expect([[...letter!.key!], text(letter!.value), letter!.headers![0]]).toEqual([
      [1, 2],
      '7',
      { key: 'h', value: null },
    ])
    expect(readQuarantineHeaders(letter!.headers)).toMatchObject({
      stage: 'decode',
      origin: { topic: 't', partition: 0, offset: 7 },
    })
    expect(headersOf(letter!)['__connect.errors.stage']).toBe('VALUE_CONVERTER')
    expect(run.committed?.tally).toEqual({ in: 25, passed: 23, marked: 0, quarantined: { decode: 2 }, dropped: {} })
    expect((run.task as HoldingSink).values).not.toContain('7')
  })

  test('without a dead letter topic is dropped, with a count', async () => {
    const run = new SinkRun({ log: LOG, converters: { value: refusing('7') }, tolerance: { tolerance: 'all' } })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({ in: 25, passed: 24, marked: 0, quarantined: {}, dropped: { decode: 1 } })
  })

  test('with tolerance none stops the task before it, and is left in the dead letter topic, if there is one', async () => {
    const run = new SinkRun({ log: LOG, converters: { value: refusing('17') }, deadLetters: true })
    expect(await run.run()).toMatchObject({
      code: 'TASK_FAILED',
      place: { topic: 't', partition: 0, offset: 17 },
      cause: { message: '17 is odd' },
    })
    expect(run.producer.values('dead')).toEqual(['17'])
    expect((run.task as HoldingSink).calls).toEqual(expect.arrayContaining(['close', 'stop']))
    expect(run.committed?.offset ?? 0).toBeLessThanOrEqual(10)
  })

  test('for now is tried again until it can, and nothing overtakes it', async () => {
    let failures = 2
    const value: Converter = {
      encoder: () => () => null,
      decode: (_, bytes) => {
        if (text(bytes) === '7' && failures-- > 0) throw new RetriableError('KAFKA_TIMEOUT', 'the registry sleeps')
        return { schema: null, value: text(bytes) }
      },
    }
    const run = new SinkRun({
      log: LOG,
      converters: { value },
      tolerance: { retryTimeoutMs: -1 },
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(LOG)
    expect(run.committed?.tally.in).toBe(25)
  })

  test('for now, when the task is stopped meanwhile: neither judged nor committed', async () => {
    let tried = 0
    const value: Converter = {
      encoder: () => () => null,
      decode: (_, bytes) => {
        if (text(bytes) !== '17') return { schema: null, value: text(bytes) }
        tried += 1
        throw new RetriableError('KAFKA_TIMEOUT', 'the registry sleeps')
      },
    }
    const run = new SinkRun({
      log: LOG,
      converters: { value },
      deadLetters: true,
      tolerance: { retryTimeoutMs: -1, tolerance: 'all' },
    })
    const ended = run.run()
    await eventually('it waits', () => tried > 0)
    run.stop()
    expect(await ended).toBeUndefined()
    expect([run.producer.values('dead'), run.committed?.offset]).toEqual([[], 10])
  })

  test('a record that a transform drops is counted', async () => {
    const run = new SinkRun({ log: LOG, chain: (record) => (Number(record.value) % 5 === 0 ? null : record) })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({ in: 25, passed: 20, marked: 0, quarantined: {}, dropped: { transform: 5 } })
  })
})

describe('dead letters', () => {
  test('do not wait for the next commit: they would hold what they were fetched with', async () => {
    const run = new SinkRun({
      log: LOG,
      converters: { value: refusing(...LOG) },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
      commitIntervalMs: 60_000,
    })
    const ended = run.run()
    await eventually('all letters are durable', () => run.producer.durable.length === 25)
    expect(run.offsets.commits).toEqual([])
    run.stop()
    await ended
    expect(run.committed).toMatchObject({ offset: 25, tally: { in: 25, passed: 0 } })
  })

  test('that cannot be sent for now hold the offsets back; those that never can fail the task', async () => {
    const run = new SinkRun({
      log: LOG,
      converters: { value: refusing('3') },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    run.producer.refusal = new RetriableError('KAFKA_TIMEOUT', 'nobody answers')
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 24)
    await systemClock.sleep(30)
    // Nor is the sink asked to flush: one that keeps offsets with its data would be past the record for good.
    expect([(run.task as HoldingSink).calls, run.offsets.commits]).toEqual([['start', 'open'], []])
    run.producer.refusal = undefined
    await eventually('committed', () => run.committed?.offset === 25)
    expect(run.producer.values('dead')).toEqual(['3'])
    run.stop()
    await ended
    const failing = new SinkRun({
      log: LOG,
      converters: { value: refusing('3') },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    failing.producer.refusal = new SluiceError('RECORD_TOO_LARGE', 'no room')
    expect(await failing.run()).toMatchObject({ code: 'RECORD_TOO_LARGE' })
    expect(failing.offsets.commits).toEqual([])
  })
})

describe('a record whose converter is not ready', () => {
  /** Needs something before the values given, each once. */
  function unready(values: readonly string[], ready: () => Promise<void>): Converter {
    const missing = new Set(values)
    return {
      encoder: () => () => null,
      decode: (_, bytes) => {
        const value = text(bytes)
        if (missing.has(value))
          throw new NotReadyError('a schema is fetched first', async () => {
            await ready()
            missing.delete(value)
          })
        return { schema: null, value }
      },
    }
  }

  test('waits for it and is given again: it is no failure, and nothing overtakes it', async () => {
    const run = new SinkRun({ log: LOG, converters: { value: unready(['0', '7', '8', '24'], async () => {}) } })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(LOG)
    expect(run.committed?.tally).toEqual({ in: 25, passed: 25, marked: 0, quarantined: {}, dropped: {} })
  })

  test('fails with what its converter could not get', async () => {
    const value = unready(['7'], () => Promise.reject(new SluiceError('SCHEMA_UNKNOWN', 'there is no schema 7')))
    const run = new SinkRun({ log: LOG, converters: { value }, deadLetters: true, tolerance: { tolerance: 'all' } })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.producer.values('dead')).toEqual(['7'])
    expect(headersOf(run.producer.durable[0]!)['__connect.errors.exception.message']).toContain('there is no schema 7')
  })

  test('is not dropped because nobody could be asked, whatever is tolerated: it is a dead letter, or the task stops before it', async () => {
    for (const deadLetters of [true, false]) {
      const value = unready(['7'], () =>
        Promise.reject(new RetriableError('REGISTRY_UNREACHABLE', 'the registry is down')),
      )
      const run = new SinkRun({ log: LOG, converters: { value }, deadLetters, tolerance: { tolerance: 'all' } })
      const ended = run.run()
      if (deadLetters) {
        await eventually('committed', () => run.committed?.offset === 25)
        run.stop()
        expect(await ended).toBeUndefined()
        expect(run.producer.values('dead')).toEqual(['7'])
      } else {
        expect(await ended).toMatchObject({ code: 'TASK_FAILED', cause: { code: 'REGISTRY_UNREACHABLE' } })
        expect(run.committed?.offset ?? 0).toBeLessThanOrEqual(7)
      }
    }
  })

  test('waits for as long as errors.retry.timeout lets it when what it waits for cannot be had now', async () => {
    let failures = 40
    const value = unready(['7'], async () => {
      if (failures-- > 0) throw new RetriableError('REGISTRY_UNREACHABLE', 'the registry is down')
    })
    const run = new SinkRun({
      log: LOG,
      converters: { value },
      tolerance: { retryTimeoutMs: -1 },
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(LOG)
  })

  test('fails when its converter is never ready, and does not spin', async () => {
    const value: Converter = {
      encoder: () => () => null,
      decode: () => {
        throw new NotReadyError('never', async () => {})
      },
    }
    const run = new SinkRun({ log: LOG, converters: { value } })
    expect(await run.run()).toMatchObject({ code: 'TASK_FAILED', cause: { code: 'INTERNAL' } })
  })
})
