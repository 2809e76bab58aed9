/**
 * Records in: a Produce request from its decoded body to its answer. In order:
 *
 *     whole request    may this client write transactionally, idempotently? are the acks known?
 *     per partition    locate.ts → which topic, which leader      produce-batch.ts → is it a batch at all?
 *     transactions     produce-admission.ts → may the open transaction write to these partitions?
 *     per partition    PartitionLog.append → checks, sequence, bytes on disk; readers wake up
 */
import { type KafkaErrorName, type RequestBody, type ResponseInput, kafkaErrorCode } from '@sluice/kafka-protocol'
import { type Answer, ApiError, type BrokerRequest, HANG_UP, NO_ANSWER, errorCodeOf, handler } from '../api/handler.ts'
import type { Broker, Partition, Topic } from '../broker.ts'
import { endpoints } from '../cluster/topic-facts.ts'
import { isLeaderError, locatePartition, locateTopic } from './locate.ts'
import { Admission } from './produce-admission.ts'
import { checkForm, isTransactionalBatch } from './produce-batch.ts'

type ProduceRequest = BrokerRequest<'Produce'>
type TopicAnswer = ResponseInput<'Produce'>['responses'][number]
type PartitionAnswer = TopicAnswer['partitionResponses'][number]
type PartitionData = RequestBody<'Produce'>['topicData'][number]['partitionData'][number]

const INVALID_REQUIRED_ACKS = kafkaErrorCode('INVALID_REQUIRED_ACKS')
const INVALID_TOPIC = kafkaErrorCode('INVALID_TOPIC_EXCEPTION')
/** Kafka's own tools may write to internal topics under this client id. */
const ADMIN_CLIENT_ID = '__admin_client'
/** From this version on an answer says who leads instead (KIP-951). */
const LEADERS_SINCE = 10
/** From this version on topics are named by id. */
const IDS_SINCE = 13

export const produce = handler({
  api: 'Produce',
  versions: [0, 13],
  handle(request, broker) {
    authorize(request, broker)
    const admission = new Admission(request, broker)
    const settled = admission.settled()
    return settled === undefined
      ? writeAll(request, broker, admission)
      : settled.then(() => writeAll(request, broker, admission))
  },
  refuse({ body }, errorCode, message) {
    if (body.acks === 0) return HANG_UP
    return {
      responses: body.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => refusal(index, errorCode, message)),
      })),
    }
  },
})

function writeAll(request: ProduceRequest, broker: Broker, admission: Admission): Answer<'Produce'> {
  const { body, version } = request
  const isKnownAcks = body.acks >= -1 && body.acks <= 1
  let isRefused = false
  let isElsewhere = false
  const responses: TopicAnswer[] = []
  for (const { name, topicId, partitionData } of body.topicData) {
    if (partitionData.length === 0) continue
    const topic = locateTopic(broker, request.client, 'WRITE', name, version >= IDS_SINCE ? topicId : null)
    const partitionResponses: PartitionAnswer[] = []
    for (const data of partitionData) {
      const answer = write(topic, data, request, admission, isKnownAcks)
      if (answer.errorCode !== 0) isRefused = true
      if (isLeaderError(answer.errorCode)) isElsewhere = true
      partitionResponses.push(answer)
    }
    responses.push({ name, topicId, partitionResponses })
  }
  // A producer that wants no answer learns of a refusal by losing its connection, and asks for metadata.
  if (body.acks === 0) return isRefused ? HANG_UP : NO_ANSWER
  return isElsewhere && version >= LEADERS_SINCE ? { responses, nodeEndpoints: endpoints(broker) } : { responses }
}

function authorize({ body, client }: ProduceRequest, { access }: Broker): void {
  const isTransactional = body.topicData.some(({ partitionData }) =>
    partitionData.some(({ records }) => records !== null && isTransactionalBatch(records)),
  )
  if (!isTransactional) return
  const id = body.transactionalId
  if (id === null || !access.may(client, 'WRITE', 'TRANSACTIONAL_ID', id)) {
    throw new ApiError('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  }
}

function write(
  topic: Topic | number,
  data: PartitionData,
  request: ProduceRequest,
  admission: Admission,
  isKnownAcks: boolean,
): PartitionAnswer {
  const { index, records } = data
  if (typeof topic === 'number') return refusal(index, topic)
  if (topic.partitions[index] === undefined) return refusal(index, kafkaErrorCode('UNKNOWN_TOPIC_OR_PARTITION'))
  if (topic.isInternal && request.clientId !== ADMIN_CLIENT_ID) return refusal(index, INVALID_TOPIC)
  try {
    const batch = checkForm(records, request.version)
    if (!isKnownAcks) return refusal(index, INVALID_REQUIRED_ACKS)
    const partition = locatePartition(topic, index, request.node)
    if (typeof partition === 'number') return elsewhere(topic.partitions[index], partition)
    const refused = admission.judge(partition, batch)
    if (refused !== 0) return refusal(index, refused)
    return append(partition, batch, admission.isImplicit && isTransactionalBatch(batch))
  } catch (error) {
    return refusedBy(index, error)
  }
}

/** A refusal tells where the log starts too, by which a producer sees whether what it wrote before is gone; in Kafka but for these. */
const STARTLESS: ReadonlySet<string> = new Set<KafkaErrorName>([
  'CORRUPT_MESSAGE',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'KAFKA_STORAGE_ERROR',
])

function append({ log, index, leaderEpoch }: Partition, batch: Uint8Array, isStrict: boolean): PartitionAnswer {
  try {
    const { baseOffset, logAppendTime } = log.append(batch, leaderEpoch, isStrict)
    return { index, errorCode: 0, baseOffset, logAppendTimeMs: logAppendTime, logStartOffset: log.startOffset }
  } catch (error) {
    const refused = refusedBy(index, error)
    return STARTLESS.has((error as ApiError).name) ? refused : { ...refused, logStartOffset: log.startOffset }
  }
}

/** Refusals of the log may name the records that are wrong. Errors that are none of Kafka's refuse the request as a whole. */
function refusedBy(index: number, error: unknown): PartitionAnswer {
  if (!(error instanceof ApiError)) throw error
  const { recordErrors } = error as { recordErrors?: PartitionAnswer['recordErrors'] }
  const answer = refusal(index, errorCodeOf(error), error.message)
  return recordErrors === undefined ? answer : { ...answer, recordErrors }
}

function elsewhere({ index, leader, leaderEpoch }: Partition, errorCode: number): PartitionAnswer {
  return { ...refusal(index, errorCode), currentLeader: { leaderId: leader, leaderEpoch } }
}

function refusal(index: number, errorCode: number, errorMessage: string | null = null): PartitionAnswer {
  return { index, errorCode, baseOffset: -1, errorMessage }
}
