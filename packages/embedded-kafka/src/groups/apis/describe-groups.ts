import { type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type BrokerRequest, errorCodeOf, handler } from '../../api/handler.ts'
import type { Broker } from '../../broker.ts'
import { ClassicGroup } from '../classic-group.ts'
import { NOTHING } from '../classic-requests.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

type Description = ResponseInput<'DescribeGroups'>['groups'][number]

const GROUP_ID_NOT_FOUND = kafkaErrorCode('GROUP_ID_NOT_FOUND')
/** Before it, a group that is not there is a dead group. */
const NOT_FOUND_VERSION = 6

/** Describes classic groups. Consumer groups are not found here: clients ask ConsumerGroupDescribe first. */
export const describeGroups = handler({
  api: 'DescribeGroups',
  versions: [0, 6],
  handle: (request, broker) => ({ groups: request.body.groups.map((groupId) => describe(request, broker, groupId)) }),
  refuse: ({ body }, errorCode) => ({ groups: body.groups.map((groupId) => without(groupId, '', errorCode, null)) }),
})

function describe(request: BrokerRequest<'DescribeGroups'>, broker: Broker, groupId: string): Description {
  try {
    checkGroup(request, broker, groupId, 'DESCRIBE', true)
  } catch (error) {
    return without(groupId, '', errorCodeOf(error), null)
  }
  const group = GroupCoordinator.of(broker).get(groupId)
  if (!(group instanceof ClassicGroup)) {
    const text = group === undefined ? `Group ${groupId} not found.` : `Group ${groupId} is not a classic group.`
    const isError = request.version >= NOT_FOUND_VERSION
    if (isError) return without(groupId, 'Dead', GROUP_ID_NOT_FOUND, text)
    return { ...without(groupId, 'Dead', 0, null), ...operationsOf(request, broker, groupId) }
  }
  const isStable = group.state === 'Stable'
  const { protocolName } = group.generation
  return {
    errorCode: 0,
    groupId,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: isStable ? (protocolName ?? '') : '',
    members: Array.from(group.members.all.values(), (member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? member.metadata(protocolName) : NOTHING,
      memberAssignment: member.assignment,
    })),
    ...operationsOf(request, broker, groupId),
  }
}

function operationsOf({ body, client }: BrokerRequest<'DescribeGroups'>, broker: Broker, groupId: string) {
  if (!body.includeAuthorizedOperations) return {}
  return { authorizedOperations: broker.access.operations(client, 'GROUP', groupId) }
}

function without(groupId: string, groupState: string, errorCode: number, errorMessage: string | null): Description {
  return { errorCode, errorMessage, groupId, groupState, protocolType: '', protocolData: '', members: [] }
}
