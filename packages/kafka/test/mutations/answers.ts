/** One full answer of each API that the client reads: every field that may be absent is there, so that there is much to break. */
import { type ApiName, BatchAppender, type ResponseInput, transactionMarker } from '@sluice/kafka-protocol'

const ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

function records(): Uint8Array {
  const appender = new BatchAppender(Buffer.alloc(4096))
  for (let i = 0; i < 20; i++) {
    const headers = [{ key: `h${i}`, value: Buffer.from('v') }]
    appender.append(Buffer.from(`k${i}`), Buffer.from('value '.repeat(i)), 1000 + i, headers)
  }
  const compressed = new BatchAppender(Buffer.alloc(4096))
  for (let i = 0; i < 50; i++) compressed.append(null, Buffer.from('abc'.repeat(10)), 2000)
  const identity = { producerId: 7, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  const marker = { type: 'abort', producerId: 7, producerEpoch: 0, coordinatorEpoch: 0, timestamp: 1 } as const
  return Buffer.concat([
    appender.seal({ baseOffset: 0 }),
    compressed.seal({ baseOffset: 20, compression: 'gzip', ...identity }),
    transactionMarker({ ...marker, baseOffset: 70 }),
  ])
}

export const ANSWERS: { readonly [N in ApiName]?: ResponseInput<N> } = {
  Metadata: {
    brokers: [
      { nodeId: 1, host: 'localhost', port: 9092, rack: 'a' },
      { nodeId: 2, host: 'localhost', port: 9093, rack: null },
    ],
    clusterId: 'cluster',
    controllerId: 1,
    topics: ['a', 'b'].map((name) => ({
      errorCode: 0,
      name,
      topicId: ID,
      isInternal: false,
      partitions: [0, 1, 2].map((partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId: 1,
        leaderEpoch: 3,
        replicaNodes: [1, 2],
        isrNodes: [1],
        offlineReplicas: [],
      })),
    })),
  },
  Fetch: {
    sessionId: 5,
    errorCode: 0,
    responses: [
      {
        topic: 't',
        topicId: ID,
        partitions: [0, 1].map((partitionIndex) => ({
          partitionIndex,
          errorCode: 0,
          highWatermark: 71,
          lastStableOffset: 71,
          logStartOffset: 0,
          abortedTransactions: [{ producerId: 7, firstOffset: 20 }],
          records: records(),
        })),
      },
    ],
  },
  Produce: {
    responses: [
      {
        name: 't',
        topicId: ID,
        partitionResponses: [0, 1].map((index) => ({
          index,
          errorCode: 0,
          baseOffset: 12,
          recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: 'no' }],
          errorMessage: 'none',
        })),
      },
    ],
  },
  ListOffsets: {
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, errorCode: 0, timestamp: 1, offset: 2, leaderEpoch: 3 }] }],
  },
  OffsetForLeaderEpoch: {
    topics: [{ topic: 't', partitions: [{ errorCode: 0, partition: 0, leaderEpoch: 1, endOffset: 10 }] }],
  },
  FindCoordinator: {
    coordinators: [{ key: 'g', nodeId: 1, host: 'localhost', port: 9092, errorCode: 0, errorMessage: '' }],
  },
  OffsetFetch: {
    groups: [
      {
        groupId: 'g',
        errorCode: 0,
        topics: [
          {
            name: 't',
            topicId: ID,
            partitions: [
              { partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: 2, metadata: 'm', errorCode: 0 },
            ],
          },
        ],
      },
    ],
  },
  OffsetCommit: { topics: [{ name: 't', topicId: ID, partitions: [{ partitionIndex: 0, errorCode: 0 }] }] },
  CreateTopics: {
    topics: [
      {
        name: 't',
        topicId: ID,
        errorCode: 0,
        errorMessage: 'none',
        numPartitions: 1,
        replicationFactor: 1,
        configs: [{ name: 'a', value: 'b', readOnly: false, configSource: 1, isSensitive: false }],
      },
    ],
  },
  InitProducerId: { errorCode: 0, producerId: 2 ** 40, producerEpoch: 1 },
  JoinGroup: {
    errorCode: 0,
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: 'm',
    memberId: 'm',
    members: [{ memberId: 'm', groupInstanceId: 'i', metadata: Buffer.from('metadata') }],
  },
  SyncGroup: { errorCode: 0, protocolType: 'consumer', protocolName: 'range', assignment: Buffer.from('assignment') },
  Heartbeat: { errorCode: 0 },
  DescribeGroups: {
    groups: [
      {
        errorCode: 0,
        errorMessage: '',
        groupId: 'g',
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [
          {
            memberId: 'm',
            groupInstanceId: null,
            clientId: 'c',
            clientHost: 'h',
            memberMetadata: Buffer.from('metadata'),
            memberAssignment: Buffer.from('assignment'),
          },
        ],
      },
    ],
  },
  DescribeConfigs: {
    results: [
      {
        errorCode: 0,
        errorMessage: '',
        resourceType: 2,
        resourceName: 't',
        configs: [
          {
            name: 'a',
            value: 'b',
            readOnly: false,
            isSensitive: false,
            synonyms: [{ name: 'a', value: 'b', source: 1 }],
            configType: 1,
            documentation: 'd',
          },
        ],
      },
    ],
  },
  EndTxn: { errorCode: 0, producerId: 1, producerEpoch: 2 },
}
