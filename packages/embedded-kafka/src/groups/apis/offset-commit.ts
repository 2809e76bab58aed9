import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../../api/handler.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'
import { CommittedTopics, refusedTopics } from './committed-topics.ts'

const STALE_MEMBER_EPOCH = kafkaErrorCode('STALE_MEMBER_EPOCH')
const DEFAULT_RETENTION = -1

/** Commits offsets of a member, or of anybody to a group without members. */
export const offsetCommit = handler({
  api: 'OffsetCommit',
  versions: [2, 10],
  handle(request, broker) {
    const { body, version } = request
    checkGroup(request, broker, body.groupId, 'READ', true)
    const retentionMs = Number(body.retentionTimeMs)
    const committed = new CommittedTopics(request, broker, body.topics, {
      isById: version >= 10,
      metadataMax: broker.settings.number('offset.metadata.max.bytes'),
      expireTimestamp: retentionMs === DEFAULT_RETENTION ? -1 : expiryOf(broker.clock.now() + retentionMs),
    })
    try {
      if (committed.accepted.length > 0) commit()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      committed.refuse(error.errorCode)
    }
    return { topics: committed.topics }

    function commit(): void {
      const { groupId, memberId, groupInstanceId: instanceId, generationIdOrMemberEpoch: epoch } = body
      const coordinator = GroupCoordinator.of(broker)
      if (epoch >= 0 && coordinator.get(groupId) === undefined) {
        // Coordinators from before KIP-848 know no other answer.
        const isKnown = version >= 9 && broker.feature('group.version') >= 1
        throw new ApiError(isKnown ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION')
      }
      const group = coordinator.simpleGroup(groupId)
      const check = group.rules.checkCommit({ memberId, instanceId, epoch, isTransactional: false, version })
      group.committed(memberId)
      const kept =
        check === null
          ? committed.accepted
          : committed.keep(({ partition, offset }) => check(offset.topicId, partition), STALE_MEMBER_EPOCH)
      coordinator.commit(groupId, kept)
    }
  },
  refuse: ({ body }, errorCode) => ({ topics: refusedTopics(body.topics, errorCode) }),
})

/** A time that can be written: a client may ask for any number of milliseconds. */
function expiryOf(timestamp: number): number {
  return Math.max(0, Math.min(timestamp, Number.MAX_SAFE_INTEGER))
}
