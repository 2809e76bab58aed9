import { SluiceError } from '@sluice/sdk'
import type { ErrorFacts } from '@sluice/sdk'
import type { StoreCall } from './object-store.ts'
import { checkWanted } from './object-path.ts'

/** The system's word for what went wrong, such as ENOSPC. */
export function errnoOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT: 'Choose a folder that can be made: a part of its path refuses new entries.',
  EACCES: 'Give this user read and write permission on the folder.',
  EPERM: 'Use a folder that this user owns, on a file system with hard links (not FAT, not every network share).',
  ENOTSUP: 'Use a file system with hard links (not FAT, not every network share).',
  EXDEV: 'Keep all folders of one store on one file system; mount it above the store, not inside of it.',
  EROFS: 'Mount the file system for writing, or use another folder.',
  ENOSPC: 'Free some space; the write is tried again.',
  EDQUOT: 'Raise the quota or free some space; the write is tried again.',
  ENAMETOOLONG: 'Use shorter names: most file systems allow 255 bytes between two slashes.',
  EISDIR: 'An object cannot have the name of a folder that holds other objects; choose another name.',
  ENOTDIR: 'An object cannot lie below the name of another object; choose another name.',
}

/** States that can pass: full disks are cleaned, devices come back, descriptors are closed. */
const PASSING: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'EAGAIN',
  'EBUSY',
  'ESTALE',
])

/** What the file system said, in the words of the object store. */
export function storeError(what: string, path: string, url: string, error: unknown, call?: StoreCall): SluiceError {
  if (error instanceof SluiceError) return error
  const code = errnoOf(error)
  if (code === 'ABORT_ERR') {
    try {
      checkWanted(call, `Access to ${path}`)
    } catch (interrupted) {
      return interrupted as SluiceError
    }
  }
  const missing = code === 'ENOENT' || (what !== 'write' && (code === 'ENOTDIR' || code === 'EISDIR'))
  if (missing && what !== 'write')
    return new SluiceError('OBJECT_MISSING', `There is no object ${path} in ${url}`, { cause: error })
  const facts: ErrorFacts = { cause: error, retriable: code === undefined || PASSING.has(code) }
  const remedy = code === undefined ? undefined : REMEDIES[code]
  return new SluiceError(
    'STORE_UNAVAILABLE',
    `Cannot ${what} ${path} in ${url}${code === undefined ? '' : `: ${code}`}`,
    remedy === undefined ? facts : { ...facts, remedy },
  )
}
