import type { StreamTask } from '../../record-path/stream-task.ts'
import type { CallsUnderWay } from './calls-under-way.ts'
import type { ThreadParts, ThreadSettings } from './thread-parts.ts'

/** What tasks have put out, on its way to the writer. */
export class HandOver {
  readonly #parts: Pick<ThreadParts, 'output' | 'changelogs' | 'writer'>
  readonly #bytesMax: number
  readonly #calls: Pick<CallsUnderWay, 'areOver'>
  /**
   * A broker ends a transaction that is open for long, and calls of user code take as long as they take: so it begins when those are over
   * that its commit waits for.
   */
  readonly waitsForCommit: boolean
  readonly #onMuch: () => void
  /** What the round under way has put out. */
  #figures = { records: 0, bytes: 0 }
  /** What waits, and has been counted. */
  #counted = { records: 0, bytes: 0 }

  /** @param onMuch told when so much waits that a commit should come */
  constructor(
    parts: Pick<ThreadParts, 'output' | 'changelogs' | 'writer' | 'tasks'>,
    { bufferedBytesMax }: Pick<ThreadSettings, 'bufferedBytesMax'>,
    calls: Pick<CallsUnderWay, 'areOver'>,
    onMuch: () => void,
  ) {
    this.#parts = parts
    this.#bytesMax = bufferedBytesMax
    this.#calls = calls
    this.waitsForCommit = parts.writer.isAtomic && parts.tasks.askOthers
    this.#onMuch = onMuch
    parts.output.behind = parts.changelogs
    parts.output.onMany = () => this.many()
  }

  /** Counts anew. Filled until it is called again. */
  begin(): { readonly records: number; readonly bytes: number } {
    return (this.#figures = { records: 0, bytes: 0 })
  }

  /** What has come since the last call of this is the task's: see `drop`. */
  putOutBy(task: StreamTask): void {
    this.#parts.output.addedBy(task)
    this.#parts.changelogs.addedBy(task)
  }

  /** Of a round, with what waits, if it may go. */
  round(): void {
    this.many()
    // Once a round, not each time: it takes a batch of its own.
    this.#parts.writer.letBehindGo()
  }

  many(): void {
    if (!this.waitsForCommit) this.#go()
    else {
      this.#count()
      if (this.#parts.output.bytes + this.#parts.changelogs.bytes > this.#bytesMax) this.#onMuch()
    }
  }

  /** Nothing of what a task has put out since the last commit, and that still waits, is put out. */
  drop(task: StreamTask): void {
    const { output, changelogs } = this.#parts
    output.drop(task)
    changelogs.drop(task)
    this.#counted = { records: output.length, bytes: output.bytes }
  }

  /** All of it, for the commit that covers it. */
  all(): void {
    this.#go()
    this.#parts.writer.letBehindGo()
  }

  #go(): void {
    this.#count()
    this.#output()
    this.#behind()
  }

  #count(): void {
    const { length, bytes } = this.#parts.output
    this.#figures.records += length - this.#counted.records
    this.#figures.bytes += bytes - this.#counted.bytes
    this.#counted = { records: length, bytes }
  }

  #output(): void {
    const { output, writer } = this.#parts
    const { length, bytes } = output
    if (length === 0) return
    this.#counted = { records: 0, bytes: 0 }
    writer.write(output.take(), bytes)
  }

  #behind(): void {
    const { changelogs, writer } = this.#parts
    const { length, bytes } = changelogs
    if (length === 0) return
    // What stores have let go may still be in a call: it would be lost with that. The commit waits for calls.
    if (writer.isAtomic || this.#calls.areOver) writer.writeBehind(changelogs.take(), bytes)
    else if (bytes > this.#bytesMax) this.#onMuch()
  }
}
