/** Kafka's FileStreamSink: the text of each value as a line of a file, or of standard output. */
import fs from 'node:fs/promises'
import { javaText } from '@sluice/codecs'
import {
  defineSettings,
  defineSink,
  RetriableError,
  SluiceError,
  type SinkRecord,
  type SinkTask,
  type TopicPartitionOffset,
} from '@sluice/sdk'
import { javaNames, KAFKA_VERSION } from './java-names.ts'

const settings = defineSettings({
  file: {
    type: 'string',
    default: null,
    importance: 'high',
    documentation: 'The file to append to; made when it is not there. Not given: standard output.',
  },
})

export const fileStreamSink = defineSink({
  name: 'file-stream-sink',
  version: KAFKA_VERSION,
  aliases: javaNames('file', 'FileStreamSinkConnector'),
  documentation:
    'Appends the values of records to a file, one line each, as Java prints them: the FileStreamSink of Apache Kafka. At least once: after a crash, records that were not committed are written again.',
  settings,
  alterOffsets: () => true,
  createTask: ({ file }) => new FileStreamSinkTask(file === '' ? null : file),
})

class FileStreamSinkTask implements SinkTask {
  readonly #file: string | null
  #handle: fs.FileHandle | null = null
  #size = 0
  #isDirty = false

  constructor(file: string | null) {
    this.#file = file
  }

  async start(): Promise<void> {
    if (this.#file === null) return
    try {
      this.#handle = await fs.open(this.#file, 'a')
      this.#size = (await this.#handle.stat()).size
    } catch (cause) {
      throw new SluiceError(
        'STORE_UNAVAILABLE',
        `Couldn't find or create file '${this.#file}' for FileStreamSinkTask`,
        {
          cause,
          place: { file: this.#file },
          remedy: 'Set file to a path whose folder is there and may be written by the user that the worker runs as.',
        },
      )
    }
  }

  async open(): Promise<void> {}

  async put(records: readonly SinkRecord[]): Promise<void> {
    if (records.length === 0) return
    let text = ''
    for (const { value, valueSchema } of records)
      text += `${typeof value === 'string' ? value : javaText(valueSchema, value)}\n`
    if (this.#file === null) process.stdout.write(text)
    else await this.#append(Buffer.from(text))
  }

  async flush(positions: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    if (this.#isDirty) await this.#handle?.datasync()
    this.#isDirty = false
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
    this.#isDirty = true
    try {
      await handle.appendFile(bytes)
      this.#size += bytes.length
    } catch (cause) {
      // The same records are put again: what came through of them would stand there twice.
      await handle.truncate(this.#size).catch(() => undefined)
      throw new RetriableError('STORE_UNAVAILABLE', 'The file cannot be written just now', {
        cause,
        place: { file: this.#file ?? '' },
        remedy: 'Check that the disk has room.',
      })
    }
  }
}
