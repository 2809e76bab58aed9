import { kafkaErrorCode } from '@sluice/kafka-protocol'
import { ApiError, handler } from '../../api/handler.ts'
import { GroupCoordinator } from '../coordinator.ts'
import { OFFSETS_TOPIC } from '../offsets-topic.ts'
import { checkGroup } from './access.ts'
import { CommittedTopics, refusedTopics } from './committed-topics.ts'

/** The first version that knows TRANSACTION_ABORTABLE, and the first that adds the group to the transaction itself (KIP-890). */
const ABORTABLE_VERSION = 4
const IMPLICIT_VERSION = 5
const TRANSACTION_ABORTABLE = kafkaErrorCode('TRANSACTION_ABORTABLE')
const ILLEGAL_GENERATION = kafkaErrorCode('ILLEGAL_GENERATION')
const INVALID_TXN_STATE = kafkaErrorCode('INVALID_TXN_STATE')

/** Commits offsets in a transaction: they count when it does. With the member's generation a zombie is fenced (KIP-447). */
export const txnOffsetCommit = handler({
  api: 'TxnOffsetCommit',
  versions: [0, 5],
  handle(request, broker) {
    const { body, version } = request
    const { groupId, transactionalId, generationId: epoch, memberId, groupInstanceId: instanceId } = body
    if (!broker.access.may(request.client, 'WRITE', 'TRANSACTIONAL_ID', transactionalId)) {
      throw new ApiError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
    }
    checkGroup(request, broker, groupId, 'READ')
    const committed = new CommittedTopics(request, broker, body.topics, {
      isById: false,
      metadataMax: broker.settings.number('offset.metadata.max.bytes'),
      expireTimestamp: -1,
    })
    if (committed.accepted.length === 0) return { topics: committed.topics }
    const producer = {
      producerId: typeof body.producerId === 'number' ? body.producerId : -2,
      producerEpoch: body.producerEpoch,
    }
    const coordinator = GroupCoordinator.of(broker)
    const partition = coordinator.partitionOf(groupId)
    const isImplicit = version >= IMPLICIT_VERSION && broker.feature('transaction.version') >= 2
    const refusal = broker.transactions.admit(
      transactionalId,
      producer,
      [{ topic: OFFSETS_TOPIC, partition }],
      isImplicit,
    )
    if (refusal !== 0) {
      const isTooNew = refusal === TRANSACTION_ABORTABLE && version < ABORTABLE_VERSION
      committed.refuse(isTooNew ? INVALID_TXN_STATE : refusal)
      return { topics: committed.topics }
    }
    try {
      if (epoch >= 0 && coordinator.get(groupId) === undefined) throw new ApiError('ILLEGAL_GENERATION')
      const group = coordinator.simpleGroup(groupId)
      const check = group.rules.checkCommit({ memberId, instanceId, epoch, isTransactional: true, version })
      const isEveryKept =
        check === null || committed.accepted.every(({ partition: index, offset }) => check(offset.topicId, index))
      if (!isEveryKept) throw new ApiError('STALE_MEMBER_EPOCH')
      coordinator.commit(groupId, committed.accepted, producer)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Producers know no member epochs.
      committed.refuse(error.name === 'STALE_MEMBER_EPOCH' ? ILLEGAL_GENERATION : error.errorCode)
    }
    return { topics: committed.topics }
  },
  refuse: ({ body }, errorCode) => ({ topics: refusedTopics(body.topics, errorCode) }),
})
