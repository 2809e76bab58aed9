import { ApiError } from '../api/handler.ts'
import type { Broker } from '../broker.ts'

interface Wanted {
  readonly numPartitions: number
  readonly replicationFactor: number
  readonly assignments: readonly { readonly partitionIndex: number; readonly brokerIds: readonly number[] }[]
}

/**
 * How many partitions a new topic has. A replication factor up to the number of nodes is taken, though one replica is kept: programs
 * that ask for three can be tried out. Throws INVALID_REPLICATION_FACTOR, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT.
 */
export function partitionsOf(broker: Broker, { numPartitions, replicationFactor, assignments }: Wanted): number {
  if (assignments.length > 0) {
    if (numPartitions !== -1 || replicationFactor !== -1) {
      const name = numPartitions === -1 ? 'replication factor' : 'partition count'
      throw new ApiError(
        'INVALID_REQUEST',
        `A manual partition assignment was specified, but ${name} was not set to -1.`,
      )
    }
    return assignedPartitions(broker, assignments)
  }
  const factor = replicationFactor === -1 ? broker.settings.number('default.replication.factor') : replicationFactor
  if (factor <= 0) {
    throw new ApiError(
      'INVALID_REPLICATION_FACTOR',
      'Replication factor must be larger than 0, or -1 to use the default value.',
    )
  }
  if (numPartitions !== -1 && numPartitions <= 0) {
    throw new ApiError('INVALID_PARTITIONS', 'Number of partitions was set to an invalid non-positive value.')
  }
  const nodes = broker.nodes.alive().length
  if (factor > nodes) {
    throw new ApiError(
      'INVALID_REPLICATION_FACTOR',
      `Unable to replicate the partition ${factor} time(s): The target replication factor of ${factor} cannot be reached because only ${nodes} broker(s) are registered.`,
    )
  }
  return numPartitions === -1 ? broker.settings.number('num.partitions') : numPartitions
}

/** Throws INVALID_REPLICA_ASSIGNMENT unless each replica is named once and is a node. */
export function checkReplicas(broker: Broker, replicas: readonly number[]): void {
  const refuse = (reason: string): never => {
    throw new ApiError('INVALID_REPLICA_ASSIGNMENT', reason)
  }
  if (replicas.length === 0) refuse('The manual partition assignment includes an empty replica list.')
  if (new Set(replicas).size < replicas.length) {
    refuse('The manual partition assignment includes the broker twice, which is not allowed.')
  }
  const nodes = new Set(broker.nodes.alive().map(({ id }) => id))
  for (const replica of replicas) {
    if (!nodes.has(replica)) {
      refuse(`The manual partition assignment includes broker ${replica}, but no such broker is registered.`)
    }
  }
}

function assignedPartitions(broker: Broker, assignments: Wanted['assignments']): number {
  const indexes = new Set(assignments.map(({ partitionIndex }) => partitionIndex))
  const isWhole = indexes.size === assignments.length && assignments.every((_, index) => indexes.has(index))
  if (!isWhole) {
    throw new ApiError('INVALID_REPLICA_ASSIGNMENT', 'partitions should be a consecutive 0-based integer sequence')
  }
  for (const { brokerIds } of assignments) checkReplicas(broker, brokerIds)
  if (new Set(assignments.map(({ brokerIds }) => brokerIds.length)).size > 1) {
    throw new ApiError('INVALID_REPLICA_ASSIGNMENT', 'All partitions of a topic must have the same number of replicas.')
  }
  return assignments.length
}
