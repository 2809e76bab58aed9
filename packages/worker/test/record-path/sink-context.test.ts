/** What a sink task asks of its context, with the loop around it in memory. */
import { describe, expect, test } from '@jest/globals'
import { readQuarantineHeaders } from '@sluice/quality'
import { DataError, RetriableError, type SinkRecord, type TopicPartitionOffset } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import type { SinkContext } from '../../src/record-path/sink-context.ts'
import { eventually } from '../support/eventually.ts'
import { ActingSink, committedAt, HoldingSink, LOG, P0, SinkRun } from '../support/sink-run.ts'

const later = new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')

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
      log: LOG,
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
    const run = new SinkRun({ log: LOG, task: reporting(0), tolerance: { tolerance: 'all' } })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect(run.committed?.tally).toEqual({ in: 25, passed: 22, marked: 0, quarantined: {}, dropped: { put: 3 } })
  })

  test('with tolerance none fails the task, and leaves the record in the dead letter topic', async () => {
    const run = new SinkRun({ log: LOG, task: reporting(0), deadLetters: true })
    expect(await run.run()).toMatchObject({
      message: 'Exiting WorkerSinkTask due to unrecoverable exception.',
      cause: { code: 'TASK_FAILED', place: { topic: 't', partition: 0, offset: 3 }, cause: { message: 'three' } },
    })
    expect([run.producer.values('dead'), run.offsets.commits]).toEqual([['3'], []])
  })

  test('with tolerance none fails the task also when the sink goes on over it', async () => {
    const run = new SinkRun({
      log: LOG,
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
      log: LOG,
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
      log: LOG,
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

describe('a rewind', () => {
  const opening = (offset: number) => (context: SinkContext) =>
    new (class extends HoldingSink {
      override async open(): Promise<void> {
        context.rewind([{ ...P0, offset }])
      }
    })()

  test('forward in open: those records are not put, and count as passed', async () => {
    const run = new SinkRun({ log: LOG, task: opening(20), committed: [committedAt(5)] })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(LOG.slice(20))
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })

  test('backward in open: records are put again, and counted once', async () => {
    const run = new SinkRun({
      log: LOG,
      task: opening(5),
      committed: [committedAt(20, { passed: 19, quarantined: { put: 1 } })],
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(LOG.slice(5))
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 24, quarantined: { put: 1 } })
    expect(run.offsets.commits.map(({ offset }) => offset)).toEqual([25])
  })

  test.each(['put', 'flush'])('in %s: before the next fetch, and counted once', async (call) => {
    const begins: number[] = []
    let left = 1
    const run = new SinkRun({
      log: LOG,
      batch: 5,
      // A flush on each turn.
      commitIntervalMs: 0,
      task: (context) => {
        const rewind = (): void => context.rewind([{ ...P0, offset: 3 }])
        return new (class extends ActingSink {
          constructor() {
            super((records) => {
              if (records.length > 0) begins.push(records[0]!.offset)
              if (call === 'put' && begins.at(-1) === 10 && left-- > 0) rewind()
            })
          }

          override async flush(
            positions: readonly TopicPartitionOffset[],
            closing: boolean,
          ): Promise<readonly TopicPartitionOffset[]> {
            if (call === 'flush' && positions[0]!.offset === 15 && left-- > 0) rewind()
            return super.flush(positions, closing)
          }
        })()
      },
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(begins).toEqual([0, 5, 10, 3, 8, 13, 18, 23])
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })

  test('of a sink killed between its own commit and the worker’s: what was judged is not forgotten', async () => {
    // The sink keeps offsets with its data, as a table does.
    const table = { offset: 0 }
    const keeping = (context: SinkContext) =>
      new (class extends ActingSink {
        constructor() {
          super((records) => {
            for (const record of records)
              if ((record.value as string).endsWith('3')) context.report(record, new DataError('three'))
          })
        }

        override async open(): Promise<void> {
          context.rewind([{ ...P0, offset: table.offset }])
        }

        override async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
          table.offset = positions[0]!.offset
          return positions
        }
      })()
    const options = { log: LOG, batch: 25, deadLetters: true, tolerance: { tolerance: 'all' } as const, task: keeping }
    const killed = new SinkRun(options)
    const commit = killed.offsets.commit.bind(killed.offsets)
    killed.offsets.commit = async (offsets) => {
      if (offsets.some(({ offset }) => offset > 0)) throw new Error('killed')
      await commit(offsets)
    }
    expect(await killed.run()).toMatchObject({ message: 'killed' })
    expect([table.offset, killed.producer.values('dead')]).toEqual([25, ['3', '13', '23']])

    const again = new SinkRun({ ...options, committed: killed.offsets.commits })
    again.fetcher.logs.get('t-0')!.push({ offset: 25, value: Buffer.from('25') })
    const ended = again.run()
    await eventually('committed', () => again.committed?.offset === 26)
    again.stop()
    expect(await ended).toBeUndefined()
    expect(again.producer.values('dead')).toEqual([])
    expect(again.committed?.tally).toEqual({ in: 26, passed: 23, marked: 0, quarantined: { put: 3 }, dropped: {} })
  })

  test('pausing in open holds from the first fetch on', async () => {
    let context: SinkContext | undefined
    const run = new SinkRun({
      log: LOG,
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

test('position says where the worker stands: in open what is committed, afterwards what has been put', async () => {
  const seen: (number | undefined)[] = []
  const run = new SinkRun({
    log: LOG,
    task: (context) =>
      new ActingSink(() => {
        seen.push(context.position(P0)?.offset)
      }),
    commitIntervalMs: 0,
  })
  const ended = run.run()
  await eventually('committed', () => run.committed?.offset === 25)
  run.stop()
  await ended
  expect(seen[0]).toBe(0)
  expect(seen.at(-1)).toBe(25)
})
