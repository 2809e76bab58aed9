/** How long one call of the worker may wait for stores, whatever tables it is about. What is not done then is done later. */
const STORE_PATIENCE_MS = 60_000

/** Aborted when it is over, from now on. */
export function patience(): AbortSignal {
  return AbortSignal.timeout(STORE_PATIENCE_MS)
}
