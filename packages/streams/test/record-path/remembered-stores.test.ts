import { expect, test } from '@jest/globals'
import { EMPTY_TALLY, type FetchedPartition } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, streamsSettings, Topology, type TimestampedKeyValueStore } from '../../src/index.ts'
import { counting } from '../../src/operators/aggregator.ts'
import type { Operator } from '../../src/operators/operator.ts'
import { process } from '../../src/operators/process.ts'
import { streamAggregate } from '../../src/operators/stream-aggregate.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'
import { STORE } from '../support/run-operators.ts'

const records = (from: number, count: number): FetchedPartition =>
  fetchedPartition(Array.from({ length: count }, (_, i) => ({ offset: from + i, key: 'k', value: 'v' })))

test('records that a restarting task only remembers reach the node that remembers, and no store and no processor', () => {
  const remembered: boolean[] = []
  const processed: unknown[] = []
  const memory: Operator = {
    kind: 'memory',
    prefix: 'MEMORY-',
    memoryRecords: 2,
    compile: (next) => (key, value, at) => {
      remembered.push(!at.live)
      next(key, value, at)
    },
  }
  const topology = new Topology(
    [
      { kind: 'source', name: 's', topics: ['in'], key: Serdes.string, value: Serdes.string, quarantine: null },
      { kind: 'processor', name: 'memory', predecessors: ['s'], operator: memory, stores: [] },
      {
        kind: 'processor',
        name: 'count',
        predecessors: ['memory'],
        operator: streamAggregate({ ...counting, table: { store: 'counts', sendOldValues: false } }),
        stores: ['counts'],
      },
      {
        kind: 'processor',
        name: 'process',
        predecessors: ['memory'],
        operator: process(() => ({ process: (record) => void processed.push(record.timestamp) })),
        stores: [],
      },
    ],
    { stores: [{ definition: { ...STORE, kind: 'timestampedKeyValue', name: 'counts' } }] },
  )
  const task = new StreamTask(
    topology,
    topology.subtopologies[0]!,
    0,
    [{ topic: 'in', partition: 0, offset: 2, tally: EMPTY_TALLY }],
    taskSettingsOf(streamsSettings.parse({ 'application.id': 'app' })),
    {
      clock: new FakeClock(),
      random: systemRandom,
      output: new OutputBatch(),
      stores: { factory: memoryStores, changelog: { append: () => undefined } },
    },
  )
  task.remember(records(0, 2))
  expect(task.process(records(2, 1))).toBeNull()
  const counts = task.stores.get('counts') as TimestampedKeyValueStore<string, number>
  expect(counts.get('k')).toEqual({ value: 1, timestamp: 2 })
  expect([remembered, processed]).toEqual([[true, true, false], [2]])
})
