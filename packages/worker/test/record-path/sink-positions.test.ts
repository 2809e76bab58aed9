import { describe, expect, test } from '@jest/globals'
import { checkTally, decodeTally, type FetchedPartition } from '@sluice/kafka'
import { silentLogger, type TopicPartition, type TopicPartitionOffset } from '@sluice/sdk'
import { SinkPositions } from '../../src/record-path/sink-positions.ts'

const p0 = { topic: 't', partition: 0 }
const fromZero = async (partitions: readonly TopicPartition[]): Promise<TopicPartitionOffset[]> =>
  partitions.map((partition) => ({ ...partition, offset: 0 }))

function turn(positions: SinkPositions, records: number, nextOffset: number): void {
  positions.tally(p0).in += records
  positions.reached([{ ...p0, batches: [], nextOffset, highWatermark: 100 } satisfies FetchedPartition])
}

describe('sink positions', () => {
  test('a partition without a committed offset begins where the topic does', async () => {
    const positions = new SinkPositions(async () => [{ ...p0, offset: 40 }])
    await positions.start([p0], [])
    expect(positions.current()).toEqual([{ ...p0, offset: 40 }])
  })

  test('commits the counts of exactly the records before the offset', async () => {
    const positions = new SinkPositions(fromZero)
    await positions.start([p0], [])
    turn(positions, 10, 10)
    positions.quarantined(p0, 'decode')
    turn(positions, 5, 15)
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
    const positions = new SinkPositions(fromZero)
    await positions.start([p0], [])
    turn(positions, 10, 10)
    const ready = positions.committable(positions.current(), silentLogger)
    positions.committed(ready)
    expect(positions.committable(positions.current(), silentLogger)).toEqual([])
  })

  test('ignores offsets beyond what the sink was given', async () => {
    const positions = new SinkPositions(fromZero)
    await positions.start([p0], [])
    turn(positions, 10, 10)
    expect(positions.committable([{ ...p0, offset: 11 }], silentLogger)).toEqual([])
    expect(positions.committable([{ topic: 'other', partition: 0, offset: 1 }], silentLogger)).toEqual([])
  })

  test('counts go on from the committed ones after a restart', async () => {
    const before = new SinkPositions(fromZero)
    await before.start([p0], [])
    turn(before, 10, 10)
    before.dropped(p0, 'transform')
    turn(before, 2, 12)
    const committed = before.committable(before.current(), silentLogger)
    const after = new SinkPositions(fromZero)
    await after.start([p0], committed)
    turn(after, 3, 15)
    expect(after.progress()[0]!.tally).toEqual({
      in: 15,
      passed: 14,
      marked: 0,
      quarantined: {},
      dropped: { transform: 1 },
    })
  })

  test('a sink that skips forward has those records already: they count as passed', async () => {
    const positions = new SinkPositions(fromZero)
    await positions.start([p0], [])
    expect(
      positions.rewind([
        { ...p0, offset: 30 },
        { topic: 'other', partition: 9, offset: 1 },
      ]),
    ).toHaveLength(1)
    turn(positions, 2, 32)
    expect(positions.progress()[0]).toMatchObject({ position: 32, tally: { in: 32, passed: 32 } })
  })

  test('after a rewind backward nothing behind it is committable until it is reached again', async () => {
    const positions = new SinkPositions(fromZero)
    await positions.start([p0], [])
    turn(positions, 10, 10)
    turn(positions, 10, 20)
    positions.rewind([{ ...p0, offset: 10 }])
    expect(positions.committable([{ ...p0, offset: 10 }], silentLogger)).toMatchObject([{ offset: 10 }])
    expect(positions.committable([{ ...p0, offset: 20 }], silentLogger)).toEqual([])
  })
})
