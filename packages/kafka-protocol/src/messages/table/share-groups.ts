/** Share groups (KIP-932). Notation: `../notation.ts`. */

export const ShareGroupHeartbeat = {
  key: 76,
  versions: '1',
  flexible: '1+',
  request: {
    groupId: 'string',
    memberId: 'string',
    memberEpoch: 'int32',
    rackId: 'string null = null',
    subscribedTopicNames: '[]string null = null',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    memberId: 'string null = null',
    memberEpoch: 'int32',
    heartbeatIntervalMs: 'int32',
    assignment: {
      $: '{} null = null',
      topicPartitions: { $: '[]', topicId: 'uuid', partitions: '[]int32' },
    },
  },
} as const

export const ShareGroupDescribe = {
  key: 77,
  versions: '1',
  flexible: '1+',
  request: {
    groupIds: '[]string',
    includeAuthorizedOperations: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    groups: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      groupId: 'string',
      groupState: 'string',
      groupEpoch: 'int32',
      assignmentEpoch: 'int32',
      assignorName: 'string',
      members: {
        $: '[]',
        memberId: 'string',
        rackId: 'string null = null',
        memberEpoch: 'int32',
        clientId: 'string',
        clientHost: 'string',
        subscribedTopicNames: '[]string',
        assignment: {
          $: '{}',
          topicPartitions: { $: '[]', topicId: 'uuid', topicName: 'string', partitions: '[]int32' },
        },
      },
      authorizedOperations: 'int32 = -2147483648',
    },
  },
} as const

export const ShareFetch = {
  key: 78,
  versions: '1-2',
  flexible: '1+',
  request: {
    groupId: 'string null = null',
    memberId: 'string null',
    shareSessionEpoch: 'int32',
    maxWaitMs: 'int32',
    minBytes: 'int32',
    maxBytes: 'int32 = 2147483647',
    maxRecords: 'int32',
    batchSize: 'int32',
    shareAcquireMode: 'int8 2+',
    isRenewAck: 'boolean 2+ must',
    topics: {
      $: '[]',
      topicId: 'uuid',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        acknowledgementBatches: {
          $: '[]',
          firstOffset: 'int64',
          lastOffset: 'int64',
          acknowledgeTypes: '[]int8',
        },
      },
    },
    forgottenTopicsData: { $: '[]', topicId: 'uuid', partitions: '[]int32' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    acquisitionLockTimeoutMs: 'int32',
    responses: {
      $: '[]',
      topicId: 'uuid',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string null = null',
        acknowledgeErrorCode: 'int16',
        acknowledgeErrorMessage: 'string null',
        currentLeader: { $: '{}', leaderId: 'int32 = -1', leaderEpoch: 'int32 = -1' },
        records: 'records',
        acquiredRecords: { $: '[]', firstOffset: 'int64', lastOffset: 'int64', deliveryCount: 'int16' },
      },
    },
    nodeEndpoints: { $: '[]', nodeId: 'int32', host: 'string', port: 'int32', rack: 'string null = null' },
  },
} as const

export const ShareAcknowledge = {
  key: 79,
  versions: '1-2',
  flexible: '1+',
  request: {
    groupId: 'string null',
    memberId: 'string null',
    shareSessionEpoch: 'int32',
    isRenewAck: 'boolean 2+ must',
    topics: {
      $: '[]',
      topicId: 'uuid',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        acknowledgementBatches: {
          $: '[]',
          firstOffset: 'int64',
          lastOffset: 'int64',
          acknowledgeTypes: '[]int8',
        },
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    acquisitionLockTimeoutMs: 'int32 2+',
    responses: {
      $: '[]',
      topicId: 'uuid',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string null = null',
        currentLeader: { $: '{}', leaderId: 'int32 = -1', leaderEpoch: 'int32 = -1' },
      },
    },
    nodeEndpoints: { $: '[]', nodeId: 'int32', host: 'string', port: 'int32', rack: 'string null = null' },
  },
} as const

export const DescribeShareGroupOffsets = {
  key: 90,
  versions: '0-1',
  flexible: '0+',
  request: {
    groups: {
      $: '[]',
      groupId: 'string',
      topics: { $: '[] null', topicName: 'string', partitions: '[]int32' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    groups: {
      $: '[]',
      groupId: 'string',
      topics: {
        $: '[]',
        topicName: 'string',
        topicId: 'uuid',
        partitions: {
          $: '[]',
          partitionIndex: 'int32',
          startOffset: 'int64',
          leaderEpoch: 'int32 = -1',
          lag: 'int64 1+',
          errorCode: 'int16',
          errorMessage: 'string null = null',
        },
      },
      errorCode: 'int16',
      errorMessage: 'string null = null',
    },
  },
} as const

export const AlterShareGroupOffsets = {
  key: 91,
  versions: '0',
  flexible: '0+',
  request: {
    groupId: 'string',
    topics: {
      $: '[]',
      topicName: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', startOffset: 'int64' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    responses: {
      $: '[]',
      topicName: 'string',
      topicId: 'uuid',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string null = null',
      },
    },
  },
} as const

export const DeleteShareGroupOffsets = {
  key: 92,
  versions: '0',
  flexible: '0+',
  request: {
    groupId: 'string',
    topics: { $: '[]', topicName: 'string' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    responses: {
      $: '[]',
      topicName: 'string',
      topicId: 'uuid',
      errorCode: 'int16',
      errorMessage: 'string null = null',
    },
  },
} as const
