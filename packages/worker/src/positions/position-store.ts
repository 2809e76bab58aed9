import type { SourcePartition, SourcePosition } from '@sluice/sdk'
import type { SettledPosition } from '../record-path/in-flight.ts'

/** Where source positions live between runs. Two sides: a file (Connect's standalone) and a compacted topic. */
export interface PositionStore {
  /** The stored position, or null. Always the latest that any `store` of this process has resolved. */
  position(connector: string, partition: SourcePartition): Promise<SourcePosition | null>
  /** Durable when resolved, all of them. */
  store(connector: string, positions: readonly SettledPosition[]): Promise<void>
  close(): Promise<void>
}

/** The key of a position, in the form of Kafka Connect's offset topic: `["connector",{"partition":"fields"}]`. */
export function positionKey(connector: string, partition: SourcePartition): string {
  return JSON.stringify([connector, partition])
}

/**
 * The same for equal partitions whatever the order of their fields. Java writes them in hash order, so keys must be compared by this
 * form, and the bytes already in the topic be used again.
 */
export function canonicalKey(connector: string, partition: SourcePartition): string {
  return JSON.stringify([connector, Object.entries(partition).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))])
}

/** What a key text says, or null when it is not one of ours. */
export function parsePositionKey(text: string): { connector: string; partition: SourcePartition } | null {
  try {
    const key: unknown = JSON.parse(text)
    if (!Array.isArray(key) || key.length !== 2) return null
    const [connector, partition] = key as [unknown, unknown]
    if (typeof connector !== 'string' || typeof partition !== 'object' || partition === null) return null
    return { connector, partition: partition as SourcePartition }
  } catch {
    return null
  }
}
