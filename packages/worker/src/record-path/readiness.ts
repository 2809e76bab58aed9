import { isRetriable, NotReadyError, SluiceError } from '@sluice/sdk'

/** Key, value and headers of one record may each need something; whoever needs more does not know what it waits for. */
const WAITS_MAX = 16

/** What a record fails with when what it waited for does not come. */
export interface Unready {
  readonly error: unknown
  /** Whether nobody could be asked: then it says nothing of the record, which is not dropped for it. */
  readonly isOutage: boolean
}

/** What a converter needs before it can go on: waited for, and the record given again. One of these per batch. */
export class Readiness {
  #at = -1
  #waits = 0

  /**
   * Waits for what record `at` failed for. `stopped`: the signal was aborted meanwhile; otherwise what the record fails with after all.
   */
  async wait(at: number, error: NotReadyError, signal: AbortSignal): Promise<'again' | 'stopped' | Unready> {
    this.#waits = at === this.#at ? this.#waits + 1 : 1
    this.#at = at
    if (this.#waits > WAITS_MAX) return { error: neverReady(error), isOutage: false }
    try {
      await error.ready(signal)
    } catch (failure) {
      // Whether it is tried again is for the task's tolerance to say; then it waits anew.
      this.#waits = 0
      return signal.aborted ? 'stopped' : { error: failure, isOutage: isRetriable(failure) }
    }
    return signal.aborted ? 'stopped' : 'again'
  }
}

function neverReady(cause: NotReadyError): SluiceError {
  return new SluiceError(
    'INTERNAL',
    `A converter has waited ${WAITS_MAX} times for one record and is still not ready`,
    {
      cause,
      remedy: 'Report this to the author of the converter.',
    },
  )
}
