import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'
import { checkReplicas } from './replica-assignment.ts'

/** KIP-455, for one replica: it is where it is, so a reassignment to there is done at once, and none is ever in progress. */
export const alterPartitionReassignments = handler({
  api: 'AlterPartitionReassignments',
  versions: [0, 1],
  handle({ body, client }, broker) {
    if (!broker.access.may(client, 'ALTER', 'CLUSTER', 'kafka-cluster')) {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    }
    return {
      allowReplicationFactorChange: body.allowReplicationFactorChange,
      errorCode: 0,
      responses: body.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, replicas }) => ({
          partitionIndex,
          ...reassigned(broker, name, partitionIndex, replicas),
        })),
      })),
    }
  },
  refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, responses: [] }),
})

export const listPartitionReassignments = handler({
  api: 'ListPartitionReassignments',
  versions: [0, 0],
  handle({ client }, broker) {
    if (!broker.access.may(client, 'DESCRIBE', 'CLUSTER', 'kafka-cluster')) {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    }
    return { errorCode: 0, topics: [] }
  },
  refuse: (_, errorCode, errorMessage) => ({ errorCode, errorMessage, topics: [] }),
})

function reassigned(
  broker: Broker,
  topic: string,
  index: number,
  replicas: readonly number[] | null,
): { errorCode: number; errorMessage: string | null } {
  try {
    const partition = broker.topics.partition(topic, index)
    if (partition === undefined) {
      throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', `There is no partition ${topic}-${index}`)
    }
    if (replicas === null) return { errorCode: kafkaErrorCode('NO_REASSIGNMENT_IN_PROGRESS'), errorMessage: null }
    checkReplicas(broker, replicas)
    if (replicas.length > 1 || replicas[0] !== partition.leader) {
      throw new ApiError('INVALID_REPLICA_ASSIGNMENT', `${topic}-${index} has one replica, which is not moved`)
    }
    return { errorCode: 0, errorMessage: null }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { errorCode: error.errorCode, errorMessage: error.message }
  }
}
