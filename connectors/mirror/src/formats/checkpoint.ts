import { DataError, type SourcePartition, type TopicPartition } from '@sluice/sdk'
import { FieldReader, FieldWriter } from './fields.ts'

/** Where a group stands: on the source, and at the same place on the target. */
export interface Checkpoint extends TopicPartition {
  readonly group: string
  /** `topic` and `partition` are the target's. */
  readonly upstreamOffset: number
  readonly downstreamOffset: number
  readonly metadata: string
}

const VERSION = 0

export function checkpointKey({ group, topic, partition }: Omit<Checkpoint, 'upstreamOffset'>): Buffer {
  return new FieldWriter().text(group).text(topic).int32(partition).bytes()
}

export function checkpointValue({ upstreamOffset, downstreamOffset, metadata }: Checkpoint): Buffer {
  return new FieldWriter().int16(VERSION).int64(upstreamOffset).int64(downstreamOffset).text(metadata).bytes()
}

/** @throws DataError also for a version that is not known */
export function readCheckpoint(key: Uint8Array, value: Uint8Array): Checkpoint {
  const keys = new FieldReader(key)
  const [group, topic, partition] = [keys.text(), keys.text(), keys.int32()]
  const values = new FieldReader(value)
  const version = values.int16()
  if (version !== VERSION) throw new DataError(`A checkpoint of version ${version} cannot be read`)
  const [upstreamOffset, downstreamOffset] = [values.int64(), values.int64()]
  return { group, topic, partition, upstreamOffset, downstreamOffset, metadata: values.text() }
}

/** What Java calls the source partition of a checkpoint. */
export function checkpointPartition({ group, topic, partition }: Checkpoint): SourcePartition {
  return { partition, topic, group }
}
