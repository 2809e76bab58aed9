import type { SourcePartition, SourcePosition, Value } from '@sluice/sdk'
import { inHashOrder } from '../group/hash-order.ts'
import type { SettledPosition } from '../record-path/in-flight.ts'
import { readJson, writeJson } from '../storage/record-json.ts'

/** A null position forgets the partition's. */
export interface PositionChange {
  readonly partition: SourcePartition
  readonly position: SourcePosition | null
}

/** Where source positions live between runs. Two sides: a file (Connect's standalone) and a compacted topic. */
export interface PositionStore {
  /** The stored position, or null. Always the latest that any `store` of this process has resolved. */
  position(connector: string, partition: SourcePartition): Promise<SourcePosition | null>
  /** Durable when resolved, all of them. */
  store(connector: string, positions: readonly PositionChange[]): Promise<void>
  close(): Promise<void>
}

/** One that can be looked through, for whoever shows and alters the offsets of a connector. */
export interface ListedPositions extends PositionStore {
  /** Every partition that has a position. */
  positions(connector: string): Promise<readonly SettledPosition[]>
}

/** The JSON of a partition or a position; integers beyond 2^53 as they are. */
export function positionText(value: SourcePartition | SourcePosition): string {
  const isExact = !Object.values(value).some((member) => typeof member === 'bigint')
  return isExact ? JSON.stringify(value) : Buffer.from(writeJson(value)).toString('utf8')
}

/** The key of a position, in the form of Kafka Connect's offset topic: `["connector",{"partition":"fields"}]`. */
export function positionKey(connector: string, partition: SourcePartition): string {
  // Java's fields come in the order of a HashMap, mostly: then it finds under its bytes what we have written.
  const fields = inHashOrder(Object.keys(partition)).map((name) => [name, partition[name] ?? null])
  return Buffer.from(writeJson([connector, Object.fromEntries(fields) as SourcePartition])).toString('utf8')
}

/**
 * The same for equal partitions whatever the order of their fields. Java writes them in hash order, so keys must be compared by this
 * form, and the bytes already in the topic be used again.
 */
export function canonicalKey(connector: string, partition: SourcePartition): string {
  const fields = Object.entries(partition).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  // A bigint is a number that JSON.parse could not have kept: it must not look like a text.
  return JSON.stringify([connector, fields], (_, value: unknown) => (typeof value === 'bigint' ? [`${value}`] : value))
}

/** What a key text says, or null when it is not one of ours. */
export function parsePositionKey(text: string): { connector: string; partition: SourcePartition } | null {
  let key: Value
  try {
    key = readJson(Buffer.from(text, 'utf8'))
  } catch {
    return null
  }
  if (!Array.isArray(key) || key.length !== 2) return null
  const [connector, partition] = key as [unknown, unknown]
  if (typeof connector !== 'string' || typeof partition !== 'object' || partition === null) return null
  return Array.isArray(partition) ? null : { connector, partition: partition as SourcePartition }
}
