import { DataError, SluiceError } from '@sluice/sdk'
import type {
  DivertedAt,
  DivertReason,
  Gauge,
  SourcePartition,
  SourceRecord,
  SourceTask,
  SourceTaskContext,
} from '@sluice/sdk'
import { FileWindow, missing } from './file-window.ts'
import { CR, LF } from './formats/row-reader.ts'
import type { RowReader } from './formats/row-reader.ts'
import { openReader } from './open-reader.ts'
import { BEGINNING, readPosition } from './position.ts'
import type { FilePosition } from './position.ts'
import type { SourceSettings } from './source-settings.ts'
import { TextBlock } from './text-block.ts'

/** What a poll has come to so far: records, or pieces that could not be read behind them. The last one's place may still move. */
interface Polled {
  readonly records: SourceRecord[]
  readonly diverted: { readonly bytes: Uint8Array; readonly reason: DivertReason; at: DivertedAt }[]
}

/** From one read of the file: large enough to be cheap, small enough that a decoded block is soon done with. */
const CHUNK_BYTES = 262_144

/** How much of the file one poll covers at most, so that long lines do not make large batches. */
const POLL_BYTES_MAX = 4 * 1024 * 1024

/**
 * Reads one file and follows it as it grows: bytes → blocks of complete lines → rows → records.
 *
 * A record's position is where its row ends, so that reading can be taken up between any two rows. Lines that are no rows (blank
 * ones, the header) belong to the row before them, or to the first one.
 */
export class FileSourceTask implements SourceTask {
  readonly #settings: SourceSettings
  readonly #context: SourceTaskContext
  readonly #chunkBytes: number
  readonly #partition: SourcePartition
  readonly #positionGauge: Gauge
  readonly #sizeGauge: Gauge
  /** Null until the file is there, and holds enough to begin with. */
  #window: FileWindow | null = null
  #reader: RowReader | null = null
  #block: TextBlock | null = null
  /** The window begins with a row whose end was not in the last block: it needs more bytes. */
  #incomplete = false
  /** The byte before the window's beginning; undefined at the file's beginning. */
  #before: number | undefined
  #at: FilePosition = BEGINNING
  #warned = false

  /** @param chunkBytes how much is read at once; tests make it small */
  constructor(settings: SourceSettings, context: SourceTaskContext, chunkBytes: number = CHUNK_BYTES) {
    this.#settings = settings
    this.#context = context
    this.#chunkBytes = chunkBytes
    this.#partition = { filename: settings.file }
    const labels = { connector: context.connector, task: String(context.task) }
    this.#positionGauge = context.metrics.gauge('sluice_file_source_position_bytes', labels)
    this.#sizeGauge = context.metrics.gauge('sluice_file_source_size_bytes', labels)
  }

