import { SluiceError } from '@sluice/sdk'
import type { ListOptions, StoreCall } from './object-store.ts'

/** The first part of the names that stores use for themselves; no object may use it. */
export const RESERVED_PREFIX = '.sluice-'

/** @throws SluiceError DATA_INVALID for a path that is empty or could lead out of the store */
export function checkPath(path: string): void {
  const reason = problemOf(path)
  if (reason !== undefined) {
    throw new SluiceError('DATA_INVALID', `The object path ${JSON.stringify(path)} is refused: ${reason}`, {
      remedy: 'Use a relative path of non-empty segments divided by a slash.',
    })
  }
}

/** Whether an object can have this path. */
export function isPath(path: string): boolean {
  return problemOf(path) === undefined
}

/** A prefix is a path that may be empty and may end anywhere. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkPath(prefix.endsWith('/') ? prefix.slice(0, -1) : prefix)
}

/** Negative when `a` comes before `b` in the order of their UTF-8 bytes, which is not JavaScript's own beyond U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

/** How many objects a page may hold. @throws SluiceError DATA_INVALID when out of range */
export function pageLimit(options: ListOptions): number {
  const limit = options.limit ?? 1000
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw new SluiceError('DATA_INVALID', `A page of ${limit} objects was asked for; a page holds 1 to 1000`)
  return limit
}

/**
 * Ends a call whose caller no longer waits.
 * @throws SluiceError INTERRUPTED, or STORE_UNAVAILABLE (retriable) when the signal's reason is a timeout
 */
export function checkWanted(call: StoreCall | undefined, what: string): void {
  const signal = call?.signal
  if (signal?.aborted !== true) return
  const cause: unknown = signal.reason
  if (typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'TimeoutError')
    throw new SluiceError('STORE_UNAVAILABLE', `${what} was not done before its deadline`, { cause, retriable: true })
  throw new SluiceError('INTERRUPTED', `${what} was stopped on request`, { cause })
}

function problemOf(path: string): string | undefined {
  if (path === '') return 'it is empty'
  if (path.includes('\0')) return 'it holds a NUL character'
  if (!path.isWellFormed()) return 'it holds half a surrogate pair, which has no UTF-8 form'
  for (const segment of path.split('/')) {
    if (segment === '') return 'it has an empty segment'
    if (segment === '.' || segment === '..') return `the segment ${segment} could lead out of the store`
    if (segment.startsWith(RESERVED_PREFIX)) return `names that begin with ${RESERVED_PREFIX} belong to the store`
  }
  return undefined
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}
