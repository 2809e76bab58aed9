import type { RequestInput } from '@sluice/kafka-protocol'
import type { RawClient } from './raw-client.ts'

export interface RawTopic {
  readonly name: string
  readonly id: string
}

const NO_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Has a topic created by asking for it; it gets `num.partitions`. */
export async function createTopic(client: RawClient, name: string): Promise<RawTopic> {
  const body = { topics: [{ topicId: NO_ID, name }], allowAutoTopicCreation: true }
  const { topics } = await client.send('Metadata', body, 12)
  if (topics[0]?.errorCode !== 0) throw new Error(`${name} was not created: error ${topics[0]?.errorCode}`)
  return { name, id: topics[0].topicId }
}

export function produceBody(
  { name, id }: RawTopic,
  records: Uint8Array | null,
  { index = 0, acks = -1, transactionalId = null as string | null } = {},
): RequestInput<'Produce'> {
  return {
    acks,
    timeoutMs: 1000,
    transactionalId,
    topicData: [{ name, topicId: id, partitionData: [{ index, records }] }],
  }
}

export interface FetchTerms {
  readonly partitions?: readonly number[]
  readonly offset?: number
  readonly bytesMax?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly isolationLevel?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

export function fetchBody({ name, id }: RawTopic, terms: FetchTerms = {}): RequestInput<'Fetch'> {
  const { partitions = [0], offset = 0, bytesMax = 1 << 20, maxWaitMs = 0, minBytes = 1 } = terms
  return {
    maxWaitMs,
    minBytes,
    isolationLevel: terms.isolationLevel ?? 0,
    sessionId: terms.sessionId ?? 0,
    sessionEpoch: terms.sessionEpoch ?? -1,
    topics: [
      {
        topic: name,
        topicId: id,
        partitions: partitions.map((partition) => ({
          partition,
          fetchOffset: offset,
          partitionMaxBytes: bytesMax,
          currentLeaderEpoch: terms.currentLeaderEpoch ?? -1,
          lastFetchedEpoch: terms.lastFetchedEpoch ?? -1,
        })),
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
  }
}

/** An incremental fetch that changes nothing. */
export function pollBody(sessionId: number, sessionEpoch: number, maxWaitMs = 0, minBytes = 1): RequestInput<'Fetch'> {
  return { maxWaitMs, minBytes, sessionId, sessionEpoch, topics: [], forgottenTopicsData: [], rackId: '' }
}
