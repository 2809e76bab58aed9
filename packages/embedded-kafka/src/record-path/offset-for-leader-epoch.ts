import { handler } from '../api/handler.ts'
import { locatePartition, locateTopic } from './locate.ts'

/** Where an epoch ended: a client that read further has read what was truncated (KIP-320). */
export const offsetForLeaderEpoch = handler({
  api: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  handle: ({ body, client, node }, broker) => ({
    topics: body.topics.map(({ topic: name, partitions }) => {
      const topic = locateTopic(broker, client, 'DESCRIBE', name, null)
      return {
        topic: name,
        partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
          const partition = typeof topic === 'number' ? topic : locatePartition(topic, index, node, currentLeaderEpoch)
          if (typeof partition === 'number') return { partition: index, errorCode: partition }
          const { epoch, endOffset } = partition.log.endOffsetForEpoch(leaderEpoch)
          return { partition: index, errorCode: 0, leaderEpoch: epoch, endOffset }
        }),
      }
    }),
  }),
  refuse: ({ body }, errorCode) => ({
    topics: body.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
    })),
  }),
})
