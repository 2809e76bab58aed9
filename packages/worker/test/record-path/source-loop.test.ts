/** The source loop with everything around it in memory: what it promises whatever the timing is. */
import { describe, expect, test } from '@jest/globals'
import { RetriableError, SluiceError, systemClock, type SourceTask } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { recordBytes } from '../../src/record-path/convert.ts'
import { eventually } from '../support/eventually.ts'
import { text } from '../support/fake-kafka.ts'
import { batches, FILE, SourceRun, sourceRecord } from '../support/source-run.ts'

describe('positions', () => {
  test('are stored only behind what is durable, whatever the order of the answers', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2)], [sourceRecord(3)]) }),
    })
    run.producer.holds = true
    const ended = run.run()
    await eventually('three batches under way', () => run.producer.calls.length === 3)
    run.producer.calls[1]!.done()
    await systemClock.sleep(30)
    expect(run.positions.at).toBeUndefined()
    run.producer.calls[0]!.done()
    await eventually('the first two are stored', () => run.positions.at === 2)
    run.producer.calls[0]!.done()
    await eventually('the third is stored', () => run.positions.at === 3)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.counts.progress()).toMatchObject({ polled: 3, produced: 3 })
  })

  test('behind a batch that failed are never stored', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2)], [sourceRecord(3)]) }),
    })
    run.producer.holds = true
    const ended = run.run()
    await eventually('three batches under way', () => run.producer.calls.length === 3)
    const [first, second, third] = [...run.producer.calls]
    second!.fail(new SluiceError('KAFKA_REFUSED', 'no room'))
    third!.done()
    first!.done()
    expect(await ended).toMatchObject({ code: 'KAFKA_REFUSED' })
    expect(run.positions.at).toBe(1)
  })

  test('of batches that hold nothing to send move too, but not past those before them', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2, { value: 'drop' })]) }),
      chain: (record) => (record.value === 'drop' ? null : record),
    })
    run.producer.holds = true
    const ended = run.run()
    await eventually('both are polled', () => run.counts.progress().dropped === 1)
    await systemClock.sleep(30)
    expect(run.positions.at).toBeUndefined()
    run.producer.calls[0]!.done()
    await eventually('both are stored', () => run.positions.at === 2)
    run.stop()
    await ended
  })

  test('are handed to the source once they are stored', async () => {
    const settled: unknown[] = []
    const run = new SourceRun({
      task: () => ({
        poll: batches([sourceRecord(1), sourceRecord(2)]),
        settled: async (positions) => {
          settled.push([...positions], run.positions.at)
        },
      }),
    })
    const ended = run.run()
    await eventually('settled', () => settled.length > 0)
    expect(settled).toEqual([[[FILE, { n: 2 }]], 2])
    run.stop()
    await ended
  })

  test('a store that fails is tried again with the next ones, in order, and the task goes on', async () => {
    const run = new SourceRun({ task: () => ({ poll: batches([sourceRecord(1)], [sourceRecord(2)]) }) })
    run.positions.failures = 3
    const ended = run.run()
    await eventually('stored at last', () => run.positions.at === 2)
    run.stop()
    expect(await ended).toBeUndefined()
    const stored = run.positions.stores.flat().map(({ position }) => Number(position['n']))
    expect(stored).toEqual(stored.toSorted((a, b) => a - b))
    expect(run.metrics.value('sluice_source_position_store_failures_total', { connector: 'c', task: '0' })).toBe(3)
    expect(run.logger.lines.filter(({ message }) => message.startsWith('Positions could not be stored'))).toHaveLength(
      3,
    )
  })

  test('a source that cannot act on what is settled is warned of; what is stored is stored', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1)]), settled: () => Promise.reject(new Error('not now')) }),
    })
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 1)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.metrics.value('sluice_source_position_store_failures_total', { connector: 'c', task: '0' })).toBe(0)
    expect(run.positions.stores).toHaveLength(1)
    expect(run.logger.lines).toMatchObject([{ level: 'warn', fields: { reason: 'not now' } }])
  })

  test('what is not known to be durable when time is up is not stored', async () => {
    const run = new SourceRun({ task: () => ({ poll: batches([sourceRecord(1)]) }), flushTimeoutMs: 30 })
    run.producer.holds = true
    const ended = run.run()
    await eventually('under way', () => run.producer.calls.length === 1)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.positions.at).toBeUndefined()
    expect(run.logger.lines).toMatchObject([{ level: 'warn', fields: { batches: 1 } }])
  })
})

