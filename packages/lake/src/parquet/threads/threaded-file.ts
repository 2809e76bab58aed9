import { RetriableError, type SluiceError } from '@sluice/sdk'
import type { LeafColumn } from '../column.ts'
import type { PageLevels } from '../levels.ts'
import type { EncodedFile } from '../memory-writer.ts'
import { PageTaker, type PageTarget } from '../page-taker.ts'
import type { FileOpening, FromThread, ToThread } from './messages.ts'
import { ParcelWriter } from './parcel.ts'

/** A parcel goes on its way with this much. */
const PARCEL_BYTES = 1024 * 1024
/** For the page that fills it. */
const PARCEL_ROOM_BYTES = PARCEL_BYTES + 256 * 1024

/** The thread that a file is encoded by. */
export interface FilePort {
  send(message: ToThread, transfer?: readonly ArrayBuffer[]): void
}

/** A file that is encoded by another thread: its pages go there in parcels, and come back as a whole. */
export class ThreadedFile implements PageTarget {
  pageBytes = 0
  readonly #number: number
  readonly #port: FilePort
  readonly #opening: Omit<FileOpening, 'leaves'>
  readonly #leaves: LeafColumn[] = []
  readonly #parcel: ParcelWriter = new ParcelWriter(PARCEL_ROOM_BYTES)
  readonly #encoded: PromiseWithResolvers<EncodedFile> = Promise.withResolvers()
  #isOpen = false
  #loss: SluiceError | undefined
  /** Bytes of parcels that the thread has not done yet, and of the file as far as it is done. */
  #underWay = 0
  #done = 0

  constructor(number: number, port: FilePort, opening: Omit<FileOpening, 'leaves'>) {
    this.#number = number
    this.#port = port
    this.#opening = opening
    // Whoever waits for the file is told; until then nobody is to be alarmed.
    this.#encoded.promise.catch(() => undefined)
  }

  takerOf(column: LeafColumn): PageTaker {
    this.#leaves.push(column)
    return new ThreadedPages(this.#leaves.length - 1, this, this.#parcel)
  }

  get bytes(): number {
    return this.#done + this.#underWay + this.#parcel.length
  }
  get underWayBytes(): number {
    return this.#underWay
  }
  get loss(): SluiceError | undefined {
    return this.#loss
  }

  /** Sends what there is, if that is worth it. */
  added(): void {
    if (this.#parcel.length >= PARCEL_BYTES) this.#sendParcel()
  }

  endRowGroup(rows: number): void {
    this.#parcel.addRowGroupEnd(rows)
    this.added()
  }

  /** Rejects with a retriable ENCODER_LOST when the thread fails. */
  finish(): Promise<EncodedFile> {
    if (this.#parcel.length > 0) this.#sendParcel()
    this.#open()
    this.#send({ type: 'finish', file: this.#number })
    return this.#encoded.promise
  }

  drop(): void {
    this.#send({ type: 'drop', file: this.#number })
    this.lose('it was given up')
  }

  /** What the thread says of this file. */
  heard(message: FromThread): void {
    if (message.type === 'taken') {
      this.#underWay -= message.parcelBytes
      this.#done = message.fileBytes
    } else if (message.type === 'finished') this.#encoded.resolve(message.encoded)
    else this.lose(message.reason)
  }

  lose(reason: string): void {
    if (this.#loss !== undefined) return
    this.#underWay = 0
    this.#loss = new RetriableError('ENCODER_LOST', `The thread that encoded a Parquet file failed: ${reason}`, {
      remedy:
        'The rows are read again. Where it goes on happening, let the task encode by itself (encoder.threads=0), and report it.',
    })
    this.#encoded.reject(this.#loss)
  }

  #open(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#send({ type: 'open', file: this.#number, opening: { ...this.#opening, leaves: this.#leaves } })
  }

  #sendParcel(): void {
    this.#open()
    const parcel = this.#parcel.take()
    if (this.#loss !== undefined) return
    this.#underWay += parcel.length
    this.#send({ type: 'pages', file: this.#number, parcel }, [parcel.buffer])
  }

  #send(message: ToThread, transfer?: readonly ArrayBuffer[]): void {
    if (this.#loss === undefined) this.#port.send(message, transfer)
  }
}

/** Puts the pages of a column into its file's parcel. */
class ThreadedPages extends PageTaker {
  readonly #column: number
  readonly #file: ThreadedFile
  readonly #parcel: ParcelWriter
  /** Of the chunk's dictionary. */
  #sentBytes = 0

  constructor(column: number, file: ThreadedFile, parcel: ParcelWriter) {
    super(file)
    this.#column = column
    this.#file = file
    this.#parcel = parcel
  }

  protected takeValues(levels: PageLevels, plain: Uint8Array): void {
    this.#parcel.addValues(this.#column, levels, plain)
    this.#file.added()
  }

  protected takeIndices(
    levels: PageLevels,
    indices: Int32Array,
    count: number,
    dictionary: Uint8Array,
    entries: number,
  ): void {
    this.#parcel.addIndices(this.#column, levels, indices, count, dictionary.subarray(this.#sentBytes), entries)
    this.#sentBytes = dictionary.length
    this.#file.added()
  }

  protected takeEnd(): void {
    this.#sentBytes = 0
  }
}
