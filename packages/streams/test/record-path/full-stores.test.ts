import { expect, test } from '@jest/globals'
import { EMPTY_TALLY, type FetchedPartition } from '@sluice/kafka'
import { systemRandom } from '@sluice/sdk'
import { FakeClock } from '@sluice/sdk/testing'
import { Serdes, streamsSettings, Topology } from '../../src/index.ts'
import { counting } from '../../src/operators/aggregator.ts'
import type { Operator } from '../../src/operators/operator.ts'
import { streamAggregate } from '../../src/operators/stream-aggregate.ts'
import { OutputBatch } from '../../src/record-path/output-batch.ts'
import { StreamTask } from '../../src/record-path/stream-task.ts'
import { changelogOf } from '../../src/runtime/restore/changelog.ts'
import { memoryStores } from '../../src/state/create-store.ts'
import { taskSettingsOf } from '../../src/task-settings.ts'
import { fetchedPartition } from '../support/fetched-partition.ts'
import { STORE } from '../support/run-operators.ts'

/** Records of a key each. */
function records(count: number): FetchedPartition {
  return fetchedPartition(Array.from({ length: count }, (_, offset) => ({ offset, key: `${offset}`, value: 'v' })))
}

test('what a store holds back goes a little at a time: between two records where it is very much, the rest at the commit', () => {
  const [output, changelogs] = [new OutputBatch(), new OutputBatch()]
  /** The changelog's records that were handed on; and how many of those while a record was under way. */
  const handed: string[] = []
  let isUnderWay = false
  let most = 0
  output.behind = changelogs
  output.onMany = () => {
    expect(isUnderWay).toBe(false)
    most = Math.max(most, changelogs.length)
    handed.push(...changelogs.take().map(({ key }) => Buffer.from(key!).toString()))
  }
  const end: Operator = {
    kind: 'end',
    prefix: 'END-',
    compile: () => (_key, _value, at) => {
      at.keep()
      isUnderWay = false
    },
  }
  const begin: Operator = {
    kind: 'begin',
    prefix: 'BEGIN-',
    compile: (next) => (key, value, at) => {
      isUnderWay = true
      next(key, value, at)
    },
  }
  const aggregate = streamAggregate({ ...counting, table: { store: 'counts', sendOldValues: false } })
  const definition = { ...STORE, kind: 'timestampedKeyValue', name: 'counts', logging: {}, caching: true } as const
  const topology = new Topology(
    [
      { kind: 'source', name: 's', topics: ['in'], key: Serdes.string, value: Serdes.string, quarantine: null },
      { kind: 'processor', name: 'begin', predecessors: ['s'], operator: begin, stores: [] },
      { kind: 'processor', name: 'count', predecessors: ['begin'], operator: aggregate, stores: ['counts'] },
      { kind: 'processor', name: 'end', predecessors: ['count'], operator: end, stores: [] },
    ],
    { stores: [{ definition }] },
  )
  const start = { topic: 'in', partition: 0, offset: 0, tally: EMPTY_TALLY }
  const task = new StreamTask(
    topology,
    topology.subtopologies[0]!,
    0,
    [start],
    taskSettingsOf(streamsSettings.parse({ 'application.id': 'app' })),
    {
      clock: new FakeClock(),
      random: systemRandom,
      output,
      stores: { factory: memoryStores, changelog: changelogOf('app', 0, changelogs) },
    },
  )
  expect(task.process(records(25_000))).toBeNull()
  const early = handed.length + changelogs.length
  expect(early).toBeGreaterThan(15_000)
  expect(early).toBeLessThan(25_000)
  task.flush()
  handed.push(...changelogs.take().map(({ key }) => Buffer.from(key!).toString()))
  expect(handed).toEqual(Array.from({ length: 25_000 }, (_, i) => `${i}`))
  expect(most).toBeLessThan(1000)
})
