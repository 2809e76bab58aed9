/** A sink that goes back while records are at hand: it gets none of them before it is where it wanted to be. */
import { describe, expect, test } from '@jest/globals'
import { DataError, RetriableError, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'
import type { SinkContext } from '../../src/record-path/sink-context.ts'
import { eventually } from '../support/eventually.ts'
import { ActingSink, LOG, P0, SinkRun, refusing } from '../support/sink-run.ts'

const P1: TopicPartition = Object.freeze({ topic: 't', partition: 1 })
const later = new RetriableError('STORE_UNAVAILABLE', 'the store sleeps')
const BACK = { ...P0, offset: 4 }

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** Takes the first ten records; refuses the others for now, until it has gone back. */
class ReturningSink extends ActingSink {
  /** Of the first partition, as they were taken. */
  readonly offsets: number[] = []
  /** Where it was told to stand by each flush since it refused. */
  readonly flushed: number[] = []
  isRefusing = false
  readonly #context: SinkContext
  #hasGoneBack = false

  constructor(context: SinkContext, isByItself: boolean) {
    super((records) => {
      this.isRefusing ||= records.some(({ originalOffset }) => originalOffset === 10)
      if (this.isRefusing && !this.#hasGoneBack) {
        if (isByItself) this.goBack()
        throw later
      }
      const own = records.filter(({ originalPartition }) => originalPartition === P0.partition)
      this.offsets.push(...own.map(({ originalOffset }) => originalOffset))
    })
    this.#context = context
  }

  goBack(): void {
    this.#hasGoneBack = true
    this.#context.rewind([BACK])
  }

  override async open(partitions: readonly TopicPartition[]): Promise<void> {
    this.#whenOther(partitions)
  }

  override async flush(
    positions: readonly TopicPartitionOffset[],
    closing: boolean,
  ): Promise<readonly TopicPartitionOffset[]> {
    if (this.isRefusing) this.flushed.push(positions[0]!.offset)
    return super.flush(positions, closing)
  }

  override async close(partitions: readonly TopicPartition[] = []): Promise<void> {
    this.#whenOther(partitions)
  }

  #whenOther(partitions: readonly TopicPartition[]): void {
    if (partitions.every(({ partition }) => partition === P1.partition)) this.goBack()
  }
}

describe('going back in a partition', () => {
  test.each(['assign', 'revoke', 'lose'] as const)(
    'that stays, asked for when another one is there for the group to %s',
    async (what) => {
      const run = new SinkRun({
        log: LOG,
        partitions: what === 'assign' ? [P0] : [P0, P1],
        commitIntervalMs: 60_000,
        task: (context) => new ReturningSink(context, false),
      })
      const sink = run.task as ReturningSink
      const ended = run.run()
      await eventually('it refuses', () => sink.isRefusing)
      await run.group[what]([P1])
      await eventually('all is put', () => sink.offsets.at(-1) === 24)
      run.stop()
      expect(await ended).toBeUndefined()
      expect(sink.offsets).toEqual([...range(0, 10), ...range(4, 25)])
      expect(run.offsets.commits.findLast(({ partition }) => partition === 0)?.offset).toBe(25)
    },
  )

  test('asked for by a put that is to be repeated: also before the next flush', async () => {
    // A flush on each turn.
    const run = new SinkRun({ log: LOG, commitIntervalMs: 0, task: (context) => new ReturningSink(context, true) })
    const sink = run.task as ReturningSink
    const ended = run.run()
    await eventually('all is put', () => sink.offsets.at(-1) === 24)
    run.stop()
    expect(await ended).toBeUndefined()
    expect(sink.offsets).toEqual([...range(0, 10), ...range(4, 25)])
    expect(sink.flushed[0]).toBe(BACK.offset)
    expect(run.committed).toMatchObject({ offset: 25, tally: { in: 25, passed: 25 } })
  })
})

test('a record that comes again has its dead letter already, wherever it failed', async () => {
  let times = 0
  const run = new SinkRun({
    log: LOG,
    commitIntervalMs: 60_000,
    converters: { value: refusing('7') },
    deadLetters: true,
    tolerance: { tolerance: 'all' },
    task: (context) =>
      new ActingSink((records) => {
        for (const record of records) if (record.value === '3') context.report(record, new DataError('three'))
        if (records.some(({ value }) => value === '12') && times++ < 2) context.rewind([{ ...P0, offset: 0 }])
      }),
  })
  const ended = run.run()
  await eventually('all is put', () => times === 3 && run.positions.of(P0).position === 25)
  run.stop()
  expect(await ended).toBeUndefined()
  expect(run.producer.values('dead').toSorted()).toEqual(['3', '7'])
  expect(run.committed).toMatchObject({ offset: 25, tally: { in: 25, passed: 23, quarantined: { put: 1, decode: 1 } } })
})
