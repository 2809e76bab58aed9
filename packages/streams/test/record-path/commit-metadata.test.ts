import { expect, test } from '@jest/globals'
import { decodeTally, EMPTY_TALLY, encodeTally, TALLY_BYTES_MAX } from '@sluice/kafka'
import { readCommitMetadata, writeCommitMetadata } from '../../src/record-path/commit-metadata.ts'
import { writeOffsetMetadata } from '../../src/state/formats/offset-metadata.ts'

const tally = { ...EMPTY_TALLY, in: 3, passed: 3 }

test('tally, the time of the partition and the times of nodes come back as they were committed', () => {
  const whole = { tally, partitionTime: 1_700_000_000_000, nodeTimes: { agg: 1_700_000_000_001 } }
  expect(readCommitMetadata(writeCommitMetadata(whole))).toEqual(whole)
  expect(decodeTally(writeCommitMetadata(whole))).toEqual(tally)
  const timeless = { tally, partitionTime: -1, nodeTimes: {} }
  expect(writeCommitMetadata(timeless)).toBe(encodeTally(tally))
  expect(readCommitMetadata(encodeTally(tally))).toEqual(timeless)
})

test('the text fits where there are many reasons: they give way, the times do not', () => {
  const dropped = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`reason ${i}`, 1]))
  const whole = { tally: { ...EMPTY_TALLY, in: 1000, dropped }, partitionTime: 7, nodeTimes: { agg: 8 } }
  const text = writeCommitMetadata(whole)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
  expect(readCommitMetadata(text)).toMatchObject({ tally: { in: 1000 }, partitionTime: 7, nodeTimes: { agg: 8 } })
})

test('of what Kafka Streams has committed the time of the partition is known', () => {
  const text = writeOffsetMetadata({ partitionTime: 42, processors: new Map() })
  expect(readCommitMetadata(text)).toEqual({ tally: EMPTY_TALLY, partitionTime: 42, nodeTimes: {} })
})

test('what is neither says nothing', () => {
  for (const foreign of ['', 'AgAAAA==', '{"times":7}', 'null', '{"times":{"a":"b"}}', '{"time":"x"}', '7'])
    expect(readCommitMetadata(foreign)).toEqual({ tally: EMPTY_TALLY, partitionTime: -1, nodeTimes: {} })
})
