/** The source loop and what cannot go on: judged record by record, never forgotten. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import {
  DataError,
  NotReadyError,
  RetriableError,
  SluiceError,
  systemClock,
  type Converter,
  type SourceTask,
} from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { bytes } from '../support/fake-kafka.ts'
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

  test('at the end of a source: its position is the one behind them', async () => {
    let polls = 0
    const run = new SourceRun({
      task: (context) => ({
        poll: async () => {
          polls += 1
          if (polls === 2) context.divert(bytes('last'), reason, at(2))
          return polls === 1 ? [sourceRecord(1)] : []
        },
      }),
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    const ended = run.run()
    await eventually('stored behind them', () => run.positions.at === 2)
    run.stop()
    expect(await ended).toBeUndefined()
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

describe('a record whose converter is not ready', () => {
  const polled = [1, 2, 3, 4, 5].map((n) => sourceRecord(n))

  test('waits for it and is given again', async () => {
    let isReady = false
    const value = refusing((given) =>
      given === '3' && !isReady
        ? new NotReadyError('a schema is registered first', async () => void (isReady = true))
        : undefined,
    )
    const run = new SourceRun({ task: () => ({ poll: batches(polled) }), converters: { value } })
    const ended = run.run()
    await eventually('all is stored', () => run.positions.at === 5)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.producer.values('out')).toEqual(['1', '2', '3', '4', '5'])
    expect(run.counts.progress()).toMatchObject({ polled: 5, produced: 5, skipped: 0 })
  })

  test('fails with what its converter could not get', async () => {
    const value = refusing((given) =>
      given === '3'
        ? new NotReadyError('a schema is registered first', () =>
            Promise.reject(new SluiceError('SCHEMA_INCOMPATIBLE', 'it does not fit')),
          )
        : undefined,
    )
    const run = new SourceRun({ task: () => ({ poll: batches(polled) }), converters: { value } })
    expect(await run.run()).toMatchObject({ code: 'TASK_FAILED', cause: { code: 'SCHEMA_INCOMPATIBLE' } })
    expect(run.producer.values('out')).toEqual(['1', '2'])
  })

  test('is not dropped because nobody could be asked, whatever is tolerated: the task stops before it', async () => {
    const value = refusing((given) =>
      given === '3'
        ? new NotReadyError('a schema is registered first', () =>
            Promise.reject(new RetriableError('REGISTRY_UNREACHABLE', 'the registry is down')),
          )
        : undefined,
    )
    const run = new SourceRun({
      task: () => ({ poll: batches(polled) }),
      converters: { value },
      tolerance: { tolerance: 'all' },
    })
    expect(await run.run()).toMatchObject({ code: 'TASK_FAILED', cause: { code: 'REGISTRY_UNREACHABLE' } })
    expect(run.producer.values('out')).toEqual(['1', '2'])
    expect(run.positions.at).toBe(2)
  })
})
