import type { FetchedRecords } from '@sluice/kafka'
import type { JudgedRecord, QuarantineRecord } from '@sluice/quality'
import type { RawHeader, SluiceError, Stage, TimestampType, TopicPartition } from '@sluice/sdk'
import type { ErrorPolicy } from '../topology/node.ts'
import { bytesOf, type OutputBatch } from './output-batch.ts'
import type { TaskPorts } from './task-contract.ts'
import { letterTimes, type LetterTime } from './topic-times.ts'

/** Where a record was read. */
export interface RecordPlace extends TopicPartition {
  readonly offset: number
}

/** Where records come from, and where they are diverted to. */
interface Origin extends TopicPartition {
  readonly quarantine: string
}

/**
 * All that goes with the record under way besides its key and value, and what has become of it so far. There is one context per
 * task, filled anew for each record: whoever wants to keep something of it copies it.
 */
export class RecordContext implements JudgedRecord {
  topic = ''
  partition = 0
  offset = 0
  /** Milliseconds since the epoch: as it came, and as it is now. */
  originalTimestamp = 0
  timestamp = 0
  timestampType: TimestampType = 'create'
  /** Those of the record as it came, and as it is now. */
  originalHeaders: readonly RawHeader[] | null = null
  headers: readonly RawHeader[] | null = null
  /** Where it lies; null: there is no record, as in a punctuator. */
  records: FetchedRecords | null = null
  index = 0
  /** For a judge: the key and value that it is given. */
  key: unknown = null
  value: unknown = null
  /** Where the record's source diverts to. */
  quarantine = ''
  /** False while a restarting task only remembers: nothing is put out, counted or reported. */
  live = true
  /** What is being done, and by which node: read when something is thrown. */
  stage: Stage = 'decode'
  node = ''
  readonly output: OutputBatch
  /** Of the node that is at work, if it has one of its own. */
  policy: ErrorPolicy | null = null
  /** An operator is handing on what other records have left with it, since this record has moved time on. */
  isLettingGo = false
  /** It has: what it has handed on cannot be taken back to where it was. */
  hasLetGo = false

  /** Sinks and other ends of the topology that the record, or a record made from it, has reached. */
  reached = 0
  marked = false
  quarantinedFor: string | null = null
  droppedFor: string | null = null
  halt: SluiceError | null = null

  /** See `letterTimes`. */
  readonly letterTime: LetterTime

  constructor({ output, clock, recordLimits }: Pick<TaskPorts, 'output' | 'clock' | 'recordLimits'>) {
    this.output = output
    this.letterTime = letterTimes(recordLimits, clock)
  }

  /** Made when they are asked for, each time: most are asked for once, and many never. */
  get keyBytes(): Uint8Array | null {
    return this.records === null ? null : this.records.key(this.index)
  }

  get valueBytes(): Uint8Array | null {
    return this.records === null ? null : this.records.value(this.index)
  }

  /** The records to come are of this batch of this partition. */
  enter({ topic, partition, quarantine }: Origin, batch: FetchedRecords): void {
    this.topic = topic
    this.partition = partition
    this.quarantine = quarantine
    this.timestampType = batch.timestampType
    this.records = batch
  }

  /** All records of the batch have been dealt with; none is in a call, which would need its bytes if it failed. */
  leave(batch: FetchedRecords): void {
    batch.release?.()
    this.records = null
  }

  /** The record at this place of the batch is under way. */
  fill(batch: FetchedRecords, index: number): void {
    this.begin()
    this.offset = batch.offset(index)
    this.originalTimestamp = batch.timestamp(index)
    this.timestamp = this.originalTimestamp
    this.index = index
    this.originalHeaders = batch.headers(index)
    this.headers = this.originalHeaders
  }

  /** No record is under way: a punctuator is. */
  empty(): void {
    this.begin()
    this.topic = ''
    this.offset = -1
    this.headers = null
    this.originalHeaders = null
    this.records = null
    this.stage = 'process'
  }

  /** Forgets the record before. */
  begin(): void {
    this.stage = 'decode'
    this.node = ''
    this.policy = null
    this.isLettingGo = false
    this.hasLetGo = false
    this.reached = 0
    this.marked = false
    this.quarantinedFor = null
    this.droppedFor = null
    this.halt = null
  }

  /** The record ends here for a reason worth counting. It counts as dropped only if it ends everywhere. */
  drop(reason: string): void {
    this.droppedFor ??= reason
  }

  /** What is handed on is of that record, though another one is under way. */
  standAt({ topic, partition, offset }: RecordPlace): void {
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }

  /** What is handed on until `letGoEnds` is of other records. */
  letGoBegins(): void {
    this.isLettingGo = true
    this.hasLetGo = true
  }

  letGoEnds(): void {
    this.isLettingGo = false
  }

  /** The record lives on in a store, whether or not anything is forwarded now: it has reached an end. */
  keep(): void {
    this.reached += 1
  }

  /** The record ends here, in quarantine. */
  divert(topic: string, record: QuarantineRecord, reason: string): void {
    this.quarantinedFor ??= reason
    const timestamp = this.letterTime(topic, record.timestamp)
    this.output.add({ topic, partition: null, ...record, timestamp }, bytesOf(record))
  }
}
