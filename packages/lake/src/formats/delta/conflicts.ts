/**
 * Whether somebody's commit contradicts one that was decided upon before it (PROTOCOL.md, "Writing Tables"; the rules are those
 * of Spark and delta-rs). Pure: our side is a scope, theirs a list of actions.
 *
 * | rule | the winner … | and we … |
 * |---|---|---|
 * | protocol | changed what the table asks of its readers and writers | decided for the old one |
 * | metadata | changed schema or properties | decided for the old ones |
 * | concurrent append | added files that we would have read | read the table |
 * | delete-read | removed a file, with its rows | read that file |
 * | delete-delete | removed a file | remove it too |
 * | transaction | moved an application's progress | move it too: one of us is a zombie |
 * | domain | configured a domain | configure it too |
 */
import { fileKey } from './actions.ts'
import type { Action, AddAction } from './actions.ts'

export type ConflictRule =
  'protocol' | 'metadata' | 'concurrent append' | 'delete-read' | 'delete-delete' | 'transaction' | 'domain'

export interface Conflict {
  readonly rule: ConflictRule
  /** What it is about: a path, an appId, a domain; empty for protocol and metadata. */
  readonly what: string
}

/**
 * - `Serializable`: as if commits had been decided upon one after another.
 * - `WriteSerializable`: appends that read nothing may come between; Delta's usual level.
 * - `Snapshot`: appends never matter. For commits that change no row, such as compaction.
 */
export type Isolation = 'Serializable' | 'WriteSerializable' | 'Snapshot'

/** What a commit rests on and touches. */
export interface CommitScope {
  /** Whether it is decided anew on the newest protocol, schema and properties before each attempt. */
  readonly isReplanned: boolean
  readonly isolation: Isolation
  /** Whether a file that is added would have been read; absent when the table was not read. */
  readonly wouldRead?: (add: AddAction) => boolean
  /** Keys (`fileKey`) of the files that were read. */
  readonly readFiles?: ReadonlySet<string>
  /** Keys of the files that it removes. */
  readonly removedFiles?: ReadonlySet<string>
  readonly appIds?: ReadonlySet<string>
  readonly domains?: ReadonlySet<string>
}

/** The first rule that the winner's commit breaks for ours; undefined: ours may be written behind it. */
export function conflictOf(ours: CommitScope, winner: readonly Action[]): Conflict | undefined {
  const spared = sparesAppends(ours.isolation, winner)
  for (const action of winner) {
    const conflict = conflictWith(ours, action, spared)
    if (conflict !== undefined) return conflict
  }
  return undefined
}

function conflictWith(ours: CommitScope, action: Action, sparesAppend: boolean): Conflict | undefined {
  if ('protocol' in action) return ours.isReplanned ? undefined : { rule: 'protocol', what: '' }
  if ('metaData' in action) return ours.isReplanned ? undefined : { rule: 'metadata', what: '' }
  if ('add' in action) {
    const { add } = action
    if (sparesAppend || !add.dataChange || ours.wouldRead?.(add) !== true) return undefined
    return { rule: 'concurrent append', what: add.path }
  }
  if ('remove' in action) {
    const key = fileKey(action.remove)
    if (ours.removedFiles?.has(key) === true) return { rule: 'delete-delete', what: action.remove.path }
    if (action.remove.dataChange && ours.readFiles?.has(key) === true)
      return { rule: 'delete-read', what: action.remove.path }
    return undefined
  }
  if ('txn' in action)
    return ours.appIds?.has(action.txn.appId) === true ? { rule: 'transaction', what: action.txn.appId } : undefined
  if ('domainMetadata' in action) {
    const { domain } = action.domainMetadata
    return ours.domains?.has(domain) === true ? { rule: 'domain', what: domain } : undefined
  }
  return undefined
}

function sparesAppends(isolation: Isolation, winner: readonly Action[]): boolean {
  if (isolation === 'Serializable') return false
  if (isolation === 'Snapshot') return true
  // Only who says so itself read nothing; and what also removes or changes the table is no plain append, whatever it says.
  const saysSo = winner.some((action) => 'commitInfo' in action && action.commitInfo.isBlindAppend === true)
  return saysSo && !winner.some((action) => 'remove' in action || 'metaData' in action)
}
