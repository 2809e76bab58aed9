/**
 * Commits that take files away and put others in their place: merges, which change rows, and compactions, which do not. What
 * they rest on is said with them, so that a commit that came between is held against it (`conflicts.ts`).
 */
import type { AddAction, RemoveAction } from './actions.ts'
import { fileKey } from './actions.ts'
import type { CommitScope, Isolation } from './conflicts.ts'
import type { JsonObject } from './exact-json.ts'
import { removeLine } from './lines.ts'
import type { DataFile, TxnClaim } from './requests.ts'

export interface RewriteRequest {
  /** Unique to this request. Repeating a request with the same id after a failure is safe. */
  readonly txnId: string
  /** As others' histories shall show it, such as `MERGE` or `OPTIMIZE`. */
  readonly operation: string
  /** The version of the table that was read. */
  readonly readVersion: number
  /** Live files of that version whose rows were read. Those that are removed count as read. */
  readonly readFiles: readonly AddAction[]
  /** Whether a file that somebody adds meanwhile would have been read, too. */
  readonly wouldRead: (add: AddAction) => boolean
  readonly removed: readonly AddAction[]
  readonly files: readonly DataFile[]
  /** False: the same rows stand in other files, so that nobody has to look at them again. */
  readonly dataChange: boolean
  readonly txns: readonly TxnClaim[]
}

/** @param properties of the table; `delta.isolationLevel` may loosen what a merge asks for */
export function scopeOf(request: RewriteRequest, properties: Readonly<Record<string, string>>): CommitScope {
  const { readFiles, removed, wouldRead, txns, dataChange } = request
  const level: Isolation =
    properties['delta.isolationLevel'] === 'WriteSerializable' ? 'WriteSerializable' : 'Serializable'
  return {
    isReplanned: false,
    // Rows that only move stay true, whatever is added beside them.
    isolation: dataChange ? level : 'Snapshot',
    wouldRead,
    readFiles: new Set([...readFiles, ...removed].map(fileKey)),
    removedFiles: new Set(removed.map(fileKey)),
    appIds: new Set(txns.map(({ appId }) => appId)),
  }
}

/** The removals as lines. What readers of older versions and vacuum need is said again. */
export function removeLines({ removed, dataChange }: RewriteRequest, nowMs: number): JsonObject[] {
  return removed.map((file) => removeLine(removalOf(file, dataChange, nowMs)))
}

function removalOf(file: AddAction, dataChange: boolean, deletionTimestamp: number): RemoveAction {
  const { path, partitionValues, size, deletionVector, baseRowId, defaultRowCommitVersion } = file
  return {
    path,
    deletionTimestamp,
    dataChange,
    extendedFileMetadata: true,
    partitionValues,
    size,
    ...(deletionVector === undefined ? {} : { deletionVector }),
    ...(baseRowId === undefined ? {} : { baseRowId }),
    ...(defaultRowCommitVersion === undefined ? {} : { defaultRowCommitVersion }),
  }
}
