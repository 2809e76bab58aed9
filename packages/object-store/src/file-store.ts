import { randomUUID } from 'node:crypto'
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { SluiceError } from '@sluice/sdk'
import { errnoOf, storeError } from './file-errors.ts'
import { flushFolder, makeFolder } from './file-folders.ts'
import { listFolder } from './file-listing.ts'
import { TempFolder } from './file-temp.ts'
import type { ListOptions, ObjectFacts, ObjectPage, ObjectStore, StoreCall } from './object-store.ts'
import { checkPath, checkPrefix, checkWanted, pageLimit } from './object-path.ts'

/**
 * Objects as files below one folder, on one file system that has hard links.
 *
 * A write goes to a temporary file, which is flushed to the disk before it gets its name: by rename(2) for `put`, by link(2)
 * for `putIfAbsent`, which the kernel refuses when the name is taken, whoever took it. Then the folder itself is flushed, so
 * that an answered write survives a power cut. A crash leaves at most a temporary file; see `TempFolder`.
 */
export class FileStore implements ObjectStore {
  readonly url: string
  readonly #root: string
  readonly #temps: TempFolder
  /** Folders whose own entries are known to be on the disk. */
  readonly #durable = new Set<string>()

  /** @param root absolute path; created by the first write */
  constructor(root: string) {
    this.#root = root.length > 1 && root.endsWith(sep) ? root.slice(0, -1) : root
    this.url = pathToFileURL(this.#root).href
    this.#temps = new TempFolder(this.#root)
  }

  async put(path: string, bytes: Uint8Array, call?: StoreCall): Promise<void> {
    await this.#write(path, bytes, call, async (temp, target) => {
      await rename(temp, target)
    })
  }

  async putIfAbsent(path: string, bytes: Uint8Array, call?: StoreCall): Promise<'created' | 'exists'> {
    // Spares the disk two flushes in the common race that is lost already; whoever passes here still meets link(2).
    if ((await this.head(path, call)) !== undefined) return 'exists'
    let answer: 'created' | 'exists' = 'created'
    await this.#write(path, bytes, call, async (temp, target) => {
      try {
        await link(temp, target)
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw error
        answer = 'exists'
      }
    })
    return answer
  }

  async get(path: string, call?: StoreCall): Promise<Uint8Array> {
    return this.#access(path, 'read', call, async (file) => {
      const bytes = await readFile(file, call?.signal === undefined ? {} : { signal: call.signal })
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
    })
  }

  async getRange(path: string, offset: number, length: number, call?: StoreCall): Promise<Uint8Array> {
    return this.#access(path, 'read', call, async (file) => {
      const handle = await open(file, 'r')
      try {
        const { size } = await handle.stat()
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)))
        let filled = 0
        while (filled < bytes.length) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled)
          if (bytesRead === 0) break
          filled += bytesRead
        }
        return bytes.subarray(0, filled)
      } finally {
        await handle.close()
      }
    })
  }

  async head(path: string, call?: StoreCall): Promise<ObjectFacts | undefined> {
    try {
      return await this.#access(path, 'read', call, async (file) => {
        const facts = await stat(file)
        return facts.isFile() ? { path, size: facts.size, modifiedMs: facts.mtimeMs } : undefined
      })
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'OBJECT_MISSING') return undefined
      throw error
    }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectPage> {
    checkPrefix(prefix)
    const limit = pageLimit(options)
    try {
      const objects: ObjectFacts[] = []
      for await (const facts of listFolder(this.#root, prefix, options)) {
        if (objects.length === limit) return { objects, more: true }
        objects.push(facts)
      }
      return { objects, more: false }
    } catch (error) {
      throw storeError('list', prefix, this.url, error, options)
    }
  }

  async *walk(prefix: string, options: Omit<ListOptions, 'limit'> = {}): AsyncGenerator<ObjectFacts, void, undefined> {
    checkPrefix(prefix)
    try {
      yield* listFolder(this.#root, prefix, options)
    } catch (error) {
      throw storeError('list', prefix, this.url, error, options)
    }
  }

  async delete(path: string, call?: StoreCall): Promise<void> {
    try {
      await this.#access(path, 'delete', call, async (file) => {
        await unlink(file)
        await flushFolder(dirname(file))
      })
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'OBJECT_MISSING') return
      throw error
    }
  }

  async #access<T>(
    path: string,
    what: string,
    call: StoreCall | undefined,
    act: (file: string) => Promise<T>,
  ): Promise<T> {
    checkPath(path)
    checkWanted(call, `Access to ${path}`)
    try {
      return await act(join(this.#root, path))
    } catch (error) {
      throw storeError(what, path, this.url, error, call)
    }
  }

  async #write(
    path: string,
    bytes: Uint8Array,
    call: StoreCall | undefined,
    publish: (temp: string, target: string) => Promise<void>,
  ): Promise<void> {
    await this.#access(path, 'write', call, async (target) => {
      const temp = join(await this.#temps.open(), randomUUID())
      try {
        await writeDurably(temp, bytes)
        checkWanted(call, `The write of ${path}`)
        const folder = dirname(target)
        await this.#prepare(folder)
        try {
          await publish(temp, target)
        } catch (error) {
          if (errnoOf(error) !== 'ENOENT') throw error
          // Somebody removed the folder behind our back, the temporary file with it or not.
          this.#durable.clear()
          await this.#prepare(folder)
          await publish(temp, target)
        }
        await flushFolder(folder)
      } finally {
        await unlink(temp).catch(() => undefined)
      }
    })
  }

  /** Makes the folder, and makes the names of all folders from the root down to it durable, once. */
  async #prepare(folder: string): Promise<void> {
    if (this.#durable.has(folder)) return
    await makeFolder(folder)
    for (let at = folder; at.length >= this.#root.length && !this.#durable.has(at); at = dirname(at)) {
      await flushFolder(dirname(at))
      this.#durable.add(at)
      if (at === dirname(at)) break
    }
  }
}

async function writeDurably(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(bytes)
    await handle.sync()
  } finally {
    await handle.close()
  }
}
