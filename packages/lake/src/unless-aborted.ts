import { checkWanted } from '@sluice/object-store'

/**
 * Waits for something that goes on also when nobody waits for it any more, and can be waited for again.
 * @throws SluiceError INTERRUPTED, or STORE_UNAVAILABLE (retriable) when the signal's reason is a timeout
 */
export async function unlessAborted<T>(wanted: Promise<T>, signal: AbortSignal | undefined, what: string): Promise<T> {
  if (signal === undefined) return wanted
  checkWanted({ signal }, what)
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => {
    try {
      checkWanted({ signal }, what)
    } catch (error) {
      aborted.reject(error)
    }
  }
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([wanted, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
