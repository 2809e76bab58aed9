/** What is committed comes to disk, at the latest with the last commit. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Serdes } from '../../../src/index.ts'
import { TaskState } from '../../../src/runtime/restore/task-state.ts'
import type { StoreDefinition } from '../../../src/state/definition.ts'
import { LmdbState } from '../../../src/state/lmdb/lmdb-state.ts'
import type { StoreContext } from '../../../src/state/store-context.ts'
import type { TimestampedKeyValueStore } from '../../../src/state/stores.ts'

let directory: string
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'task-state-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const logger = { debug() {}, info() {}, warn() {}, error() {} } as never
const context: StoreContext = {
  record: { topic: 't', partition: 0, offset: 0, timestamp: 1, headers: null },
  changelogTopic: (store) => store,
  changelog: { append: () => undefined },
  onExpired: () => undefined,
  onFull: () => undefined,
}

function open(logging: StoreDefinition['logging']) {
  const definition = {
    kind: 'timestampedKeyValue',
    name: 's',
    key: Serdes.string,
    value: Serdes.long,
    engine: 'lmdb',
    logging,
    caching: false,
  } as const satisfies StoreDefinition
  const options = { directory, application: 'a', task: '0_0' }
  const state = new TaskState(options, (given) => new LmdbState(given), logger)
  const store = state.factory(definition, context) as unknown as TimestampedKeyValueStore<string, number>
  return { state, store, position: () => state.position(definition) }
}

test('a commit that may wait leaves the disk alone; one that may not writes all that was committed since', async () => {
  const { state, store, position } = open({})
  store.put('a', 1, 1)
  state.commit(() => 10, true)
  expect([position(), state.reached({ kind: 'timestampedKeyValue', name: 's' } as never)]).toEqual([null, 10])
  store.put('b', 2, 1)
  state.commit(() => 20)
  await state.close()
  const again = open({})
  expect([again.position(), again.store.get('a')?.value, again.store.get('b')?.value]).toEqual([20, 1, 2])
  await again.state.close()
})

test('a store without a changelog is written with each commit: there is nothing that it could be restored from', async () => {
  const { state, store } = open(null)
  store.put('a', 1, 1)
  state.commit(() => undefined, true)
  store.put('b', 2, 1)
  await state.close()
  const again = open(null)
  expect([again.store.get('a')?.value, again.store.get('b')]).toEqual([1, null])
  await again.state.close()
})

test('a task that comes back stands where it was restored to, and not where this process had written before it went', async () => {
  const { state, store, position } = open({})
  // What others have written meanwhile.
  state.restore(store as never, [], 30)
  const reached = (): unknown => state.reached({ kind: 'timestampedKeyValue', name: 's' } as never)
  state.commit(() => 12)
  expect([position(), reached()]).toEqual([30, 30])
  store.put('a', 1, 1)
  state.commit(() => 31, true)
  expect([position(), state.cut().stores[0]!.position]).toEqual([30, 30])
  state.commit(() => 31)
  expect([position(), reached()]).toEqual([31, 31])
  await state.close()
})
