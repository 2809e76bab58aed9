/** The threads of a process that encode Parquet files for all who ask for it. */
import { unlessAborted } from '../../unless-aborted.ts'
import { compressorFor } from '../compression.ts'
import type { MemoryWriter } from '../memory-writer.ts'
import type { ParquetOptions } from '../options.ts'
import type { ParquetColumn } from '../schema.ts'
import { EncoderThread, spawnEncoderThread, type SpawnThread } from './encoder-thread.ts'
import { ThreadedWriter } from './threaded-writer.ts'

/** Pages that are under way to one thread, before whoever makes more is to wait: a good second of its work. */
const UNDER_WAY_BYTES_MAX = 16 * 1024 * 1024

/**
 * There are as many threads as that user of them wants who wants most. A file is encoded by one of them: it starts with the first file
 * that finds the others busy, and all end with the last user.
 */
export class EncoderThreads {
  readonly #spawn: SpawnThread
  readonly #users = new Map<EncoderUser, number>()
  #threads: EncoderThread[] = []
  #progress: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(spawn: SpawnThread = spawnEncoderThread) {
    this.#spawn = spawn
  }

  /** @param threads at least 1. To be released when no more files come. */
  use(threads: number): EncoderUser {
    const user = new EncoderUser(this)
    this.#users.set(user, threads)
    return user
  }

  /** How many run. */
  get size(): number {
    return this.#threads.filter(({ isGone }) => !isGone).length
  }

  get isBehind(): boolean {
    let bytes = 0
    for (const thread of this.#threads) bytes += thread.underWayBytes
    return bytes > UNDER_WAY_BYTES_MAX * Math.max(1, this.#threads.length)
  }

  async caughtUp(signal?: AbortSignal): Promise<void> {
    while (this.isBehind) await unlessAborted(this.#progress.promise, signal, 'The encoding of files')
  }

  open(columns: readonly ParquetColumn[], options: ParquetOptions): MemoryWriter {
    const { codec, compressionLevel, pageVersion, pageIndex, metadata } = options
    // So that what does not go is told here and now.
    compressorFor(codec ?? 'zstd', compressionLevel)
    const given = Object.entries({ codec, compressionLevel, pageVersion, pageIndex, metadata })
    const known = Object.fromEntries(given.filter(([, value]) => value !== undefined))
    const file = this.#idlest().open({ columns, options: known })
    try {
      return new ThreadedWriter(columns, options, file)
    } catch (error) {
      file.drop()
      throw error
    }
  }

  async release(user: EncoderUser): Promise<void> {
    this.#users.delete(user)
    if (this.#users.size === 0) await this.stop()
  }

  /** Ends all threads; files that they have not finished are lost. Later ones start others. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.stop()))
  }

  #idlest(): EncoderThread {
    this.#threads = this.#threads.filter(({ isGone }) => !isGone)
    const [idlest] = this.#threads.toSorted((a, b) => a.fileCount - b.fileCount)
    const wanted = Math.max(...this.#users.values())
    if (idlest !== undefined && (idlest.fileCount === 0 || this.#threads.length >= wanted)) return idlest
    const thread = new EncoderThread(this.#spawn(), () => this.#progressed())
    this.#threads.push(thread)
    return thread
  }

  #progressed(): void {
    this.#progress.resolve()
    this.#progress = Promise.withResolvers()
  }
}

/** One of those who share the threads. */
export class EncoderUser {
  readonly #threads: EncoderThreads

  constructor(threads: EncoderThreads) {
    this.#threads = threads
  }

  /** A file that one of the threads encodes. */
  writer(columns: readonly ParquetColumn[], options: ParquetOptions): MemoryWriter {
    return this.#threads.open(columns, options)
  }
  /** Whether so much is under way that whoever makes more is to wait for `caughtUp` first. */
  get isBehind(): boolean {
    return this.#threads.isBehind
  }
  caughtUp(signal?: AbortSignal): Promise<void> {
    return this.#threads.caughtUp(signal)
  }
  /** Its files must be finished or dropped before. */
  release(): Promise<void> {
    return this.#threads.release(this)
  }
}

/** Those of this process. */
export const encoderThreads: EncoderThreads = new EncoderThreads()
