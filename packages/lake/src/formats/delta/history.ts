/** Time travel: the files that a table had in its versions, as far back as its log goes. */
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { readCheckpoint } from './checkpoint-read.ts'
import { DeltaLog } from './log.ts'
import { listLog } from './log-listing.ts'
import type { CheckpointFiles, LogListing } from './log-listing.ts'
import { decodePath, isAbsolutePath } from './paths.ts'
import { Snapshot } from './snapshot.ts'

export class TableHistory {
  /** The first version that can still be read. Those before it were cleaned away. */
  readonly oldest: number
  readonly newest: number
  readonly #path: string
  readonly #log: DeltaLog
  readonly #checkpoints: readonly CheckpointFiles[]

  private constructor(path: string, log: DeltaLog, listing: LogListing, oldest: number) {
    this.oldest = oldest
    this.newest = newestOf(listing)
    this.#path = path
    this.#log = log
    this.#checkpoints = listing.checkpoints
  }

  /** As the log is now; undefined when there is no table of which anything can be read. */
  static async open(store: ObjectStore, path: string, signal?: AbortSignal): Promise<TableHistory | undefined> {
    const log = new DeltaLog(store, path)
    const listing = await listLog(store, log.folder, undefined, signal)
    const oldest = oldestOf(listing)
    return oldest === undefined ? undefined : new TableHistory(path, log, listing, oldest)
  }

  /**
   * The paths in the store. Whether the files are still there is another question: vacuum removes them.
   * @throws SluiceError OBJECT_MISSING for a version that is not there yet, or no more; DATA_INVALID for a damaged log
   */
  async filesAsOf(version: number, signal?: AbortSignal): Promise<readonly string[]> {
    if (version < this.oldest || version > this.newest) throw this.#missing(version)
    const snapshot = new Snapshot(this.#path)
    await this.#begin(snapshot, version, signal)
    while (snapshot.version < version) {
      const next = snapshot.version + 1
      const actions = await this.#log.read(next, signal)
      // Cleaned away since the listing.
      if (actions === undefined) throw this.#missing(next)
      snapshot.apply(next, actions)
    }
    return Array.from(snapshot.files, ({ path }) => (isAbsolutePath(path) ? path : `${this.#path}/${decodePath(path)}`))
  }

  /** From the last checkpoint up to there that can be read; where there is none, from nothing. */
  async #begin(snapshot: Snapshot, version: number, signal: AbortSignal | undefined): Promise<void> {
    let failure: unknown
    for (const checkpoint of this.#checkpoints.toReversed()) {
      if (checkpoint.version > version || checkpoint.version < this.oldest) continue
      try {
        snapshot.restart(
          checkpoint.version,
          await readCheckpoint(this.#log.store, this.#log.folder, checkpoint, signal),
        )
        return
      } catch (error) {
        if (!(error instanceof SluiceError) || error.code !== 'DATA_INVALID') throw error
        failure ??= error
      }
    }
    if (this.oldest > 0) throw failure
  }

  #missing(version: number): SluiceError {
    const { oldest, newest } = this
    const why = version > newest ? 'there is none yet' : 'its log was cleaned up to there'
    return new SluiceError('OBJECT_MISSING', `Version ${version} of the table ${this.#path} cannot be read: ${why}`, {
      place: { table: this.#path, oldest, newest },
      remedy: `Give a version from ${oldest} to ${newest}.`,
    })
  }
}

function newestOf({ commits, checkpoints }: LogListing): number {
  return Math.max(commits.at(-1) ?? -1, checkpoints.at(-1)?.version ?? -1)
}

/** Where an unbroken way to the newest version begins: at the table's first entry, or at a checkpoint. */
function oldestOf(listing: LogListing): number | undefined {
  const { commits, checkpoints } = listing
  let first = newestOf(listing) + 1
  for (const version of commits.toReversed()) {
    if (version !== first - 1) break
    first = version
  }
  if (first === 0 && commits.length > 0) return 0
  return checkpoints.find(({ version }) => version >= first - 1)?.version
}
