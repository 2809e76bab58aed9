/** What a member makes of the coordinator's error codes, request by request, as Java's clients do. Source: KIP-62 … KIP-848. */
import { type KafkaErrorName, kafkaError } from '@sluice/kafka-protocol'

/**
 * - `accept`: no error
 * - `retry`: pause, then the same again
 * - `find`: the coordinator is another one now: find it, then the same again
 * - `named`: join again under the member id that was given (KIP-394)
 * - `rejoin`: the place is still held, but the group shares out anew
 * - `demoted`: the generation is over, what was held is lost; the member id still counts
 * - `lost`: the coordinator does not know the member any more
 * - `fail`: nothing will help
 */
export type Verdict = 'accept' | 'retry' | 'find' | 'named' | 'rejoin' | 'demoted' | 'lost' | 'fail'

export type MemberApi =
  'JoinGroup' | 'SyncGroup' | 'Heartbeat' | 'OffsetCommit' | 'ConsumerGroupHeartbeat' | 'OffsetCommit by epoch'

type Verdicts = Partial<Readonly<Record<KafkaErrorName, Verdict>>>

const ELSEWHERE: Verdicts = { COORDINATOR_NOT_AVAILABLE: 'find', NOT_COORDINATOR: 'find' }

const VERDICTS: Readonly<Record<MemberApi, Verdicts>> = {
  JoinGroup: { ...ELSEWHERE, MEMBER_ID_REQUIRED: 'named', UNKNOWN_MEMBER_ID: 'lost', REBALANCE_IN_PROGRESS: 'retry' },
  SyncGroup: {
    ...ELSEWHERE,
    REBALANCE_IN_PROGRESS: 'rejoin',
    ILLEGAL_GENERATION: 'demoted',
    UNKNOWN_MEMBER_ID: 'lost',
  },
  Heartbeat: {
    ...ELSEWHERE,
    REBALANCE_IN_PROGRESS: 'rejoin',
    ILLEGAL_GENERATION: 'demoted',
    UNKNOWN_MEMBER_ID: 'lost',
  },
  OffsetCommit: { REBALANCE_IN_PROGRESS: 'rejoin', ILLEGAL_GENERATION: 'demoted', UNKNOWN_MEMBER_ID: 'lost' },
  // Under KIP-848 the member chooses its id and keeps it.
  ConsumerGroupHeartbeat: { ...ELSEWHERE, FENCED_MEMBER_EPOCH: 'demoted', UNKNOWN_MEMBER_ID: 'demoted' },
  // Its epoch may move on between two heartbeats: the commit goes out again with the new one.
  'OffsetCommit by epoch': { STALE_MEMBER_EPOCH: 'retry', UNKNOWN_MEMBER_ID: 'demoted' },
}

export function verdictOn(api: MemberApi, errorCode: number): Verdict {
  const { name, retriable } = kafkaError(errorCode)
  if (name === 'NONE') return 'accept'
  return VERDICTS[api][name] ?? (retriable ? 'retry' : 'fail')
}
