import { describeError, isRetriable, SluiceError, type Clock, type Logger } from '@sluice/sdk'

const RETRY_FIRST_MS = 100
const RETRY_MAX_MS = 10_000

/**
 * Starts a task's own part: a RetriableError is answered by another try after a pause, any other error is the caller's.
 * @returns false when the signal was aborted before it had started
 */
export async function startTask(
  start: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<boolean> {
  for (let delayMs = RETRY_FIRST_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
    try {
      await start(signal)
      return true
    } catch (error) {
      if (isInterruption(error, signal)) return false
      if (!isRetriable(error)) throw error
      logger.warn('The task could not start yet and tries again', { reason: describeError(error), delayMs })
      await clock.sleep(delayMs, signal)
    }
  }
  return false
}

/** Whether this is how a call of the task's said that it was interrupted, as asked. Node's own calls reject with an AbortError. */
export function isInterruption(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false
  if (error instanceof SluiceError) return error.code === 'INTERRUPTED'
  return error === signal.reason || (error instanceof Error && error.name === 'AbortError')
}
