import type { Clock } from '@sluice/sdk'

/** Whether some work ends before a time is up: then it is told by the signal, and what it comes to is not waited for. @throws what it throws in time */
export async function isDoneIn(
  timeoutMs: number,
  clock: Clock,
  work: (over: AbortSignal) => Promise<void>,
): Promise<boolean> {
  const over = new AbortController()
  try {
    const late = clock.sleep(timeoutMs, over.signal).then(() => false)
    return await Promise.race([work(over.signal).then(() => true), late])
  } finally {
    over.abort(null)
  }
}

/** Whether some work ends before a signal is aborted. */
export async function isDoneBefore(signal: AbortSignal, work: Promise<void>): Promise<boolean> {
  const aborted = Promise.withResolvers<boolean>()
  const onAbort = (): void => aborted.resolve(false)
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work.then(() => true), aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** Whether some work ends before a signal is aborted, or no later than so long after that. */
export async function isDoneInStop(
  signal: AbortSignal,
  timeoutMs: number,
  clock: Clock,
  work: Promise<void>,
): Promise<boolean> {
  return (await isDoneBefore(signal, work)) || isDoneIn(timeoutMs, clock, () => work)
}
