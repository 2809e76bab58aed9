/**
 * Paths of data files, which the log keeps as URI references (RFC 3986): percent-encoded, and relative to the table unless
 * they begin with a scheme or a slash.
 */
import { SluiceError } from '@sluice/sdk'

/** The path below the table as the log writes it. `=`, which parts a partition's name and value, stays as it is. */
export function encodePath(path: string): string {
  return path
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('%3D', '='))
    .join('/')
}

/**
 * The path that a log entry means.
 * @throws SluiceError DATA_INVALID when it is no URI reference
 */
export function decodePath(logged: string): string {
  if (!logged.includes('%')) return logged
  try {
    return decodeURIComponent(logged)
  } catch (cause) {
    throw new SluiceError(
      'DATA_INVALID',
      `The path ${JSON.stringify(logged)} in the table log is not percent-encoded`,
      {
        cause,
        remedy: 'Open the table with the engine that wrote it; paths in a Delta log are URIs.',
      },
    )
  }
}

/** Whether the entry names a file by its whole address, as shallow clones do. */
export function isAbsolutePath(logged: string): boolean {
  return /^[a-z][a-z0-9+.-]*:|^\//i.test(logged)
}
