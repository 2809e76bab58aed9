import { SluiceError } from '@sluice/sdk'

/** Those who ask for the same thing at the same time share one answer. Who gives up waiting leaves it to the others. */
export class SharedFlights {
  readonly #flights = new Map<string, Promise<unknown>>()

  /** @throws SluiceError INTERRUPTED when the signal is aborted first */
  async share<T>(key: string, ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    let flight = this.#flights.get(key) as Promise<T> | undefined
    if (flight === undefined) {
      flight = ask().finally(() => this.#flights.delete(key))
      // Everybody may have given up by the time it fails.
      flight.catch(() => undefined)
      this.#flights.set(key, flight)
    }
    return signal === undefined ? flight : unlessAborted(flight, signal)
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new SluiceError('INTERRUPTED', 'A schema is not waited for any more'))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
