/**
 * The snapshots of one task in an object store, by number: `<application>/<task>/<number>.json`, and beside it the folder of its
 * objects. Whoever writes a number first has it, so that of two owners of a task one finds out that it is not the only one.
 */

import { randomUUID } from 'node:crypto'
import { listAll, type ObjectStore, type StoreCall } from '@sluice/object-store'
import { SluiceError, type ErrorCode } from '@sluice/sdk'
import { decodeManifest, encodeManifest, type SnapshotManifest } from './snapshot-manifest.ts'
import { snapshotUnusable } from './snapshot-errors.ts'

const DIGITS = 12
const MANIFEST = /^(\d{12})\.json$/
const OBJECT = /^(\d{12})-/

/** A snapshot on its way: nobody sees it before it is published. */
export interface UnpublishedSnapshot {
  readonly number: number
  /** The folder of its objects. */
  readonly attempt: string
  /** Writes an object of it, and says its path. */
  put(bytes: Uint8Array): Promise<string>
  /** False: another owner of the task has published this number, and nothing was done. */
  publish(manifest: SnapshotManifest): Promise<boolean>
}

export class SnapshotCatalogue {
  readonly #store: ObjectStore
  readonly #folder: string

  constructor(store: ObjectStore, application: string, task: string) {
    this.#store = store
    this.#folder = `${encodeURIComponent(application)}/${task}/`
  }

  /** Their numbers, the newest first. */
  async numbers(call: StoreCall = {}): Promise<number[]> {
    const found: number[] = []
    for await (const { path } of listAll(this.#store, this.#folder, call)) {
      const match = MANIFEST.exec(path.slice(this.#folder.length))
      if (match !== null) found.push(Number(match[1]))
    }
    return found.toSorted((a, b) => b - a)
  }

  /** @throws SluiceError SNAPSHOT_UNUSABLE, STORE_UNAVAILABLE */
  async read(number: number, call: StoreCall = {}): Promise<SnapshotManifest> {
    return decodeManifest(await this.get(`${numbered(number)}.json`, call))
  }

  /** An object of a snapshot. @throws SluiceError SNAPSHOT_UNUSABLE, STORE_UNAVAILABLE */
  async get(object: string, call: StoreCall = {}): Promise<Uint8Array> {
    try {
      return await this.#store.get(this.#folder + object, call)
    } catch (error) {
      if (hasCode(error, 'OBJECT_MISSING')) throw snapshotUnusable('torn', `object ${object} is not there`, error)
      throw error
    }
  }

  async begin(call: StoreCall = {}): Promise<UnpublishedSnapshot> {
    const number = ((await this.numbers(call))[0] ?? 0) + 1
    const attempt = `${numbered(number)}-${randomUUID().slice(0, 8)}`
    let objects = 0
    return {
      number,
      attempt,
      put: async (bytes) => {
        const object = `${attempt}/${objects++}`
        await this.#store.put(this.#folder + object, bytes, call)
        return object
      },
      publish: async (manifest) => {
        const path = `${this.#folder}${numbered(number)}.json`
        return (await this.#store.putIfAbsent(path, encodeManifest(manifest), call)) === 'created'
      },
    }
  }

  /**
   * Deletes all but the newest `keep`, manifests first, and what is left of attempts that were never published. Attempts at numbers to
   * come are somebody's work.
   */
  async prune(keep: number, call: StoreCall = {}): Promise<void> {
    const numbers = await this.numbers(call)
    const newest = numbers[0]
    if (newest === undefined) return
    const kept = new Set<string>()
    for (const number of numbers.slice(0, keep)) kept.add(await this.#attemptOf(number, call))
    for (const number of numbers.slice(keep).toReversed())
      await this.#store.delete(`${this.#folder}${numbered(number)}.json`, call)
    const gone: string[] = []
    for await (const { path } of listAll(this.#store, this.#folder, call)) {
      const name = path.slice(this.#folder.length)
      const match = OBJECT.exec(name)
      if (match !== null && Number(match[1]) <= newest && !kept.has(name.split('/')[0]!)) gone.push(path)
    }
    for (const path of gone) await this.#store.delete(path, call)
  }

  /** Of one that cannot be read nothing is kept: it is of no use. */
  async #attemptOf(number: number, call: StoreCall): Promise<string> {
    try {
      return (await this.read(number, call)).attempt
    } catch (error) {
      if (hasCode(error, 'SNAPSHOT_UNUSABLE')) return ''
      throw error
    }
  }
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof SluiceError && error.code === code
}

function numbered(number: number): string {
  return String(number).padStart(DIGITS, '0')
}
