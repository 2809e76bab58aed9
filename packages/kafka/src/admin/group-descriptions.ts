import { type ResponseBody, consumerAssignment } from '@sluice/kafka-protocol'
import type { TopicPartition } from '@sluice/sdk'
import { KAFKA_ERROR, refused } from '../kafka-errors.ts'
import type { Connection } from '../wire/connection.ts'
import { operationsOf } from './acl-words.ts'
import { type Answer, type Answers, answered } from './admin-requests.ts'
import type { GroupDescription, MemberDescription } from './admin-port.ts'

const NOT_A_CONSUMER_GROUP: ReadonlySet<number> = new Set([
  KAFKA_ERROR.GROUP_ID_NOT_FOUND,
  KAFKA_ERROR.UNSUPPORTED_VERSION,
])

/** From this version on a classic group that does not exist is an error; before, it is a dead one. */
const VERSION_OF_NOT_FOUND = 6

/**
 * Describes groups that one broker coordinates: as groups of KIP-848 first; what is not one (or where the broker has none) as
 * classic groups, in which a KIP-848 group would look dead.
 */
export async function describeGroups(
  connection: Connection,
  groupIds: readonly string[],
  hasOperations: boolean,
): Promise<Answers<string, GroupDescription>> {
  const answers = new Map<string, Answer<GroupDescription>>()
  const classic: string[] = []
  for (const found of await consumerGroups(connection, groupIds, hasOperations)) {
    const { groupId, errorCode, errorMessage } = found
    if (NOT_A_CONSUMER_GROUP.has(errorCode)) classic.push(groupId)
    else
      answers.set(
        groupId,
        described(groupId, errorCode, () => consumerGroup(found), errorMessage),
      )
  }
  const known = new Set([...answers.keys(), ...classic])
  for (const groupId of groupIds) if (!known.has(groupId)) classic.push(groupId)
  if (classic.length === 0) return answers
  const version = connection.version('DescribeGroups', { lowest: 3 })
  const { groups } = await connection.send('DescribeGroups', version, {
    groups: classic,
    includeAuthorizedOperations: hasOperations,
  })
  for (const found of groups) {
    const { groupId, errorCode, errorMessage } = found
    const isMissing = version < VERSION_OF_NOT_FOUND && found.groupState === 'Dead' && errorCode === KAFKA_ERROR.NONE
    const code = isMissing ? KAFKA_ERROR.GROUP_ID_NOT_FOUND : errorCode
    answers.set(
      groupId,
      described(groupId, code, () => classicGroup(found), errorMessage),
    )
  }
  return answers
}

async function consumerGroups(
  connection: Connection,
  groupIds: readonly string[],
  includeAuthorizedOperations: boolean,
): Promise<ResponseBody<'ConsumerGroupDescribe'>['groups']> {
  if (!connection.speaks('ConsumerGroupDescribe', 0)) return []
  const version = connection.version('ConsumerGroupDescribe')
  const body = { groupIds: [...groupIds], includeAuthorizedOperations }
  return (await connection.send('ConsumerGroupDescribe', version, body)).groups
}

function described(
  groupId: string,
  code: number,
  value: () => GroupDescription,
  message: string | null,
): Answer<GroupDescription> {
  const what = `Cannot describe group ${groupId}`
  if (code !== KAFKA_ERROR.NONE) return { error: refused(code, what, { group: groupId }, message) }
  return answered(code, value(), what, { group: groupId })
}

function consumerGroup(found: ResponseBody<'ConsumerGroupDescribe'>['groups'][number]): GroupDescription {
  return {
    groupId: found.groupId,
    type: 'consumer',
    state: found.groupState,
    protocolType: 'consumer',
    assignor: found.assignorName,
    groupEpoch: found.groupEpoch,
    members: found.members.map((member): MemberDescription => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      host: member.clientHost,
      memberEpoch: member.memberEpoch,
      rackId: member.rackId,
      assignment: flat(member.assignment.topicPartitions),
      targetAssignment: flat(member.targetAssignment.topicPartitions),
      rawMetadata: null,
      rawAssignment: null,
    })),
    authorizedOperations: operationsOf(found.authorizedOperations),
  }
}

function classicGroup(found: ResponseBody<'DescribeGroups'>['groups'][number]): GroupDescription {
  const { protocolType } = found
  return {
    groupId: found.groupId,
    type: 'classic',
    state: found.groupState,
    protocolType,
    assignor: found.protocolData,
    groupEpoch: -1,
    members: found.members.map((member): MemberDescription => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: member.clientHost,
      memberEpoch: -1,
      rackId: null,
      assignment: protocolType === 'consumer' ? assignmentOf(member.memberAssignment) : null,
      targetAssignment: null,
      rawMetadata: member.memberMetadata,
      rawAssignment: member.memberAssignment,
    })),
    authorizedOperations: operationsOf(found.authorizedOperations),
  }
}

/** Empty during a rebalance. Null for bytes of a client that does not keep to the protocol: they are in `rawAssignment`. */
function assignmentOf(bytes: Uint8Array): readonly TopicPartition[] | null {
  if (bytes.length === 0) return []
  try {
    const { assignedPartitions } = consumerAssignment.decode(bytes).body
    return assignedPartitions.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
  } catch {
    return null
  }
}

function flat(
  topics: readonly { readonly topicName: string; readonly partitions: readonly number[] }[],
): readonly TopicPartition[] {
  return topics.flatMap(({ topicName: topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
