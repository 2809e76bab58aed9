import { primitive, struct } from '@sluice/sdk'
import type { RawSettings, Schema, SinkRecord, SinkTaskContext, Value } from '@sluice/sdk'
import { MemoryStore, listAll } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { FakeSinkContext, SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { filesSink } from '@sluice/connector-lake'
import { FilesTask } from '../../src/files/files-task.ts'

export const P0 = { topic: 'orders', partition: 0 }
export const orders = struct({ id: primitive('int64'), shop: primitive('string', { optional: true }) })

/** A task of the sink that writes into the store, run as a worker would. */
export function filesInto(
  store: ObjectStore,
  settings: RawSettings = {},
  context: FakeSinkContext = new FakeSinkContext(),
): SinkRun {
  const raw = { 'lake.url': 'memory:', 'format.class': 'json', 'flush.size': '1000', ...settings }
  const createTask = (_: unknown, given: SinkTaskContext): FilesTask =>
    new FilesTask(filesSink.settings.parse(raw), given, store)
  return new SinkRun({ ...filesSink, createTask }, raw, context)
}

export function order(
  offset: number,
  value: Value = { id: offset, shop: null },
  schema: Schema | null = orders,
): SinkRecord {
  return sinkRecord({ ...P0, offset }, value, schema)
}

/** Orders with these offsets, both ends included. */
export function span(from: number, to: number): SinkRecord[] {
  return Array.from({ length: to - from + 1 }, (_, i) => order(from + i))
}

/** Names of the files, without what notes their ends. */
export async function filesIn(store: ObjectStore): Promise<string[]> {
  const names: string[] = []
  for await (const { path } of listAll(store, ''))
    if (!path.includes('/_commits/') && !path.includes('_probe')) names.push(path)
  return names.filter((path) => path.startsWith('topics/'))
}

/** The text of the file. */
export async function textOf(store: ObjectStore, path: string): Promise<string> {
  return Buffer.from(await store.get(path)).toString('utf8')
}

/** The ids in all files of JSON, in the order of names: what somebody finds who lists the store. */
export async function idsIn(store: ObjectStore): Promise<number[]> {
  const ids: number[] = []
  for (const path of await filesIn(store))
    for (const line of (await textOf(store, path)).trimEnd().split('\n'))
      ids.push((JSON.parse(line) as { id: number }).id)
  return ids
}

export function memory(): MemoryStore {
  return new MemoryStore()
}
