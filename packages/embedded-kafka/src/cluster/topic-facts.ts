import { kafkaErrorCode } from '@sluice/kafka-protocol'
import type { Broker, Partition } from '../broker.ts'

/** "Not asked for", in fields of authorized operations. */
export const NO_OPERATIONS = -2147483648
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

const LEADER_NOT_AVAILABLE = kafkaErrorCode('LEADER_NOT_AVAILABLE')

/** A partition as Metadata and DescribeTopicPartitions tell it. One replica: where the leader is, or was. */
export function partitionFacts(partition: Partition) {
  const { index, leader, leaderEpoch } = partition
  const isLed = leader >= 0
  return {
    errorCode: isLed ? 0 : LEADER_NOT_AVAILABLE,
    partitionIndex: index,
    leaderId: leader,
    leaderEpoch,
    replicaNodes: isLed ? [leader] : [],
    isrNodes: isLed ? [leader] : [],
    offlineReplicas: [],
  }
}

/** Where the nodes that are up listen; brokers, endpoints and coordinators are told by this. */
export function endpoints(broker: Broker) {
  return broker.nodes.alive().map(({ id, host, port }) => ({ nodeId: id, host, port, rack: null }))
}
