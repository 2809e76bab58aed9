import { expect, test } from '@jest/globals'
import { EMPTY_TALLY, type FetchedPartition, type FetchedRecords } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, StreamsBuilder, streamsSettings } from '../../src/index.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import { NO_CHANGELOG } from '../../src/state/store-context.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'

const NOW = 1_700_000_000_000

/** One record for each time. */
function records(times: readonly number[]): FetchedPartition {
  const count = times.length
  const batch: FetchedRecords = {
    count,
    offset: (i) => i,
    timestamp: (i) => times[i]!,
    timestampType: 'create',
    key: () => Buffer.from('k'),
    value: () => Buffer.from('v'),
    headers: () => null,
    bytes: 0,
  }
  const ends = { nextOffset: count, highWatermark: count, lastStableOffset: count, logStartOffset: 0 }
  return { topic: 'in', partition: 0, batches: [batch], ...ends, leaderEpoch: 0, topicId: '' }
}

test('a record whose time is further ahead than a changelog takes comes to none of its rows; when time has come there, it does', () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: Serdes.string, value: Serdes.string })
    .groupByKey()
    .count({ materialized: { name: 'counts' } })
  const [topology, output, clock] = [builder.build(), new OutputBatch(), new FakeClock({ now: NOW })]
  const settings = taskSettingsOf(streamsSettings.parse({ 'application.id': 'app' }))
  const starts = [{ topic: 'in', partition: 0, offset: 0, tally: EMPTY_TALLY }]
  const task = new StreamTask(
    topology,
    topology.subtopologies[0]!,
    0,
    starts,
    { ...settings, takesBack: true },
    {
      clock,
      random: systemRandom,
      output,
      stores: { factory: memoryStores, changelog: NO_CHANGELOG },
      recordLimits: new Map([['app-counts-changelog', { bytes: Infinity, aheadMs: 1_000 }]]),
    },
  )
  task.process(records([NOW, NOW + 1_000, NOW + 1_001]))
  expect(output.take().map(({ topic }) => topic)).toEqual(['app.quarantine'])
  expect(task.partitions[0]!.tally.snapshot()).toMatchObject({ in: 3, passed: 2, quarantined: { process: 1 } })
  expect([...(task.stores.get('counts') as unknown as { all(): Iterable<unknown> }).all()]).toEqual([
    { key: 'k', value: { value: 2, timestamp: NOW + 1_000 } },
  ])
  clock.advance(1)
  task.process(records([NOW + 1_001]))
  expect(output.take()).toEqual([])
})
