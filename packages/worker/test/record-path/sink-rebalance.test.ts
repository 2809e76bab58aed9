/** A sink task whose group gives it partitions and takes them, with everything around it in memory. */
import { describe, expect, test } from '@jest/globals'
import {
  RetriableError,
  SluiceError,
  type SinkRecord,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import type { SinkContext } from '../../src/record-path/sink-context.ts'
import { eventually } from '../support/eventually.ts'
import { logOf } from '../support/fake-kafka.ts'
import { ActingSink, HoldingSink, LOG, P0, SinkRun } from '../support/sink-run.ts'

const P1: TopicPartition = Object.freeze({ topic: 't', partition: 1 })
const later = new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')

/** Tells with which partitions it is called, and what was committed at each of its calls. */
class TellingSink extends HoldingSink {
  readonly told: string[] = []
  readonly offsets: number[][] = []
  seen: () => readonly TopicPartitionOffset[] = () => []

  override async open(partitions: readonly TopicPartition[]): Promise<void> {
    this.told.push(`open ${numbers(partitions)}`)
  }

  override async flush(
    positions: readonly TopicPartitionOffset[],
    closing: boolean,
  ): Promise<readonly TopicPartitionOffset[]> {
    if (closing) this.told.push(`flush ${numbers(positions)}, ${this.seen().length} committed`)
    return super.flush(positions, closing)
  }

  override async close(partitions: readonly TopicPartition[] = []): Promise<void> {
    this.told.push(`close ${numbers(partitions)}, ${this.seen().length} committed`)
  }
}

function numbers(partitions: readonly TopicPartition[]): string {
  return partitions.map(({ partition }) => partition).join('+')
}

function offsetsOf(run: SinkRun): Record<number, number> {
  return Object.fromEntries(run.offsets.commits.map(({ partition, offset }) => [partition, offset]))
}

function telling(
  options: Partial<ConstructorParameters<typeof SinkRun>[0]> = {},
): SinkRun & { readonly task: TellingSink } {
  const sink = new TellingSink()
  const run = new SinkRun({ log: LOG, commitIntervalMs: 60_000, partitions: [P0, P1], task: () => sink, ...options })
  sink.seen = () => run.offsets.commits
  return run as SinkRun & { readonly task: TellingSink }
}

async function allIsPut(run: SinkRun, count: number): Promise<void> {
  await eventually('all is put', () => (run.task as HoldingSink).values.length === count)
}

describe('partitions that the group takes', () => {
  test('are flushed, closed and then committed; the others are read on as if nothing were', async () => {
    const run = telling()
    const ended = run.run()
    await allIsPut(run, 50)
    await run.group.revoke([P1])
    expect(run.task.told).toEqual(['open 0+1', 'flush 1, 0 committed', 'close 1, 0 committed'])
    expect(offsetsOf(run)).toEqual({ 1: 25 })
    for (const key of ['t-0', 't-1']) run.fetcher.logs.set(key, logOf(...LOG, 'more'))
    await allIsPut(run, 51)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(offsetsOf(run)).toEqual({ 0: 26, 1: 25 })
    expect(run.task.told.slice(3)).toEqual(['flush 0, 1 committed', 'close 0, 1 committed'])
  })

  test('come back where they were left, and the sink is opened with the new ones alone', async () => {
    const run = telling()
    const ended = run.run()
    await allIsPut(run, 50)
    await run.group.revoke([P1])
    await run.group.assign([P1])
    expect(run.task.told.at(-1)).toBe('open 1')
    run.stop()
    expect(await ended).toBeUndefined()
    expect(run.task.values).toHaveLength(50)
  })

  test('while a put is to be repeated: their records are not put again, those of the others are, once', async () => {
    const puts: number[][] = []
    const run = new SinkRun({
      log: LOG.slice(0, 3),
      partitions: [P0, P1],
      commitIntervalMs: 60_000,
      task: () =>
        new ActingSink((records) => {
          if (records.length === 0) return
          puts.push([...new Set(records.map(({ originalPartition }) => originalPartition))])
          if (puts.length === 1) throw later
        }),
    })
    const ended = run.run()
    await eventually('refused once', () => puts.length === 1)
    await run.group.revoke([P1])
    expect(puts).toHaveLength(1)
    await allIsPut(run, 3)
    expect(puts).toEqual([[0, 1], [0]])
    run.stop()
    expect(await ended).toBeUndefined()
    expect(offsetsOf(run)).toEqual({ 0: 3 })
  })

  test('during a put: it is waited for, and what it wrote is committed', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>()
    let isPutting = false
    const run = new SinkRun({
      log: LOG,
      batch: 25,
      commitIntervalMs: 60_000,
      task: () =>
        new ActingSink(async (records) => {
          if (records.length === 0) return
          isPutting = true
          await slow
        }),
    })
    const ended = run.run()
    await eventually('it puts', () => isPutting)
    let isRevoked = false
    const revoked = run.group.revoke([P0]).then(() => (isRevoked = true))
    await new Promise((done) => setTimeout(done, 20))
    expect(isRevoked).toBe(false)
    resolve()
    await revoked
    expect(offsetsOf(run)).toEqual({ 0: 25 })
    run.stop()
    expect(await ended).toBeUndefined()
  })

  test('whose last flush fails: closed, nothing committed, and the task goes on with the others', async () => {
    const sink = new (class extends TellingSink {
      override async flush(
        positions: readonly TopicPartitionOffset[],
        closing: boolean,
      ): Promise<readonly TopicPartitionOffset[]> {
        if (closing && positions.length === 1 && positions[0]!.partition === 1) throw new Error('the store is gone')
        return super.flush(positions, closing)
      }
    })()
    const run = telling({ task: () => sink })
    const ended = run.run()
    await allIsPut(run, 50)
    await run.group.revoke([P1])
    expect(sink.told.at(-1)).toBe('close 1, 0 committed')
    run.stop()
    expect(await ended).toBeUndefined()
    expect(offsetsOf(run)).toEqual({ 0: 25 })
  })

  test('whose close fails: the group has them back, then the task fails', async () => {
    const run = telling({
      task: () =>
        new (class extends TellingSink {
          override close = (): Promise<void> => Promise.reject(new Error('a door jams'))
        })(),
    })
    const ended = run.run()
    await allIsPut(run, 50)
    await run.group.revoke([P1])
    expect(await ended).toMatchObject({ message: 'a door jams' })
    expect(offsetsOf(run)).toEqual({ 1: 25 })
  })
})

