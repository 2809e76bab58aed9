import type { Logger, TopicPartition } from '@sluice/sdk'
import { keyOf } from '../partition-key.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'
import type { Fetching } from './fetching.ts'
import type { HandOver } from './hand-over.ts'
import type { Preparations } from './preparations.ts'

interface GiveUpParts {
  readonly tasks: Pick<RunningTasks, 'of' | 'close'>
  readonly handOver: Pick<HandOver, 'drop'>
  readonly fetching: Pick<Fetching, 'assign'>
  readonly preparations: Pick<Preparations, 'forget'>
  readonly logger: Logger
}

/** Partitions become somebody else's without a commit: at once nothing of them is in the next one any more. For while that waits for calls. */
export async function giveUp(
  partitions: readonly TopicPartition[],
  waitedMs: number,
  { tasks, handOver, fetching, preparations, logger }: GiveUpParts,
): Promise<void> {
  let calls = 0
  for (const task of new Set(partitions.flatMap((partition) => tasks.of(partition) ?? []))) {
    calls += task.calls.size
    handOver.drop(task)
  }
  logger.warn(
    'Partitions are given up without their last records, which the next owner does again: a commit has waited too long for calls',
    { partitions: partitions.map(keyOf).join(', '), calls, waitedMs },
  )
  const closed = tasks.close(partitions)
  fetching.assign()
  await preparations.forget(partitions)
  await closed
}
