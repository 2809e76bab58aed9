import { expect, test } from '@jest/globals'
import { MemoryMetrics } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { OutgoingBatch } from '../../src/record-path/outgoing-batch.ts'
import { SourceCounts } from '../../src/record-path/source-counts.ts'
import { SourceFigures } from '../../src/record-path/source-figures.ts'

const record = { topic: 't', partition: null, key: null, value: null, timestamp: null, headers: null }

function figures(): SourceFigures {
  return new SourceFigures({ connector: 'c', task: '1' }, new FakeClock())
}

function batch(): OutgoingBatch {
  const made = new OutgoingBatch()
  made.add(record, 1)
  made.add(record, 1)
  made.addLetter(record)
  made.dropped = 3
  made.skipped = 4
  return made
}

test('what was polled is produced, dead-lettered, dropped or skipped; only what is durable counts', () => {
  const metrics = new MemoryMetrics()
  const counts = new SourceCounts(metrics, 'c', 1, figures())
  counts.polled(10, 1)
  expect(counts.progress()).toMatchObject({ polled: 10, produced: 0, deadLettered: 0, dropped: 0, skipped: 0 })
  counts.settled(batch().tally())
  const { polled, produced, deadLettered, dropped, skipped } = counts.progress()
  expect({ produced, deadLettered, dropped, skipped }).toEqual({ produced: 2, deadLettered: 1, dropped: 3, skipped: 4 })
  expect(polled).toBe(produced + deadLettered + dropped + skipped)
})

test('of a batch whose transaction the connector aborted nothing was produced: all of it is dropped', () => {
  const counts = new SourceCounts(new MemoryMetrics(), 'c', 1, figures())
  counts.polled(10, 1)
  counts.aborted(batch().tally())
  expect(counts.progress()).toMatchObject({ polled: 10, produced: 0, deadLettered: 0, dropped: 6, skipped: 4 })
})

test('the metrics say the same, by connector and task', () => {
  const metrics = new MemoryMetrics()
  const counts = new SourceCounts(metrics, 'c', 1, figures())
  counts.polled(10, 1)
  counts.settled(batch().tally())
  counts.storeFailed()
  const value = (what: string): number | undefined =>
    metrics.value(`sluice_source_${what}_total`, { connector: 'c', task: '1' })
  const names = ['polled', 'produced', 'dead_lettered', 'dropped', 'skipped'].map((what) => `records_${what}`)
  expect([...names, 'position_store_failures'].map(value)).toEqual([10, 2, 1, 3, 4, 1])
})

test('the stored positions are the last ones of each partition', () => {
  const counts = new SourceCounts(new MemoryMetrics(), 'c', 0, figures())
  counts.stored([{ partition: { f: 'a' }, position: { n: 1 } }])
  counts.stored([
    { partition: { f: 'b' }, position: { n: 1 } },
    { partition: { f: 'a' }, position: { n: 2 } },
  ])
  expect([...counts.progress().stored]).toEqual([
    ['{"f":"a"}', { n: 2 }],
    ['{"f":"b"}', { n: 1 }],
  ])
})
