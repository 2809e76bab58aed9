/** Where bytes come from: a file from a place on, or standard input. */
import { fstatSync, read } from 'node:fs'
import fs from 'node:fs/promises'
import { SluiceError } from '@sluice/sdk'

export interface Input {
  /** Some bytes; null when there are none now. They stay as they are until the next read. */
  read(): Promise<Buffer | null>
  close(): Promise<void>
}

/** Files that are followed have little to say at a time, and there may be hundreds … */
const CHUNK_BYTES = 16_384
/** … where a chunk is filled, more is read at a time from then on. */
const CHUNK_MAX_BYTES = 262_144

/**
 * File systems of this machine, by what statfs calls them on Linux: ext4, XFS, Btrfs, F2FS, ZFS, tmpfs, overlay. How long a file is, they know
 * without asking anybody.
 */
const LOCAL = new Set([0xef53, 0x58465342, 0x9123683e, 0xf2f52010, 0x2fc12fc1, 0x01021994, 0x794c7630])

/** A file, read from a position. */
export class FileInput implements Input {
  readonly #handle: fs.FileHandle
  readonly #chunkMaxBytes: number
  readonly #isLocal: boolean
  #chunk: Buffer
  #position: number
  #wasAtEnd = false

  private constructor(handle: fs.FileHandle, position: number, chunkMaxBytes: number, isLocal: boolean) {
    this.#handle = handle
    this.#position = position
    this.#isLocal = isLocal
    this.#chunkMaxBytes = chunkMaxBytes
    this.#chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, chunkMaxBytes))
  }

  /** Null while the file is not there. @throws SluiceError SOURCE_UNAVAILABLE when it is something else, or may not be read */
  static async open(
    file: string,
    position: number,
    chunkMaxBytes: number = CHUNK_MAX_BYTES,
  ): Promise<FileInput | null> {
    let handle: fs.FileHandle | undefined
    try {
      handle = await fs.open(file, 'r')
      const stats = await handle.stat()
      const isLocal = stats.isFile() && LOCAL.has((await fs.statfs(file)).type)
      if (!stats.isDirectory()) return new FileInput(handle, position, chunkMaxBytes, isLocal)
      await handle.close()
    } catch (cause) {
      await handle?.close()
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw unreadable(file, cause)
    }
    throw unreadable(file, undefined)
  }

  async read(): Promise<Buffer | null> {
    if (this.#wasAtEnd && this.#isStillAtEnd()) return null
    const bytesRead = await this.#readOn()
    this.#position += bytesRead
    this.#wasAtEnd = bytesRead === 0
    if (bytesRead === 0) return null
    const read = this.#chunk.subarray(0, bytesRead)
    if (bytesRead === this.#chunk.length && bytesRead < this.#chunkMaxBytes)
      this.#chunk = Buffer.allocUnsafeSlow(this.#chunkMaxBytes)
    return read
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /**
   * Asked once a second of every file that is followed. By threads of the system it takes ten times as long; only of a file system that is
   * elsewhere the answer may not come for a while, which others must not wait for.
   */
  #isStillAtEnd(): boolean {
    return this.#isLocal && this.#handle.fd !== -1 && fstatSync(this.#handle.fd).size <= this.#position
  }

  /** Less happens on the way with callbacks than in a promise of the handle. */
  #readOn(): Promise<number> {
    return new Promise((resolve, reject) =>
      read(this.#handle.fd, this.#chunk, 0, this.#chunk.length, this.#position, (error, bytesRead) =>
        error === null ? resolve(bytesRead) : reject(error),
      ),
    )
  }
}

/** Standard input. It is never closed: it is the process's. */
export const standardInput: Input = {
  read: async () => process.stdin.read() as Buffer | null,
  close: async () => void process.stdin.unref?.(),
}

function unreadable(file: string, cause: unknown): SluiceError {
  return new SluiceError('SOURCE_UNAVAILABLE', 'The file cannot be read', {
    cause,
    place: { file },
    remedy: 'Set file to a file, not a folder, that the user the worker runs as may read.',
  })
}
