import { SluiceError } from '@sluice/sdk'

/** What a worker may not have, or not yet, is null; that it is not reached is an error. */
export async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof SluiceError && (error.code === 'CONNECT_UNKNOWN' || error.code === 'WORKER_REFUSED'))
      return null
    throw error
  }
}

/** Undefined when there is no such thing. */
export async function unlessUnknown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'CONNECT_UNKNOWN') return undefined
    throw error
  }
}
