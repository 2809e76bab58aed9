import { type RequestBody, type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type BrokerRequest, handler } from '../api/handler.ts'
import type { OffsetAndTimestamp, Partition, Topic } from '../broker.ts'
import { locatePartition, locateTopic } from './locate.ts'

type Asked = RequestBody<'ListOffsets'>['topics'][number]['partitions'][number]
type PartitionAnswer = ResponseInput<'ListOffsets'>['topics'][number]['partitions'][number]

const INVALID_REQUEST = kafkaErrorCode('INVALID_REQUEST')
const UNSUPPORTED_VERSION = kafkaErrorCode('UNSUPPORTED_VERSION')

/** What stands where a timestamp stands, and the version it came with. */
const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6
const SINCE: Readonly<Record<number, number>> = {
  [LATEST]: 0,
  [EARLIEST]: 0,
  [MAX_TIMESTAMP]: 7,
  [EARLIEST_LOCAL]: 8,
  [LATEST_TIERED]: 9,
  [EARLIEST_PENDING_UPLOAD]: 11,
}

/** Offsets by place (earliest, latest) or time. For `read_committed` the latest is the last stable one. */
export const listOffsets = handler({
  api: 'ListOffsets',
  versions: [1, 11],
  handle(request, broker) {
    const twice = repeated(request.body)
    return {
      topics: request.body.topics.map(({ name, partitions }) => {
        const topic = locateTopic(broker, request.client, 'DESCRIBE', name, null)
        return { name, partitions: distinct(partitions).map((one) => find(topic, one, request, twice)) }
      }),
    }
  },
  refuse: ({ body }, errorCode) => ({
    topics: body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
})

function find(
  topic: Topic | number,
  asked: Asked,
  { body, version, node }: BrokerRequest<'ListOffsets'>,
  twice: ReadonlySet<Asked>,
): PartitionAnswer {
  const { partitionIndex, currentLeaderEpoch } = asked
  const timestamp = Number(asked.timestamp)
  if (typeof topic === 'number') return { partitionIndex, errorCode: topic }
  if (twice.has(asked)) return { partitionIndex, errorCode: INVALID_REQUEST }
  if (timestamp < 0 && version < (SINCE[timestamp] ?? Number.POSITIVE_INFINITY)) {
    return { partitionIndex, errorCode: UNSUPPORTED_VERSION }
  }
  const partition = locatePartition(topic, partitionIndex, node, currentLeaderEpoch)
  if (typeof partition === 'number') return { partitionIndex, errorCode: partition }
  return { partitionIndex, errorCode: 0, ...lookUp(partition, timestamp, body.isolationLevel === 1) }
}

function lookUp(
  { log, leaderEpoch }: Partition,
  timestamp: number,
  isCommittedOnly: boolean,
): Partial<OffsetAndTimestamp> {
  const end = isCommittedOnly ? log.stableOffset : log.endOffset
  switch (timestamp) {
    case LATEST:
      return { offset: end, leaderEpoch }
    case EARLIEST:
    case EARLIEST_LOCAL:
      return { offset: log.startOffset, leaderEpoch }
    case MAX_TIMESTAMP:
      return log.maxTimestamp() ?? {}
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      // Nothing is tiered.
      return {}
    default:
      return log.offsetForTimestamp(timestamp, end) ?? {}
  }
}

/** Partitions that a request names more than once: it is not said which timestamp counts. */
function repeated({ topics }: RequestBody<'ListOffsets'>): ReadonlySet<Asked> {
  const twice = new Set<Asked>()
  for (const { partitions } of topics) {
    const first = new Map<number, Asked>()
    for (const one of partitions) {
      const before = first.get(one.partitionIndex)
      if (before === undefined) first.set(one.partitionIndex, one)
      else twice.add(before)
    }
  }
  return twice
}

function distinct(partitions: readonly Asked[]): Asked[] {
  const seen = new Set<number>()
  return partitions.filter(({ partitionIndex }) => !seen.has(partitionIndex) && seen.add(partitionIndex))
}
