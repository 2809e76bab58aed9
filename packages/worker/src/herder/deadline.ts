import { SluiceError, type Clock } from '@sluice/sdk'

/**
 * What the work gives; or an error when that takes too long: then the work goes on, and nobody looks at what comes of it.
 * @param signal nobody waits any more
 */
export async function withDeadline<T>(
  clock: Clock,
  timeoutMs: number,
  what: string,
  work: Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const over = new AbortController()
  const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal])
  const late = clock.sleep(timeoutMs, until).then((): Promise<T> => {
    // The work was first, and an error that nobody sees would be made for each.
    if (over.signal.aborted) return work
    throw new SluiceError('TASK_FAILED', `${what} has not come back within ${timeoutMs} ms`, {
      retriable: true,
      remedy: 'Look at what the connector waits for, or restart it.',
    })
  })
  // Whoever loses the race must not become an unhandled rejection.
  late.catch(() => undefined)
  work.catch(() => undefined)
  try {
    return await Promise.race([work, late])
  } finally {
    over.abort(null)
  }
}
