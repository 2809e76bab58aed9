import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../../api/handler.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { checkGroup } from './access.ts'

const UNKNOWN_TOPIC_OR_PARTITION = kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION')
const TOPIC_AUTHORIZATION_FAILED = kafkaErrorCode('TOPIC_AUTHORIZATION_FAILED')
const GROUP_SUBSCRIBED_TO_TOPIC = kafkaErrorCode('GROUP_SUBSCRIBED_TO_TOPIC')

/** Forgets committed offsets of topics that no member reads (KIP-496). */
export const offsetDelete = handler({
  api: 'OffsetDelete',
  versions: [0, 0],
  handle(request, broker) {
    const { groupId, topics } = request.body
    checkGroup(request, broker, groupId, 'DELETE')
    const coordinator = GroupCoordinator.of(broker)
    const group = coordinator.get(groupId)
    if (group === undefined) throw new ApiError('GROUP_ID_NOT_FOUND')
    group.rules.checkOffsetDelete()
    const results = topics.map(({ name, partitions }) => {
      const topic = broker.topics.get(name)
      const known = new Set(
        partitions.map(({ partitionIndex }) => partitionIndex).filter((i) => topic?.partitions[i] !== undefined),
      )
      let errorCode = 0
      if (!broker.access.may(request.client, 'READ', 'TOPIC', name)) errorCode = TOPIC_AUTHORIZATION_FAILED
      else if (topic === undefined) errorCode = UNKNOWN_TOPIC_OR_PARTITION
      else if (group.rules.isSubscribedTo(name)) errorCode = GROUP_SUBSCRIBED_TO_TOPIC
      else coordinator.deleteOffsets(groupId, name, known)
      return {
        name,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode: errorCode === 0 && !known.has(partitionIndex) ? UNKNOWN_TOPIC_OR_PARTITION : errorCode,
        })),
      }
    })
    return { errorCode: 0, topics: results }
  },
  refuse: (_, errorCode) => ({ errorCode, topics: [] }),
})
