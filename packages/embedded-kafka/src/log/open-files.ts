import { closeSync, openSync } from 'node:fs'
import { systemCode } from './storage-error.ts'

/** A file that has a descriptor only while it is used now and then. */
export interface OpenableFile {
  readonly path: string
  descriptor: number | undefined
  lastUse: number
}

/**
 * Descriptors are few and logs are many: files are opened when they are used, and those that were not used for longest are
 * closed when there are too many.
 */
export class OpenFiles {
  readonly #countMax: number
  readonly #open = new Set<OpenableFile>()
  #uses = 0

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  get count(): number {
    return this.#open.size
  }

  /** The descriptor of a file, for reading and writing; made if there is no such file. Throws what `open` throws. */
  descriptorOf(file: OpenableFile): number {
    file.lastUse = ++this.#uses
    if (file.descriptor !== undefined) return file.descriptor
    if (this.#open.size >= this.#countMax) this.#closeOldest()
    // Not `a+`: on Linux it would write at the end whatever position is given.
    const descriptor = this.#openWithRoom(file.path)
    file.descriptor = descriptor
    this.#open.add(file)
    return descriptor
  }

  close(file: OpenableFile): void {
    if (file.descriptor === undefined) return
    closeSync(file.descriptor)
    file.descriptor = undefined
    this.#open.delete(file)
  }

  closeAll(): void {
    for (const file of this.#open) this.close(file)
  }

  /** The system may allow fewer than we were told; others need some too. */
  #openWithRoom(path: string): number {
    try {
      return openForUpdate(path)
    } catch (error) {
      if (systemCode(error) !== 'EMFILE' || this.#open.size === 0) throw error
      for (let i = Math.ceil(this.#open.size / 4); i > 0; i--) this.#closeOldest()
      return openForUpdate(path)
    }
  }

  #closeOldest(): void {
    let oldest: OpenableFile | undefined
    for (const file of this.#open) if (oldest === undefined || file.lastUse < oldest.lastUse) oldest = file
    if (oldest !== undefined) this.close(oldest)
  }
}

function openForUpdate(path: string): number {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return openSync(path, 'w+')
  }
}