  async start(): Promise<void> {
    await this.#open()
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    if (signal.aborted || (this.#reader === null && !(await this.#open()))) return null
    const polled: Polled = { records: [], diverted: [] }
    try {
      const from = this.#at.position
      while (!signal.aborted && (this.#hasRows() || (await this.#nextBlock()))) {
        if (this.#at.position - from >= POLL_BYTES_MAX) break
        if (!this.#readRows(polled)) break
      }
    } catch (error) {
      // What was read before goes out first; the error comes again with the next poll.
      if (polled.records.length + polled.diverted.length === 0) throw error
    }
    for (const { bytes, reason, at } of polled.diverted) this.#context.divert(bytes, reason, at)
    this.#positionGauge.set(this.#at.position)
    return polled.records
  }

  async stop(): Promise<void> {
    const window = this.#window
    this.#window = null
    this.#reader = null
    this.#block = null
    await window?.close()
  }

  /** Opens the file where reading was left. False while it is not there, or its header is not. */
  async #open(): Promise<boolean> {
    const { file } = this.#settings
    const stored = await this.#context.position(this.#partition)
    const known = stored === null ? null : readPosition(stored, file)
    const opened = await openReader(this.#settings, known, this.#chunkBytes)
    if (opened === 'missing') {
      if (this.#settings['file.missing'] === 'fail') throw missing(file)
      if (!this.#warned) this.#context.logger.warn('Waiting for the file to appear', { file })
      this.#warned = true
      return false
    }
    if (opened === 'unfinished') return false
    this.#window = opened.window
    this.#reader = opened.reader
    this.#at = opened.at
    this.#before = opened.before
    this.#positionGauge.set(this.#at.position)
    return true
  }

  #hasRows(): boolean {
    return this.#block !== null && !this.#block.done && !this.#incomplete
  }

  /**
   * The hot path: rows of the block, until it is done. Synchronous.
   * @returns false when the poll is full, or has come to a record behind diverted bytes, which must be the next poll's
   */
  #readRows(polled: Polled): boolean {
    const block = this.#block!
    const reader = this.#reader!
    const { 'batch.size': batchSize, 'line.bytes.max': lineBytesMax, topic } = this.#settings
    while (!block.done) {
      const kind = reader.read(block)
      if (kind === 'incomplete') {
        this.#incomplete = true
        return true
      }
      const end = block.byteAt(reader.end)
      if (reader.lines === 1 && end - block.byte > lineBytesMax) this.#assertNotTooLong(block, end)
      if (kind === 'skipped') {
        this.#pass(block, end, 0, 0)
        this.#moveLast(polled)
        continue
      }
      if (polled.records.length + polled.diverted.length >= batchSize) return false
      if (kind === 'bad') {
        const bytes = Buffer.from(block.bytes.subarray(block.byte, end - (reader.end - reader.contentEnd)))
        const reason = this.#reason()
        this.#pass(block, end, 0, 1)
        polled.diverted.push({ bytes, reason, at: { sourcePartition: this.#partition, sourcePosition: this.#at } })
      } else {
        if (polled.diverted.length > 0) return false
        this.#pass(block, end, 1, 0)
        polled.records.push({
          topic,
          partition: null,
          keySchema: reader.keySchema,
          key: reader.key,
          valueSchema: reader.valueSchema,
          value: reader.value,
          timestamp: null,
          headers: null,
          sourcePartition: this.#partition,
          sourcePosition: this.#at,
        })
      }
    }
    return true
  }

  /** Moves behind the row that was read: a record, diverted bytes, or neither. */
  #pass(block: TextBlock, end: number, records: number, diverted: number): void {
    const { lines, end: char } = this.#reader!
    const at = this.#at
    this.#at = {
      position: at.position + end - block.byte,
      line: at.line + lines,
      records: at.records + records,
      diverted: at.diverted + diverted,
      skipped: at.skipped + lines - records - diverted,
    }
    block.moveTo(char, end)
  }

  /** Lines that are no rows belong to what came before them. */
  #moveLast({ records, diverted }: Polled): void {
    const lastDiverted = diverted.at(-1)
    const lastRecord = records.at(-1)
    if (lastDiverted !== undefined) lastDiverted.at = { ...lastDiverted.at, sourcePosition: this.#at }
    else if (lastRecord !== undefined) records[records.length - 1] = { ...lastRecord, sourcePosition: this.#at }
  }

  /**
   * Decodes the next complete lines. False at the end of the file.
   * @throws SluiceError RECORD_TOO_LARGE; OFFSET_OUT_OF_RANGE when the file is no longer the one that was read
   */
  async #nextBlock(): Promise<boolean> {
    const window = this.#window!
    const reader = this.#reader!
    this.#leaveBlock(window)
    for (;;) {
      this.#passLateLineEnd(window)
      const { bytes } = window
      const cut = this.#incomplete ? 0 : reader.cut(bytes)
      if (cut > 0) return this.#enterBlock(bytes.subarray(0, cut), false)
      if (!this.#incomplete && bytes.length > this.#settings['line.bytes.max'] + 2) throw this.#tooLong()
      if (await window.follow()) {
        this.#incomplete = false
        continue
      }
      this.#sizeGauge.set(window.size)
      if (window.length === 0 || this.#settings['last.line'] === 'wait') return false
      return this.#enterBlock(window.bytes, true)
    }
  }

  #enterBlock(bytes: Buffer, final: boolean): true {
    this.#block = new TextBlock(bytes, { final, available: this.#window!.length })
    this.#incomplete = false
    return true
  }

  #leaveBlock(window: FileWindow): void {
    if (this.#block === null || this.#block.byte === 0) return
    this.#before = this.#block.bytes[this.#block.byte - 1]
    window.advance(this.#block.byte)
    this.#block = null
  }

  /** A line that was read without its line end, as the last of the file, may get it later: then it is no line of its own. */
  #passLateLineEnd(window: FileWindow): void {
    if (this.#before === undefined || this.#before === LF || window.length === 0) return
    const first = window.bytes[0]
    if (first !== LF && this.#before === CR) return
    if (first !== LF && first !== CR)
      throw new SluiceError('OFFSET_OUT_OF_RANGE', 'The position is not at the beginning of a line', {
        place: { file: this.#settings.file, line: this.#at.line, position: this.#at.position },
        remedy:
          'Either a line was continued after it had been read as the last one: use last.line=wait for files that grow. Or another file has taken this one’s place: to read it from its beginning, stop the connector, delete its stored position, and resume it.',
      })
    window.advance(1)
    this.#at = { ...this.#at, position: this.#at.position + 1 }
    this.#before = first
    this.#passLateLineEnd(window)
  }

  #reason(): DivertReason {
    const { code, message, remedy, line, column } = this.#reader!.problem!
    return { code, message, remedy, place: { file: this.#settings.file, line: this.#at.line + line + 1, column } }
  }

  #assertNotTooLong(block: TextBlock, end: number): void {
    const { end: char, contentEnd } = this.#reader!
    if (end - (char - contentEnd) - block.byte > this.#settings['line.bytes.max']) throw this.#tooLong()
  }

  #tooLong(): DataError {
    const { file, 'line.bytes.max': lineBytesMax } = this.#settings
    return new DataError(`The line is longer than line.bytes.max (${lineBytesMax}) bytes`, {
      code: 'RECORD_TOO_LARGE',
      place: { file, line: this.#at.line + 1, column: lineBytesMax + 1 },
      remedy:
        'Raise line.bytes.max, and the producer’s and the topic’s limits with it; or remove the line from the file. If the file has no line ends at all, it is not of this format.',
    })
  }
}
