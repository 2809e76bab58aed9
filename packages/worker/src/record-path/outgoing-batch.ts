import type { ProducerRecord } from '@sluice/kafka'
import type { SourcePartition, SourcePosition, SourceRecord, Stage } from '@sluice/sdk'
import { recordBytes, type Part } from './convert.ts'
import type { SettledPosition } from './in-flight.ts'

/** A polled record that failed: its index in the batch, and where on its way. */
export interface FailedRecord {
  readonly at: number
  readonly stage: Stage
  readonly part: Part
  readonly error: unknown
  /** What its converter needs could not be asked for: see `Unready`. */
  readonly isOutage?: boolean
}

/** What became of polled records, as numbers. */
export interface BatchTally {
  /** Polled records and diverted bytes. */
  polled: number
  /** Given to the producer, dead letters included. */
  records: number
  /** Dead letters among `records`. */
  letters: number
  /** Records that a transform dropped. */
  dropped: number
  /** Failed records that were tolerated without a dead letter topic. */
  skipped: number
  /** Of `records`, refused by the broker and tolerated. */
  refused: number
}

/** What one poll became: records and dead letters to produce, and where its source partitions stand behind it. */
export class OutgoingBatch {
  readonly records: ProducerRecord[] = []
  /** What each of `records` was polled as, null for a dead letter; null altogether for a source that is not told where they lie. */
  readonly origins: (SourceRecord | null)[] | null
  bytes = 0
  /** Polled records and diverted bytes that have become part of it, whatever became of them. */
  polled = 0
  /** Topics that the task uses for the first time with this batch. */
  newTopics: readonly string[] | null = null
  /** Dead letters among `records`. */
  letters = 0
  /** Records that a transform dropped. */
  dropped = 0
  /** Failed records that were tolerated without a dead letter topic. */
  skipped = 0
  /** Of `records`, refused by the broker and tolerated. */
  refused = 0
  #letterRecords: ProducerRecord[] | undefined
  #partition: SourcePartition | undefined
  #position: SourcePosition | undefined
  #others: Map<SourcePartition, SourcePosition> | undefined

  constructor(keepsOrigins = false) {
    this.origins = keepsOrigins ? [] : null
  }

  add(record: ProducerRecord, bytes: number, origin: SourceRecord | null = null): void {
    this.records.push(record)
    this.origins?.push(origin)
    this.bytes += bytes
  }

  addLetter(letter: ProducerRecord): void {
    this.letters += 1
    ;(this.#letterRecords ??= []).push(letter)
    this.add(letter, recordBytes(letter))
  }

  tally(): BatchTally {
    const { polled, letters, dropped, skipped, refused } = this
    return { polled, records: this.records.length, letters, dropped, skipped, refused }
  }

  letterRecords(): readonly ProducerRecord[] {
    return this.#letterRecords ?? []
  }

  /** The batch now covers its source up to here. Cheap while all records are of one partition object, as they mostly are. */
  reach(at: { readonly sourcePartition: SourcePartition; readonly sourcePosition: SourcePosition }): void {
    if (at.sourcePartition !== this.#partition) this.#turnTo(at.sourcePartition)
    this.#position = at.sourcePosition
  }

  positions(): SettledPosition[] {
    if (this.#partition === undefined) return []
    this.#turnTo(this.#partition)
    return [...this.#others!].map(([partition, position]) => ({ partition, position }))
  }

  #turnTo(partition: SourcePartition): void {
    this.#others ??= new Map()
    if (this.#partition !== undefined) this.#others.set(this.#partition, this.#position!)
    this.#partition = partition
  }
}
