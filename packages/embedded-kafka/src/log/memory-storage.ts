import { RecentBytes } from './recent-bytes.ts'
import { RecentTail } from './recent-tail.ts'
import type { LogDirectory, LogFile, LogStorage } from './storage.ts'

/** Logs in memory: bounded by their retention, gone with the process. */
export class MemoryStorage implements LogStorage {
  readonly #directories = new Map<string, MemoryDirectory>()
  readonly #bytes = new RecentBytes(Infinity)

  directory(path: readonly string[]): LogDirectory {
    const key = path.join('/')
    let directory = this.#directories.get(key)
    if (directory === undefined) this.#directories.set(key, (directory = new MemoryDirectory(this.#bytes)))
    return directory
  }

  names(path: readonly string[]): readonly string[] {
    const prefix = path.length === 0 ? '' : `${path.join('/')}/`
    const names = new Set<string>()
    for (const key of this.#directories.keys()) {
      if (key.startsWith(prefix)) names.add(key.slice(prefix.length).split('/', 1)[0]!)
    }
    return [...names]
  }

  remove(path: readonly string[]): void {
    const removed = path.join('/')
    for (const key of this.#directories.keys()) {
      if (key === removed || key.startsWith(`${removed}/`)) this.#directories.delete(key)
    }
  }

  close(): void {}
}

class MemoryDirectory implements LogDirectory {
  readonly #bytes: RecentBytes
  readonly #logs = new Map<string, MemoryFile>()
  readonly #small = new Map<string, Buffer>()

  constructor(bytes: RecentBytes) {
    this.#bytes = bytes
  }

  names(): readonly string[] {
    return [...this.#logs.keys(), ...this.#small.keys()]
  }

  open(name: string): LogFile {
    let file = this.#logs.get(name)
    if (file === undefined) this.#logs.set(name, (file = new MemoryFile(this.#bytes)))
    return file
  }

  read(name: string): Buffer | undefined {
    return this.#small.get(name)
  }

  write(name: string, bytes: Uint8Array): void {
    this.#small.set(name, Buffer.from(bytes))
  }

  rename(from: string, to: string): void {
    const log = this.#logs.get(from)
    const small = this.#small.get(from)
    this.remove(to)
    if (log !== undefined) this.#logs.set(to, log)
    if (small !== undefined) this.#small.set(to, small)
    this.remove(from)
  }

  remove(name: string): void {
    this.#logs.delete(name)
    this.#small.delete(name)
  }
}

class MemoryFile implements LogFile {
  readonly #tail: RecentTail
  size = 0

  constructor(bytes: RecentBytes) {
    this.#tail = new RecentTail(bytes)
  }

  reserve(length: number): Buffer {
    return this.#tail.reserve(length)
  }

  append(reserved: Buffer): void {
    this.#tail.keep(this.size, reserved.length)
    this.size += reserved.length
  }

  write(bytes: Buffer): void {
    const reserved = this.reserve(bytes.length)
    reserved.set(bytes)
    this.append(reserved)
  }

  read(position: number, length: number): readonly Buffer[] {
    const views: Buffer[] = []
    this.#tail.read(position, position + length, views)
    return views
  }

  glance(position: number, length: number): Buffer {
    return this.read(position, length)[0]!
  }

  lend(position: number, length: number): readonly Buffer[] {
    return this.read(position, length)
  }

  truncate(size: number): void {
    this.#tail.truncate(size)
    this.size = size
  }

  flush(): void {}

  flushLater(): void {}

  close(): void {}
}
