/** Topics and partitions: create, delete, grow, move. Notation: `../notation.ts`. */

export const CreateTopics = {
  key: 19,
  versions: '2-7',
  flexible: '5+',
  request: {
    topics: {
      $: '[]',
      name: 'string',
      numPartitions: 'int32',
      replicationFactor: 'int16',
      assignments: { $: '[]', partitionIndex: 'int32', brokerIds: '[]int32' },
      configs: { $: '[]', name: 'string', value: 'string null' },
    },
    timeoutMs: 'int32 = 60000',
    validateOnly: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      name: 'string',
      topicId: 'uuid 7+',
      errorCode: 'int16',
      errorMessage: 'string null = null',
      numPartitions: 'int32 5+ = -1',
      replicationFactor: 'int16 5+ = -1',
      configs: {
        $: '[] 5+ null',
        name: 'string',
        value: 'string null',
        readOnly: 'boolean',
        configSource: 'int8 = -1',
        isSensitive: 'boolean',
      },
      topicConfigErrorCode: 'int16 5+ tag 0',
    },
  },
} as const

export const DeleteTopics = {
  key: 20,
  versions: '1-6',
  flexible: '4+',
  request: {
    topicNames: '[]string 1-5',
    topics: { $: '[] 6+', name: 'string null = null', topicId: 'uuid' },
    timeoutMs: 'int32',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    responses: {
      $: '[]',
      name: 'string null 6+ = null',
      topicId: 'uuid 6+',
      errorCode: 'int16',
      errorMessage: 'string 5+ null = null',
    },
  },
} as const

export const CreatePartitions = {
  key: 37,
  versions: '0-3',
  flexible: '2+',
  request: {
    topics: {
      $: '[]',
      name: 'string',
      count: 'int32',
      assignments: { $: '[] null', brokerIds: '[]int32' },
    },
    timeoutMs: 'int32',
    validateOnly: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: { $: '[]', name: 'string', errorCode: 'int16', errorMessage: 'string null = null' },
  },
} as const

export const ElectLeaders = {
  key: 43,
  versions: '0-2',
  flexible: '2+',
  request: {
    electionType: 'int8 1+ must',
    topicPartitions: { $: '[] null = null', topic: 'string', partitions: '[]int32' },
    timeoutMs: 'int32 = 60000',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 1+',
    replicaElectionResults: {
      $: '[]',
      topic: 'string',
      partitionResult: {
        $: '[]',
        partitionId: 'int32',
        errorCode: 'int16',
        errorMessage: 'string null = null',
      },
    },
  },
} as const

export const AlterPartitionReassignments = {
  key: 45,
  versions: '0-1',
  flexible: '0+',
  request: {
    timeoutMs: 'int32 = 60000',
    allowReplicationFactorChange: 'boolean 1+ must = true',
    topics: {
      $: '[]',
      name: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', replicas: '[]int32 null = null' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    allowReplicationFactorChange: 'boolean 1+ = true',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    responses: {
      $: '[]',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string null = null',
      },
    },
  },
} as const

export const ListPartitionReassignments = {
  key: 46,
  versions: '0',
  flexible: '0+',
  request: {
    timeoutMs: 'int32 = 60000',
    topics: { $: '[] null = null', name: 'string', partitionIndexes: '[]int32' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string null = null',
    topics: {
      $: '[]',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        replicas: '[]int32',
        addingReplicas: '[]int32',
        removingReplicas: '[]int32',
      },
    },
  },
} as const

export const AlterReplicaLogDirs = {
  key: 34,
  versions: '1-2',
  flexible: '2+',
  request: {
    dirs: {
      $: '[]',
      path: 'string',
      topics: { $: '[]', name: 'string', partitions: '[]int32' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: {
      $: '[]',
      topicName: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', errorCode: 'int16' },
    },
  },
} as const

export const DescribeLogDirs = {
  key: 35,
  versions: '1-5',
  flexible: '2+',
  request: {
    topics: { $: '[] null = null', topic: 'string', partitions: '[]int32' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 3+',
    results: {
      $: '[]',
      errorCode: 'int16',
      logDir: 'string',
      topics: {
        $: '[]',
        name: 'string',
        partitions: {
          $: '[]',
          partitionIndex: 'int32',
          partitionSize: 'int64',
          offsetLag: 'int64',
          isFutureKey: 'boolean',
        },
      },
      totalBytes: 'int64 4+ = -1',
      usableBytes: 'int64 4+ = -1',
      isCordoned: 'boolean 5+',
    },
  },
} as const
