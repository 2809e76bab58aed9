import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../api/handler.ts'
import type { Broker } from '../broker.ts'

const PREFERRED = 0
const UNCLEAN = 1

interface PartitionResult {
  readonly partitionId: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** With one replica there is never another leader to elect; a leader whose node is down stays the only one. */
export const electLeaders = handler({
  api: 'ElectLeaders',
  versions: [0, 2],
  handle({ body, client }, broker) {
    if (!broker.access.may(client, 'ALTER', 'CLUSTER', 'kafka-cluster')) {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    }
    const { electionType, topicPartitions } = body
    if (electionType !== PREFERRED && electionType !== UNCLEAN) {
      throw new ApiError('INVALID_REQUEST', `Unknown election type ${electionType}`)
    }
    if (topicPartitions === null) return { errorCode: 0, replicaElectionResults: everywhere(broker, electionType) }
    return {
      errorCode: 0,
      replicaElectionResults: topicPartitions.map(({ topic, partitions }) => ({
        topic,
        partitionResult: partitions.map((index) => elected(broker, electionType, topic, index)),
      })),
    }
  },
  refuse: ({ body }, errorCode, errorMessage) => ({
    errorCode,
    replicaElectionResults: (body.topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, errorCode, errorMessage })),
    })),
  }),
})

/** When all partitions are asked for, those that need nothing are left out. */
function everywhere(broker: Broker, type: number): { topic: string; partitionResult: PartitionResult[] }[] {
  return Array.from(broker.topics.all(), ({ name, partitions }) => ({
    topic: name,
    partitionResult: partitions
      .filter(({ leader }) => leader === -1)
      .map(({ index }) => elected(broker, type, name, index)),
  }))
}

function elected(broker: Broker, type: number, topic: string, partitionId: number): PartitionResult {
  const partition = broker.topics.partition(topic, partitionId)
  if (partition === undefined) {
    const errorMessage = `There is no partition ${topic}-${partitionId}`
    return { partitionId, errorCode: kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION'), errorMessage }
  }
  if (partition.leader !== -1)
    return { partitionId, errorCode: kafkaErrorCode('ELECTION_NOT_NEEDED'), errorMessage: null }
  const name = type === PREFERRED ? 'PREFERRED_LEADER_NOT_AVAILABLE' : 'ELIGIBLE_LEADERS_NOT_AVAILABLE'
  return { partitionId, errorCode: kafkaErrorCode(name), errorMessage: 'The only replica is on a node that is down.' }
}
