import fs from 'node:fs/promises'
import path from 'node:path'
import { SluiceError, type SourcePartition, type SourcePosition } from '@sluice/sdk'
import type { SettledPosition } from '../record-path/in-flight.ts'
import { readJson, writeJson } from '../storage/record-json.ts'
import {
  canonicalKey,
  type ListedPositions,
  parsePositionKey,
  type PositionChange,
  positionKey,
} from './position-store.ts'

interface StoredPosition extends SettledPosition {
  readonly connector: string
  /** Its key's text in the file. */
  readonly key: string
}

/**
 * Positions in one JSON file, `{ "<key>": <position> }`. Each store writes a new file, syncs it and renames it over the old one, so
 * that a crash leaves either the old positions or the new ones.
 */
export class FilePositions implements ListedPositions {
  readonly #file: string
  readonly #positions: Map<string, StoredPosition>
  #last: Promise<void> = Promise.resolve()

  private constructor(file: string, positions: Map<string, StoredPosition>) {
    this.#file = file
    this.#positions = positions
  }

  /** @throws SluiceError POSITION_UNREADABLE when the file exists and is not a positions file */
  static async open(file: string): Promise<FilePositions> {
    const positions = new Map<string, StoredPosition>()
    let text = '{}'
    try {
      text = await fs.readFile(file, 'utf8')
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
        throw new SluiceError('STORE_UNAVAILABLE', `Cannot read the positions file ${file}`, { cause })
    }
    let stored: unknown
    try {
      // Strict about what is JSON; the other reader keeps integers of 64 bits.
      JSON.parse(text)
      stored = readJson(Buffer.from(text, 'utf8'))
    } catch (cause) {
      throw unreadable(file, cause)
    }
    if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) throw unreadable(file, undefined)
    for (const [key, position] of Object.entries(stored)) {
      const parsed = parsePositionKey(key)
      if (parsed === null) throw unreadable(file, undefined)
      const canonical = canonicalKey(parsed.connector, parsed.partition)
      positions.set(canonical, { ...parsed, key, position: position as SourcePosition })
    }
    return new FilePositions(file, positions)
  }

  async position(connector: string, partition: SourcePartition): Promise<SourcePosition | null> {
    return this.#positions.get(canonicalKey(connector, partition))?.position ?? null
  }

  async positions(connector: string): Promise<readonly SettledPosition[]> {
    return [...this.#positions.values()]
      .filter((stored) => stored.connector === connector)
      .map(({ partition, position }) => ({ partition, position }))
  }

  store(connector: string, positions: readonly PositionChange[]): Promise<void> {
    // One write at a time, in order; a failed one does not stop the next, which holds its entries too.
    this.#last = this.#last.catch(() => undefined).then(() => this.#write(connector, positions))
    return this.#last
  }

  async close(): Promise<void> {
    await this.#last.catch(() => undefined)
  }

  async #write(connector: string, positions: readonly PositionChange[]): Promise<void> {
    for (const { partition, position } of positions) {
      const canonical = canonicalKey(connector, partition)
      const key = this.#positions.get(canonical)?.key ?? positionKey(connector, partition)
      if (position === null) this.#positions.delete(canonical)
      else this.#positions.set(canonical, { connector, partition, key, position })
    }
    const text = writeJson(
      Object.fromEntries([...this.#positions.values()].map(({ key, position }) => [key, position])),
    )
    const folder = path.dirname(this.#file)
    const temporary = `${this.#file}.tmp`
    try {
      await fs.mkdir(folder, { recursive: true })
      const handle = await fs.open(temporary, 'w')
      try {
        await handle.writeFile(Buffer.concat([text, Buffer.from('\n')]))
        await handle.sync()
      } finally {
        await handle.close()
      }
      await fs.rename(temporary, this.#file)
      const directory = await fs.open(folder, 'r')
      try {
        await directory.sync()
      } finally {
        await directory.close()
      }
    } catch (cause) {
      throw new SluiceError('STORE_UNAVAILABLE', `Cannot write the positions file ${this.#file}`, {
        cause,
        retriable: true,
      })
    }
  }
}

function unreadable(file: string, cause: unknown): SluiceError {
  return new SluiceError('POSITION_UNREADABLE', `${file} is not a positions file of Sluice`, {
    cause,
    remedy:
      'Name another file in offset.storage.file.filename, or restore this one; a file written by Java cannot be read.',
  })
}
