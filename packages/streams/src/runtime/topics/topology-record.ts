import fs from 'node:fs'
import path from 'node:path'
import { SluiceError } from '@sluice/sdk'
import { stateError } from '../../state/lmdb/lmdb-errors.ts'
import type { WrittenTopology } from '../../topology/written-topology.ts'

/** Where an application keeps what its stored state was written by, from one start to the next. */
export interface TopologyRecord {
  /** Null: nothing is known. */
  read(): Promise<WrittenTopology | null>
  write(topology: WrittenTopology): Promise<void>
}

const FILE = 'topology.json'

/** A file beside the application's state. */
export class TopologyFile implements TopologyRecord {
  readonly #file: string

  /** @param directory of the application's state */
  constructor(directory: string) {
    this.#file = path.join(directory, FILE)
  }

  /** @throws SluiceError STATE_FOREIGN for a file that is none of ours, or of a later version */
  async read(): Promise<WrittenTopology | null> {
    let text: string
    try {
      text = await fs.promises.readFile(this.#file, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    const found = parsed(text)
    if (isWritten(found)) return found
    throw new SluiceError('STATE_FOREIGN', 'The description of the topology beside the state cannot be read', {
      place: { file: this.#file },
      remedy: 'Run the version that wrote it; or delete the file, if the topology has not changed since.',
    })
  }

  /** @throws SluiceError STATE_DISK_FULL, retriable */
  async write(topology: WrittenTopology): Promise<void> {
    const directory = path.dirname(this.#file)
    const draft = `${this.#file}.${process.pid}`
    try {
      await fs.promises.mkdir(directory, { recursive: true })
      await fs.promises.writeFile(draft, JSON.stringify(topology))
      await fs.promises.rename(draft, this.#file)
    } catch (error) {
      throw stateError(error, directory)
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isWritten(found: unknown): found is WrittenTopology {
  return typeof found === 'object' && found !== null && (found as { readonly version?: unknown }).version === 1
}
