/** The sink loop with everything around it in memory: what it promises whatever the timing is. */
import { describe, expect, test } from '@jest/globals'
import { RetriableError, SluiceError, type TopicPartitionOffset } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { eventually } from '../support/eventually.ts'
import { ActingSink, committedAt, HoldingSink, LOG, P0, refusing, SinkRun } from '../support/sink-run.ts'

const later = new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')

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
    const run = new SinkRun({ log: LOG, committed: [committedAt(20, { passed: 15, quarantined: { decode: 5 } })] })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    await ended
    expect((run.task as HoldingSink).values).toEqual(LOG.slice(20))
    expect(run.committed?.tally).toEqual({ in: 25, passed: 20, marked: 0, quarantined: { decode: 5 }, dropped: {} })
  })

  test('at a stop everything put is flushed for the last time, committed and closed, in that order', async () => {
    const run = new SinkRun({ log: LOG, commitIntervalMs: 60_000 })
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
      log: LOG,
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

describe('put', () => {
  test('that asks for later gets the same records again, before any other', async () => {
    let failures = 3
    const seen: number[] = []
    const run = new SinkRun({
      log: LOG,
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
    expect((run.task as HoldingSink).values).toEqual(LOG)
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })

  test('that asks for later at a time of its own gets them then', async () => {
    const clock = new FakeClock({ impatient: true })
    const at: number[] = []
    const run = new SinkRun({
      log: ['0'],
      clock,
      commitIntervalMs: 60_000,
      task: (context) =>
        new ActingSink((records) => {
          if (records.length === 0) return
          at.push(clock.monotonic())
          if (at.length > 3) return
          context.timeout(at.length * 7000)
          throw later
        }),
    })
    const ended = run.run()
    await eventually('put', () => at.length === 4)
    run.stop()
    await ended
    expect(at.slice(1).map((time, i) => time - at[i]!)).toEqual([7000, 14_000, 21_000])
  })

  test('that asks for later again and again holds up nothing else: what was put before is committed meanwhile', async () => {
    const run = new SinkRun({
      log: LOG,
      batch: 10,
      commitIntervalMs: 30_000,
      clock: new FakeClock({ impatient: true }),
      task: () =>
        new ActingSink((records) => {
          if (records[0]?.offset === 10) throw later
        }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 10)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.committed).toMatchObject({ offset: 10, tally: { in: 10, passed: 10 } })
  })

  test('that asks for later while the task is stopped: those records are not committed', async () => {
    let refused = false
    const run = new SinkRun({
      log: LOG,
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
    const cause = new SluiceError('STORE_UNAVAILABLE', 'the disk is full', { remedy: 'Make room.' })
    const run = new SinkRun({
      log: LOG,
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

describe('flush', () => {
  test('that names fewer offsets commits the checkpoint before, with the counts up to there', async () => {
    const run = new SinkRun({
      log: LOG,
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
      log: LOG,
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
    const run = new SinkRun({ log: LOG, task: () => failing(later, 3) })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.logger.lines.filter(({ fields }) => fields['reason'] === 'the store sleeps')).toHaveLength(3)
    const other = new SinkRun({ log: LOG, task: () => failing(new Error('the store is gone'), 1) })
    expect(await other.run()).toMatchObject({ message: 'the store is gone' })
    expect(other.offsets.commits).toEqual([])
  })

  test('offsets that cannot be committed for now are committed with the next', async () => {
    const run = new SinkRun({ log: LOG })
    run.offsets.refusal = new RetriableError('KAFKA_TIMEOUT', 'nobody answers')
    const ended = run.run()
    await eventually('all is put', () => (run.task as HoldingSink).values.length === 25)
    run.offsets.refusal = undefined
    await eventually('committed', () => run.committed?.offset === 25)
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
      log: LOG,
      task: () => sleeping(3),
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    const waiting = new SinkRun({ log: LOG, task: () => sleeping(1e9) })
    const waited = waiting.run()
    waiting.stop()
    expect(await waited).toBeUndefined()
    expect((waiting.task as HoldingSink).calls).toEqual(['stop'])
  })

  test('a close or stop that fails is only warned of: offsets are committed already', async () => {
    const run = new SinkRun({
      log: LOG,
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
    const warnings = run.logger.lines.filter(({ level }) => level === 'warn')
    expect(warnings.map(({ fields }) => fields['reason'])).toEqual(['a door jams', 'a window jams'])
  })
})
