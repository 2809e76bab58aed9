import { ApiError } from '../api/handler.ts'

/**
 * What a client is told when a file cannot be written or read: KAFKA_STORAGE_ERROR, which it retries. The log is as before, and
 * takes writes again as soon as the reason is gone.
 */
export function storageError(what: string, path: string, cause: unknown): ApiError {
  const code = systemCode(cause) ?? String(cause)
  const remedy =
    code === 'ENOSPC' || code === 'EDQUOT'
      ? 'The disk is full: make room (delete topics or records, lower retention.ms or retention.bytes).'
      : 'See that the directory exists and that this user may write to it.'
  const error = new ApiError('KAFKA_STORAGE_ERROR', `Cannot ${what} ${path} (${code}). ${remedy}`)
  error.cause = cause
  return error
}

/** `ENOENT` and the like; undefined for what the system did not raise. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
