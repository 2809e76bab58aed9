/** What the names in `_delta_log` say (PROTOCOL.md, "File types"): which commits there are, and which checkpoints are whole. */
import { listAll } from '@sluice/object-store'
import type { ObjectFacts, ObjectStore } from '@sluice/object-store'

/** Versions have 20 digits in file names. */
export function versionName(version: number): string {
  return String(version).padStart(20, '0')
}

/** A checkpoint all of whose parts are there. */
export interface CheckpointFiles {
  readonly version: number
  /** In their order; more than one for the old multi-part form. Sidecars, which V2 names inside, are not among them. */
  readonly paths: readonly string[]
}

export interface LogListing {
  /** Versions, rising. */
  readonly commits: readonly number[]
  /** The newest last. */
  readonly checkpoints: readonly CheckpointFiles[]
}

/** What a name is about; undefined for names that say nothing about the table's state. */
export type LogName =
  | { readonly kind: 'commit'; readonly version: number }
  | { readonly kind: 'checkpoint'; readonly version: number; readonly part: number; readonly parts: number }
  /** A checksum or a compaction: everything in it is in the commits too. */
  | { readonly kind: 'extra'; readonly version: number }

const COMMIT = /^(\d{20})\.json$/
const CHECKPOINT = /^(\d{20})\.checkpoint\.(?:(\d{10})\.(\d{10})\.parquet|(?:[0-9a-fA-F-]{36}\.)?(?:parquet|json))$/
/** A compaction covers the versions up to its second number. */
const EXTRA = /^(?:\d{20}\.)?(\d{20})\.(?:crc|compacted\.json)$/

export function parseLogName(name: string): LogName | undefined {
  const commit = COMMIT.exec(name)
  if (commit !== null) return { kind: 'commit', version: Number(commit[1]) }
  const checkpoint = CHECKPOINT.exec(name)
  if (checkpoint !== null) {
    const [, version, part = '1', parts = '1'] = checkpoint
    return { kind: 'checkpoint', version: Number(version), part: Number(part), parts: Number(parts) }
  }
  const extra = EXTRA.exec(name)
  return extra === null ? undefined : { kind: 'extra', version: Number(extra[1]) }
}

/** The log's files from that one on, in the order of their versions; what is named otherwise is passed over. */
export async function* walkLog(
  store: ObjectStore,
  folder: string,
  startAfter: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly name: LogName; readonly facts: ObjectFacts }, void, undefined> {
  for await (const facts of listAll(store, folder, { startAfter, signal })) {
    const text = facts.path.slice(folder.length)
    // Names of versions begin with a digit. Behind those come `_last_checkpoint` and any number of sidecars.
    if (text > ':') return
    const name = parseLogName(text)
    if (name !== undefined) yield { name, facts }
  }
}

/** One pass over the log. @param startAfter a path in the log, itself left out */
export async function listLog(
  store: ObjectStore,
  folder: string,
  startAfter: string | undefined,
  signal: AbortSignal | undefined,
): Promise<LogListing> {
  const commits: number[] = []
  const checkpoints: CheckpointFiles[] = []
  let parts: string[] = []
  for await (const { name, facts } of walkLog(store, folder, startAfter, signal)) {
    if (name.kind === 'commit') commits.push(name.version)
    else if (name.kind === 'checkpoint') {
      // Parts of one checkpoint follow upon each other, for their names are equal up to the part's number.
      parts = name.part === 1 ? [facts.path] : [...parts, facts.path]
      if (name.part === name.parts && parts.length === name.parts)
        checkpoints.push({ version: name.version, paths: parts })
    }
  }
  return { commits, checkpoints }
}
