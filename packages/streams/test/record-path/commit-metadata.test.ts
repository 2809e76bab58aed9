import { describe, expect, test } from '@jest/globals'
import { decodeTally, EMPTY_TALLY, encodeTally, TALLY_BYTES_MAX, total } from '@sluice/kafka'
import { NodeTimes } from '../../src/record-path/node-times.ts'
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

const timesOf = (text: string): NodeTimes => new NodeTimes(readCommitMetadata(text).nodeTimes)
const NOW = 1_700_000_000_000
/** So many nodes, called as Kafka Streams would, each with a time of its own. */
function nodesOf(count: number): Record<string, number> {
  const name = (i: number): string => `KSTREAM-AGGREGATE-${String(i).padStart(10, '0')}`
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [name(i), NOW - (i % 1_000) * 1_000_000_000]))
}

test('the text fits where there are many reasons: they give way, the times do not', () => {
  const dropped = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`reason ${i}`, 1]))
  const whole = { tally: { ...EMPTY_TALLY, in: 1000, dropped }, partitionTime: 7, nodeTimes: { agg: 8 } }
  const text = writeCommitMetadata(whole)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
  expect(readCommitMetadata(text)).toMatchObject({ tally: { in: 1000 }, partitionTime: 7 })
  expect(timesOf(text).of('agg').at).toBe(8)
})

describe('where there are many nodes', () => {
  test('their names give way, their times and the reasons do not', () => {
    const nodeTimes = nodesOf(120)
    const counted = { ...tally, in: 4, dropped: { filter: 1 } }
    const text = writeCommitMetadata({ tally: counted, partitionTime: NOW, nodeTimes })
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
    expect(readCommitMetadata(text)).toMatchObject({ tally: counted, partitionTime: NOW })
    const found = timesOf(text)
    for (const [node, at] of Object.entries(nodeTimes)) expect(found.of(node).at).toBe(at)
    expect(found.of('another').at).toBe(-1)
  })

  test('240 always have room for their times; of more the last are left out, and the text fits', () => {
    for (const count of [240, 1_000, 5_000]) {
      const dropped = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`reason ${i}`, 1]))
      const nodeTimes = nodesOf(count)
      const text = writeCommitMetadata({ tally: { ...EMPTY_TALLY, in: 300, dropped }, partitionTime: NOW, nodeTimes })
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
      const back = readCommitMetadata(text)
      expect([back.partitionTime, back.tally.in, total(back.tally.dropped)]).toEqual([NOW, 300, 300])
      const found = timesOf(text)
      const read = Object.keys(nodeTimes).map((node) => found.of(node).at)
      const isLeftOut = read.map((at) => at === -1)
      expect(isLeftOut.indexOf(true)).toBe(count === 240 ? -1 : isLeftOut.filter((out) => !out).length)
      expect(read.slice(0, 240)).toEqual(Object.values(nodeTimes).slice(0, 240))
    }
  })

  test('those that would put windows out again are left out last, and before them those without records for the longest', () => {
    const times = new NodeTimes()
    times.of('count').at = 7
    times.of('sum').at = 5
    times.of('closes', { store: 'closing', behindMs: 0 }).at = 9
    expect(Object.keys(times.snapshot())).toEqual(['closes', 'sum', 'count'])
  })
})

test('what is held back by its key is never left out, and comes back offset by offset', () => {
  const held = { until: 9_007_199_254_740_000, offsets: [5, 6, 40, 1_000_000, 9_007_199_254_739_999] }
  expect(readCommitMetadata(writeCommitMetadata({ tally, partitionTime: 1, nodeTimes: {}, held })).held).toEqual(held)
  const many = { until: 400_000, offsets: Array.from({ length: 200 }, (_, i) => i * 1_999) }
  const dropped = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`reason ${i}`, 1]))
  const whole = { tally: { ...EMPTY_TALLY, in: 1_000, dropped }, partitionTime: NOW, nodeTimes: nodesOf(5_000) }
  const text = writeCommitMetadata({ ...whole, held: many })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
  expect(readCommitMetadata(text)).toMatchObject({ held: many, partitionTime: NOW, tally: { in: 1_000 } })
  for (const foreign of ['{"held":7}', '{"held":[1,2]}', '{"held":["a",2,""]}'])
    expect(readCommitMetadata(foreign)).not.toHaveProperty('held')
})

test('of what Kafka Streams has committed the time of the partition is known, and up to where a store closed windows', () => {
  const text = writeOffsetMetadata({ partitionTime: 42, processors: new Map([['counts', 30]]) })
  expect(readCommitMetadata(text)).toMatchObject({ tally: EMPTY_TALLY, partitionTime: 42 })
  expect(timesOf(text).of('agg', { store: 'counts', behindMs: 5 }).at).toBe(35)
  expect(timesOf(text).of('agg').at).toBe(-1)
  const none = writeOffsetMetadata({ partitionTime: 42, processors: new Map() })
  expect(readCommitMetadata(none)).toEqual({ tally: EMPTY_TALLY, partitionTime: 42, nodeTimes: {} })
})

test('what is neither says nothing', () => {
  for (const foreign of [
    '',
    'AgAAAA==',
    '{"times":7}',
    'null',
    '{"times":{"a":"b"}}',
    '{"time":"x"}',
    '7',
    '{"packed":7}',
    '{"packed":[1,"AAAA"]}',
  ])
    expect(readCommitMetadata(foreign)).toEqual({ tally: EMPTY_TALLY, partitionTime: -1, nodeTimes: {} })
})
