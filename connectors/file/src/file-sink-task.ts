import fs from 'node:fs/promises'
import { RetriableError, SluiceError } from '@sluice/sdk'
import type { SinkRecord, SinkTask, SinkTaskContext, TopicPartitionOffset } from '@sluice/sdk'
import { jsonLine } from './json-line.ts'
import type { SinkSettings } from './sink-settings.ts'

const LF = 0x0a

/**
 * Appends each record's value to a file, one line per record, at least once: what was written but not committed before a crash is
 * written again. `flush` returns when the lines are on disk (fsync).
 */
export class FileSinkTask implements SinkTask {
  readonly #settings: SinkSettings
  readonly #context: SinkTaskContext
  #handle: fs.FileHandle | null = null
  /** Bytes of the file that are known to be whole lines. */
  #size = 0
  #dirty = false

  constructor(settings: SinkSettings, context: SinkTaskContext) {
    this.#settings = settings
    this.#context = context
  }

  async start(): Promise<void> {
    try {
      this.#handle = await fs.open(this.#settings.file, 'a+')
      this.#size = (await this.#handle.stat()).size
      await this.#closeTornLine(this.#handle)
    } catch (error) {
      throw new SluiceError('STORE_UNAVAILABLE', 'The file cannot be written', {
        cause: error,
        place: { file: this.#settings.file },
        remedy: 'Set file to a path whose folder is there and may be written by the user that the worker runs as.',
      })
    }
  }

  async open(): Promise<void> {}

  async put(records: readonly SinkRecord[]): Promise<void> {
    const asIs = this.#settings.format === 'lines'
    let text = ''
    for (const record of records) {
      try {
        text += asIs && typeof record.value === 'string' ? record.value : jsonLine(record.value)
        text += '\n'
      } catch (error) {
        this.#context.report(record, error)
      }
    }
    if (text !== '') await this.#append(Buffer.from(text))
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    if (this.#dirty) await this.#handle?.datasync()
    this.#dirty = false
    return positions
  }

  async close(): Promise<void> {}

  async stop(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }

  async #append(bytes: Buffer): Promise<void> {
    const handle = this.#handle!
    this.#dirty = true
    try {
      await handle.appendFile(bytes)
      this.#size += bytes.length
    } catch (error) {
      // The same records are put again: what came through of them would stand there twice, and its last line be torn.
      await handle.truncate(this.#size).catch(() => undefined)
      throw new RetriableError('STORE_UNAVAILABLE', 'The file cannot be written just now', {
        cause: error,
        place: { file: this.#settings.file },
        remedy: 'Check that the disk has room.',
      })
    }
  }

  /** A process that was killed may have left half a line; the next record must not continue it. */
  async #closeTornLine(handle: fs.FileHandle): Promise<void> {
    if (this.#size === 0) return
    const last = Buffer.alloc(1)
    await handle.read(last, 0, 1, this.#size - 1)
    if (last[0] === LF) return
    this.#context.logger.warn('The file ends within a line; going on with a new one', { file: this.#settings.file })
    await this.#append(Buffer.from('\n'))
  }
}
