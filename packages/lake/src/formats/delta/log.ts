/** The files of `_delta_log`: bringing a state of the table to the newest version, and the one write that makes a version. */
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { parseActions } from './actions.ts'
import type { Action } from './actions.ts'
import { readCheckpoint } from './checkpoint-read.ts'
import { readLastCheckpoint } from './last-checkpoint.ts'
import { listLog, versionName } from './log-listing.ts'
import type { LogListing } from './log-listing.ts'
import type { Snapshot } from './snapshot.ts'

/** How many commit files are read at once when a table is opened. */
const READS_AT_ONCE = 16

export class DeltaLog {
  readonly store: ObjectStore
  /** Where it is in the store; ends with a slash. */
  readonly folder: string
  /** The newest checkpoint that was seen; -1 for none. */
  newestCheckpoint = -1

  /** @param table the table's path in the store, without a slash at its end */
  constructor(store: ObjectStore, table: string) {
    this.store = store
    this.folder = `${table}/_delta_log/`
  }

  /** Where a version's commit is, in the store. */
  pathOf(version: number): string {
    return `${this.folder}${versionName(version)}.json`
  }

  /**
   * Brings the snapshot to the newest version: one pass over the names in the log, the newest checkpoint if the snapshot is
   * empty, and one read per commit that is new. A hint that is wrong costs a second pass; a damaged checkpoint is passed over
   * while what is before it is still there.
   * @returns whether there is a table at all
   * @throws SluiceError DATA_INVALID naming what is damaged or missing
   */
  async replay(snapshot: Snapshot, signal?: AbortSignal): Promise<boolean> {
    const hint = snapshot.version < 0 ? await readLastCheckpoint(this.store, this.folder, signal) : undefined
    if (hint !== undefined) {
      // Every file of that version sorts behind its bare number.
      const near = await listLog(this.store, this.folder, `${this.folder}${versionName(hint)}`, signal)
      if ((await this.#restart(snapshot, near, signal)) === true) {
        await this.#advance(snapshot, near, signal)
        return true
      }
    }
    try {
      return await this.#replayListed(snapshot, signal)
    } catch (error) {
      // Somebody may have cleaned the log up between the listing and the reads. What is damaged is damaged twice.
      if (!(error instanceof SluiceError) || error.code !== 'DATA_INVALID' || !(error.cause instanceof MissingVersion))
        throw error
      return await this.#replayListed(snapshot, signal)
    }
  }

  async #replayListed(snapshot: Snapshot, signal: AbortSignal | undefined): Promise<boolean> {
    const startAfter = snapshot.version < 0 ? undefined : this.pathOf(snapshot.version)
    const listing = await listLog(this.store, this.folder, startAfter, signal)
    const first = listing.commits[0]
    if (first === undefined && listing.checkpoints.length === 0) return snapshot.version >= 0
    // Who has a state goes on by commits, even where a checkpoint is shorter: only they name the writers.
    if (snapshot.version < 0 || first !== snapshot.version + 1) {
      const outcome = await this.#restart(snapshot, listing, signal)
      if (outcome !== true && first !== snapshot.version + 1) throw outcome ?? this.#gap(snapshot.version + 1)
    }
    await this.#advance(snapshot, listing, signal)
    return true
  }

  /**
   * Starts the snapshot anew from the newest listed checkpoint that can be read; none is listed that is not ahead of it.
   * @returns true; or what was wrong with the newest one, undefined when there is none
   */
  async #restart(snapshot: Snapshot, listing: LogListing, signal: AbortSignal | undefined): Promise<unknown> {
    let failure: unknown
    this.newestCheckpoint = Math.max(this.newestCheckpoint, listing.checkpoints.at(-1)?.version ?? -1)
    for (const checkpoint of listing.checkpoints.toReversed()) {
      try {
        snapshot.restart(checkpoint.version, await readCheckpoint(this.store, this.folder, checkpoint, signal))
        return true
      } catch (error) {
        if (!(error instanceof SluiceError) || error.code !== 'DATA_INVALID') throw error
        failure ??= error
      }
    }
    return failure
  }

  /** Reads every version up to the newest, listed or not: a listing may miss what was written while it was made. */
  async #advance(snapshot: Snapshot, { commits }: LogListing, signal: AbortSignal | undefined): Promise<void> {
    const newest = commits.at(-1) ?? -1
    for (let from = snapshot.version + 1; from <= newest; from += READS_AT_ONCE) {
      const until = Math.min(newest, from + READS_AT_ONCE - 1)
      const some = Array.from({ length: until - from + 1 }, (_, i) => from + i)
      const read = await Promise.all(some.map((version) => this.read(version, signal)))
      for (const [i, actions] of read.entries()) {
        if (actions === undefined) throw this.#gap(some[i]!)
        snapshot.apply(some[i]!, actions)
      }
    }
  }

  /** The actions of one version, or undefined when it does not exist. */
  async read(version: number, signal?: AbortSignal): Promise<Action[] | undefined> {
    const path = this.pathOf(version)
    try {
      return parseActions(new TextDecoder().decode(await this.store.get(path, { signal })), path)
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'OBJECT_MISSING') return undefined
      throw error
    }
  }

  /** Makes the version, unless somebody else did. What the store says of an unknown outcome passes through. */
  create(version: number, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.store.putIfAbsent(this.pathOf(version), bytes, { signal })
  }

  #gap(version: number): SluiceError {
    return new SluiceError('DATA_INVALID', `The log ${this.folder} lacks version ${version} before its newest`, {
      cause: new MissingVersion(),
      place: { file: this.pathOf(version) },
      remedy: 'Restore the missing commit file from a copy, or write to a new table.',
    })
  }
}

/** Marks errors that a clean-up of the log by somebody else could explain. */
class MissingVersion extends Error {}
