import { statfsSync } from 'node:fs'
import { ApiError, type BrokerRequest, handler } from '../api/handler.ts'
import type { Broker, Topic } from '../broker.ts'

/** Stands for the directory of a broker that keeps everything in memory. */
const IN_MEMORY = '/memory'

/** How large partitions are, each on the node that leads it. */
export const describeLogDirs = handler({
  api: 'DescribeLogDirs',
  versions: [1, 5],
  handle(request, broker) {
    if (!broker.access.may(request.client, 'DESCRIBE', 'CLUSTER', 'kafka-cluster')) {
      throw new ApiError('CLUSTER_AUTHORIZATION_FAILED')
    }
    const logDir = broker.settings.text('log.dirs')
    return {
      errorCode: 0,
      results: [
        {
          errorCode: 0,
          logDir: logDir === '' ? IN_MEMORY : logDir,
          topics: topicsOf(request, broker),
          ...spaceOf(logDir),
          isCordoned: false,
        },
      ],
    }
  },
  // Before version 3 an empty answer is all that can be said.
  refuse: (_, errorCode) => ({ errorCode, results: [] }),
})

interface PartitionSize {
  readonly partitionIndex: number
  readonly partitionSize: number
  readonly offsetLag: number
  readonly isFutureKey: boolean
}

function topicsOf(
  { body, node }: BrokerRequest<'DescribeLogDirs'>,
  broker: Broker,
): { name: string; partitions: PartitionSize[] }[] {
  const found = []
  const wanted = body.topics ?? Array.from(broker.topics.all(), ({ name }) => ({ topic: name, partitions: undefined }))
  for (const { topic: name, partitions } of wanted) {
    const topic = broker.topics.get(name)
    const sizes = topic === undefined ? [] : sizesOf(topic, node, partitions)
    if (sizes.length > 0) found.push({ name, partitions: sizes })
  }
  return found
}

function sizesOf({ partitions }: Topic, node: number, indexes: readonly number[] | undefined): PartitionSize[] {
  return partitions
    .filter(({ index, leader }) => leader === node && (indexes === undefined || indexes.includes(index)))
    .map(({ index, log }) => ({ partitionIndex: index, partitionSize: log.bytes, offsetLag: 0, isFutureKey: false }))
}

function spaceOf(directory: string): { totalBytes: number; usableBytes: number } {
  if (directory === '') return { totalBytes: -1, usableBytes: -1 }
  try {
    const { bsize, blocks, bavail } = statfsSync(directory)
    return { totalBytes: bsize * blocks, usableBytes: bsize * bavail }
  } catch {
    return { totalBytes: -1, usableBytes: -1 }
  }
}
