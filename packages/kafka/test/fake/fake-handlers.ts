/** How the fake cluster answers, where it has no fault to show. */
import { API_VERSIONS, type RequestBody } from '@sluice/kafka-protocol'
import type { Handlers } from './fake-cluster.ts'
import type { FakeLog } from './fake-log.ts'
import { TRANSACTION_HANDLERS } from './fake-transaction-handlers.ts'
import { batchOf } from './fake-transactions.ts'

const UNKNOWN_TOPIC_OR_PARTITION = 3
const NOT_LEADER_OR_FOLLOWER = 6
const NOT_COORDINATOR = 16
const TOPIC_ALREADY_EXISTS = 36
const FENCED_LEADER_EPOCH = 74
const UNKNOWN_LEADER_EPOCH = 75
const UNKNOWN_TOPIC_ID = 100

export const HANDLERS: Handlers = {
  ApiVersions: (_, { cluster }, __, errorCode) => ({
    errorCode,
    apiKeys: API_VERSIONS.filter(({ name }) => name in HANDLERS || cluster.handlers.has(name)).map(
      ({ name, key, minVersion, stableVersion }) => ({
        apiKey: key,
        ...(cluster.versions.get(name) ?? { minVersion, maxVersion: stableVersion }),
      }),
    ),
    finalizedFeaturesEpoch: 1,
    finalizedFeatures: [
      { name: 'transaction.version', minVersionLevel: 0, maxVersionLevel: cluster.transactions.version },
    ],
  }),

  Metadata: ({ topics }, { cluster }, _, refuse) => ({
    brokers: cluster.brokers.map(({ id, port }) => ({ nodeId: id, host: '127.0.0.1', port, rack: null })),
    clusterId: 'fake',
    controllerId: cluster.brokers[0]!.id,
    topics: (topics ?? [...cluster.topics.values()]).map(({ name: asked, ...by }) => {
      const topicId = 'topicId' in by ? by.topicId : ''
      const topic =
        asked === null ? [...cluster.topics.values()].find(({ id }) => id === topicId) : cluster.topics.get(asked)
      if (topic === undefined || refuse !== 0) {
        const missing = asked === null ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
        return { errorCode: refuse || missing, name: asked, topicId, partitions: [] }
      }
      const { name } = topic
      const partitions = topic.partitions.map(({ leader, leaderEpoch }, partitionIndex) => ({
        errorCode: leader === -1 ? 5 : 0,
        partitionIndex,
        leaderId: leader,
        leaderEpoch,
        replicaNodes: [],
        isrNodes: [],
      }))
      return { errorCode: 0, name, topicId: topic.id, partitions }
    }),
  }),

  ...TRANSACTION_HANDLERS,

  Produce: ({ topicData, transactionalId }, { cluster, id }, version, refuse) => ({
    responses: topicData.map(({ name, topicId, partitionData }) => {
      const topic =
        version > 12 ? [...cluster.topics.values()].find((one) => one.id === topicId) : cluster.topics.get(name)
      const missing = version > 12 ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
      return {
        name,
        topicId,
        partitionResponses: partitionData.map(({ index, records }) => {
          const log = topic?.partitions[index]
          const batch = batchOf(records!)
          const barred =
            batch.isTransactional && log !== undefined
              ? cluster.transactions.admit(transactionalId, batch, log, version)
              : 0
          const appended =
            refuse !== 0
              ? { errorCode: refuse, baseOffset: -1 }
              : log === undefined
                ? { errorCode: missing, baseOffset: -1 }
                : log.leader !== id
                  ? { errorCode: NOT_LEADER_OR_FOLLOWER, baseOffset: -1 }
                  : barred !== 0
                    ? { errorCode: barred, baseOffset: -1 }
                    : log.append(records!)
          return { index, recordErrors: [], ...appended }
        }),
      }
    }),
  }),

  Fetch: async (body, { cluster, id, fetchSessions }, version, refuse) => {
    const { maxWaitMs, maxBytes } = body
    const until = performance.now() + maxWaitMs
    const stateless = { errorCode: 0, sessionId: 0, isIncremental: false, topics: body.topics }
    const entered = cluster.hasFetchSessions ? fetchSessions.enter(body) : stateless
    const { errorCode, sessionId, isIncremental, topics } = entered
    if (errorCode !== 0) return { errorCode, sessionId, responses: [] }
    for (;;) {
      let left = maxBytes
      let isReady = refuse !== 0
      const answers = topics.map(({ topic, topicId, partitions }) => {
        const log = cluster.logsOf(version > 12 ? topicId : topic)
        const missing = version > 12 ? UNKNOWN_TOPIC_ID : UNKNOWN_TOPIC_OR_PARTITION
        const found = partitions.map((asked) => {
          const answer = fetchFrom(log?.[asked.partition], asked, id, Math.min(left, asked.partitionMaxBytes))
          const given = refuse !== 0 ? refuse : (answer?.errorCode ?? missing)
          left = Math.max(0, left - (answer?.records.length ?? 0))
          isReady ||= given !== 0 || (answer?.records.length ?? 0) > 0 || (answer?.preferredReadReplica ?? -1) >= 0
          return { highWatermark: -1, ...answer, partitionIndex: asked.partition, errorCode: given }
        })
        return { topic, topicId, partitions: isIncremental ? found.filter(isWorthSaying) : found }
      })
      const responses = answers.filter(({ partitions }) => partitions.length > 0)
      if (isReady || performance.now() >= until) return { sessionId, responses }
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  },

  OffsetForLeaderEpoch: ({ topics }, { cluster, id }, _, refuse) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, leaderEpoch }) => {
        const log = cluster.topics.get(topic)?.partitions[partition]
        if (log === undefined || refuse !== 0) return { partition, errorCode: refuse || UNKNOWN_TOPIC_OR_PARTITION }
        if (log.leader !== id) return { partition, errorCode: NOT_LEADER_OR_FOLLOWER }
        const endOffset = log.endOfEpoch(leaderEpoch)
        return { partition, errorCode: 0, leaderEpoch: endOffset < 0 ? -1 : leaderEpoch, endOffset }
      }),
    })),
  }),

  ListOffsets: ({ topics }, { cluster, id }, _, refuse) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, timestamp }) => {
        const log = cluster.topics.get(name)?.partitions[partitionIndex]
        if (log === undefined || refuse !== 0)
          return { partitionIndex, errorCode: refuse || UNKNOWN_TOPIC_OR_PARTITION }
        if (log.leader !== id) return { partitionIndex, errorCode: NOT_LEADER_OR_FOLLOWER }
        return { partitionIndex, errorCode: 0, offset: log.offsetAt(Number(timestamp)), timestamp: -1 }
      }),
    })),
  }),

  FindCoordinator: ({ coordinatorKeys }, { cluster }, _, errorCode) => {
    const broker = cluster.brokers.find(({ id }) => id === cluster.coordinator)
    const at = { nodeId: cluster.coordinator, host: '127.0.0.1', port: broker?.port ?? 1 }
    return { coordinators: coordinatorKeys.map((key) => ({ key, ...at, errorCode })) }
  },

  OffsetCommit: ({ groupId, topics }, { cluster, id }, _, refuse) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata }) => {
        const errorCode = refuse || (cluster.coordinator === id ? 0 : NOT_COORDINATOR)
        const epoch = committedLeaderEpoch < 0 ? {} : { leaderEpoch: committedLeaderEpoch }
        const entry = { offset: Number(committedOffset), metadata: committedMetadata ?? '', ...epoch }
        if (errorCode === 0) cluster.committed.set(`${groupId} ${name} ${partitionIndex}`, entry)
        return { partitionIndex, errorCode }
      }),
    })),
  }),

  OffsetFetch: ({ groups }, { cluster, id }, _, refuse) => ({
    groups: groups.map(({ groupId, topics }) => ({
      groupId,
      errorCode: refuse || (cluster.coordinator === id ? 0 : NOT_COORDINATOR),
      topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
        name,
        partitions: partitionIndexes.map((partitionIndex) => {
          const found = cluster.committed.get(`${groupId} ${name} ${partitionIndex}`)
          const committedLeaderEpoch = found?.leaderEpoch ?? -1
          const committedOffset = found?.offset ?? -1
          return {
            partitionIndex,
            committedOffset,
            committedLeaderEpoch,
            metadata: found?.metadata ?? '',
            errorCode: 0,
          }
        }),
      })),
    })),
  }),

  CreateTopics: ({ topics }, { cluster }, _, refuse) => ({
    topics: topics.map(({ name, numPartitions }) => {
      if (refuse !== 0) return { name, errorCode: refuse }
      if (cluster.topics.has(name)) return { name, errorCode: TOPIC_ALREADY_EXISTS }
      cluster.createTopic(name, Math.max(1, numPartitions))
      return { name, errorCode: 0 }
    }),
  }),

  DeleteTopics: ({ topics }, { cluster }, _, refuse) => ({
    responses: topics.map(({ name, topicId }) => {
      const errorCode = refuse || (cluster.topics.delete(name!) ? 0 : UNKNOWN_TOPIC_OR_PARTITION)
      return { name, topicId, errorCode }
    }),
  }),
}

