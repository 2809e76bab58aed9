import { describeError, SluiceError, type Clock, type Logger } from '@sluice/sdk'

/** Kafka Connect's words for a task's state, as far as a standalone worker has them. */
export type TaskState = 'RUNNING' | 'FAILED' | 'STOPPED'

export interface TaskStatus {
  readonly task: number
  readonly state: TaskState
  /** Why it failed: the error with its causes and remedy. */
  readonly trace?: string
}

/** What a runner runs: a loop that ends when its signal is aborted, or rejects. */
export interface Loop {
  run(signal: AbortSignal): Promise<void>
}

/**
 * One task's life: RUNNING from the start, then FAILED by an error or STOPPED on request. Both are final; what a stop did not reach
 * in time is left behind with an error in the log.
 */
export class TaskRunner {
  readonly task: number
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  #state: TaskState = 'RUNNING'
  #error: unknown

  constructor(task: number, loop: Loop, logger: Logger, clock: Clock) {
    this.task = task
    this.#logger = logger
    this.#clock = clock
    this.#ended = this.#run(loop)
  }

  /** Resolves when the task has ended, however. */
  get ended(): Promise<void> {
    return this.#ended
  }

  /** What the task failed on, if it did. */
  get error(): unknown {
    return this.#error
  }

  status(): TaskStatus {
    const { task } = this
    return this.#error === undefined
      ? { task, state: this.#state }
      : { task, state: this.#state, trace: describeError(this.#error) }
  }

  /** Asks the task to end and waits for at most `timeoutMs`. @throws SluiceError STOP_TIMED_OUT */
  async stop(timeoutMs: number): Promise<void> {
    this.#stop.abort()
    const late = new AbortController()
    const inTime = await Promise.race([
      this.#ended.then(() => true),
      this.#clock.sleep(timeoutMs, late.signal).then(() => false),
    ])
    late.abort()
    if (!inTime) {
      throw new SluiceError('STOP_TIMED_OUT', `The task did not stop within ${timeoutMs} ms`, {
        place: { task: this.task },
        remedy:
          'Raise task.shutdown.graceful.timeout.ms, or find what blocks the connector; nothing that was committed is lost.',
      })
    }
  }

  async #run(loop: Loop): Promise<void> {
    try {
      await loop.run(this.#stop.signal)
      this.#state = 'STOPPED'
    } catch (error) {
      this.#state = 'FAILED'
      this.#error = error ?? new SluiceError('TASK_FAILED', 'The task failed and did not say why')
      this.#logger.error(`The task failed and stays so until it is restarted: ${describeError(this.#error)}`)
    }
  }
}
