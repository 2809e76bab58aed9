import { SluiceError } from '@sluice/sdk'
import type { ListOptions, ObjectFacts, ObjectPage, ObjectStore, StoreCall } from './object-store.ts'
import { checkPath, checkPrefix, checkWanted, compareUtf8, pageLimit } from './object-path.ts'

interface Held {
  readonly bytes: Uint8Array
  readonly modifiedMs: number
}

/** Objects in this process's memory: for tests and trials. Bytes are copied on the way in and on the way out. */
export class MemoryStore implements ObjectStore {
  readonly url: string
  readonly #objects = new Map<string, Held>()

  constructor(name = '') {
    this.url = `memory:${name}`
  }

  async put(path: string, bytes: Uint8Array, call?: StoreCall): Promise<void> {
    await this.#enter(path, call)
    this.#write(path, bytes)
  }

  async putIfAbsent(path: string, bytes: Uint8Array, call?: StoreCall): Promise<'created' | 'exists'> {
    await this.#enter(path, call)
    if (this.#objects.has(path)) return 'exists'
    this.#write(path, bytes)
    return 'created'
  }

  async get(path: string, call?: StoreCall): Promise<Uint8Array> {
    await this.#enter(path, call)
    return this.#read(path).slice()
  }

  async getRange(path: string, offset: number, length: number, call?: StoreCall): Promise<Uint8Array> {
    await this.#enter(path, call)
    return this.#read(path).slice(offset, offset + length)
  }

  async head(path: string, call?: StoreCall): Promise<ObjectFacts | undefined> {
    await this.#enter(path, call)
    const held = this.#objects.get(path)
    return held === undefined ? undefined : { path, size: held.bytes.length, modifiedMs: held.modifiedMs }
  }

  async list(prefix: string, options: ListOptions = {}): Promise<ObjectPage> {
    const limit = pageLimit(options)
    const paths = await this.#paths(prefix, options)
    const objects = paths.slice(0, limit).map((path) => this.#facts(path))
    return { objects, more: paths.length > limit }
  }

  async *walk(prefix: string, options: Omit<ListOptions, 'limit'> = {}): AsyncGenerator<ObjectFacts, void, undefined> {
    for (const path of await this.#paths(prefix, options)) if (this.#objects.has(path)) yield this.#facts(path)
  }

  async delete(path: string, call?: StoreCall): Promise<void> {
    await this.#enter(path, call)
    this.#objects.delete(path)
  }

  async #paths(prefix: string, options: ListOptions): Promise<string[]> {
    checkPrefix(prefix)
    await turn(options, prefix)
    const { startAfter } = options
    return [...this.#objects.keys()]
      .filter((path) => path.startsWith(prefix) && (startAfter === undefined || compareUtf8(path, startAfter) > 0))
      .toSorted(compareUtf8)
  }

  #facts(path: string): ObjectFacts {
    const held = this.#objects.get(path)!
    return { path, size: held.bytes.length, modifiedMs: held.modifiedMs }
  }

  async #enter(path: string, call: StoreCall | undefined): Promise<void> {
    checkPath(path)
    await turn(call, path)
  }

  #read(path: string): Uint8Array {
    const held = this.#objects.get(path)
    if (held !== undefined) return held.bytes
    throw new SluiceError('OBJECT_MISSING', `There is no object ${path} in ${this.url}`)
  }

  #write(path: string, bytes: Uint8Array): void {
    this.#objects.set(path, { bytes: bytes.slice(), modifiedMs: Date.now() })
  }
}

/** One turn of the event loop, so that callers interleave here as they do with a real store. */
async function turn(call: StoreCall | undefined, path: string): Promise<void> {
  checkWanted(call, `Access to ${path}`)
  await new Promise<void>((resolve) => setImmediate(resolve))
  checkWanted(call, `Access to ${path}`)
}
