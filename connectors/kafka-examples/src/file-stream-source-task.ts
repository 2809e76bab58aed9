import { DataError, primitive, SluiceError } from '@sluice/sdk'
import type { Schema, SourcePartition, SourcePosition, SourceRecord, SourceTask, SourceTaskContext } from '@sluice/sdk'
import { isStandardInput, type FileStreamSourceSettings } from './file-stream-source.ts'
import { FileInput, standardInput, type Input } from './input.ts'
import { completeBytes, LineBlock } from './lines.ts'

/** Java has a line grow until memory ends. */
const LINE_BYTES_MAX = 64 * 1024 * 1024

const STRING: Schema = primitive('string')
const NOTHING = Buffer.alloc(0)

/**
 * Reads lines: each is a record with a string, behind which lies the position `{"position": bytes}`. A last line without a line end is
 * held back. Standard input has the partition `{"filename": null}`, and no positions.
 */
export class FileStreamSourceTask implements SourceTask {
  readonly #settings: FileStreamSourceSettings
  readonly #context: SourceTaskContext
  readonly #partition: SourcePartition
  readonly #chunkBytes: number | undefined
  /** Null until the file is there. */
  #input: Input | null = null
  #block: LineBlock | null = null
  /** Where the block begins in the file, and the bytes behind it that are no complete line yet. */
  #blockAt = 0
  #rest: Buffer = NOTHING
  /** Where the rest begins in the file. */
  #restAt = 0
  #hasWarned = false

  /** @param chunkBytes how much is read at once; tests make it small */
  constructor(settings: FileStreamSourceSettings, context: SourceTaskContext, chunkBytes?: number) {
    this.#settings = settings
    this.#context = context
    this.#chunkBytes = chunkBytes
    this.#partition = { filename: isStandardInput(settings.file) ? null : settings.file }
  }

  async start(): Promise<void> {
    await this.#open()
  }

  async poll(signal: AbortSignal): Promise<readonly SourceRecord[] | null> {
    if (signal.aborted || (this.#input === null && !(await this.#open()))) return null
    const records: SourceRecord[] = []
    const { topic, 'batch.size': most, file } = this.#settings
    const timestamp = this.#context.clock.now()
    while (records.length < most && (await this.#hasLine())) {
      const block = this.#block!
      while (records.length < most && !block.isDone) {
        const value = block.next()
        records.push({
          topic,
          partition: null,
          keySchema: null,
          key: null,
          valueSchema: STRING,
          value,
          timestamp,
          headers: null,
          sourcePartition: this.#partition,
          sourcePosition: { position: isStandardInput(file) ? null : this.#blockAt + block.bytes },
        })
      }
    }
    return records
  }

  async stop(): Promise<void> {
    const input = this.#input
    this.#input = null
    this.#block = null
    await input?.close()
  }

  async #open(): Promise<boolean> {
    const { file } = this.#settings
    if (isStandardInput(file)) {
      this.#input = standardInput
      return true
    }
    const stored = await this.#context.position(this.#partition)
    const position = stored === null ? 0 : positionOf(stored, file)
    this.#input = await FileInput.open(file, position, this.#chunkBytes)
    if (this.#input === null && !this.#hasWarned)
      this.#context.logger.warn('The file is not there; waiting for it', { file })
    this.#hasWarned = true
    this.#restAt = position
    return this.#input !== null
  }

  /** Whether the block has a line, if need be a new block. */
  async #hasLine(): Promise<boolean> {
    while (this.#block === null || this.#block.isDone) {
      const read = await this.#input!.read()
      if (read === null) return false
      const bytes = this.#rest.length === 0 ? read : Buffer.concat([this.#rest, read])
      const complete = completeBytes(bytes)
      this.#blockAt = this.#restAt
      this.#restAt += complete
      // The input's buffer is written over by the next read.
      this.#rest = complete === bytes.length ? NOTHING : Buffer.from(bytes.subarray(complete))
      if (this.#rest.length > LINE_BYTES_MAX) throw tooLong(this.#settings.file)
      this.#block = complete === 0 ? null : new LineBlock(bytes.subarray(0, complete))
    }
    return true
  }
}

function positionOf(stored: SourcePosition, file: string): number {
  const position = stored['position']
  if (typeof position === 'number' && Number.isInteger(position) && position >= 0) return position
  throw new SluiceError('POSITION_UNREADABLE', 'The stored position of the file is not a number of bytes', {
    place: { file, position: JSON.stringify(stored) },
    remedy: 'Stop the connector, delete its offsets or set {"position": bytes}, and resume it.',
  })
}

function tooLong(file: string | null): DataError {
  return new DataError(`A line is longer than ${LINE_BYTES_MAX} bytes`, {
    code: 'RECORD_TOO_LARGE',
    place: { file: file ?? 'standard input' },
    remedy: 'Read a file whose lines end.',
  })
}
