/** How far a processor is behind what it reads, from what its group has committed: also of one that does not run. */
import { type Kafka, valuesOf } from '@sluice/kafka'
import { describeError, type Clock, type TopicPartition } from '@sluice/sdk'
import { withinTime } from '../operations/health.ts'

export interface PartitionLag extends TopicPartition {
  /** Null: nothing was committed. */
  readonly committed: number | null
  /** Behind the last record that can be read. */
  readonly end: number
  /** Records from there to the end; where nothing was committed all that are there. */
  readonly lag: number
}

export interface ProcessorLag {
  /** Null: nothing is known. */
  readonly highest: number | null
  /** Those that are furthest behind first. */
  readonly partitions: readonly PartitionLag[]
  /** Why it is not known, or not all of it; null: it is. */
  readonly problem: string | null
}

export interface LagAdmin extends Pick<Kafka['admin'], 'describeTopics'> {
  readonly groups: Pick<Kafka['admin']['groups'], 'offsets'>
  readonly partitions: Pick<Kafka['admin']['partitions'], 'listOffsets'>
}

/** A status is for people: they are told soon that Kafka does not answer. */
const ANSWER_MS = 5_000

/**
 * Never rejects. `assigned`: what its tasks read now; topics that none of them reads are of an earlier topology. Where there are no tasks
 * those count that the group has committed something of.
 */
export async function lagOf(
  admin: LagAdmin,
  application: string,
  assigned: readonly TopicPartition[],
  clock: Clock,
): Promise<ProcessorLag> {
  try {
    return await withinTime(lookUp(admin, application, assigned), ANSWER_MS, clock)
  } catch (error) {
    return {
      highest: null,
      partitions: [],
      problem: `Kafka does not say how far it is behind: ${describeError(error)}`,
    }
  }
}

async function lookUp(
  admin: LagAdmin,
  application: string,
  assigned: readonly TopicPartition[],
): Promise<ProcessorLag> {
  const [offsets = []] = valuesOf(await admin.groups.offsets([application]))
  const committed = new Map(offsets.map((one) => [keyOf(one), one.offset]))
  const topics = new Set((assigned.length > 0 ? assigned : offsets).map(({ topic }) => topic))
  if (topics.size === 0) return { highest: null, partitions: [], problem: 'It has no tasks, and has committed nothing' }
  // Also those that nobody has yet.
  const all = (await admin.describeTopics([...topics])).flatMap(({ topic, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })),
  )
  const [starts, ends] = await Promise.all(
    (['earliest', 'latest'] as const).map((at) =>
      admin.partitions.listOffsets(
        all.map((one) => ({ ...one, at })),
        { isolation: 'read_committed' },
      ),
    ),
  )
  let problem: string | null = null
  const partitions = all.flatMap(({ topic, partition }, i): readonly PartitionLag[] => {
    const [start, end] = [starts![i]!, ends![i]!]
    const error = start.error ?? end.error
    if (error !== null) {
      problem ??= describeError(error)
      return []
    }
    const from = committed.get(keyOf({ topic, partition })) ?? null
    const lag = Math.max(0, end.value!.offset - Math.max(from ?? 0, start.value!.offset))
    return [{ topic, partition, committed: from, end: end.value!.offset, lag }]
  })
  const sorted = partitions.toSorted((a, b) => b.lag - a.lag || (keyOf(a) < keyOf(b) ? -1 : 1))
  return { highest: sorted[0]?.lag ?? null, partitions: sorted, problem }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
