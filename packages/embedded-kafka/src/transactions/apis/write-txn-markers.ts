import { ApiError, handler } from '../../api/handler.ts'
import { writeMarker } from '../markers.ts'
import { producerStamp } from './refusal.ts'

/** What an administrator ends a hanging transaction with, partition by partition (`kafka-transactions abort`, KIP-664). */
export const writeTxnMarkers = handler({
  api: 'WriteTxnMarkers',
  versions: [1, 2],
  handle({ body, client }, broker) {
    const isAllowed =
      broker.access.may(client, 'CLUSTER_ACTION', 'CLUSTER', 'kafka-cluster') ||
      broker.access.may(client, 'ALTER', 'CLUSTER', 'kafka-cluster')
    if (!isAllowed) throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    return {
      markers: body.markers.map(({ producerId, producerEpoch, transactionResult, topics, coordinatorEpoch }) => ({
        producerId,
        topics: topics.map(({ name, partitionIndexes }) => ({
          name,
          partitions: partitionIndexes.map((partitionIndex) => ({
            partitionIndex,
            errorCode: writeMarker(
              broker,
              name,
              partitionIndex,
              transactionResult,
              producerStamp(producerId, producerEpoch),
              coordinatorEpoch,
            ),
          })),
        })),
      })),
    }
  },
  refuse: ({ body }, errorCode) => ({
    markers: body.markers.map(({ producerId, topics }) => ({
      producerId,
      topics: topics.map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, errorCode })),
      })),
    })),
  }),
})
