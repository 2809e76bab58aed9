/** The classic group protocol, committed offsets, and the administration of groups. Notation: `../notation.ts`. */

export const FindCoordinator = {
  key: 10,
  versions: '0-6',
  flexible: '3+',
  request: {
    key: 'string 0-3',
    keyType: 'int8 1+ must',
    coordinatorKeys: '[]string 4+',
  },
  response: {
    throttleTimeMs: 'int32 1+ = 0',
    errorCode: 'int16 0-3',
    errorMessage: 'string 1-3 null = null',
    nodeId: 'int32 0-3',
    host: 'string 0-3',
    port: 'int32 0-3',
    coordinators: {
      $: '[] 4+',
      key: 'string',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      errorCode: 'int16',
      errorMessage: 'string null = null',
    },
  },
} as const

export const JoinGroup = {
  key: 11,
  versions: '0-9',
  flexible: '6+',
  request: {
    groupId: 'string',
    sessionTimeoutMs: 'int32',
    rebalanceTimeoutMs: 'int32 1+ = -1',
    memberId: 'string',
    groupInstanceId: 'string 5+ null = null',
    protocolType: 'string',
    protocols: { $: '[]', name: 'string', metadata: 'bytes' },
    reason: 'string 8+ null = null',
  },
  response: {
    throttleTimeMs: 'int32 2+ = 0',
    errorCode: 'int16',
    generationId: 'int32 = -1',
    protocolType: 'string 7+ null = null',
    protocolName: 'string null 7+ = null',
    leader: 'string',
    skipAssignment: 'boolean 9+',
    memberId: 'string',
    members: { $: '[]', memberId: 'string', groupInstanceId: 'string 5+ null = null', metadata: 'bytes' },
  },
} as const

export const SyncGroup = {
  key: 14,
  versions: '0-5',
  flexible: '4+',
  request: {
    groupId: 'string',
    generationId: 'int32',
    memberId: 'string',
    groupInstanceId: 'string 3+ null = null',
    protocolType: 'string 5+ null = null',
    protocolName: 'string 5+ null = null',
    assignments: { $: '[]', memberId: 'string', assignment: 'bytes' },
  },
  response: {
    throttleTimeMs: 'int32 1+ = 0',
    errorCode: 'int16',
    protocolType: 'string 5+ null = null',
    protocolName: 'string 5+ null = null',
    assignment: 'bytes',
  },
} as const

export const Heartbeat = {
  key: 12,
  versions: '0-4',
  flexible: '4+',
  request: {
    groupId: 'string',
    generationId: 'int32',
    memberId: 'string',
    groupInstanceId: 'string 3+ null = null',
  },
  response: {
    throttleTimeMs: 'int32 1+ = 0',
    errorCode: 'int16',
  },
} as const

export const LeaveGroup = {
  key: 13,
  versions: '0-5',
  flexible: '4+',
  request: {
    groupId: 'string',
    memberId: 'string 0-2',
    members: {
      $: '[] 3+',
      memberId: 'string',
      groupInstanceId: 'string null = null',
      reason: 'string 5+ null = null',
    },
  },
  response: {
    throttleTimeMs: 'int32 1+ = 0',
    errorCode: 'int16',
    members: { $: '[] 3+', memberId: 'string', groupInstanceId: 'string null = null', errorCode: 'int16' },
  },
} as const

export const OffsetCommit = {
  key: 8,
  versions: '2-10',
  flexible: '8+',
  request: {
    groupId: 'string',
    generationIdOrMemberEpoch: 'int32 = -1',
    memberId: 'string',
    retentionTimeMs: 'int64 2-4 = -1',
    groupInstanceId: 'string 7+ null = null',
    topics: {
      $: '[]',
      name: 'string 2-9',
      topicId: 'uuid 10+',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        committedOffset: 'int64',
        committedLeaderEpoch: 'int32 6+ = -1',
        committedMetadata: 'string null',
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 3+ = 0',
    topics: {
      $: '[]',
      name: 'string 2-9',
      topicId: 'uuid 10+',
      partitions: { $: '[]', partitionIndex: 'int32', errorCode: 'int16' },
    },
  },
} as const

export const OffsetFetch = {
  key: 9,
  versions: '1-10',
  flexible: '6+',
  request: {
    groupId: 'string 1-7',
    topics: { $: '[] 1-7 null 2-7', name: 'string', partitionIndexes: '[]int32' },
    groups: {
      $: '[] 8+',
      groupId: 'string',
      memberId: 'string 9+ null = null',
      memberEpoch: 'int32 9+ = -1',
      topics: { $: '[] null', name: 'string 8-9', topicId: 'uuid 10+', partitionIndexes: '[]int32' },
    },
    requireStable: 'boolean 7+ must',
  },
  response: {
    throttleTimeMs: 'int32 3+ = 0',
    topics: {
      $: '[] 1-7',
      name: 'string',
      partitions: {
        $: '[]',
        partitionIndex: 'int32',
        committedOffset: 'int64',
        committedLeaderEpoch: 'int32 5-7 = -1',
        metadata: 'string null',
        errorCode: 'int16',
      },
    },
    errorCode: 'int16 2-7',
    groups: {
      $: '[] 8+',
      groupId: 'string',
      topics: {
        $: '[]',
        name: 'string 8-9',
        topicId: 'uuid 10+',
        partitions: {
          $: '[]',
          partitionIndex: 'int32',
          committedOffset: 'int64',
          committedLeaderEpoch: 'int32 = -1',
          metadata: 'string null',
          errorCode: 'int16',
        },
      },
      errorCode: 'int16',
    },
  },
} as const

export const OffsetDelete = {
  key: 47,
  versions: '0',
  flexible: 'none',
  request: {
    groupId: 'string',
    topics: {
      $: '[]',
      name: 'string',
      partitions: { $: '[]', partitionIndex: 'int32' },
    },
  },
  response: {
    errorCode: 'int16',
    throttleTimeMs: 'int32 = 0',
    topics: {
      $: '[]',
      name: 'string',
      partitions: { $: '[]', partitionIndex: 'int32', errorCode: 'int16' },
    },
  },
} as const

export const DescribeGroups = {
  key: 15,
  versions: '0-6',
  flexible: '5+',
  request: {
    groups: '[]string',
    includeAuthorizedOperations: 'boolean 3+ = false',
  },
  response: {
    throttleTimeMs: 'int32 1+ = 0',
    groups: {
      $: '[]',
      errorCode: 'int16',
      errorMessage: 'string 6+ null = null',
      groupId: 'string',
      groupState: 'string',
      protocolType: 'string',
      protocolData: 'string',
      members: {
        $: '[]',
        memberId: 'string',
        groupInstanceId: 'string 4+ null = null',
        clientId: 'string',
        clientHost: 'string',
        memberMetadata: 'bytes',
        memberAssignment: 'bytes',
      },
      authorizedOperations: 'int32 3+ = -2147483648',
    },
  },
} as const

export const ListGroups = {
  key: 16,
  versions: '0-5',
  flexible: '3+',
  request: {
    statesFilter: '[]string 4+ must',
    typesFilter: '[]string 5+ must',
  },
  response: {
    throttleTimeMs: 'int32 1+ = 0',
    errorCode: 'int16',
    groups: {
      $: '[]',
      groupId: 'string',
      protocolType: 'string',
      groupState: 'string 4+',
      groupType: 'string 5+',
    },
  },
} as const

export const DeleteGroups = {
  key: 42,
  versions: '0-2',
  flexible: '2+',
  request: {
    groupsNames: '[]string',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: { $: '[]', groupId: 'string', errorCode: 'int16' },
  },
} as const
