/** The source loop with everything around it in memory: what it promises whatever the timing is. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import { DataError, RetriableError, SluiceError, systemClock, type Converter, type SourceTask } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { recordBytes } from '../../src/record-path/convert.ts'
import { eventually } from '../support/eventually.ts'
import { bytes, text } from '../support/fake-kafka.ts'
import { batches, FILE, SourceRun, sourceRecord } from '../support/source-run.ts'

const at = (n: number): { sourcePartition: typeof FILE; sourcePosition: { n: number } } => ({
  sourcePartition: FILE,
  sourcePosition: { n },
})
const reason = {
  code: 'odd',
  message: 'These bytes are odd',
  place: { file: 'a.csv', line: 7, column: 3 },
  remedy: 'Mend the line.',
}

/** A converter that refuses the values it is told to, as often as it is told to. */
function refusing(refuse: (value: unknown) => unknown): Converter {
  return {
    encoder: () => (value) => {
      const error = refuse(value)
      if (error !== undefined) throw error
      return bytes(value as string)
    },
    decode: () => ({ schema: null, value: null }),
  }
}

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

describe('a record that fails', () => {
  const poison = refusing((value) => (value === '3' ? new DataError('three is odd') : undefined))
  const polled = [1, 2, 3, 4, 5].map((n) => sourceRecord(n))

  test('with tolerance none stops the task, after everything before it is sent and settled', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      converters: { value: poison },
      flushIntervalMs: 60_000,
    })
    const error = await run.run()
    expect(error).toMatchObject({
      code: 'TASK_FAILED',
      place: { topic: 'out', position: '{"n":3}' },
      cause: { message: 'three is odd' },
    })
    expect(run.producer.values('out')).toEqual(['1', '2'])
    expect(run.positions.at).toBe(2)
  })

  test('and leaves it in the dead letter topic, if there is one', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      converters: { value: poison },
      deadLetters: true,
    })
    expect(await run.run()).toMatchObject({ code: 'TASK_FAILED' })
    expect(run.producer.values('dead')).toEqual(['3'])
    expect(run.positions.at).toBe(2)
  })

  test('with tolerance all is a dead letter; the position moves on behind it', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      converters: { value: poison },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 5)
    run.stop()
    expect(await ended).toBeUndefined()
    expect([run.producer.values('out'), run.producer.values('dead')]).toEqual([['1', '2', '4', '5'], ['3']])
    expect(run.counts.progress()).toMatchObject({ polled: 5, produced: 4, deadLettered: 1, skipped: 0 })
  })

  test('with tolerance all and no dead letter topic is skipped, with a count', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      converters: { value: poison },
      tolerance: { tolerance: 'all' },
    })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 5)
    run.stop()
    await ended
    expect(run.counts.progress()).toMatchObject({ polled: 5, produced: 4, deadLettered: 0, skipped: 1 })
  })

  test('in a transform is named so', async () => {
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      chain: (record) => {
        if (record.value === '2') throw new TypeError('no such field')
        return record
      },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 5)
    run.stop()
    await ended
    const letter = run.durable.find(({ topic }) => topic === 'dead')!
    expect(readQuarantineHeaders(letter.headers)).toMatchObject({
      stage: 'transform',
      reasons: [{ message: 'no such field' }],
    })
  })

  test('that is too large is refused before the producer sees it', async () => {
    const large = sourceRecord(3, { value: 'x'.repeat(1000) })
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1), large, sourceRecord(4)]) }),
      recordBytesMax: 900,
      letterBytesMax: 100_000,
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 4)
    run.stop()
    await ended
    expect([run.producer.values('out'), run.producer.values('dead')]).toEqual([['1', '4'], ['x'.repeat(1000)]])
    const letter = run.durable.find(({ topic }) => topic === 'dead')!
    expect(readQuarantineHeaders(letter.headers)).toMatchObject({
      stage: 'produce',
      reasons: [{ code: 'RECORD_TOO_LARGE' }],
    })
  })

  test('and for whose dead letter there is no room stops the task before it, whatever is tolerated', async () => {
    const large = sourceRecord(3, { value: 'x'.repeat(1000) })
    const run = new SourceRun({
      task: () => ({ poll: batches([sourceRecord(1), large, sourceRecord(4)]) }),
      recordBytesMax: 900,
      letterBytesMax: 950,
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    expect(await run.run()).toMatchObject({
      code: 'RECORD_TOO_LARGE',
      place: { topic: 'out', position: '{"n":3}' },
      remedy: expect.stringMatching(/max\.message\.bytes of dead/) as unknown,
    })
    expect([run.producer.values('out'), run.producer.values('dead'), run.positions.at]).toEqual([['1'], [], 1])
  })

  test('for now is tried again, also through the transforms, and nothing overtakes it', async () => {
    let [failures, transformed] = [2, 0]
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      chain: (record) => {
        if (record.value === '3') transformed += 1
        return record
      },
      converters: {
        value: refusing((value) =>
          value === '3' && failures-- > 0 ? new RetriableError('KAFKA_TIMEOUT', 'the registry sleeps') : undefined,
        ),
      },
      tolerance: { retryTimeoutMs: -1 },
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 5)
    run.stop()
    await ended
    expect(run.producer.values('out')).toEqual(['1', '2', '3', '4', '5'])
    expect(transformed).toBe(3)
  })

  test.each(['none', 'all'] as const)(
    'for now, when the task is stopped meanwhile, is as if it had never come (tolerance %s)',
    async (tolerance) => {
      const run = new SourceRun({
        task: (context) => ({
          poll: async () => {
            context.divert(bytes('behind'), reason, at(9))
            return polled
          },
        }),
        converters: {
          value: refusing((value) =>
            value === '3' ? new RetriableError('KAFKA_TIMEOUT', 'the registry sleeps') : undefined,
          ),
        },
        tolerance: { retryTimeoutMs: -1, tolerance },
        deadLetters: true,
      })
      const ended = run.run()
      await eventually('polled', () => run.counts.progress().polled > 0)
      run.stop()
      expect(await ended).toBeUndefined()
      expect([run.producer.values('out'), run.producer.values('dead'), run.positions.at]).toEqual([['1', '2'], [], 2])
    },
  )
})

