import { RetriableError, SluiceError, type TopicPartition, isRetriable } from '@sluice/sdk'
import type { ClusterContext } from './cluster.ts'
import { type Deadline, retrying } from './deadline.ts'
import { KAFKA_ERROR, isStaleMetadata, refused } from './kafka-errors.ts'
import type { Connection } from './wire/connection.ts'

/** What a broker said of one partition: an answer, or an error code. */
export type PartitionAnswer<A> = { readonly answer: A } | { readonly errorCode: number }

/** What came of asking about one partition. */
export type PartitionOutcome<A> = { readonly answer: A } | { readonly error: SluiceError }

/** Asks one broker about partitions that it leads; answers in the same order. */
export type Ask<P, A> = (connection: Connection, partitions: readonly P[]) => Promise<readonly PartitionAnswer<A>[]>

/**
 * Asks each partition's leader, all leaders at once, and goes on asking about those partitions that were refused retriably.
 * Resolves in the order of `partitions`, when all have been answered.
 */
export async function askLeaders<P extends TopicPartition, A>(
  what: string,
  partitions: readonly P[],
  deadline: Deadline,
  context: ClusterContext,
  ask: Ask<P, A>,
): Promise<A[]> {
  const answers = new Map<P, A>()
  await retrying(what, deadline, context, async () => {
    const missing = partitions.filter((partition) => !answers.has(partition))
    const outcomes = await askLeadersOnce(what, missing, context, ask)
    let refusal: SluiceError | undefined
    for (const [i, partition] of missing.entries()) {
      const outcome = outcomes[i]!
      if ('answer' in outcome) answers.set(partition, outcome.answer)
      else if (refusal === undefined || isRetriable(refusal)) refusal = outcome.error
    }
    if (refusal !== undefined) throw refusal
  })
  return partitions.map((partition) => answers.get(partition)!)
}

/** One round: each partition with its answer, or with why there is none. In the order of `partitions`; never rejects. */
export async function askLeadersOnce<P extends TopicPartition, A>(
  what: string,
  partitions: readonly P[],
  context: ClusterContext,
  ask: Ask<P, A>,
): Promise<PartitionOutcome<A>[]> {
  const outcomes = new Map<P, PartitionOutcome<A>>()
  const { metadata, links } = context
  try {
    await metadata.find([...new Set(partitions.map(({ topic }) => topic))])
  } catch (error) {
    return partitions.map(() => ({ error: asSluiceError(what, error) }))
  }
  const groups = new Map<number, P[]>()
  let isStale = false
  for (const partition of partitions) {
    const topic = metadata.peek(partition.topic)
    const leader = topic?.leaders[partition.partition]
    if (leader === undefined || leader === -1) {
      isStale = true
      outcomes.set(partition, {
        error: topic === undefined ? metadata.refusal(partition.topic) : leaderless(partition, leader),
      })
      continue
    }
    const group = groups.get(leader)
    if (group === undefined) groups.set(leader, [partition])
    else group.push(partition)
  }
  await Promise.all(
    Array.from(groups, async ([leader, group]) => {
      try {
        const given = await ask(await links.to(leader), group)
        for (const [i, partition] of group.entries()) {
          const one = given[i] ?? { errorCode: KAFKA_ERROR.UNKNOWN_SERVER_ERROR }
          if ('errorCode' in one) isStale ||= isStaleMetadata(one.errorCode)
          outcomes.set(partition, 'answer' in one ? one : { error: refusal(what, partition, one.errorCode) })
        }
      } catch (error) {
        isStale = true
        for (const partition of group) outcomes.set(partition, { error: asSluiceError(what, error) })
      }
    }),
  )
  if (isStale) metadata.refreshSoon()
  return partitions.map((partition) => outcomes.get(partition)!)
}

function leaderless({ topic, partition }: TopicPartition, leader: number | undefined): SluiceError {
  const isMissing = leader === undefined
  return new RetriableError('KAFKA_REFUSED', `Partition ${partition} of ${topic} has no leader`, {
    place: { topic, partition, error: isMissing ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'LEADER_NOT_AVAILABLE' },
  })
}

function refusal(what: string, { topic, partition }: TopicPartition, code: number): SluiceError {
  return refused(code, `Cannot ${what}`, { topic, partition })
}

function asSluiceError(what: string, error: unknown): SluiceError {
  return error instanceof SluiceError ? error : new SluiceError('INTERNAL', `Cannot ${what}`, { cause: error })
}
