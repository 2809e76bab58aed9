import { type TopicPartition, RetriableError } from '@sluice/sdk'
import type { ClusterContext } from './cluster.ts'
import { type Deadline, retrying } from './deadline.ts'
import { errorName, isRetriableCode, isStaleMetadata, refused } from './kafka-errors.ts'
import type { Connection } from './wire/connection.ts'

/** What a broker said of one partition: an answer, or an error code. */
export type PartitionAnswer<A> = { readonly answer: A } | { readonly errorCode: number }

/**
 * Asks each partition's leader, all leaders at once, and goes on asking about those partitions that were refused retriably.
 * `ask` gets partitions of one broker and answers in the same order. Resolves in the order of `partitions`.
 */
export async function askLeaders<P extends TopicPartition, A>(
  what: string,
  partitions: readonly P[],
  deadline: Deadline,
  context: ClusterContext,
  ask: (connection: Connection, partitions: readonly P[]) => Promise<readonly PartitionAnswer<A>[]>,
): Promise<A[]> {
  const answers = new Map<P, A>()
  await retrying(what, deadline, context, async () => {
    const missing = partitions.filter((partition) => !answers.has(partition))
    const groups = await groupByLeader(missing, deadline, context)
    const outcomes = await Promise.allSettled(
      [...groups].map(async ([leader, group]) => {
        const given = await ask(await context.links.to(leader), group)
        for (const [i, partition] of group.entries()) {
          const one = given[i]
          if (one !== undefined && 'answer' in one) answers.set(partition, one.answer)
          else throw refusal(what, partition, one?.errorCode ?? -1, context)
        }
      }),
    )
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      context.metadata.refreshSoon()
      throw outcome.reason
    }
  })
  return partitions.map((partition) => answers.get(partition)!)
}

async function groupByLeader<P extends TopicPartition>(
  partitions: readonly P[],
  deadline: Deadline,
  context: ClusterContext,
): Promise<Map<number, P[]>> {
  const groups = new Map<number, P[]>()
  for (const partition of partitions) {
    const topic = await context.metadata.topic(partition.topic, deadline)
    const leader = topic.leaders[partition.partition]
    if (leader === undefined || leader === -1) {
      await context.metadata.refresh()
      const { topic: name, partition: index } = partition
      throw new RetriableError('KAFKA_REFUSED', `Partition ${index} of ${name} has no leader`, {
        place: {
          topic: name,
          partition: index,
          error: leader === undefined ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'LEADER_NOT_AVAILABLE',
        },
      })
    }
    const group = groups.get(leader)
    if (group === undefined) groups.set(leader, [partition])
    else group.push(partition)
  }
  return groups
}

function refusal(what: string, { topic, partition }: TopicPartition, code: number, context: ClusterContext): Error {
  if (isStaleMetadata(code)) context.metadata.refreshSoon()
  else if (isRetriableCode(code))
    context.logger.debug('Refused for now', { what, topic, partition, error: errorName(code) })
  return refused(code, `Cannot ${what}`, { topic, partition })
}
