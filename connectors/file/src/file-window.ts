/** A window onto a file: the bytes from where reading stands up to where the file has been read. Its size is bounded. */
import fs from 'node:fs/promises'
import { RetriableError, SluiceError } from '@sluice/sdk'
import type { Stats } from 'node:fs'

const TRANSIENT = new Set(['EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE', 'ESTALE'])

export class FileWindow {
  readonly #file: string
  readonly #handle: fs.FileHandle
  readonly #identity: Stats
  readonly #chunkBytes: number
  #buffer: Buffer
  #start = 0
  #end = 0
  #position: number
  #size: number
  /** The last read found nothing, and the file was still the one that was opened. */
  #isAtEnd = false

  private constructor(file: string, handle: fs.FileHandle, identity: Stats, position: number, chunkBytes: number) {
    this.#file = file
    this.#handle = handle
    this.#identity = identity
    this.#chunkBytes = chunkBytes
    this.#buffer = Buffer.allocUnsafe(chunkBytes)
    this.#position = position
    this.#size = identity.size
  }

  /**
   * Opens the file at a position. Null if it is not there.
   * @throws SluiceError SOURCE_UNAVAILABLE when it is no file or may not be read; OFFSET_OUT_OF_RANGE when it ends before the position
   */
  static async open(file: string, position: number, chunkBytes: number): Promise<FileWindow | null> {
    let handle: fs.FileHandle | undefined
    try {
      // Looked at before it is opened: opening a pipe would wait for its writer.
      if (!(await fs.stat(file)).isFile())
        throw new SluiceError('SOURCE_UNAVAILABLE', 'Not a file', {
          place: { file },
          remedy: 'Set file to the path of a regular file; a folder or a pipe cannot be read.',
        })
      handle = await fs.open(file, 'r')
      const identity = await handle.stat()
      if (identity.size < position) throw shorter(file, position, identity.size)
      return new FileWindow(file, handle, identity, position, chunkBytes)
    } catch (error) {
      await handle?.close()
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return null
      throw unavailable(file, error)
    }
  }

  /** The bytes that are here. Valid until the next `fill`. */
  get bytes(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end)
  }

  get length(): number {
    return this.#end - this.#start
  }

  /** Where in the file the window begins. */
  get position(): number {
    return this.#position
  }

  /** Of the file, as it was last seen. */
  get size(): number {
    return this.#size
  }

  /** Moves the window's beginning forward. */
  advance(bytes: number): void {
    this.#start += bytes
    this.#position += bytes
  }

  /** Reads on. @returns how many bytes were added; 0 at the end of the file */
  async fill(): Promise<number> {
    this.#makeRoom()
    try {
      const at = this.#position + this.length
      const { bytesRead } = await this.#handle.read(this.#buffer, this.#end, this.#buffer.length - this.#end, at)
      this.#end += bytesRead
      return bytesRead
    } catch (error) {
      throw unavailable(this.#file, error)
    }
  }

  /** The bytes just before the window's beginning, at most `count`. */
  async before(count: number): Promise<Buffer> {
    const from = Math.max(0, this.#position - count)
    const bytes = Buffer.alloc(this.#position - from)
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, from)
    return bytes.subarray(0, bytesRead)
  }

  /**
   * Reads on in a file that grows. False at its end.
   * @throws SluiceError OFFSET_OUT_OF_RANGE when it has become shorter, or another file has taken its place
   */
  async follow(): Promise<boolean> {
    // Most of the time nothing has happened, and that is all that is asked.
    if (this.#isAtEnd && (await this.#isUnchanged())) return false
    this.#isAtEnd = false
    if ((await this.fill()) > 0) return true
    await this.#assertSame()
    this.#isAtEnd = true
    return false
  }

  async #isUnchanged(): Promise<boolean> {
    try {
      const { size, ino, dev } = await fs.stat(this.#file)
      return size === this.#position + this.length && ino === this.#identity.ino && dev === this.#identity.dev
    } catch {
      return false
    }
  }

  /** Asked at the end of the file: whether it is still the file that was opened. */
  async #assertSame(): Promise<void> {
    const { size } = await this.#handle.stat()
    this.#size = size
    const reached = this.#position + this.length
    if (size < reached) throw shorter(this.#file, reached, size)
    let now: Stats
    try {
      now = await fs.stat(this.#file)
    } catch (error) {
      // Away for the moment: it may be about to be replaced. What is open can still be read.
      if (codeOf(error) === 'ENOENT') return
      throw unavailable(this.#file, error)
    }
    if (now.ino !== this.#identity.ino || now.dev !== this.#identity.dev)
      throw new SluiceError('OFFSET_OUT_OF_RANGE', 'Another file has taken the place of the file that was being read', {
        place: { file: this.#file, position: this.#position },
        remedy:
          'The old file was read to its end. To read the new one from its beginning, stop the connector, delete its stored position, and resume it.',
      })
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }

  /** Room for at least one more read: by moving what is here to the front, or by a larger buffer. */
  #makeRoom(): void {
    if (this.#start === this.#end) this.#start = this.#end = 0
    if (this.#buffer.length - this.#end >= this.#chunkBytes / 2) return
    const { length } = this
    const enough = this.#buffer.length - length >= this.#chunkBytes / 2
    const target = enough ? this.#buffer : Buffer.allocUnsafe(length + this.#chunkBytes)
    this.#buffer.copy(target, 0, this.#start, this.#end)
    this.#buffer = target
    this.#start = 0
    this.#end = length
  }
}

export function missing(file: string): SluiceError {
  return new SluiceError('SOURCE_UNAVAILABLE', 'The file is not there', {
    place: { file },
    remedy: 'Correct the setting file, or set file.missing=wait to wait for the file to appear.',
  })
}

function shorter(file: string, position: number, size: number): SluiceError {
  return new SluiceError(
    'OFFSET_OUT_OF_RANGE',
    'The file is shorter than what was read of it: it was truncated or replaced',
    {
      place: { file, position, size },
      remedy:
        'To read the file as it is now from its beginning, stop the connector, delete its stored position, and resume it; or put the old file back.',
    },
  )
}

function unavailable(file: string, cause: unknown): unknown {
  if (cause instanceof SluiceError) return cause
  const facts = { cause, place: { file }, remedy: 'Make the file readable for the user that the worker runs as.' }
  return TRANSIENT.has(codeOf(cause) ?? '')
    ? new RetriableError('SOURCE_UNAVAILABLE', 'The file cannot be read just now', facts)
    : new SluiceError('SOURCE_UNAVAILABLE', 'The file cannot be read', facts)
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string } | null)?.code
}