describe('polling', () => {
  test('waits while the queue is full: never more under way than its bound and one batch', async () => {
    const [bound, perBatch] = [10_000, 3000]
    let [underWay, most, n] = [0, 0, 0]
    const run = new SourceRun({
      task: () => ({ poll: async () => (n < 200 ? [sourceRecord(++n, { value: 'x'.repeat(perBatch) })] : []) }),
      queueBytesMax: bound,
    })
    const { producer } = run
    producer.holds = true
    const real = producer.produce.bind(producer)
    producer.produce = (records) => {
      underWay += records.reduce((sum, record) => sum + recordBytes(record), 0)
      most = Math.max(most, underWay)
      return real(records)
    }
    const ended = run.run()
    while (run.positions.at !== 200) {
      await eventually('something is under way', () => producer.calls.length > 0 || run.positions.at === 200)
      // A slow broker: one batch at a time.
      const call = producer.calls[0]
      if (call === undefined) continue
      underWay -= call.records.reduce((sum, record) => sum + recordBytes(record), 0)
      call.done()
      await systemClock.sleep(0)
    }
    run.stop()
    await ended
    expect(most).toBeGreaterThan(bound)
    expect(most).toBeLessThanOrEqual(bound + perBatch + 200)
    expect(producer.values('out')).toHaveLength(200)
  })

  test('a source that has nothing is asked some times a second, not all the time', async () => {
    let polls = 0
    const run = new SourceRun({
      task: () => ({
        poll: async () => {
          polls += 1
          return null
        },
      }),
    })
    const ended = run.run()
    await systemClock.sleep(1000)
    run.stop()
    await ended
    expect(polls).toBeGreaterThan(5)
    expect(polls).toBeLessThan(20)
  })

  test('after something has come, it is asked again soon', async () => {
    let [polls, last] = [0, 0]
    const gaps: number[] = []
    const run = new SourceRun({
      task: () => ({
        poll: async () => {
          polls += 1
          const now = performance.now()
          if (polls > 9) gaps.push(now - last)
          last = now
          return polls === 9 ? [sourceRecord(9)] : null
        },
      }),
    })
    const ended = run.run()
    await eventually('asked again', () => gaps.length >= 2)
    run.stop()
    await ended
    // The first gap holds no pause at all; the second, the first one of a new row of pauses.
    expect(gaps[1]).toBeLessThan(150)
  })

  test('a RetriableError is “nothing yet”, said in the log; any other error fails the task', async () => {
    let polls = 0
    const run = new SourceRun({
      task: () => ({
        poll: async () => {
          polls += 1
          if (polls === 1) throw new RetriableError('SOURCE_UNAVAILABLE', 'the host sleeps')
          if (polls === 2) return [sourceRecord(1)]
          throw new Error('the host is gone')
        },
      }),
    })
    expect(await run.run()).toMatchObject({ message: 'the host is gone' })
    expect(run.logger.lines).toMatchObject([{ level: 'warn', fields: { reason: 'the host sleeps' } }])
    expect(run.positions.at).toBe(1)
  })

  test.each([undefined, null])('a source that fails with %s has failed', async (nothing) => {
    // oxlint-disable-next-line prefer-promise-reject-errors -- what a connector's author may do
    const run = new SourceRun({ task: () => ({ poll: () => Promise.reject(nothing) }) })
    expect(await run.run()).toMatchObject({ code: 'TASK_FAILED' })
  })

  test('a source that never waits keeps neither timers nor signals out, even if nothing of it is sent', async () => {
    let n = 0
    const run = new SourceRun({
      task: () => ({
        poll: async () => {
          n += 1
          if (n > 100_000 && run.positions.at === undefined) throw new Error('no timer gets through')
          return [sourceRecord(n)]
        },
      }),
      chain: () => null,
    })
    const ended = run.run()
    await eventually('positions move', () => Number(run.positions.at ?? 0) > 10, 3000)
    run.stop()
    expect(await ended).toBeUndefined()
  })

  test('being interrupted by a stop is no failure; being interrupted without one is', async () => {
    const interrupted: SourceTask['poll'] = async (signal) => {
      if (signal.aborted) throw signal.reason
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    }
    const run = new SourceRun({ task: () => ({ poll: interrupted }) })
    const ended = run.run()
    await systemClock.sleep(5)
    run.stop()
    expect(await ended).toBeUndefined()
    const abort = Object.assign(new Error('aborted'), { name: 'AbortError' })
    expect(await new SourceRun({ task: () => ({ poll: () => Promise.reject(abort) }) }).run()).toBe(abort)
  })
})

describe('a source’s life', () => {
  const calls: string[] = []
  const task = (overrides: Partial<SourceTask> = {}) => ({
    start: async () => void calls.push('start'),
    poll: batches([sourceRecord(1)]),
    stop: async () => void calls.push('stop'),
    ...overrides,
  })

  test('starts once, stops once; a stop that fails is only warned of', async () => {
    calls.length = 0
    const run = new SourceRun({
      task: () =>
        task({
          stop: () => {
            calls.push('stop')
            return Promise.reject(new Error('a door jams'))
          },
        }),
    })
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 1)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(calls).toEqual(['start', 'stop'])
    expect(run.logger.lines).toMatchObject([{ level: 'warn', fields: { reason: 'a door jams' } }])
  })

  test('stops after a start that failed', async () => {
    calls.length = 0
    const run = new SourceRun({ task: () => task({ start: () => Promise.reject(new Error('no such file')) }) })
    expect(await run.run()).toMatchObject({ message: 'no such file' })
    expect(calls).toEqual(['stop'])
  })

  test('a start that may work later is tried again', async () => {
    let left = 3
    const run = new SourceRun({
      task: () =>
        task({
          start: async () => {
            if (left-- > 0) throw new RetriableError('SOURCE_UNAVAILABLE', 'the host sleeps')
          },
        }),
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 1)
    run.stop()
    expect(await ended).toBeUndefined()
  })

  test('topics are made before the first record goes to them', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1), sourceRecord(2, { topic: 'other' })], [sourceRecord(3)]) }),
    })
    const produced: string[] = []
    const real = run.producer.produce.bind(run.producer)
    run.producer.produce = (records) => {
      produced.push(...records.map(({ topic }) => `${topic}:${run.made.includes(topic)}`))
      return real(records)
    }
    const ended = run.run()
    await eventually('stored', () => run.positions.at === 3)
    run.stop()
    await ended
    expect(produced).toEqual(['out:true', 'other:true', 'out:true'])
    expect(run.made).toEqual(['out', 'other'])
    expect(run.durable.map(({ value }) => text(value))).toEqual(['1', '2', '3'])
  })
})
