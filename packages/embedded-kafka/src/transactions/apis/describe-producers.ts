import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { type BrokerRequest, handler } from '../../api/handler.ts'
import type { Broker, ProducerDescription } from '../../broker.ts'

/** KIP-664: who produces to a partition, and what transactions are open there. */
export const describeProducers = handler({
  api: 'DescribeProducers',
  versions: [0, 0],
  handle: (request, broker) => ({
    topics: request.body.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => ({
        partitionIndex: index,
        ...described(request, broker, name, index),
      })),
    })),
  }),
  refuse: ({ body }, errorCode, message) => ({
    topics: body.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => ({ partitionIndex: index, ...failed(errorCode, message) })),
    })),
  }),
})

function described(
  { client, node }: BrokerRequest<'DescribeProducers'>,
  broker: Broker,
  name: string,
  index: number,
): ReturnType<typeof failed> {
  if (!broker.access.may(client, 'READ', 'TOPIC', name))
    return failed(kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED'), null)
  const partition = broker.topics.partition(name, index)
  if (partition === undefined) {
    return failed(kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION'), `There is no partition ${name}-${index}`)
  }
  if (partition.leader !== node) {
    return failed(kafkaErrorCode('NOT_LEADER_OR_FOLLOWER'), `Node ${node} does not lead ${name}-${index}`)
  }
  return { errorCode: 0, errorMessage: null, activeProducers: partition.log.producers() }
}

function failed(
  errorCode: number,
  errorMessage: string | null,
): { errorCode: number; errorMessage: string | null; activeProducers: readonly ProducerDescription[] } {
  return { errorCode, errorMessage, activeProducers: [] }
}
