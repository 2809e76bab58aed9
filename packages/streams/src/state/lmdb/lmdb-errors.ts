import { SluiceError } from '@sluice/sdk'

/** What LMDB throws when a commit finds no room, of the disk, of a quota, or of its map; where some fitted, it is an input/output error. */
const FULL =
  /No space left|ENOSPC|Disk quota|EDQUOT|File too large|EFBIG|MDB_MAP_FULL|mapsize limit|Input\/output error/i

/** What it says of a file that is not whole, or not its own. */
const TORN = /MDB_CORRUPTED|MDB_PAGE_NOTFOUND|MDB_PANIC|MDB_INVALID|MDB_VERSION_MISMATCH|not an LMDB file/i

/** What LMDB threw, as an error that says what to do. Our own errors pass. */
export function stateError(error: unknown, directory: string): unknown {
  if (error instanceof SluiceError || !(error instanceof Error)) return error
  const place = { directory }
  if (FULL.test(error.message)) {
    return new SluiceError('STATE_DISK_FULL', `The state in ${directory} cannot be written: ${error.message}`, {
      cause: error,
      place,
      retriable: true,
      remedy:
        'Free disk space or raise the quota; nothing of this commit was written, and the state before it is whole.',
    })
  }
  if (TORN.test(error.message)) return torn(directory, error.message, error)
  return error
}

export function torn(directory: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError('STATE_TORN', `The state in ${directory} is not whole: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    place: { directory },
    remedy: 'Remove the directory: the state is restored from its changelogs or a snapshot.',
  })
}

export function foreign(directory: string, why: string): SluiceError {
  return new SluiceError('STATE_FOREIGN', `The state in ${directory} is not of this task: ${why}`, {
    place: { directory },
    remedy:
      'Run the version and the topology that wrote it, give this one another state directory or application id, or remove the directory ' +
      'to have the state restored.',
  })
}
