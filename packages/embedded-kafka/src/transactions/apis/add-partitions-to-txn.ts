import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, type BrokerRequest, handler } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import { TransactionCoordinator } from '../coordinator.ts'
import { checkTransactionalId, coordinatorError, producerStamp } from './refusal.ts'

type Request = BrokerRequest<'AddPartitionsToTxn'>
type Transaction = Request['body']['transactions'][number]
type Topics = readonly { readonly name: string; readonly partitions: readonly number[] }[]

/** Versions 0-3 are a producer's, for one transaction; 4 and above are the brokers' own form, for many of them (KIP-890). */
export const addPartitionsToTxn = handler({
  api: 'AddPartitionsToTxn',
  versions: [0, 5],
  handle(request, broker) {
    if (request.version >= 4) return addForBrokers(request, broker)
    const { v3AndBelowTransactionalId, v3AndBelowProducerId, v3AndBelowProducerEpoch, v3AndBelowTopics } = request.body
    return {
      errorCode: 0,
      resultsByTopicV3AndBelow: addToOne(request, broker, {
        transactionalId: v3AndBelowTransactionalId,
        producerId: v3AndBelowProducerId,
        producerEpoch: v3AndBelowProducerEpoch,
        verifyOnly: false,
        topics: v3AndBelowTopics,
      }),
    }
  },
  refuse({ version, body }, errorCode) {
    if (version >= 4) return { errorCode, resultsByTransaction: [] }
    return { errorCode, resultsByTopicV3AndBelow: resultsOf(body.v3AndBelowTopics, () => errorCode) }
  },
})

function addForBrokers(request: Request, broker: Broker): ResponseInput<'AddPartitionsToTxn'> {
  if (!broker.access.may(request.client, 'CLUSTER_ACTION', 'CLUSTER', 'kafka-cluster')) {
    return { errorCode: kafkaErrorCode('CLUSTER_AUTHORIZATION_FAILED'), resultsByTransaction: [] }
  }
  return {
    errorCode: 0,
    resultsByTransaction: request.body.transactions.map((transaction) => ({
      transactionalId: transaction.transactionalId,
      topicResults: addToOne(request, broker, transaction),
    })),
  }
}

/** All partitions are added, or none: a partition that cannot be is named, and the others are not attempted. */
function addToOne(
  request: Request,
  broker: Broker,
  { transactionalId, producerId, producerEpoch, verifyOnly, topics }: Transaction,
): ReturnType<typeof resultsOf> {
  try {
    checkTransactionalId(request, broker, transactionalId)
    const refused = refusedPartitions(request, broker, topics)
    if (refused.size > 0) {
      const notAttempted = kafkaErrorCode('OPERATION_NOT_ATTEMPTED')
      return resultsOf(topics, (topic, partition) => refused.get(`${topic}-${partition}`) ?? notAttempted)
    }
    const coordinator = TransactionCoordinator.of(broker)
    const producer = producerStamp(producerId, producerEpoch)
    if (verifyOnly) {
      return resultsOf(topics, (topic, partition) =>
        codeOf(() => coordinator.verifyPartitions(transactionalId, producer, [{ topic, partition }])),
      )
    }
    const partitions = topics.flatMap(({ name, partitions }) =>
      partitions.map((partition) => ({ topic: name, partition })),
    )
    coordinator.addPartitions(transactionalId, producer, partitions, request.version >= 4 ? 2 : 0)
    return resultsOf(topics, () => 0)
  } catch (error) {
    const errorCode = coordinatorError(error, request.version >= 2)
    return resultsOf(topics, () => errorCode)
  }
}

function refusedPartitions({ client }: Request, broker: Broker, topics: Topics): Map<string, number> {
  const refused = new Map<string, number>()
  for (const { name, partitions } of topics) {
    const topic = broker.topics.get(name)
    // Brokers verify partitions of __consumer_offsets; no client may add one by hand.
    const isForbidden = topic?.isInternal === true || !broker.access.may(client, 'WRITE', 'TOPIC', name)
    for (const partition of partitions) {
      if (isForbidden) refused.set(`${name}-${partition}`, kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED'))
      else if (topic?.partitions[partition] === undefined) {
        refused.set(`${name}-${partition}`, kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION'))
      }
    }
  }
  return refused
}

function codeOf(check: () => void): number {
  try {
    check()
    return 0
  } catch (error) {
    if (error instanceof ApiError) return error.errorCode
    throw error
  }
}

function resultsOf(
  topics: Topics,
  errorOf: (topic: string, partition: number) => number,
): { name: string; resultsByPartition: { partitionIndex: number; partitionErrorCode: number }[] }[] {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorOf(name, partitionIndex),
    })),
  }))
}
