/** The broker's error codes, as far as this client acts on them, and how they become errors of ours. */
import { kafkaError } from '@sluice/kafka-protocol'
import { type ErrorCode, SluiceError } from '@sluice/sdk'

/** Codes that the client tells apart. The rest are decided by the protocol's own table: retriable or not, stale metadata or not. */
export const KAFKA_ERROR = {
  UNKNOWN_SERVER_ERROR: -1,
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  REQUEST_TIMED_OUT: 7,
  MESSAGE_TOO_LARGE: 10,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  ILLEGAL_GENERATION: 22,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  UNKNOWN_MEMBER_ID: 25,
  REBALANCE_IN_PROGRESS: 27,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  NOT_CONTROLLER: 41,
  INVALID_REQUEST: 42,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  INVALID_PRODUCER_ID_MAPPING: 49,
  CONCURRENT_TRANSACTIONS: 51,
  OPERATION_NOT_ATTEMPTED: 55,
  KAFKA_STORAGE_ERROR: 56,
  UNKNOWN_PRODUCER_ID: 59,
  GROUP_ID_NOT_FOUND: 69,
  FETCH_SESSION_ID_NOT_FOUND: 70,
  INVALID_FETCH_SESSION_EPOCH: 71,
  FENCED_INSTANCE_ID: 82,
  PRODUCER_FENCED: 90,
  FENCED_MEMBER_EPOCH: 110,
  STALE_MEMBER_EPOCH: 113,
} as const

/** What to do about refusals that people meet. */
const REMEDIES: Readonly<Record<string, string>> = {
  UNKNOWN_TOPIC_OR_PARTITION: 'Create the topic, or check its name and the number of its partitions.',
  TOPIC_AUTHORIZATION_FAILED: 'Allow this user to use the topic.',
  GROUP_AUTHORIZATION_FAILED: 'Allow this user to use the group.',
  CLUSTER_AUTHORIZATION_FAILED: 'Allow this user the operation on the cluster.',
  INVALID_REPLICATION_FACTOR: 'Ask for no more replicas than the cluster has brokers.',
  NOT_ENOUGH_REPLICAS: 'Bring replicas back into sync, or lower min.insync.replicas of the topic.',
  OFFSET_METADATA_TOO_LARGE: "Shorten the metadata, or raise the broker's offset.metadata.max.bytes.",
  INVALID_TOPIC_EXCEPTION: 'Use at most 249 letters, digits, dots, underscores and dashes.',
  ILLEGAL_GENERATION: 'Stop the consumers of this group: somebody else owns its partitions.',
  UNKNOWN_MEMBER_ID: 'Stop the consumers of this group: somebody else owns its partitions.',
  INCONSISTENT_GROUP_PROTOCOL:
    'Name a protocol (assignor) that every member of the group has, of the same protocol type; or use another group id.',
  GROUP_MAX_SIZE_REACHED: "Stop a member, or raise the broker's group.max.size.",
  INVALID_SESSION_TIMEOUT:
    "Choose sessionTimeoutMs between the broker's group.min.session.timeout.ms and group.max.session.timeout.ms.",
  FENCED_INSTANCE_ID: 'Give every member an instanceId of its own: another one with the same has joined.',
  UNRELEASED_INSTANCE_ID: 'Stop the other member that has this instanceId, or wait until its session ends.',
  UNSUPPORTED_ASSIGNOR: 'Name an assignor that the broker has: uniform or range.',
  INVALID_REGULAR_EXPRESSION: 'Write topicPattern in the syntax of RE2.',
}

const FENCED: ReadonlySet<number> = new Set([
  KAFKA_ERROR.ILLEGAL_GENERATION,
  KAFKA_ERROR.UNKNOWN_MEMBER_ID,
  KAFKA_ERROR.INVALID_PRODUCER_EPOCH,
  KAFKA_ERROR.FENCED_INSTANCE_ID,
  KAFKA_ERROR.FENCED_MEMBER_EPOCH,
  KAFKA_ERROR.PRODUCER_FENCED,
])

/** Kafka's name of a code. */
export function errorName(code: number): string {
  return kafkaError(code).name
}

/** Whether Kafka calls the error retriable. */
export function isRetriableCode(code: number): boolean {
  return kafkaError(code).retriable
}

/** Whether the error says that our metadata is old. */
export function isStaleMetadata(code: number): boolean {
  return kafkaError(code).refreshMetadata
}

/** The error for an answer with an error code. `what` says what was asked of whom; the code's name is put in the place. */
export function refused(
  code: number,
  what: string,
  place: Readonly<Record<string, string | number>> = {},
  message: string | null = null,
): SluiceError {
  const name = errorName(code)
  const remedy = REMEDIES[name]
  return new SluiceError(codeFor(code), `${what}: ${name}${message === null ? '' : `: ${message}`}`, {
    retriable: isRetriableCode(code),
    place: { ...place, error: name },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

function codeFor(code: number): ErrorCode {
  if (FENCED.has(code)) return 'KAFKA_FENCED'
  return code === KAFKA_ERROR.MESSAGE_TOO_LARGE || code === KAFKA_ERROR.RECORD_LIST_TOO_LARGE
    ? 'RECORD_TOO_LARGE'
    : 'KAFKA_REFUSED'
}
