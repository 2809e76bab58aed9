import { SluiceError } from '@sluice/sdk'

/** Resolves when the signal is aborted. */
export function interrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
}

/**
 * What starts may wait for a broker for minutes; whoever interrupts that does not.
 * @throws SluiceError INTERRUPTED
 */
export async function unlessInterrupted<T>(starting: Promise<T>, signal: AbortSignal): Promise<T> {
  starting.catch(() => undefined)
  return Promise.race([
    starting,
    interrupted(signal).then(() => {
      throw new SluiceError('INTERRUPTED', 'Interrupted before it had started')
    }),
  ])
}
