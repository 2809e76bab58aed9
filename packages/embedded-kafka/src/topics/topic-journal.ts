import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { crc32c } from '@sluice/kafka-protocol'
import { storageError, systemCode } from '../log/storage-error.ts'
import { BrokerStartError } from '../start-error.ts'

/** A change to the topics there are. Topics are named by their ids. */
export type TopicChange =
  | {
      readonly type: 'create'
      readonly id: string
      readonly name: string
      readonly isInternal: boolean
      readonly overrides: Readonly<Record<string, string>>
      /** Of each partition: node and epoch. */
      readonly leaders: readonly (readonly [node: number, epoch: number])[]
    }
  | { readonly type: 'delete'; readonly id: string }
  | {
      readonly type: 'grow'
      readonly id: string
      readonly leaders: readonly (readonly [node: number, epoch: number])[]
    }
  | { readonly type: 'configure'; readonly id: string; readonly overrides: Readonly<Record<string, string>> }
  | {
      readonly type: 'lead'
      readonly id: string
      readonly partition: number
      readonly leader: number
      readonly epoch: number
    }

export interface TopicJournal {
  /** All changes, oldest first. */
  load(): readonly TopicChange[]
  /** Durable when it returns; throws KAFKA_STORAGE_ERROR, and nothing is written. */
  append(change: TopicChange): void
  /** Puts these in the place of all changes so far. */
  replace(changes: readonly TopicChange[]): void
  close(): void
}

/** For topics that live as long as the process. */
export const NO_JOURNAL: TopicJournal = { load: () => [], append() {}, replace() {}, close() {} }

/** A line a change: its checksum in hexadecimal, a space, JSON. A last line that is torn was never acknowledged. */
export class TopicJournalFile implements TopicJournal {
  readonly #path: string
  #descriptor: number | undefined
  #size = 0

  constructor(path: string) {
    this.#path = path
  }

  load(): readonly TopicChange[] {
    const changes: TopicChange[] = []
    const bytes = readIfThere(this.#path)
    let at = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, at)) {
      const change = changeOf(bytes.subarray(at, end))
      if (change === undefined) break
      changes.push(change)
      at = end + 1
    }
    if (at < bytes.length && bytes.indexOf(10, at) !== -1 && bytes.indexOf(10, at) < bytes.length - 1) {
      throw new BrokerStartError(
        `${this.#path}, which lists the topics, is damaged behind byte ${at}.`,
        'Restore it from a copy, or cut it off there to lose the changes behind.',
      )
    }
    this.#size = at
    return changes
  }

  append(change: TopicChange): void {
    const line = Buffer.from(lineOf(change))
    try {
      const descriptor = this.#open()
      // Writing to a file without a name succeeds, and is lost.
      if (fstatSync(descriptor).nlink === 0) throw new Error('it was removed')
      try {
        for (let done = 0; done < line.length;) {
          done += writeSync(descriptor, line, done, line.length - done, this.#size + done)
        }
        fdatasyncSync(descriptor)
      } catch (error) {
        ftruncateSync(descriptor, this.#size)
        throw error
      }
    } catch (error) {
      throw storageError('write', this.#path, error)
    }
    this.#size += line.length
  }

  replace(changes: readonly TopicChange[]): void {
    this.close()
    const text = changes.map(lineOf).join('')
    mkdirSync(dirname(this.#path), { recursive: true })
    writeFileSync(`${this.#path}.tmp`, text, { flush: true })
    renameSync(`${this.#path}.tmp`, this.#path)
    this.#size = Buffer.byteLength(text)
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor
    mkdirSync(dirname(this.#path), { recursive: true })
    this.#descriptor = openSync(this.#path, this.#size === 0 ? 'w+' : 'r+')
    return this.#descriptor
  }
}

function lineOf(change: TopicChange): string {
  const text = JSON.stringify(change)
  return `${crc32c(Buffer.from(text)).toString(16).padStart(8, '0')} ${text}\n`
}

function changeOf(line: Buffer): TopicChange | undefined {
  const text = line.subarray(9)
  if (line.length < 10 || Number.parseInt(line.toString('latin1', 0, 8), 16) !== crc32c(text)) return undefined
  return JSON.parse(text.toString()) as TopicChange
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0)
    throw storageError('read', path, error)
  }
}
