import { type Clock, type Random, RetriableError, SluiceError, isRetriable } from '@sluice/sdk'

/** A moment after which nobody waits any more. */
export class Deadline {
  readonly timeoutMs: number
  readonly #clock: Clock
  readonly #at: number
  /** Why the last attempt before it failed, if one has. */
  lastFailure: unknown

  constructor(clock: Clock, timeoutMs: number) {
    this.timeoutMs = timeoutMs
    this.#clock = clock
    this.#at = clock.monotonic() + timeoutMs
  }

  /** Whole milliseconds left; 0 when it has passed. */
  get remainingMs(): number {
    return Math.max(0, Math.ceil(this.#at - this.#clock.monotonic()))
  }

  get isOver(): boolean {
    return this.remainingMs === 0
  }
}

const BACKOFF_FIRST_MS = 100
const BACKOFF_MAX_MS = 1000

/** How long to wait before attempt `failures + 1`: 100 ms, doubled up to 1 s, ±20 % (Kafka's `retry.backoff.ms`, KIP-580). */
export function backoffMs(failures: number, random: Random): number {
  const exact = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.max(0, failures - 1))
  return exact * (0.8 + 0.4 * random.next())
}

/**
 * As `backoffMs`, but 5 ms, doubled up to 100, where the last refusal was CONCURRENT_TRANSACTIONS: the coordinator is about to end
 * the transaction before, which takes it milliseconds (Java: 20 ms).
 */
export function pauseMs(error: unknown, failures: number, random: Random): number {
  const isConcurrent = error instanceof SluiceError && error.place?.['error'] === 'CONCURRENT_TRANSACTIONS'
  return isConcurrent ? Math.min(100, 5 * 2 ** (failures - 1)) : backoffMs(failures, random)
}

export interface RetryContext {
  readonly clock: Clock
  readonly random: Random
  /** Aborted when the cluster is closed. */
  readonly signal: AbortSignal
}

/**
 * Repeats an attempt until it succeeds, fails with an error that is not retriable, or the deadline has passed. What is
 * thrown then says what was tried and carries the last error: KAFKA_UNREACHABLE if nothing could be reached, KAFKA_REFUSED
 * if a broker kept refusing, else KAFKA_TIMEOUT.
 */
export async function retrying<T>(
  what: string,
  deadline: Deadline,
  context: RetryContext,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt()
    } catch (error) {
      if (context.signal.aborted) throw closed(what, error)
      if (!isRetriable(error)) throw error
      deadline.lastFailure = error
      const pause = pauseInTime(pauseMs(error, failures, context.random), deadline.remainingMs)
      if (pause === undefined) throw givenUp(what, deadline, error)
      await context.clock.sleep(pause, context.signal)
      if (context.signal.aborted) throw closed(what, error)
    }
  }
}

/** A pause that would outlast the deadline is cut, so that the last attempt is not made long before it; undefined: no time for one. */
function pauseInTime(pause: number, remainingMs: number): number | undefined {
  if (pause < remainingMs) return pause
  return remainingMs >= BACKOFF_FIRST_MS ? remainingMs / 2 : undefined
}

/**
 * As long as the deadline allows: work goes on behind it, but nobody waits for it any more. Only for what may be asked for
 * and not be taken, such as metadata; an attempt may dial one broker after another, each for as long as connecting may take.
 */
export async function inTime<T>(
  what: string,
  deadline: Deadline,
  { clock }: RetryContext,
  work: () => Promise<T>,
): Promise<T> {
  const isDone = new AbortController()
  const late = clock.sleep(deadline.remainingMs, isDone.signal).then(() => {
    const none = new RetriableError('KAFKA_UNREACHABLE', 'No broker has answered so far')
    throw givenUp(what, deadline, deadline.lastFailure ?? none)
  })
  late.catch(() => undefined)
  try {
    return await Promise.race([work(), late])
  } finally {
    isDone.abort(null)
  }
}

function givenUp(what: string, deadline: Deadline, last: unknown): SluiceError {
  const code = last instanceof SluiceError && last.code !== 'KAFKA_PROTOCOL' ? last.code : 'KAFKA_TIMEOUT'
  const place = last instanceof SluiceError && last.place !== undefined ? { place: last.place } : {}
  return new RetriableError(code, `Gave up after ${deadline.timeoutMs} ms: ${what}`, { cause: last, ...place })
}

function closed(what: string, cause: unknown): SluiceError {
  return new SluiceError('INTERRUPTED', `The Kafka client was closed before this was done: ${what}`, { cause })
}
