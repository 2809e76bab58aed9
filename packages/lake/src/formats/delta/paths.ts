/**
 * Paths of data files, which the log keeps as URI references: percent-encoded, and relative to the table unless
 * they begin with a scheme or a slash.
 */
import { SluiceError } from '@sluice/sdk'

/**
 * What Java's URI writes as `%…` in a path, which is not what RFC 3986 would: characters beyond ASCII stay, except spaces and
 * controls. Spark compares paths by this form when it vacuums, and takes a file that is logged in another one for rubbish. The
 * colon, which no name of ours holds, is encoded as well: at the front it would make a scheme.
 */
const ENCODED = /[^\w\-.!~*'()@&=+$,;/\u00a1-\u{10ffff}]|\p{Z}/gu

/** The path below the table as the log writes it. */
export function encodePath(path: string): string {
  return path.replace(ENCODED, encodeURIComponent)
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
