import { NotReadyError, SluiceError } from '@sluice/sdk'

/** Key and value may each need something; whoever needs more does not know what it waits for. */
const WAITS_MAX = 16

/**
 * Does it, and again after what it is not ready for has come: schemas are asked of a registry when the first record needs them.
 * @throws as `act`, and what it waits for in vain
 */
export async function whenReady<T>(act: () => T, signal: AbortSignal): Promise<T> {
  for (let waits = 0; ; waits++) {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof NotReadyError) || waits === WAITS_MAX) throw error
      await readiness(error, signal)
    }
  }
}

async function readiness(error: NotReadyError, signal: AbortSignal): Promise<void> {
  try {
    await error.ready(signal)
  } catch (failure) {
    if (signal.aborted) throw new SluiceError('INTERRUPTED', 'Interrupted while a schema registry was asked')
    throw failure
  }
}
