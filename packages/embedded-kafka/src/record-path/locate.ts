import { type KafkaErrorName, kafkaErrorCode } from '@sluice/kafka-protocol'
import type { AclOperation, Broker, Client, Partition, Topic } from '../broker.ts'

const CODES: Partial<Record<KafkaErrorName, number>> = {}

/** The code of an error by name, looked up once. */
function code(name: KafkaErrorName): number {
  return (CODES[name] ??= kafkaErrorCode(name))
}

/**
 * A topic that a client asks for by name or, in newer versions, by id, and whether it may do this with it: the topic, or the error
 * that stands in place of each of its partitions.
 */
export function locateTopic(
  broker: Broker,
  client: Client,
  operation: AclOperation,
  name: string,
  id: string | null,
): Topic | number {
  const topic = id === null ? broker.topics.get(name) : broker.topics.byId(id)
  if (topic === undefined && id !== null) return code('UNKNOWN_TOPIC_ID')
  if (!broker.access.may(client, operation, 'TOPIC', topic?.name ?? name)) return code('TOPIC_AUTHORIZATION_FAILED')
  return topic ?? code('UNKNOWN_TOPIC_OR_PARTITION')
}

/**
 * A partition that this node leads, in the epoch the client believes in (KIP-320; -1: it does not say): the partition, or the error.
 */
export function locatePartition(
  topic: Topic,
  index: number,
  node: number,
  currentLeaderEpoch = -1,
): Partition | number {
  const partition = topic.partitions[index]
  if (partition === undefined) return code('UNKNOWN_TOPIC_OR_PARTITION')
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch !== partition.leaderEpoch) {
    return code(currentLeaderEpoch < partition.leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH')
  }
  return partition.leader === node ? partition : code('NOT_LEADER_OR_FOLLOWER')
}

/** Whether an error tells a client that somebody else leads: answers then say who (KIP-951). */
export function isLeaderError(errorCode: number): boolean {
  return errorCode === code('NOT_LEADER_OR_FOLLOWER') || errorCode === code('FENCED_LEADER_EPOCH')
}