describe('partitions that are lost', () => {
  test('are closed, and nothing is flushed or committed of them', async () => {
    const run = telling()
    const ended = run.run()
    await allIsPut(run, 50)
    await run.group.lose([P0, P1])
    expect(run.task.told).toEqual(['open 0+1', 'close 0+1, 0 committed'])
    run.stop()
    expect(await ended).toBeUndefined()
    expect([run.task.told.length, run.offsets.commits]).toEqual([2, []])
  })

  test('during a put: what it wrote is not committed, and nothing more of them is put', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<void>()
    const seen: string[] = []
    const run = new SinkRun({
      log: LOG,
      batch: 5,
      commitIntervalMs: 0,
      partitions: [P0, P1],
      task: () =>
        new ActingSink(async (records) => {
          for (const { originalPartition, originalOffset } of records)
            seen.push(`${originalPartition}/${originalOffset}`)
          if (records.length > 0) await slow
        }),
    })
    const ended = run.run()
    await eventually('it puts', () => seen.length === 10)
    const lost = run.group.lose([P1])
    resolve()
    await lost
    await eventually('the other goes on', () => seen.includes('0/24'))
    run.stop()
    expect(await ended).toBeUndefined()
    expect(seen.filter((at) => at.startsWith('1/'))).toEqual(['1/0', '1/1', '1/2', '1/3', '1/4'])
    expect(offsetsOf(run)).toEqual({ 0: 25 })
  })

  test('a membership that has ended for good fails the task with the reason', async () => {
    const run = telling()
    const ended = run.run()
    await allIsPut(run, 50)
    run.group.failure = new SluiceError('KAFKA_FENCED', 'another member has its name')
    expect(await ended).toMatchObject({ code: 'KAFKA_FENCED' })
    expect(run.offsets.commits).toEqual([])
  })
})

describe('an answer to a commit', () => {
  test('that comes after its partitions were given up does not count, whatever it says', async () => {
    const run = telling({ commitIntervalMs: 0, commitTimeoutMs: 20, batch: 5 })
    const { promise: slow, resolve } = Promise.withResolvers<void>()
    const commit = run.group.commit.bind(run.group)
    let isFirst = true
    run.group.commit = async (offsets) => {
      if (isFirst) {
        isFirst = false
        await slow
        throw new SluiceError('KAFKA_REFUSED', 'too late')
      }
      await commit(offsets)
    }
    const ended = run.run()
    await allIsPut(run, 50)
    await eventually('a later one is answered', () => run.offsets.commits.length > 0)
    resolve()
    await run.group.revoke([P0, P1])
    run.stop()
    expect(await ended).toBeUndefined()
    expect(offsetsOf(run)).toEqual({ 0: 25, 1: 25 })
    expect(run.logger.lines.filter(({ message }) => message.startsWith('Commit of offsets timed out'))).toHaveLength(1)
    expect(run.taskFigures.read().values['offset-commit-failure-percentage']).toBeGreaterThan(0)
  })
})

