import { readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFolder } from './file-folders.ts'
import { RESERVED_PREFIX } from './object-path.ts'

/** A temporary file this old belongs to a process that died: no write takes a day. */
const STALE_AFTER_MS = 24 * 60 * 60 * 1000

/**
 * Where a store's writes begin: one folder at the root, on the same file system as the objects, never listed. What a crash
 * left there is removed by the first write of a later process, a day after.
 */
export class TempFolder {
  readonly #folder: string
  #opened: Promise<void> | undefined

  constructor(root: string) {
    this.#folder = join(root, `${RESERVED_PREFIX}tmp`)
  }

  /** The folder's path, after it was made and swept. */
  async open(): Promise<string> {
    this.#opened ??= this.#sweep()
    await this.#opened
    // Made again each time: it costs one call, and whoever cleans up the store by hand may take it away.
    await makeFolder(this.#folder)
    return this.#folder
  }

  async #sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => [])
    const oldest = Date.now() - STALE_AFTER_MS
    for (const name of names) {
      const file = join(this.#folder, name)
      const facts = await stat(file).catch(() => undefined)
      if (facts !== undefined && facts.mtimeMs < oldest) await unlink(file).catch(() => undefined)
    }
  }
}
