/** What a cluster is: versions, brokers, topics, leaders. Notation: `../notation.ts`. */

export const ApiVersions = {
  key: 18,
  versions: '0-4',
  flexible: '3+',
  request: {
    clientSoftwareName: 'string 3+',
    clientSoftwareVersion: 'string 3+',
  },
  response: {
    errorCode: 'int16',
    apiKeys: { $: '[]', apiKey: 'int16', minVersion: 'int16', maxVersion: 'int16' },
    throttleTimeMs: 'int32 1+ = 0',
    supportedFeatures: { $: '[] 3+ tag 0', name: 'string', minVersion: 'int16', maxVersion: 'int16' },
    finalizedFeaturesEpoch: 'int64 3+ tag 1 = -1',
    finalizedFeatures: {
      $: '[] 3+ tag 2',
      name: 'string',
      maxVersionLevel: 'int16',
      minVersionLevel: 'int16',
    },
    zkMigrationReady: 'boolean 3+ tag 3',
  },
} as const

export const Metadata = {
  key: 3,
  versions: '0-13',
  flexible: '9+',
  request: {
    topics: { $: '[] null 1+ = null', topicId: 'uuid 10+', name: 'string null 10+ = null' },
    allowAutoTopicCreation: 'boolean 4+ must = true',
    includeClusterAuthorizedOperations: 'boolean 8-10 = false',
    includeTopicAuthorizedOperations: 'boolean 8+ = false',
  },
  response: {
    throttleTimeMs: 'int32 3+ = 0',
    brokers: { $: '[]', nodeId: 'int32', host: 'string', port: 'int32', rack: 'string 1+ null = null' },
    clusterId: 'string 2+ null = null',
    controllerId: 'int32 1+ = -1',
    topics: {
      $: '[]',
      errorCode: 'int16',
      name: 'string null 12+',
      topicId: 'uuid 10+',
      isInternal: 'boolean 1+',
      partitions: {
        $: '[]',
        errorCode: 'int16',
        partitionIndex: 'int32',
        leaderId: 'int32',
        leaderEpoch: 'int32 7+ = -1',
        replicaNodes: '[]int32',
        isrNodes: '[]int32',
        offlineReplicas: '[]int32 5+',
      },
      topicAuthorizedOperations: 'int32 8+ = -2147483648',
    },
    clusterAuthorizedOperations: 'int32 8-10 = -2147483648',
    errorCode: 'int16 13+',
  },
} as const

export const DescribeCluster = {
  key: 60,
  versions: '0-2',
  flexible: '0+',
  request: {
    includeClusterAuthorizedOperations: 'boolean = false',
    endpointType: 'int8 1+ must = 1',
    includeFencedBrokers: 'boolean 2+',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    endpointType: 'int8 1+ = 1',
    clusterId: 'string',
    controllerId: 'int32 = -1',
    brokers: {
      $: '[]',
      brokerId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string null = null',
      isFenced: 'boolean 2+',
    },
    clusterAuthorizedOperations: 'int32 = -2147483648',
  },
} as const

export const DescribeTopicPartitions = {
  key: 75,
  versions: '0',
  flexible: '0+',
  request: {
    topics: { $: '[]', name: 'string' },
    responsePartitionLimit: 'int32 = 2000',
    cursor: { $: '{} null = null', topicName: 'string', partitionIndex: 'int32' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      errorCode: 'int16',
      name: 'string null = null',
      topicId: 'uuid',
      isInternal: 'boolean',
      partitions: {
        $: '[]',
        errorCode: 'int16',
        partitionIndex: 'int32',
        leaderId: 'int32',
        leaderEpoch: 'int32 = -1',
        replicaNodes: '[]int32',
        isrNodes: '[]int32',
        eligibleLeaderReplicas: '[]int32 null = null',
        lastKnownElr: '[]int32 null = null',
        offlineReplicas: '[]int32',
      },
      topicAuthorizedOperations: 'int32 = -2147483648',
    },
    nextCursor: { $: '{} null = null', topicName: 'string', partitionIndex: 'int32' },
  },
} as const

export const DescribeQuorum = {
  key: 55,
  versions: '0-2',
  flexible: '0+',
  request: {
    topics: {
      $: '[]',
      topicName: 'string',
      partitions: { $: '[]', partitionIndex: 'int32' },
    },
  },
  response: {
    errorCode: 'int16',
    errorMessage: 'string 2+ null = null',
    topics: {
      $: '[]',
      topicName: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string 2+ null = null',
        leaderId: 'int32',
        leaderEpoch: 'int32 = -1',
        highWatermark: 'int64',
        currentVoters: {
          $: '[]',
          replicaId: 'int32 = -1',
          replicaDirectoryId: 'uuid 2+',
          logEndOffset: 'int64',
          lastFetchTimestamp: 'int64 1+ = -1',
          lastCaughtUpTimestamp: 'int64 1+ = -1',
        },
        observers: {
          $: '[]',
          replicaId: 'int32 = -1',
          replicaDirectoryId: 'uuid 2+',
          logEndOffset: 'int64',
          lastFetchTimestamp: 'int64 1+ = -1',
          lastCaughtUpTimestamp: 'int64 1+ = -1',
        },
      },
    },
    nodes: {
      $: '[] 2+',
      nodeId: 'int32',
      listeners: { $: '[]', name: 'string', host: 'string', port: 'uint16' },
    },
  },
} as const

export const UpdateFeatures = {
  key: 57,
  versions: '0-2',
  flexible: '0+',
  request: {
    timeoutMs: 'int32 = 60000',
    featureUpdates: {
      $: '[]',
      feature: 'string',
      maxVersionLevel: 'int16',
      allowDowngrade: 'boolean 0',
      upgradeType: 'int8 1+ = 1',
    },
    validateOnly: 'boolean 1+ must = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    results: { $: '[] 0-1', feature: 'string', errorCode: 'int16', errorMessage: 'string null = null' },
  },
} as const

export const UnregisterBroker = {
  key: 64,
  versions: '0',
  flexible: '0+',
  request: {
    brokerId: 'int32',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
  },
} as const