describe('bytes that a source could not read', () => {
  const divertsOnce =
    (n: number) =>
    (context: {
      divert: (...args: [Uint8Array, typeof reason, ReturnType<typeof at>]) => void
    }): Pick<SourceTask, 'poll'> => {
      let polls = 0
      return {
        poll: async () => {
          polls += 1
          if (polls === 1) {
            const buffer = Buffer.from('a,b\xff', 'latin1')
            context.divert(buffer, reason, at(n))
            buffer.fill(0)
            return [sourceRecord(1)]
          }
          return polls === 2 ? [sourceRecord(3)] : []
        },
      }
    }

  test('are a dead letter with their own bytes, behind the records polled with them; their position is settled', async () => {
    const run = new SourceRun({ task: divertsOnce(2), deadLetters: true, tolerance: { tolerance: 'all' } })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 3)
    run.stop()
    await ended
    expect(run.durable.map(({ topic }) => topic)).toEqual(['out', 'dead', 'out'])
    expect([...run.durable[1]!.value!]).toEqual([...Buffer.from('a,b\xff', 'latin1')])
    expect(readQuarantineHeaders(run.durable[1]!.headers)).toMatchObject({
      stage: 'poll',
      reasons: [{ code: 'odd', place: reason.place }],
    })
    expect(run.counts.progress()).toMatchObject({ polled: 3, produced: 2, deadLettered: 1 })
  })

  test('their position is not stored before they are durable', async () => {
    const run = new SourceRun({ task: divertsOnce(2), deadLetters: true, tolerance: { tolerance: 'all' } })
    run.producer.holds = true
    const ended = run.run()
    await eventually('both batches under way', () => run.producer.calls.length === 2)
    run.producer.calls[1]!.done()
    await systemClock.sleep(30)
    expect(run.positions.at).toBeUndefined()
    run.producer.calls[0]!.done()
    await eventually('all is stored', () => run.positions.at === 3)
    run.stop()
    await ended
  })

  test.each([
    ['none', true],
    ['none', false],
    ['all', false],
  ] as const)(
    'stop the task with what the source says of them (tolerance %s, dead letters %s)',
    async (tolerance, deadLetters) => {
      const run = new SourceRun({ task: divertsOnce(2), deadLetters, tolerance: { tolerance } })
      const error = await run.run()
      expect(error).toMatchObject({
        code: 'TASK_FAILED',
        place: reason.place,
        cause: { code: 'SOURCE_DIVERTED', remedy: 'Mend the line.' },
      })
      expect([run.producer.values('out'), run.positions.at]).toEqual([['1'], 1])
      expect(run.producer.values('dead')).toHaveLength(deadLetters ? 1 : 0)
    },
  )
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
    expect(gaps[0]).toBeLessThan(100)
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
    const run = new SourceRun({ task: () => ({ poll: async () => [sourceRecord(++n)] }), chain: () => null })
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
