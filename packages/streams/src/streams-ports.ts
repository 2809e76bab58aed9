import type { Kafka } from '@sluice/kafka'
import { describeError, type Clock, type Logger, type Metrics, type Random } from '@sluice/sdk'
import type { Until } from './runtime/thread/ground.ts'
import type { TopologyRecord } from './runtime/topics/topology-record.ts'
import type { StreamsState } from './streams-state.ts'
import { refusePromise } from './topology/synchronous.ts'

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
  /** Told of each change of state. What it throws is logged. */
  readonly onState?: (state: StreamsState) => void
  /**
   * Asked when a thread has failed for good. Default: `SHUTDOWN_CLIENT`, which is also what becomes of no answer, of one that is a promise, and of
   * an exception. A gate that halts is no failure.
   */
  readonly onUncaughtException?: (error: unknown, thread: string) => UncaughtExceptionResponse
}

/**
 * Kafka Streams' `StreamThreadExceptionResponse` (KIP-671): another thread in place of the one that failed, which goes on from the last
 * commit, and so meets the same record again; the end of this instance; the end of all instances of the application.
 */
export type UncaughtExceptionResponse = 'REPLACE_THREAD' | 'SHUTDOWN_CLIENT' | 'SHUTDOWN_APPLICATION'

const RESPONSES: ReadonlySet<unknown> = new Set<UncaughtExceptionResponse>([
  'REPLACE_THREAD',
  'SHUTDOWN_CLIENT',
  'SHUTDOWN_APPLICATION',
])

/** `onUncaughtException`, which is asked when something is wrong already: whatever it does, there is an answer. */
export function answering(
  { onUncaughtException: ask = () => 'SHUTDOWN_CLIENT' }: StreamsPorts,
  logger: Logger,
): NonNullable<StreamsPorts['onUncaughtException']> {
  return (failure, thread) => {
    try {
      const response = ask(failure, thread)
      if (RESPONSES.has(response)) return response
      refusePromise('function', response)
      throw new TypeError(`It answers ${JSON.stringify(response)}`)
    } catch (error) {
      logger.error('onUncaughtException has no answer: the instance ends', { thread, error: describeError(error) })
      return 'SHUTDOWN_CLIENT'
    }
  }
}

/** `onState`, of which nothing depends. */
export function telling(
  { onState: tell = () => undefined }: StreamsPorts,
  logger: Logger,
): NonNullable<StreamsPorts['onState']> {
  return (state) => {
    const failed = (error: unknown): void => logger.error('onState has failed', { state, error: describeError(error) })
    try {
      const answer: unknown = tell(state)
      if (answer instanceof Promise) answer.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}

export interface RunOptions {
  /** Aborted: stop fetching, let what is under way become durable, commit, return. */
  readonly signal?: AbortSignal
  /**
   * When to stop by itself: `end` where every partition ended when the run began; or a function that is asked between fetches.
   * Default: never.
   */
  readonly until?: Until
}
