import { primitive, struct } from '@sluice/sdk'
import type { RawSettings, Schema, SinkRecord, StructSchema, TopicPartition, Value } from '@sluice/sdk'
import { FakeSinkContext, SinkRun, sinkRecord } from '@sluice/sdk/testing'
import { lakeSink } from '@sluice/connector-lake'
import type { LakeFolder } from './lake-folder.ts'

export const orders: StructSchema = struct({ id: primitive('int64'), note: primitive('string', { optional: true }) })
export const P0: TopicPartition = { topic: 'orders', partition: 0 }
export const P1: TopicPartition = { topic: 'orders', partition: 1 }

/** A task of the sink that writes below the folder, run as a worker would. */
export function sinkInto(folder: LakeFolder, settings: RawSettings = {}, context = new FakeSinkContext()): SinkRun {
  return new SinkRun(lakeSink, { 'lake.url': folder.path, ...settings }, context)
}

export function order(
  partition: number,
  offset: number,
  value: Value = { id: offset, note: null },
  schema: Schema | null = orders,
): SinkRecord {
  return sinkRecord({ topic: 'orders', partition, offset }, value, schema)
}

/** Orders with these offsets, both ends included. */
export function span(partition: number, from: number, to: number): SinkRecord[] {
  return Array.from({ length: to - from + 1 }, (_, i) => order(partition, from + i))
}

/** How many rows the table has. */
export async function countOf(folder: LakeFolder, table = 'orders'): Promise<number> {
  return Number((await folder.query(table, 'select count(*) as n from $files'))[0]?.['n'] ?? 0)
}
