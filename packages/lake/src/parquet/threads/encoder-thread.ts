import { Worker } from 'node:worker_threads'
import { ENCODER_THREAD_MAIN, isSource } from '../../programs.ts'
import type { FromThread, ToThread } from './messages.ts'
import { ThreadedFile, type FilePort } from './threaded-file.ts'
import type { FileOpening } from './messages.ts'

export type SpawnThread = () => Worker

/** Starts `encoder-thread-main`. */
export const spawnEncoderThread: SpawnThread = () => {
  // Those of this process that say how modules are found.
  const own = process.execArgv.filter((flag) => /^--(?:conditions|import|require)=/.test(flag))
  const source = isSource ? ['--conditions=@sluice/source'] : []
  return new Worker(ENCODER_THREAD_MAIN, {
    name: 'sluice-encoder',
    execArgv: [...new Set([...own, ...source]), '--disable-warning=ExperimentalWarning'],
  })
}

/** A thread and the files that it encodes, as their owner has them. */
export class EncoderThread implements FilePort {
  readonly #worker: Worker
  readonly #files = new Map<number, ThreadedFile>()
  readonly #progressed: () => void
  #lastFile = 0
  #isGone = false

  /** @param progressed called whenever less is under way than before */
  constructor(worker: Worker, progressed: () => void) {
    this.#worker = worker
    this.#progressed = progressed
    // What is not waited for keeps no process alive.
    worker.unref()
    worker.on('message', (message: FromThread) => this.#heard(message))
    worker.on('error', (error) => this.#gone(error.message))
    worker.on('exit', (code) => this.#gone(`it ended with code ${code}`))
  }

  /** Whether it has ended: it takes no more files. */
  get isGone(): boolean {
    return this.#isGone
  }
  get fileCount(): number {
    return this.#files.size
  }
  /** Bytes of pages that it has been sent and not done yet. */
  get underWayBytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) bytes += file.underWayBytes
    return bytes
  }

  open(opening: Omit<FileOpening, 'leaves'>): ThreadedFile {
    const number = ++this.#lastFile
    const file = new ThreadedFile(number, this, opening)
    this.#files.set(number, file)
    this.#worker.ref()
    return file
  }

  send(message: ToThread, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer)
    if (message.type === 'drop') this.#forget(message.file)
  }

  async stop(): Promise<void> {
    this.#gone('it was stopped')
    await this.#worker.terminate()
  }

  #heard(message: FromThread): void {
    const file = this.#files.get(message.file)
    if (message.type !== 'taken') this.#forget(message.file)
    file?.heard(message)
    this.#progressed()
  }

  #forget(file: number): void {
    this.#files.delete(file)
    if (this.#files.size === 0) this.#worker.unref()
  }

  #gone(reason: string): void {
    if (this.#isGone) return
    this.#isGone = true
    for (const file of this.#files.values()) file.lose(reason)
    this.#files.clear()
    this.#progressed()
  }
}
