import {
  close,
  fdatasync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  open,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { LentMemory } from './lent-memory.ts'
import { type OpenableFile, OpenFiles } from './open-files.ts'
import { RecentBytes } from './recent-bytes.ts'
import { RecentTail } from './recent-tail.ts'
import { GLANCE_BYTES_MAX, type LogDirectory, type LogFile, type LogStorage } from './storage.ts'
import { storageError, systemCode } from './storage-error.ts'

export interface FileStorageOptions {
  /** The newest bytes kept in memory, over all logs. Default 32 MiB. */
  readonly recentBytesMax?: number
  /** Descriptors held open, over all logs; fewer where the system allows fewer. Default 2500. */
  readonly openFilesMax?: number
  /** What answers are read into. */
  readonly lentMemory?: LentMemory
}

const MiB = 1024 * 1024
/** Ends the name of a small file that is being written, and of a directory that is being removed. */
const UNFINISHED = '.tmp'
const REMOVED = '.deleted'

/** What all files of a storage have in common. */
interface Shared {
  readonly files: OpenFiles
  readonly recent: RecentBytes
  readonly lent: LentMemory
  /** For glances. */
  readonly glass: Buffer
}

/** Logs in files below one directory. Writes are synchronous, into the operating system's cache: they survive the process. */
export class FileStorage implements LogStorage {
  readonly #root: string
  readonly #shared: Shared

  constructor(root: string, options: FileStorageOptions = {}) {
    const { recentBytesMax = 32 * MiB, openFilesMax = 2500, lentMemory = new LentMemory() } = options
    this.#root = root
    this.#shared = {
      files: new OpenFiles(openFilesMax),
      recent: new RecentBytes(recentBytesMax),
      lent: lentMemory,
      glass: Buffer.allocUnsafeSlow(GLANCE_BYTES_MAX),
    }
  }

  directory(path: readonly string[]): LogDirectory {
    return new FileDirectory(join(this.#root, ...path), this.#shared)
  }

  names(path: readonly string[]): readonly string[] {
    return namesIn(join(this.#root, ...path))
  }

  remove(path: readonly string[]): void {
    const directory = join(this.#root, ...path)
    const isNamed = !directory.endsWith(REMOVED)
    const removed = isNamed ? directory + REMOVED : directory
    try {
      if (isNamed) renameSync(directory, removed)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return
      throw storageError('remove', directory, error)
    }
    rmSync(removed, { recursive: true, force: true })
  }

  close(): void {
    this.#shared.files.closeAll()
    this.#shared.recent.clear()
  }
}

class FileDirectory implements LogDirectory {
  readonly #path: string
  readonly #shared: Shared
  /** So that a name is one object however often it is opened. */
  readonly #logs = new Map<string, SegmentFile>()
  #isMade = false

  constructor(path: string, shared: Shared) {
    this.#path = path
    this.#shared = shared
  }

  names(): readonly string[] {
    const names = namesIn(this.#path)
    if (names.length > 0) this.#isMade = true
    return names.filter((name) => !name.endsWith(UNFINISHED))
  }

  open(name: string): LogFile {
    let file = this.#logs.get(name)
    if (file === undefined) {
      const path = join(this.#path, name)
      const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
      file = new SegmentFile(path, size, this.#shared, () => this.#make())
      this.#logs.set(name, file)
    }
    return file
  }

  read(name: string): Buffer | undefined {
    try {
      return readFileSync(join(this.#path, name))
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return undefined
      throw storageError('read', join(this.#path, name), error)
    }
  }

  write(name: string, bytes: Uint8Array): void {
    const path = join(this.#path, name)
    try {
      this.#make()
      writeFileSync(path + UNFINISHED, bytes)
      renameSync(path + UNFINISHED, path)
    } catch (error) {
      rmSync(path + UNFINISHED, { force: true })
      throw storageError('write', path, error)
    }
  }

  rename(from: string, to: string): void {
    this.#logs.get(to)?.close()
    this.#logs.get(from)?.close()
    this.#logs.delete(from)
    this.#logs.delete(to)
    try {
      renameSync(join(this.#path, from), join(this.#path, to))
    } catch (error) {
      throw storageError('rename', join(this.#path, from), error)
    }
  }

  remove(name: string): void {
    this.#logs.get(name)?.close()
    this.#logs.delete(name)
    rmSync(join(this.#path, name), { force: true })
  }

  #make(): void {
    if (this.#isMade) return
    mkdirSync(this.#path, { recursive: true })
    this.#isMade = true
  }
}

class SegmentFile implements LogFile, OpenableFile {
  readonly path: string
  descriptor: number | undefined
  lastUse = 0
  size: number
  readonly #files: OpenFiles
  readonly #lent: LentMemory
  readonly #glass: Buffer
  readonly #tail: RecentTail
  readonly #makeDirectory: () => void

  constructor(path: string, size: number, { files, recent, lent, glass }: Shared, makeDirectory: () => void) {
    this.path = path
    this.size = size
    this.#files = files
    this.#lent = lent
    this.#glass = glass
    this.#tail = new RecentTail(recent)
    this.#makeDirectory = makeDirectory
  }

  reserve(length: number): Buffer {
    return this.#tail.reserve(length)
  }

  append(reserved: Buffer): void {
    const position = this.size
    this.#write(reserved)
    if (reserved.length > 0) this.#tail.keep(position, reserved.length)
  }

  write(bytes: Buffer): void {
    this.#tail.clear()
    this.#write(bytes)
  }

  read(position: number, length: number): readonly Buffer[] {
    return this.#views(position, length, (bytes) => Buffer.allocUnsafeSlow(bytes))
  }

  glance(position: number, length: number): Buffer {
    return this.#views(position, length, (bytes) => this.#glass.subarray(0, bytes))[0]!
  }

  lend(position: number, length: number): readonly Buffer[] {
    return this.#views(position, length, (bytes) => this.#lent.lend(bytes))
  }

  #views(position: number, length: number, memory: (length: number) => Buffer): readonly Buffer[] {
    const views: Buffer[] = []
    const end = position + length
    const diskEnd = Math.min(end, this.#tail.position)
    if (position < diskEnd) views.push(this.#readDisk(position, memory(diskEnd - position)))
    if (diskEnd < end) this.#tail.read(Math.max(position, diskEnd), end, views)
    return views
  }

  truncate(size: number): void {
    try {
      ftruncateSync(this.#files.descriptorOf(this), size)
    } catch (error) {
      throw storageError('truncate', this.path, error)
    }
    this.#tail.truncate(size)
    this.size = size
  }

  flush(): void {
    try {
      fdatasyncSync(this.#files.descriptorOf(this))
    } catch (error) {
      throw storageError('flush', this.path, error)
    }
  }

  flushLater(done: () => void): void {
    open(this.path, 'r+', (openError, descriptor) => {
      if (openError !== null) return
      fdatasync(descriptor, (error) => {
        close(descriptor, () => {
          if (error === null) done()
        })
      })
    })
  }

  close(): void {
    this.#tail.clear()
    this.#files.close(this)
  }

  #write(bytes: Buffer): void {
    const { length } = bytes
    try {
      this.#makeDirectory()
      const descriptor = this.#files.descriptorOf(this)
      for (let done = 0; done < length;) done += writeSync(descriptor, bytes, done, length - done, this.size + done)
    } catch (error) {
      this.#undo()
      throw storageError('write', this.path, error)
    }
    this.size += length
  }

  #readDisk(position: number, bytes: Buffer): Buffer {
    const { length } = bytes
    try {
      const descriptor = this.#files.descriptorOf(this)
      for (let done = 0; done < length;) {
        const read = readSync(descriptor, bytes, done, length - done, position + done)
        if (read === 0) throw new Error(`it ends at byte ${position + done}`)
        done += read
      }
    } catch (error) {
      throw storageError('read', this.path, error)
    }
    return bytes
  }

  /** Takes back what a failed write left; the next one opens the file anew. */
  #undo(): void {
    try {
      if (this.descriptor !== undefined) ftruncateSync(this.descriptor, this.size)
    } catch {
      // What is behind `size` is written over by the next append, and cut off by recovery.
    }
    this.#files.close(this)
  }
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw storageError('list', path, error)
  }
}