type FetchAsked = RequestBody<'Fetch'>['topics'][number]['partitions'][number]

/** What broker `id` says of a partition; undefined when there is none. */
function fetchFrom(log: FakeLog | undefined, asked: FetchAsked, id: number, bytesMax: number) {
  if (log === undefined) return undefined
  const isLeader = log.leader === id
  const isRedirected = isLeader && log.readReplica >= 0
  const errorCode = fetchError(log, asked, isLeader || log.readReplica === id)
  return {
    errorCode,
    highWatermark: log.end,
    abortedTransactions: log.aborted,
    preferredReadReplica: errorCode === 0 && isRedirected ? log.readReplica : -1,
    records:
      errorCode === 0 && !isRedirected && bytesMax > 0
        ? log.read(Number(asked.fetchOffset), bytesMax)
        : new Uint8Array(0),
  }
}

function fetchError(log: FakeLog, { currentLeaderEpoch, fetchOffset }: FetchAsked, isServed: boolean): number {
  if (!isServed) return NOT_LEADER_OR_FOLLOWER
  if (currentLeaderEpoch >= 0 && currentLeaderEpoch < log.leaderEpoch) return FENCED_LEADER_EPOCH
  if (currentLeaderEpoch > log.leaderEpoch) return UNKNOWN_LEADER_EPOCH
  return log.rangeError(Number(fetchOffset))
}

function isWorthSaying({ errorCode, records }: { readonly errorCode: number; readonly records?: Uint8Array }): boolean {
  return errorCode !== 0 || (records?.length ?? 0) > 0
}
