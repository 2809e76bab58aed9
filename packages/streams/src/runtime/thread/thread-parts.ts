/** What a thread is told, and what it works with. */
import type { Fetcher } from '@sluice/kafka'
import type { Clock, Logger } from '@sluice/sdk'
import type { ThreadMetrics } from '../../metrics/thread-metrics.ts'
import type { OutputBatch } from '../../record-path/output-batch.ts'
import type { StreamMetrics } from '../../stream-metrics.ts'
import type { StreamsSettings } from '../../streams-settings.ts'
import { commitIntervalOf } from '../../task-settings.ts'
import type { Pauses } from './pauses.ts'
import type { RepartitionPurge } from '../topics/repartition-purge.ts'
import type { RunningTasks } from '../tasks/running-tasks.ts'
import type { Snapshots } from '../snapshots/snapshots.ts'
import type { Writer } from '../writer/writer.ts'

export interface ThreadSettings {
  readonly commitIntervalMs: number
  /** Longest wait for records. */
  readonly pollTimeoutMs: number
  /** Most bytes of output that may be under way; of input that one partition may have waiting. */
  readonly bufferedBytesMax: number
  /** How long a stop may take until everything put out is durable. */
  readonly closeTimeoutMs: number
  /** How long commits may fail before the thread does. */
  readonly taskTimeoutMs: number
  /** How long partitions that are taken away wait for calls of user code. */
  readonly callsTimeoutMs: number
}

export function threadSettingsOf(settings: StreamsSettings): ThreadSettings {
  return {
    commitIntervalMs: commitIntervalOf(settings),
    pollTimeoutMs: settings['poll.ms'],
    bufferedBytesMax: settings['buffered.bytes.max'],
    closeTimeoutMs: settings['close.timeout.ms'],
    taskTimeoutMs: settings['task.timeout.ms'],
    // What is committed and closed then takes its time, too. A revocation counts as a poll; no rebalance waits for it that began before it
    // (they are cooperative), and one that begins meanwhile waits for as long as all of `max.poll.interval.ms`.
    callsTimeoutMs: Math.ceil(settings['max.poll.interval.ms'] / 2),
  }
}

export interface ThreadParts {
  readonly tasks: RunningTasks
  readonly output: OutputBatch
  /** What stores have told their changelogs: it stays when a record is taken back, as in the stores. */
  readonly changelogs: OutputBatch
  readonly fetcher: Fetcher
  readonly writer: Writer
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: StreamMetrics
  readonly threadMetrics: ThreadMetrics
  readonly pauses: Pauses
  readonly purge: Pick<RepartitionPurge, 'committed'>
  /** Told when everything that is assigned runs, and when something is waited for. */
  readonly onSettled: (isSettled: boolean) => void
  /** A commit has gone through. */
  readonly onCommitted: (isOfSomething: boolean) => void
  /** Absent, or null: none are taken. */
  readonly snapshots?: Pick<Snapshots, 'isDue' | 'take'> | null
}
