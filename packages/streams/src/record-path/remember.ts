/**
 * Gives the nodes of restarting tasks their memory back. What a node remembers is a function of the log and nothing else, so it is
 * never stored: the records before the committed position, as many as the node can remember, run through the task again.
 */
import type { FetchedPartition, Fetcher } from '@sluice/kafka'
import { SluiceError, type Clock, type Logger, type TopicPartitionOffset } from '@sluice/sdk'
import type { Subtopology } from '../topology/topology.ts'
import type { RecordContext } from './record-context.ts'
import type { StreamTask } from './stream-task.ts'
import type { TaskPartition } from './task-contract.ts'
import type { Way } from './way.ts'

export interface RememberPorts {
  /** A fetcher for this alone; it is closed by whoever opened it. */
  readonly fetcher: Fetcher
  readonly clock: Clock
  readonly logger: Logger
}

/** A partition of a task that begins at its position. */
export interface Remembering {
  readonly task: StreamTask
  readonly partition: TaskPartition
}

/** How many records before a position the nodes of a sub-topology must be given back. */
export function memoryOf({ nodes }: Subtopology): number {
  return Math.max(0, ...nodes.map((node) => (node.kind === 'processor' ? (node.operator.memoryRecords ?? 0) : 0)))
}

/** What was fetched of a partition before its position, record by record: `run` takes the one that is under way. */
export function remembered(way: Way, { batches }: FetchedPartition, at: RecordContext, run: () => void): void {
  at.live = false
  for (const batch of batches) {
    at.enter(way, batch)
    for (let i = 0; i < batch.count && batch.offset(i) < way.position; i++) {
      at.fill(batch, i)
      run()
    }
  }
  at.live = true
}

/** A poll that brings nothing for so long means that the records are gone. */
const SILENCE_MS = 30_000
const POLL_TIMEOUT_MS = 1000

/** Where a partition is read from and up to. */
interface Reach {
  readonly standing: Remembering
  readonly from: number
}

/**
 * Reads each partition of a task with a memory from so many records before its position, or from `earliest` (the first offset still
 * there, by partition), up to its position. Returns without a word when there is nothing to remember, or when the signal is aborted.
 */
export async function remember(
  standings: readonly Remembering[],
  earliest: readonly TopicPartitionOffset[],
  ports: RememberPorts,
  signal: AbortSignal,
): Promise<void> {
  const { fetcher, clock, logger } = ports
  const reaches = standings.flatMap((standing): Reach[] => {
    const { task, partition } = standing
    if (task.memoryRecords === 0) return []
    const first = earliest.find((one) => one.topic === partition.topic && one.partition === partition.partition)
    const from = Math.max(first?.offset ?? 0, partition.position - task.memoryRecords)
    return from < partition.position ? [{ standing, from }] : []
  })
  if (reaches.length === 0) return
  const startedAt = clock.monotonic()
  let heardAt = startedAt
  let open = reaches
  fetcher.assign(
    open.map(
      ({
        standing: {
          partition: { topic, partition },
        },
        from,
      }) => ({ topic, partition, offset: from }),
    ),
  )
  while (open.length > 0 && !signal.aborted) {
    const arrived = await fetcher.poll(POLL_TIMEOUT_MS, signal)
    if (arrived.length > 0) heardAt = clock.monotonic()
    else if (clock.monotonic() - heardAt > SILENCE_MS) throw silent(open)
    let ended = false
    for (const fetched of arrived) {
      const reach = open.find(
        ({ standing: { partition } }) => partition.topic === fetched.topic && partition.partition === fetched.partition,
      )
      if (reach === undefined) continue
      const { task, partition } = reach.standing
      task.remember(fetched)
      if (fetched.nextOffset < partition.position) continue
      open = open.filter((one) => one !== reach)
      ended = true
    }
    if (ended) fetcher.pause(reaches.filter((reach) => !open.includes(reach)).map(({ standing }) => standing.partition))
  }
  logger.info('Memory restored', {
    partitions: reaches.length,
    records: reaches.reduce((sum, { standing, from }) => sum + standing.partition.position - from, 0),
    ms: Math.round(clock.monotonic() - startedAt),
  })
}

function silent(open: readonly Reach[]): SluiceError {
  const { topic, partition, position } = open[0]!.standing.partition
  return new SluiceError('KAFKA_TIMEOUT', 'The records before the committed position do not arrive', {
    place: { topic, partition, position },
    retriable: true,
    remedy: 'See whether the partition has a leader and whether its records were deleted.',
  })
}
