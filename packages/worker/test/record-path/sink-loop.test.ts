/** The sink loop with everything around it in memory: what it promises whatever the timing is. */
import { describe, expect, test } from '@jest/globals'
import { encodeTally, type CommittedOffset } from '@sluice/kafka'
import { readQuarantineHeaders } from '@sluice/quality'
import {
  DataError,
  RetriableError,
  SluiceError,
  systemClock,
  type Converter,
  type SinkRecord,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import type { SinkContext } from '../../src/record-path/sink-context.ts'
import { eventually } from '../support/eventually.ts'
import { headersOf, text } from '../support/fake-kafka.ts'
import { HoldingSink, P0, SinkRun } from '../support/sink-run.ts'

const log = Array.from({ length: 25 }, (_, n) => String(n))
const later = new RetriableError('SINK_REFUSED', 'the store sleeps')

function committedAt(offset: number, rest: object = {}): CommittedOffset {
  return {
    ...P0,
    offset,
    metadata: encodeTally({ in: offset, passed: offset, marked: 0, quarantined: {}, dropped: {}, ...rest }),
  }
}

/** Refuses these values. */
function refusing(...values: string[]): Converter {
  return {
    encoder: () => () => null,
    decode: (_, value) => {
      if (values.includes(text(value))) throw new DataError(`${text(value)} is odd`)
      return { schema: null, value: text(value) }
    },
  }
}

/** A sink whose `put` may do something of its own first. */
class ActingSink extends HoldingSink {
  readonly #act: (records: readonly SinkRecord[]) => void | Promise<void>

  constructor(act: (records: readonly SinkRecord[]) => void | Promise<void>) {
    super()
    this.#act = act
  }

  override async put(records: readonly SinkRecord[]): Promise<void> {
    await this.#act(records)
    await super.put(records)
  }
}

describe('a turn', () => {
  test('puts also when there is nothing', async () => {
    const run = new SinkRun({ log: [] })
    const ended = run.run()
    await eventually('some puts', () => (run.task as HoldingSink).puts.length > 5)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(new Set((run.task as HoldingSink).puts)).toEqual(new Set([0]))
    expect(run.offsets.commits).toEqual([])
  })

  test('goes on from the committed offset, with its counts', async () => {
    const run = new SinkRun({ log, committed: [committedAt(20, { passed: 15, quarantined: { decode: 5 } })] })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(log.slice(20))
    expect(run.committed?.tally).toEqual({ in: 25, passed: 20, marked: 0, quarantined: { decode: 5 }, dropped: {} })
  })

  test('at a stop everything put is flushed for the last time, committed and closed, in that order', async () => {
    const run = new SinkRun({ log, commitIntervalMs: 60_000 })
    const sink = run.task as HoldingSink
    const ended = run.run()
    await eventually('all is put', () => sink.values.length === 25)
    expect(run.offsets.commits).toEqual([])
    run.stop()
    expect(await ended).toBeUndefined()
    expect(sink.calls).toEqual(['start', 'open', 'flush', 'close', 'stop'])
    expect([sink.closing, run.committed?.offset]).toEqual([true, 25])
  })

  test('requestCommit commits at once', async () => {
    const run = new SinkRun({
      log,
      batch: 5,
      commitIntervalMs: 60_000,
      task: (context) => new ActingSink((records) => (records.length > 0 ? context.requestCommit() : undefined)),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    expect(run.offsets.commits.map(({ offset }) => offset)).toEqual([5, 10, 15, 20, 25])
    run.stop()
    await ended
  })
})

describe('a record that cannot be decoded', () => {
  test('is a dead letter with the bytes it came as, before its offset is committed', async () => {
    const run = new SinkRun({
      log,
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
    const run = new SinkRun({ log, converters: { value: refusing('7') }, tolerance: { tolerance: 'all' } })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({ in: 25, passed: 24, marked: 0, quarantined: {}, dropped: { decode: 1 } })
  })

  test('with tolerance none stops the task before it, and is left in the dead letter topic, if there is one', async () => {
    const run = new SinkRun({ log, converters: { value: refusing('17') }, deadLetters: true })
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
      log,
      converters: { value },
      tolerance: { retryTimeoutMs: -1 },
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(log)
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
      log,
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
    const run = new SinkRun({ log, chain: (record) => (Number(record.value) % 5 === 0 ? null : record) })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({ in: 25, passed: 20, marked: 0, quarantined: {}, dropped: { transform: 5 } })
  })
})

describe('put', () => {
  test('that asks for later gets the same records again, before any other', async () => {
    let failures = 3
    const seen: number[] = []
    const run = new SinkRun({
      log,
      task: () =>
        new ActingSink((records) => {
          if (records.length > 0) seen.push(records[0]!.offset)
          if (records.length > 0 && failures-- > 0) throw later
        }),
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(seen).toEqual([0, 0, 0, 0, 10, 20])
    expect((run.task as HoldingSink).values).toEqual(log)
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })

  test('that asks for later while the task is stopped: those records are not committed', async () => {
    let refused = false
    const run = new SinkRun({
      log,
      task: () =>
        new ActingSink((records) => {
          if (records[0]?.offset !== 10) return
          refused = true
          throw later
        }),
    })
    const ended = run.run()
    await eventually('refused', () => refused)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.committed).toMatchObject({ offset: 10, tally: { in: 10 } })
  })

  test('that fails otherwise fails the task in Kafka Connect’s words, and commits nothing of it', async () => {
    const cause = new SluiceError('SINK_REFUSED', 'the disk is full', { remedy: 'Make room.' })
    const run = new SinkRun({
      log,
      task: () =>
        new ActingSink((records) => {
          if (records[0]?.offset === 10) throw cause
        }),
    })
    expect(await run.run()).toMatchObject({
      code: 'TASK_FAILED',
      message: 'Exiting WorkerSinkTask due to unrecoverable exception.',
      cause,
      remedy: 'Make room.',
    })
    expect(run.committed?.offset ?? 0).toBeLessThanOrEqual(10)
    expect((run.task as HoldingSink).calls.slice(-2)).toEqual(['close', 'stop'])
  })
})

describe('a report', () => {
  /** Reports every record whose value ends in 3; fails the first put of them, so that it is put again. */
  const reporting =
    (failures: number) =>
    (context: SinkContext): HoldingSink => {
      let left = failures
      return new ActingSink((records) => {
        for (const record of records)
          if ((record.value as string).endsWith('3')) context.report(record, new DataError('three'))
        if (records.length > 0 && left-- > 0) throw later
      })
    }

  test('becomes a dead letter once, with the bytes the record came as, however often the put was repeated', async () => {
    const run = new SinkRun({
      log,
      task: reporting(2),
      deadLetters: true,
      tolerance: { tolerance: 'all' },
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
      chain: (record) => ({ ...record, value: `changed ${record.value as string}` }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.producer.values('dead')).toEqual(['3', '13', '23'])
    expect(run.committed?.tally).toEqual({ in: 25, passed: 22, marked: 0, quarantined: { put: 3 }, dropped: {} })
    expect(readQuarantineHeaders(run.producer.durable[1]!.headers)).toMatchObject({
      stage: 'put',
      origin: { offset: 13 },
    })
  })

  test('without a dead letter topic is a counted drop', async () => {
    const run = new SinkRun({ log, task: reporting(0), tolerance: { tolerance: 'all' } })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({ in: 25, passed: 22, marked: 0, quarantined: {}, dropped: { put: 3 } })
  })

  test('with tolerance none fails the task, and leaves the record in the dead letter topic', async () => {
    const run = new SinkRun({ log, task: reporting(0), deadLetters: true })
    expect(await run.run()).toMatchObject({
      message: 'Exiting WorkerSinkTask due to unrecoverable exception.',
      cause: { code: 'TASK_FAILED', place: { topic: 't', partition: 0, offset: 3 }, cause: { message: 'three' } },
    })
    expect([run.producer.values('dead'), run.offsets.commits]).toEqual([['3'], []])
  })

  test('with tolerance none fails the task also when the sink goes on over it', async () => {
    const run = new SinkRun({
      log,
      deadLetters: true,
      task: (context) =>
        new ActingSink((records) => {
          for (const record of records) {
            try {
              context.report(record, new DataError('every one'))
            } catch {
              // A sink that catches whatever comes.
            }
          }
        }),
    })
    expect(await run.run()).toMatchObject({ message: 'Exiting WorkerSinkTask due to unrecoverable exception.' })
    expect(run.offsets.commits).toEqual([])
  })

  test('of a flush is durable before the offset is committed, and counted at the record’s own place', async () => {
    const run = new SinkRun({
      log,
      batch: 5,
      commitIntervalMs: 60_000,
      deadLetters: true,
      tolerance: { tolerance: 'all' },
      task: (context) => {
        const buffered: SinkRecord[] = []
        return new (class extends HoldingSink {
          override async put(records: readonly SinkRecord[]): Promise<void> {
            buffered.push(...records)
            await super.put(records)
          }

          override async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
            for (const record of buffered.splice(0))
              if ((record.value as string).endsWith('3')) context.report(record, new DataError('three'))
            return positions.map((position) => ({ ...position, offset: Math.min(position.offset, 12) }))
          }
        })()
      },
    })
    const sink = run.task as HoldingSink
    const ended = run.run()
    await eventually('all is put', () => sink.values.length === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.producer.values('dead')).toEqual(['3', '13', '23'])
    expect(run.committed).toEqual({
      offset: 10,
      tally: { in: 10, passed: 9, marked: 0, quarantined: { put: 1 }, dropped: {} },
    })
  })

  test('a record left out on purpose is dropped for its reason', async () => {
    const run = new SinkRun({
      log,
      task: (context) =>
        new ActingSink((records) => {
          for (const record of records) if (record.value === '4') context.drop(record, 'null-value')
        }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({
      in: 25,
      passed: 24,
      marked: 0,
      quarantined: {},
      dropped: { 'null-value': 1 },
    })
  })

  test('of every record of a large fetch takes no time to speak of', async () => {
    const many = Array.from({ length: 50_000 }, (_, n) => String(n))
    const run = new SinkRun({
      log: many,
      batch: many.length,
      deadLetters: false,
      tolerance: { tolerance: 'all' },
      task: (context) =>
        new ActingSink((records) => records.forEach((record) => context.report(record, new DataError('no')))),
    })
    const began = performance.now()
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === many.length)
    run.stop()
    await ended
    expect(performance.now() - began).toBeLessThan(3000)
    expect(run.committed?.tally.dropped).toEqual({ put: many.length })
  })
})

describe('dead letters', () => {
  test('do not wait for the next commit: they would hold what they were fetched with', async () => {
    const run = new SinkRun({
      log,
      converters: { value: refusing(...log) },
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
      log,
      converters: { value: refusing('3') },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    run.producer.refusal = new RetriableError('KAFKA_TIMEOUT', 'nobody answers')
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 24)
    await systemClock.sleep(30)
    expect(run.offsets.commits).toEqual([])
    run.producer.refusal = undefined
    await eventually('committed', () => run.committed?.offset === 25)
    expect(run.producer.values('dead')).toEqual(['3'])
    run.stop()
    await ended
    const failing = new SinkRun({
      log,
      converters: { value: refusing('3') },
      deadLetters: true,
      tolerance: { tolerance: 'all' },
    })
    failing.producer.refusal = new SluiceError('RECORD_TOO_LARGE', 'no room')
    expect(await failing.run()).toMatchObject({ code: 'RECORD_TOO_LARGE' })
    expect(failing.offsets.commits).toEqual([])
  })
})

describe('flush', () => {
  test('that names fewer offsets commits the checkpoint before, with the counts up to there', async () => {
    const run = new SinkRun({
      log,
      batch: 5,
      converters: { value: refusing('1', '13') },
      tolerance: { tolerance: 'all' },
      task: () =>
        new (class extends HoldingSink {
          override async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
            return positions.map((position) => ({ ...position, offset: Math.min(position.offset, 13) }))
          }
        })(),
    })
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 23)
    run.stop()
    await ended
    expect(run.committed).toEqual({
      offset: 10,
      tally: { in: 10, passed: 9, marked: 0, quarantined: {}, dropped: { decode: 1 } },
    })
  })

  test.each([
    ['nothing', []],
    ['what it was not given', [{ ...P0, offset: 99 }]],
    ['what is not its own', [{ topic: 'other', partition: 5, offset: 1 }]],
  ])('that names %s commits nothing', async (_, safe) => {
    const run = new SinkRun({
      log,
      task: () =>
        new (class extends HoldingSink {
          override async flush(): Promise<readonly TopicPartitionOffset[]> {
            this.calls.push('flush')
            return safe
          }
        })(),
    })
    const ended = run.run()
    await eventually('flushed', () => (run.task as HoldingSink).calls.includes('flush'))
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.offsets.commits).toEqual([])
  })

  test('that fails for now is tried again with the next; one that fails otherwise fails the task', async () => {
    const failing = (error: Error, failures: number): HoldingSink => {
      let left = failures
      return new (class extends HoldingSink {
        override async flush(
          positions: readonly TopicPartitionOffset[],
          closing: boolean,
        ): Promise<readonly TopicPartitionOffset[]> {
          if (left-- > 0) throw error
          return super.flush(positions, closing)
        }
      })()
    }
    const run = new SinkRun({ log, task: () => failing(later, 3) })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.logger.lines.filter(({ fields }) => fields['reason'] === 'the store sleeps')).toHaveLength(3)
    const other = new SinkRun({ log, task: () => failing(new Error('the store is gone'), 1) })
    expect(await other.run()).toMatchObject({ message: 'the store is gone' })
    expect(other.offsets.commits).toEqual([])
  })

  test('offsets that cannot be committed for now are committed with the next', async () => {
    const run = new SinkRun({ log })
    run.offsets.refusal = new RetriableError('KAFKA_TIMEOUT', 'nobody answers')
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 25)
    run.offsets.refusal = undefined
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
  })
})

describe('a rewind', () => {
  const opening = (offset: number) => (context: SinkContext) =>
    new (class extends HoldingSink {
      override async open(): Promise<void> {
        context.rewind([{ ...P0, offset }])
      }
    })()

  test('forward in open: those records are not put, and count as passed', async () => {
    const run = new SinkRun({ log, task: opening(20), committed: [committedAt(5)] })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(log.slice(20))
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })

  test('backward in open: records are put again, and counted once', async () => {
    const run = new SinkRun({
      log,
      task: opening(5),
      committed: [committedAt(20, { passed: 19, quarantined: { put: 1 } })],
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(log.slice(5))
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 24, quarantined: { put: 1 } })
    expect(run.offsets.commits.map(({ offset }) => offset)).toEqual([25])
  })

  test('in put and in flush: before the next fetch, and counted once', async () => {
    let left = 2
    const run = new SinkRun({
      log,
      batch: 5,
      task: (context) =>
        new (class extends ActingSink {
          constructor() {
            super((records) => {
              if (records[0]?.offset === 10 && left-- === 2) context.rewind([{ ...P0, offset: 3 }])
            })
          }

          override async flush(
            positions: readonly TopicPartitionOffset[],
            closing: boolean,
          ): Promise<readonly TopicPartitionOffset[]> {
            if (positions[0]!.offset === 25 && left-- === 0) context.rewind([{ ...P0, offset: 24 }])
            return super.flush(positions, closing)
          }
        })(),
    })
    const ended = run.run()
    await eventually(
      'read to the end twice',
      () => (run.task as HoldingSink).values.filter((value) => value === '24').length >= 2,
    )
    run.stop()
    await ended
    expect(run.fetcher.seeks.map(({ offset }) => offset)).toEqual([3, 24])
    expect(new Set((run.task as HoldingSink).values)).toEqual(new Set(log))
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })

  test('pausing in open holds from the first fetch on', async () => {
    let context: SinkContext | undefined
    const run = new SinkRun({
      log,
      task: (own) =>
        new (class extends HoldingSink {
          override async open(): Promise<void> {
            context = own
            expect(own.assignment()).toEqual([P0])
            own.pause([P0])
          }
        })(),
    })
    const ended = run.run()
    await eventually('some turns', () => run.fetcher.polls > 5)
    expect((run.task as HoldingSink).values).toEqual([])
    context!.resume([P0])
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 25)
    run.stop()
    expect(await ended).toBeUndefined()
  })
})

describe('a sink’s life', () => {
  test('a start that may work later is tried again; a stop meanwhile opens nothing', async () => {
    const sleeping = (failures: number) => {
      let left = failures
      return new (class extends HoldingSink {
        override async start(): Promise<void> {
          if (left-- > 0) throw later
        }
      })()
    }
    const run = new SinkRun({
      log,
      task: () => sleeping(3),
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    const waiting = new SinkRun({ log, task: () => sleeping(1e9) })
    const waited = waiting.run()
    waiting.stop()
    expect(await waited).toBeUndefined()
    expect((waiting.task as HoldingSink).calls).toEqual(['stop'])
  })

  test('a close or stop that fails is only warned of: offsets are committed already', async () => {
    const run = new SinkRun({
      log,
      task: () =>
        new (class extends HoldingSink {
          override close = (): Promise<void> => Promise.reject(new Error('a door jams'))
          override stop = (): Promise<void> => Promise.reject(new Error('a window jams'))
        })(),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.logger.lines.map(({ fields }) => fields['reason'])).toEqual(['a door jams', 'a window jams'])
  })
})
