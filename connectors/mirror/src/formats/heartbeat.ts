import { DataError, type SourcePartition } from '@sluice/sdk'
import { FieldReader, FieldWriter } from './fields.ts'

/** That a mirror from one cluster to another is alive. */
export interface Heartbeat {
  readonly source: string
  readonly target: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

const VERSION = 0

export function heartbeatKey({ source, target }: Heartbeat): Buffer {
  return new FieldWriter().text(source).text(target).bytes()
}

export function heartbeatValue({ timestamp }: Heartbeat): Buffer {
  return new FieldWriter().int16(VERSION).int64(timestamp).bytes()
}

/** @throws DataError also for a version that is not known */
export function readHeartbeat(key: Uint8Array, value: Uint8Array): Heartbeat {
  const keys = new FieldReader(key)
  const values = new FieldReader(value)
  const version = values.int16()
  if (version !== VERSION) throw new DataError(`A heartbeat of version ${version} cannot be read`)
  return { source: keys.text(), target: keys.text(), timestamp: values.int64() }
}

/** What Java calls the source partition of heartbeats. */
export function heartbeatPartition({ source, target }: Heartbeat): SourcePartition {
  return { sourceClusterAlias: source, targetClusterAlias: target }
}
