/** Records in and out: Produce, Fetch, ListOffsets, OffsetForLeaderEpoch, DeleteRecords. Notation: `../notation.ts`. */

export const Produce = {
  key: 0,
  versions: '3-13',
  flexible: '9+',
  request: {
    transactionalId: 'string null = null',
    acks: 'int16',
    timeoutMs: 'int32',
    topicData: {
      $: '[]',
      name: 'string 3-12',
      topicId: 'uuid 13+',
      partitionData: { $: '[]', index: 'int32', records: 'records null' },
    },
  },
  response: {
    responses: {
      $: '[]',
      name: 'string 3-12',
      topicId: 'uuid 13+',
      partitionResponses: {
        $: '[]',
        index: 'int32',
        errorCode: 'int16',
        baseOffset: 'int64',
        logAppendTimeMs: 'int64 = -1',
        logStartOffset: 'int64 5+ = -1',
        recordErrors: { $: '[] 8+', batchIndex: 'int32', batchIndexErrorMessage: 'string null = null' },
        errorMessage: 'string 8+ null = null',
        currentLeader: { $: '{} 10+ tag 0', leaderId: 'int32 = -1', leaderEpoch: 'int32 = -1' },
      },
    },
    throttleTimeMs: 'int32 = 0',
    nodeEndpoints: {
      $: '[] 10+ tag 0',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string null = null',
    },
  },
} as const

export const Fetch = {
  key: 1,
  versions: '4-18',
  flexible: '12+',
  request: {
    replicaId: 'int32 4-14 = -1',
    maxWaitMs: 'int32',
    minBytes: 'int32',
    maxBytes: 'int32 = 2147483647',
    isolationLevel: 'int8 = 0',
    sessionId: 'int32 7+ = 0',
    sessionEpoch: 'int32 7+ = -1',
    topics: {
      $: '[]',
      topic: 'string 4-12',
      topicId: 'uuid 13+',
      partitions: {
        $: '[]',
        partition: 'int32',
        currentLeaderEpoch: 'int32 9+ = -1',
        fetchOffset: 'int64',
        lastFetchedEpoch: 'int32 12+ = -1',
        logStartOffset: 'int64 5+ = -1',
        partitionMaxBytes: 'int32',
        replicaDirectoryId: 'uuid 17+ tag 0',
        highWatermark: 'int64 18+ tag 1 = 9223372036854775807',
      },
    },
    forgottenTopicsData: { $: '[] 7+', topic: 'string 7-12', topicId: 'uuid 13+', partitions: '[]int32' },
    rackId: 'string 11+',
    clusterId: 'string 12+ null tag 0 = null',
    replicaState: { $: '{} 15+ tag 1', replicaId: 'int32 = -1', replicaEpoch: 'int64 = -1' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 7+',
    sessionId: 'int32 7+',
    responses: {
      $: '[]',
      topic: 'string 4-12',
      topicId: 'uuid 13+',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        highWatermark: 'int64',
        lastStableOffset: 'int64 = -1',
        logStartOffset: 'int64 5+ = -1',
        abortedTransactions: { $: '[] null = null', producerId: 'int64', firstOffset: 'int64' },
        preferredReadReplica: 'int32 11+ = -1',
        records: 'records null = null',
        divergingEpoch: { $: '{} 12+ tag 0', epoch: 'int32 = -1', endOffset: 'int64 = -1' },
        currentLeader: { $: '{} 12+ tag 1', leaderId: 'int32 = -1', leaderEpoch: 'int32 = -1' },
        snapshotId: { $: '{} 12+ tag 2', endOffset: 'int64 = -1', epoch: 'int32 = -1' },
      },
    },
    nodeEndpoints: {
      $: '[] 16+ tag 0',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string null = null',
    },
  },
} as const

export const ListOffsets = {
  key: 2,
  versions: '1-11',
  flexible: '6+',
  request: {
    replicaId: 'int32 = -1',
    isolationLevel: 'int8 2+ must = 0',
    topics: {
      $: '[]',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        currentLeaderEpoch: 'int32 4+ = -1',
        timestamp: 'int64',
      },
    },
    timeoutMs: 'int32 10+',
  },
  response: {
    throttleTimeMs: 'int32 2+ = 0',
    topics: {
      $: '[]',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        timestamp: 'int64 = -1',
        offset: 'int64 = -1',
        leaderEpoch: 'int32 4+ = -1',
      },
    },
  },
} as const

export const OffsetForLeaderEpoch = {
  key: 23,
  versions: '2-4',
  flexible: '4+',
  request: {
    replicaId: 'int32 3+ = -2',
    topics: {
      $: '[]',
      topic: 'string',
      partitions: {
        $: '[]',
        partition: 'int32',
        currentLeaderEpoch: 'int32 = -1',
        leaderEpoch: 'int32 = -1',
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      topic: 'string',
      partitions: {
        $: '[]',
        errorCode: 'int16',
        partition: 'int32',
        leaderEpoch: 'int32 = -1',
        endOffset: 'int64 = -1',
      },
    },
  },
} as const

export const DeleteRecords = {
  key: 21,
  versions: '0-2',
  flexible: '2+',
  request: {
    topics: {
      $: '[]',
      name: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', offset: 'int64' },
    },
    timeoutMs: 'int32',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      name: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', lowWatermark: 'int64', errorCode: 'int16' },
    },
  },
} as const
