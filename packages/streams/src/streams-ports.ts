import type { Kafka } from '@sluice/kafka'
import type { Clock, Logger, Metrics, Random } from '@sluice/sdk'
import type { Until } from './runtime/thread/ground.ts'
import type { TopologyRecord } from './runtime/topics/topology-record.ts'
import type { StreamsState } from './streams-state.ts'

/** What an application is given. The connection stays the caller's: it is not closed here. */
export interface StreamsPorts {
  readonly kafka: Kafka
  readonly metrics: Metrics
  readonly logger?: Logger
  readonly clock?: Clock
  readonly random?: Random
  /** A UUID of this instance, which its transactional id is made of too. Default: a new one. */
  readonly processId?: string
  /** What the state that is stored was written by. Default: a file in the directory of the state. */
  readonly record?: TopologyRecord
  /** Told of each change of state. */
  readonly onState?: (state: StreamsState) => void
  /** Asked when a thread has failed for good. Default: `SHUTDOWN_CLIENT`. A gate that halts is no failure. */
  readonly onUncaughtException?: (error: unknown, thread: string) => UncaughtExceptionResponse
}

/**
 * Kafka Streams' `StreamThreadExceptionResponse` (KIP-671): another thread in place of the one that failed, which goes on from the last
 * commit, and so meets the same record again; the end of this instance; the end of all instances of the application.
 */
export type UncaughtExceptionResponse = 'REPLACE_THREAD' | 'SHUTDOWN_CLIENT' | 'SHUTDOWN_APPLICATION'

export interface RunOptions {
  /** Aborted: stop fetching, let what is under way become durable, commit, return. */
  readonly signal?: AbortSignal
  /**
   * When to stop by itself: `end` where every partition ended when the run began; or a function that is asked between fetches.
   * Default: never.
   */
  readonly until?: Until
}
