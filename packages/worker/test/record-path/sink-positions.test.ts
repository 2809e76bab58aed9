import { describe, expect, test } from '@jest/globals'
import { checkTally, decodeTally } from '@sluice/kafka'
import { silentLogger, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'
import { MemoryLogger } from '@sluice/sdk/testing'
import { SinkPositions } from '../../src/record-path/sink-positions.ts'
import { fetchedRecords } from '../support/fake-kafka.ts'

const p0 = { topic: 't', partition: 0 }
const fromZero = async (partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> =>
  partitions.map((partition) => ({ ...partition, offset: 0 }))

/** One turn of the loop: everything up to `nextOffset` is fetched and put. */
function turn(positions: SinkPositions, nextOffset: number): void {
  const from = positions.of(p0).position
  const batch = fetchedRecords(Array.from({ length: nextOffset - from }, (_, i) => ({ offset: from + i })))
  positions.of(p0).took(batch)
  positions.reached([
    {
      ...p0,
      batches: [batch],
      nextOffset,
      highWatermark: 100,
      lastStableOffset: 100,
      logStartOffset: 0,
      leaderEpoch: 0,
      topicId: '',
    },
  ])
}

async function started(): Promise<SinkPositions> {
  const positions = new SinkPositions(fromZero)
  await positions.start([p0], [])
  return positions
}

describe('sink positions', () => {
  test('a partition without a committed offset begins where the topic does', async () => {
    const positions = new SinkPositions(async () => [{ ...p0, offset: 40 }])
    await positions.start([p0], [])
    expect(positions.current()).toEqual([{ ...p0, offset: 40 }])
  })

  test('commits the counts of exactly the records before the offset', async () => {
    const positions = await started()
    turn(positions, 10)
    positions.of(p0).quarantined(12, 'decode')
    turn(positions, 15)
    const [first] = positions.committable([{ ...p0, offset: 12 }], silentLogger)
    expect(first).toMatchObject({ offset: 10 })
    expect(decodeTally(first!.metadata)).toMatchObject({ in: 10, passed: 10 })
    const [second] = positions.committable([{ ...p0, offset: 15 }], silentLogger)
    expect(decodeTally(second!.metadata)).toEqual({
      in: 15,
      passed: 14,
      marked: 0,
      quarantined: { decode: 1 },
      dropped: {},
    })
    checkTally(decodeTally(second!.metadata))
  })

  test('what was committed is not committed again, and offsets never move back', async () => {
    const positions = await started()
    turn(positions, 10)
    positions.committed(positions.committable(positions.current(), silentLogger))
    expect(positions.committable(positions.current(), silentLogger)).toEqual([])
    expect(positions.committable([{ ...p0, offset: 3 }], silentLogger)).toEqual([])
  })

  test.each([11, Number.NaN])('ignores an offset beyond what the sink was given, and says so: %s', async (offset) => {
    const positions = await started()
    turn(positions, 10)
    const logger = new MemoryLogger()
    expect(positions.committable([{ ...p0, offset }], logger)).toEqual([])
    expect(positions.committable([{ topic: 'other', partition: 0, offset: 1 }], logger)).toEqual([])
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'warn'])
  })

  test('counts go on from the committed ones after a restart', async () => {
    const before = await started()
    turn(before, 10)
    before.of(p0).dropped(11, 'transform')
    turn(before, 12)
    const committed = before.committable(before.current(), silentLogger)
    const after = new SinkPositions(fromZero)
    await after.start([p0], committed)
    turn(after, 15)
    expect(after.progress()).toMatchObject([
      {
        position: 15,
        committed: 12,
        tally: { in: 15, passed: 14, marked: 0, quarantined: {}, dropped: { transform: 1 } },
      },
    ])
  })

  test('where nobody can go is ignored, and said', async () => {
    const positions = await started()
    const logger = new MemoryLogger()
    const wrong = [
      { ...p0, offset: -1 },
      { ...p0, offset: 1.5 },
      { topic: 'other', partition: 9, offset: 1 },
    ]
    expect(positions.rewind([...wrong, { ...p0, offset: 30 }], logger)).toEqual([{ ...p0, offset: 30 }])
    expect(positions.current()).toEqual([{ ...p0, offset: 30 }])
    expect(logger.lines).toHaveLength(3)
  })
})
