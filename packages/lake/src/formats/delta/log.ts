/** The files of `_delta_log`: their names, reading them in order, and the one write that makes a version. */
import { SluiceError } from '@sluice/sdk'
import { listAll } from '@sluice/object-store'
import type { ObjectStore } from '@sluice/object-store'
import { parseActions } from './actions.ts'
import type { Action } from './actions.ts'
import type { Snapshot } from './snapshot.ts'

/** How many commit files are read at once when a table is opened. */
const READS_AT_ONCE = 16

/** What a listing of the log found beyond what is known. */
interface Listed {
  readonly commits: readonly number[]
  /** Newest version that a checkpoint holds. */
  readonly checkpoint: number | undefined
}

export class DeltaLog {
  readonly #store: ObjectStore
  readonly #folder: string

  /** @param table the table's path in the store, without a slash at its end */
  constructor(store: ObjectStore, table: string) {
    this.#store = store
    this.#folder = `${table}/_delta_log/`
  }

  /** Where a version's commit is, in the store. */
  pathOf(version: number): string {
    return `${this.#folder}${digits(version)}.json`
  }

  /**
   * Brings the snapshot to the newest version. One listing, and one read per commit that is new; checkpoints and
   * `_last_checkpoint` are passed over, for the commits say the same.
   * @returns whether there is a table at all
   * @throws SluiceError TABLE_UNSUPPORTED when old commits are gone and only a checkpoint holds them; DATA_INVALID for a gap
   */
  async replay(snapshot: Snapshot, signal?: AbortSignal): Promise<boolean> {
    const { commits, checkpoint } = await this.#list(snapshot.version, signal)
    const first = commits[0]
    if (first === undefined && checkpoint === undefined) return snapshot.version >= 0
    if (first !== snapshot.version + 1) {
      if (checkpoint !== undefined && checkpoint >= snapshot.version + 1) throw this.#needsCheckpoint(checkpoint, first)
      if (first !== undefined) throw this.#gap(snapshot.version + 1)
    }
    for (let at = 0; at < commits.length; at += READS_AT_ONCE) {
      const some = commits.slice(at, at + READS_AT_ONCE)
      const read = await Promise.all(some.map((version) => this.read(version, signal)))
      for (const [i, actions] of read.entries()) {
        const version = some[i]!
        if (actions === undefined || version !== snapshot.version + 1) throw this.#gap(snapshot.version + 1)
        snapshot.apply(version, actions)
      }
    }
    return true
  }

  /** The actions of one version, or undefined when it does not exist. */
  async read(version: number, signal?: AbortSignal): Promise<Action[] | undefined> {
    const path = this.pathOf(version)
    try {
      return parseActions(new TextDecoder().decode(await this.#store.get(path, { signal })), path)
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'OBJECT_MISSING') return undefined
      throw error
    }
  }

  /** Makes the version, unless somebody else did. What the store says of an unknown outcome passes through. */
  create(version: number, bytes: Uint8Array, signal?: AbortSignal): Promise<'created' | 'exists'> {
    return this.#store.putIfAbsent(this.pathOf(version), bytes, { signal })
  }

  async #list(known: number, signal: AbortSignal | undefined): Promise<Listed> {
    const commits: number[] = []
    let checkpoint: number | undefined
    // A digit sorts before a letter, so this passes over `_last_checkpoint`, and finds every file of the next version.
    const startAfter = known < 0 ? undefined : this.pathOf(known)
    for await (const { path } of listAll(this.#store, this.#folder, { startAfter, signal })) {
      const match = /^(\d{20})\.(json$|checkpoint\.)/.exec(path.slice(this.#folder.length))
      if (match === null) continue
      const version = Number(match[1])
      if (match[2] === 'json') commits.push(version)
      else checkpoint = version
    }
    return { commits, checkpoint }
  }

  #needsCheckpoint(checkpoint: number, first: number | undefined): SluiceError {
    const rest = first === undefined ? 'no commit files' : `commit files only from version ${first}`
    return new SluiceError(
      'TABLE_UNSUPPORTED',
      `The log ${this.#folder} has ${rest}; the versions before are held by the checkpoint of version ${checkpoint}, and Parquet checkpoints are not read yet`,
      { remedy: 'Write to a new table, or restore the commit files from version 0.' },
    )
  }

  #gap(version: number): SluiceError {
    return new SluiceError('DATA_INVALID', `The log ${this.#folder} lacks version ${version} before its newest`, {
      remedy: 'Restore the missing commit file from a copy, or write to a new table.',
    })
  }
}

/** Versions have 20 digits in file names. */
function digits(version: number): string {
  return String(version).padStart(20, '0')
}