describe('what the sink paused', () => {
  test('stays paused when other partitions come and go, and also when it goes and comes itself', async () => {
    let context: SinkContext | undefined
    const run = new SinkRun({
      log: LOG,
      partitions: [P0],
      task: (own) => {
        context = own
        return new HoldingSink()
      },
    })
    run.fetcher.logs.set('t-1', logOf(...LOG))
    const ended = run.run()
    await allIsPut(run, 25)
    context!.pause([P0])
    await run.group.assign([P1])
    await allIsPut(run, 50)
    expect([...run.fetcher.paused]).toEqual(['t-0'])
    await run.group.revoke([P0, P1])
    await run.group.assign([P0, P1])
    expect([...run.fetcher.paused]).toEqual(['t-0'])
    await run.group.revoke([P0])
    await run.group.assign([{ topic: 't', partition: 7 }])
    await run.group.assign([P0])
    expect([...run.fetcher.paused]).toEqual([])
    expect(() => context!.pause([{ topic: 't', partition: 9 }])).toThrow(/not currently assigned to them/)
    run.stop()
    expect(await ended).toBeUndefined()
  })
})

describe('places to go on', () => {
  test('of one partition for two tables: the first in the log counts, so that neither misses a record', async () => {
    const run = new SinkRun({
      log: LOG,
      task: (context) =>
        new (class extends HoldingSink {
          override async open(): Promise<void> {
            context.rewind([{ ...P0, offset: 9 }])
            context.rewind([{ ...P0, offset: 4 }])
            context.rewind([{ ...P0, offset: 20 }])
          }
        })(),
    })
    const ended = run.run()
    await allIsPut(run, 21)
    run.stop()
    expect(await ended).toBeUndefined()
    expect((run.task as HoldingSink).values).toEqual(LOG.slice(4))
  })

  test('of several partitions are each its own', async () => {
    const run = new SinkRun({
      log: LOG,
      partitions: [P0, P1],
      task: (context) =>
        new (class extends HoldingSink {
          override async open(): Promise<void> {
            context.rewind([
              { ...P0, offset: 20 },
              { ...P1, offset: 10 },
            ])
          }
        })(),
    })
    const ended = run.run()
    await allIsPut(run, 20)
    run.stop()
    expect(await ended).toBeUndefined()
  })

  test('behind the end of the partition: the sink holds records of another topic, and the task fails saying so', async () => {
    const run = new SinkRun({
      log: LOG,
      task: (context) =>
        new (class extends HoldingSink {
          override async open(): Promise<void> {
            context.rewind([{ ...P0, offset: 26 }])
          }
        })(),
    })
    expect(await run.run()).toMatchObject({
      code: 'TOPIC_RECREATED',
      place: { topic: 't', partition: 0, offset: 26, end: 25 },
      remedy: expect.stringContaining('reset its offsets') as unknown,
    })
    expect(run.offsets.commits).toEqual([])
  })
})

describe('a flush that fails for now', () => {
  test('goes back to the last committed offsets: everything since is put again, and counted once', async () => {
    let failures = 1
    const seen: number[] = []
    const run = new SinkRun({
      log: LOG,
      batch: 10,
      commitIntervalMs: 0,
      clock: new FakeClock({ impatient: true }),
      task: () =>
        new (class extends HoldingSink {
          override async put(records: readonly SinkRecord[]): Promise<void> {
            if (records.length > 0) seen.push(records[0]!.offset)
          }

          override async flush(
            positions: readonly TopicPartitionOffset[],
            closing: boolean,
          ): Promise<readonly TopicPartitionOffset[]> {
            if (positions[0]?.offset === 20 && failures-- > 0) throw later
            return super.flush(positions, closing)
          }
        })(),
    })
    const ended = run.run()
    await eventually('committed', () => run.committed?.offset === 25)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(seen).toEqual([0, 10, 10, 20])
    expect(run.committed?.tally).toMatchObject({ in: 25, passed: 25 })
  })
})
