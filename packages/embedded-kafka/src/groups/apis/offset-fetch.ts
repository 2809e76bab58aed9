import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type BrokerRequest, errorCodeOf, handler } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import type { CommittedOffset, CommittedOffsets } from '../committed-offsets.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

type Group = NonNullable<ResponseInput<'OffsetFetch'>['groups']>[number]
type Topic = Group['topics'][number]
type Partition = Topic['partitions'][number]
type RequestedTopics = readonly { name: string; topicId?: string; partitionIndexes: readonly number[] }[] | null
interface Wanted {
  readonly groupId: string
  readonly memberId: string | null
  readonly memberEpoch: number
  /** Null: everything that is committed. */
  readonly topics: RequestedTopics
}

const UNSTABLE_OFFSET_COMMIT = kafkaErrorCode('UNSTABLE_OFFSET_COMMIT')
const UNKNOWN_TOPIC_ID = kafkaErrorCode('UNKNOWN_TOPIC_ID')
const TOPIC_AUTHORIZATION_FAILED = kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED')
const BATCHED_VERSION = 8
const TOPIC_ID_VERSION = 10

/** Tells committed offsets of one group, from version 8 on of several (KIP-709), from version 10 on by topic ids. */
export const offsetFetch = handler({
  api: 'OffsetFetch',
  versions: [1, 10],
  handle(request, broker) {
    const { body, version } = request
    if (version >= BATCHED_VERSION) return { groups: body.groups.map((wanted) => fetch(request, broker, wanted)) }
    const { groupId, topics } = body
    return alone(request, fetch(request, broker, { groupId, memberId: null, memberEpoch: -1, topics }))
  },
  refuse(request, errorCode) {
    const { body, version } = request
    if (version >= BATCHED_VERSION) return { groups: body.groups.map((wanted) => refused(wanted, errorCode)) }
    return alone(request, refused({ groupId: body.groupId, topics: body.topics }, errorCode))
  },
})

function fetch(request: BrokerRequest<'OffsetFetch'>, broker: Broker, wanted: Wanted): Group {
  const { groupId, memberId, memberEpoch, topics } = wanted
  try {
    checkGroup(request, broker, groupId, 'DESCRIBE', true)
    const coordinator = GroupCoordinator.of(broker)
    coordinator.get(groupId)?.rules.checkFetch(memberId, memberEpoch)
    const offsets = coordinator.offsets(groupId)
    const list =
      topics === null ? all(request, broker, offsets) : topics.map((topic) => some(request, broker, offsets, topic))
    return { groupId, topics: list, errorCode: 0 }
  } catch (error) {
    return refused(wanted, errorCodeOf(error))
  }
}

function all(request: BrokerRequest<'OffsetFetch'>, broker: Broker, offsets: CommittedOffsets): Topic[] {
  const { body, version, client } = request
  const list: Topic[] = []
  for (const [name, partitions] of offsets.topics) {
    if (!broker.access.may(client, 'DESCRIBE', 'TOPIC', name)) continue
    const topicId = broker.topics.get(name)?.id
    if (version >= TOPIC_ID_VERSION && topicId === undefined) continue
    const told = Array.from(partitions, ([partition, offset]) => {
      const isUnstable = body.requireStable && offsets.isUnstable(name, partition)
      return isUnstable ? nothing(partition, UNSTABLE_OFFSET_COMMIT) : tell(partition, offset)
    })
    list.push({ name, topicId, partitions: told })
  }
  return list
}

function some(
  request: BrokerRequest<'OffsetFetch'>,
  broker: Broker,
  offsets: CommittedOffsets,
  { name: given, topicId, partitionIndexes }: NonNullable<RequestedTopics>[number],
): Topic {
  const { body, version, client } = request
  const isById = version >= TOPIC_ID_VERSION
  const name = isById ? broker.topics.byId(topicId ?? '')?.name : given
  const isDenied = name !== undefined && !broker.access.may(client, 'DESCRIBE', 'TOPIC', name)
  const error = name === undefined ? UNKNOWN_TOPIC_ID : isDenied ? TOPIC_AUTHORIZATION_FAILED : 0
  const partitions = partitionIndexes.map((partition) => {
    if (error !== 0 || name === undefined) return nothing(partition, error)
    if (body.requireStable && offsets.isUnstable(name, partition)) return nothing(partition, UNSTABLE_OFFSET_COMMIT)
    const offset = offsets.get(name, partition)
    return offset === undefined ? nothing(partition, 0) : tell(partition, offset)
  })
  return { name: given, topicId, partitions }
}

function tell(partitionIndex: number, { offset, leaderEpoch, metadata }: CommittedOffset): Partition {
  return { partitionIndex, committedOffset: offset, committedLeaderEpoch: leaderEpoch, metadata, errorCode: 0 }
}

function nothing(partitionIndex: number, errorCode: number): Partition {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
}

function refused(
  { groupId }: { readonly groupId: string; readonly topics: RequestedTopics },
  errorCode: number,
): Group {
  return { groupId, topics: [], errorCode }
}

/** The form of versions 1 to 7; before version 2 an error has its place in the partitions only. */
function alone({ body, version }: BrokerRequest<'OffsetFetch'>, group: Group): ResponseInput<'OffsetFetch'> {
  if (version >= 2 || group.errorCode === 0) {
    const topics = group.topics.map(({ name = '', partitions }) => ({ name, partitions }))
    return { topics, errorCode: group.errorCode }
  }
  const topics = (body.topics ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partition) => nothing(partition, group.errorCode)),
  }))
  return { topics }
}
