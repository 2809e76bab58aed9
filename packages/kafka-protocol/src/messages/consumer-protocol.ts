import { type DataCodec, dataCodec } from './data-codec.ts'

const ConsumerProtocolSubscription = {
  versions: '0-3',
  flexible: 'none',
  fields: {
    topics: '[]string',
    userData: 'bytes null = null',
    ownedPartitions: { $: '[] 1+', topic: 'string', partitions: '[]int32' },
    generationId: 'int32 2+ = -1',
    rackId: 'string 3+ null = null',
  },
} as const

const ConsumerProtocolAssignment = {
  versions: '0-3',
  flexible: 'none',
  fields: {
    assignedPartitions: { $: '[]', topic: 'string', partitions: '[]int32' },
    userData: 'bytes null = null',
  },
} as const

/** What a member of a consumer group tells the group's leader: its metadata in JoinGroup. */
export const consumerSubscription: DataCodec<typeof ConsumerProtocolSubscription> = dataCodec(
  'ConsumerProtocolSubscription',
  ConsumerProtocolSubscription,
)

/** What the leader assigns to a member: its assignment in SyncGroup. */
export const consumerAssignment: DataCodec<typeof ConsumerProtocolAssignment> = dataCodec(
  'ConsumerProtocolAssignment',
  ConsumerProtocolAssignment,
)
