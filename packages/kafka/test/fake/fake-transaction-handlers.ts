/** How the fake cluster answers what concerns producer ids and transactions. */
import type { Handlers } from './fake-cluster.ts'

const NOT_COORDINATOR = 16

export const TRANSACTION_HANDLERS: Handlers = {
  InitProducerId: ({ transactionalId, producerId, producerEpoch }, { cluster, id }, _, refuse) => {
    const errorCode = refuse || (transactionalId === null || cluster.coordinator === id ? 0 : NOT_COORDINATOR)
    if (errorCode !== 0) return { errorCode, producerId: -1, producerEpoch: -1 }
    if (transactionalId === null) return { errorCode, producerId: cluster.nextProducerId++, producerEpoch: 0 }
    return cluster.transactions.init(transactionalId, { producerId: Number(producerId), producerEpoch })
  },

  AddPartitionsToTxn: (body, { cluster, id }, _, refuse) => {
    const numbers = { producerId: Number(body.v3AndBelowProducerId), producerEpoch: body.v3AndBelowProducerEpoch }
    const logs = body.v3AndBelowTopics.flatMap(({ name, partitions }) =>
      partitions.map((partition) => cluster.topics.get(name)!.partitions[partition]!),
    )
    const errorCode =
      refuse ||
      (cluster.coordinator === id
        ? cluster.transactions.add(body.v3AndBelowTransactionalId, numbers, logs)
        : NOT_COORDINATOR)
    return {
      resultsByTopicV3AndBelow: body.v3AndBelowTopics.map(({ name, partitions }) => ({
        name,
        resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex, partitionErrorCode: errorCode })),
      })),
    }
  },

  AddOffsetsToTxn: ({ transactionalId, producerId, producerEpoch }, { cluster, id }, _, refuse) => {
    const numbers = { producerId: Number(producerId), producerEpoch }
    if (refuse !== 0 || cluster.coordinator !== id) return { errorCode: refuse || NOT_COORDINATOR }
    return { errorCode: cluster.transactions.add(transactionalId, numbers, []) }
  },

  TxnOffsetCommit: ({ transactionalId, groupId, producerId, producerEpoch, topics }, { cluster, id }, _, refuse) => {
    const offsets = new Map(
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => [
          `${groupId} ${name} ${partitionIndex}`,
          { offset: Number(committedOffset), metadata: committedMetadata ?? '' },
        ]),
      ),
    )
    const numbers = { producerId: Number(producerId), producerEpoch }
    const errorCode =
      refuse ||
      (cluster.coordinator === id ? cluster.transactions.offsets(transactionalId, numbers, offsets) : NOT_COORDINATOR)
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }
  },

  EndTxn: ({ transactionalId, producerId, producerEpoch, committed }, { cluster, id }, version, refuse) => {
    if (refuse !== 0 || cluster.coordinator !== id) return { errorCode: refuse || NOT_COORDINATOR, producerEpoch: -1 }
    const numbers = { producerId: Number(producerId), producerEpoch }
    return cluster.transactions.end(transactionalId, numbers, committed, version)
  },
}
