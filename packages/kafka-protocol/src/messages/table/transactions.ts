/** Idempotent and transactional producers. Notation: `../notation.ts`. */

export const InitProducerId = {
  key: 22,
  versions: '0-6',
  stable: '5',
  flexible: '2+',
  request: {
    transactionalId: 'string null',
    transactionTimeoutMs: 'int32',
    producerId: 'int64 3+ must = -1',
    producerEpoch: 'int16 3+ must = -1',
    enable2Pc: 'boolean 6+ must',
    keepPreparedTxn: 'boolean 6+ must',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    producerId: 'int64 = -1',
    producerEpoch: 'int16',
    ongoingTxnProducerId: 'int64 6+ = -1',
    ongoingTxnProducerEpoch: 'int16 6+ = -1',
  },
} as const

export const AddPartitionsToTxn = {
  key: 24,
  versions: '0-5',
  flexible: '3+',
  request: {
    v3AndBelowTransactionalId: 'string 0-3',
    v3AndBelowProducerId: 'int64 0-3',
    v3AndBelowProducerEpoch: 'int16 0-3',
    v3AndBelowTopics: { $: '[] 0-3', name: 'string', partitions: '[]int32' },
    transactions: {
      $: '[] 4+',
      transactionalId: 'string',
      producerId: 'int64',
      producerEpoch: 'int16',
      verifyOnly: 'boolean = false',
      topics: { $: '[]', name: 'string', partitions: '[]int32' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    resultsByTopicV3AndBelow: {
      $: '[] 0-3',
      name: 'string',
      resultsByPartition: { $: '[]', partitionIndex: 'int32', partitionErrorCode: 'int16' },
    },
    errorCode: 'int16 4+',
    resultsByTransaction: {
      $: '[] 4+',
      transactionalId: 'string',
      topicResults: {
        $: '[]',
        name: 'string',
        resultsByPartition: { $: '[]', partitionIndex: 'int32', partitionErrorCode: 'int16' },
      },
    },
  },
} as const

export const AddOffsetsToTxn = {
  key: 25,
  versions: '0-4',
  flexible: '3+',
  request: {
    transactionalId: 'string',
    producerId: 'int64',
    producerEpoch: 'int16',
    groupId: 'string',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
  },
} as const

export const EndTxn = {
  key: 26,
  versions: '0-5',
  flexible: '3+',
  request: {
    transactionalId: 'string',
    producerId: 'int64',
    producerEpoch: 'int16',
    committed: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    producerId: 'int64 5+ = -1',
    producerEpoch: 'int16 5+ = -1',
  },
} as const

export const TxnOffsetCommit = {
  key: 28,
  versions: '0-5',
  flexible: '3+',
  request: {
    transactionalId: 'string',
    groupId: 'string',
    producerId: 'int64',
    producerEpoch: 'int16',
    generationId: 'int32 3+ must = -1',
    memberId: 'string 3+ must',
    groupInstanceId: 'string 3+ null must = null',
    topics: {
      $: '[]',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        committedOffset: 'int64',
        committedLeaderEpoch: 'int32 2+ = -1',
        committedMetadata: 'string null',
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      name: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', errorCode: 'int16' },
    },
  },
} as const

export const WriteTxnMarkers = {
  key: 27,
  versions: '1-2',
  flexible: '1+',
  request: {
    markers: {
      $: '[]',
      producerId: 'int64',
      producerEpoch: 'int16',
      transactionResult: 'boolean',
      topics: { $: '[]', name: 'string', partitionIndexes: '[]int32' },
      coordinatorEpoch: 'int32',
      transactionVersion: 'int8 2+',
    },
  },
  response: {
    markers: {
      $: '[]',
      producerId: 'int64',
      topics: {
        $: '[]',
        name: 'string',
        partitions: { $: '[]', partitionIndex: 'int32', errorCode: 'int16' },
      },
    },
  },
} as const

export const DescribeProducers = {
  key: 61,
  versions: '0',
  flexible: '0+',
  request: {
    topics: { $: '[]', name: 'string', partitionIndexes: '[]int32' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string null = null',
        activeProducers: {
          $: '[]',
          producerId: 'int64',
          producerEpoch: 'int32',
          lastSequence: 'int32',
          lastTimestamp: 'int64',
          coordinatorEpoch: 'int32',
          currentTxnStartOffset: 'int64 = -1',
        },
      },
    },
  },
} as const

export const DescribeTransactions = {
  key: 65,
  versions: '0',
  flexible: '0+',
  request: {
    transactionalIds: '[]string',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    transactionStates: {
      $: '[]',
      errorCode: 'int16',
      transactionalId: 'string',
      transactionState: 'string',
      transactionTimeoutMs: 'int32',
      transactionStartTimeMs: 'int64',
      producerId: 'int64',
      producerEpoch: 'int16',
      topics: { $: '[]', topic: 'string', partitions: '[]int32' },
    },
  },
} as const

export const ListTransactions = {
  key: 66,
  versions: '0-2',
  flexible: '0+',
  request: {
    stateFilters: '[]string',
    producerIdFilters: '[]int64',
    durationFilter: 'int64 1+ must = -1',
    transactionalIdPattern: 'string 2+ null must = null',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    unknownStateFilters: '[]string',
    transactionStates: {
      $: '[]',
      transactionalId: 'string',
      producerId: 'int64',
      transactionState: 'string',
    },
  },
} as const
