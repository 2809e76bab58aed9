/** The directory of one task's state: who owns it, what wrote it, and whether it can be trusted. */

import fs from 'node:fs'
import path from 'node:path'
import type { StoreDefinition } from '../definition.ts'
import { shapeOf } from '../shape.ts'
import { checkWhole } from './file-check.ts'
import { foreign, stateError, torn } from './lmdb-errors.ts'
import { bootId, takeLock } from './process-lock.ts'

const MANIFEST = 'state.json'
const DATA = 'state.mdb'
/** Of the directory and of all that our own code writes into the file. */
const FORMAT = 1

export interface StateOwner {
  readonly application: string
  /** Such as `0_1`. */
  readonly task: string
}

interface Manifest extends StateOwner {
  readonly format: number
  /** By store: what it must be opened as. */
  readonly stores: Readonly<Record<string, string>>
  /** The start of the machine in which it is in use; null: it was closed, and all of it is on the disk. */
  readonly openIn: string | null
  /** When it was closed: how many records of its changelogs it held. */
  readonly held?: number
}

export class StateDirectory {
  readonly directory: string
  readonly #owner: StateOwner
  readonly #unlock: () => void
  readonly #stores: Map<string, string>

  /**
   * @throws SluiceError STATE_LOCKED, retriable, while another process has it; STATE_TORN for what a crash of the machine or a copy left
   * half; STATE_FOREIGN for another task's, or a later version's
   */
  constructor(directory: string, owner: StateOwner) {
    this.directory = directory
    this.#owner = owner
    fs.mkdirSync(directory, { recursive: true })
    this.#unlock = takeLock(directory)
    try {
      const manifest = this.#checked()
      this.#stores = new Map(Object.entries(manifest?.stores ?? {}))
      this.#write(bootId())
    } catch (error) {
      this.#unlock()
      throw error
    }
  }

  get file(): string {
    return path.join(this.directory, DATA)
  }

  /** Whether a store was ever written here. */
  has(store: string): boolean {
    return this.#stores.has(store)
  }

  /** @throws SluiceError STATE_FOREIGN for a store that was written as something else */
  declare(definition: StoreDefinition): void {
    const shape = shapeOf(definition)
    const written = this.#stores.get(definition.name)
    if (written === shape) return
    if (written !== undefined)
      throw foreign(this.directory, `store ${definition.name} was written as ${written}, and is now ${shape}`)
    this.#stores.set(definition.name, shape)
    this.#write(bootId())
  }

  /** Nobody writes the file any more: it is brought to the disk, and then said to be. `held`: how many records of changelogs. */
  close(held = 0): void {
    try {
      const handle = fs.openSync(this.file, 'r+')
      try {
        fs.fsyncSync(handle)
      } finally {
        fs.closeSync(handle)
      }
      this.#write(null, held)
    } finally {
      this.#unlock()
    }
  }

  /** The state is left as after a crash. */
  abandon(): void {
    this.#unlock()
  }

  #checked(): Manifest | null {
    const hasData = fs.existsSync(this.file)
    const manifest = this.#read()
    if (manifest === null) {
      if (hasData) throw torn(this.directory, `it has data, and no ${MANIFEST}`)
      return null
    }
    if (manifest.format !== FORMAT)
      throw foreign(this.directory, `it has format ${manifest.format}, and this version writes ${FORMAT}`)
    const { application, task } = this.#owner
    if (manifest.application !== application || manifest.task !== task)
      throw foreign(this.directory, `it is that of task ${manifest.task} of ${manifest.application}`)
    if (!hasData) return null
    if (manifest.openIn !== null && (manifest.openIn === '' || manifest.openIn !== bootId()))
      throw torn(
        this.directory,
        'the machine stopped while it was in use, so that parts of it may not have been written',
      )
    checkWhole(this.directory, this.file)
    return manifest
  }

  #read(): Manifest | null {
    let text: string
    try {
      text = fs.readFileSync(path.join(this.directory, MANIFEST), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
    try {
      return JSON.parse(text) as Manifest
    } catch (error) {
      throw torn(this.directory, `${MANIFEST} cannot be read`, error)
    }
  }

  /** Written beside and moved into place: a reader finds the old one or the new one. */
  #write(openIn: string | null, held?: number): void {
    const manifest: Manifest = {
      format: FORMAT,
      application: this.#owner.application,
      task: this.#owner.task,
      stores: Object.fromEntries(this.#stores ?? []),
      openIn,
      ...(held === undefined ? {} : { held }),
    }
    const file = path.join(this.directory, MANIFEST)
    fs.writeFileSync(`${file}.new`, `${JSON.stringify(manifest, null, 2)}\n`)
    fs.renameSync(`${file}.new`, file)
  }
}

/** Whether there is a state; not whether it is whole. */
export function hasState(directory: string): boolean {
  return fs.existsSync(path.join(directory, DATA))
}

/**
 * Makes a state out of a file that `write` brings, as that of `stores` (by name, their shapes). Half of it is never found: the file
 * is moved into its place when it is complete. @throws SluiceError STATE_LOCKED and STATE_DISK_FULL, retriable; what `write` throws
 */
export async function adoptState(
  directory: string,
  { application, task }: StateOwner,
  stores: Readonly<Record<string, string>>,
  write: (file: string) => Promise<void>,
): Promise<void> {
  const file = path.join(directory, DATA)
  const coming = `${file}.new`
  let unlock: (() => void) | null = null
  try {
    fs.mkdirSync(directory, { recursive: true })
    unlock = takeLock(directory)
    await write(coming)
    // Nobody has waited for the disk: what a crash of the machine leaves of it is not trusted.
    const manifest: Manifest = { format: FORMAT, application, task, stores, openIn: bootId() }
    fs.writeFileSync(path.join(directory, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`)
    fs.renameSync(coming, file)
  } catch (error) {
    throw stateError(error, directory)
  } finally {
    if (unlock !== null) {
      fs.rmSync(coming, { force: true })
      unlock()
    }
  }
}

/** The tasks that have their state below a directory and were closed in order, and how many records of their changelogs each holds. */
export function heldOnDisk(application: string): { subtopology: number; partition: number; offsetSum: number }[] {
  let names: string[]
  try {
    names = fs.readdirSync(application)
  } catch {
    return []
  }
  return names.flatMap((name) => {
    const match = /^(\d+)_(\d+)$/.exec(name)
    if (match === null) return []
    const held = heldIn(path.join(application, name))
    return held === null ? [] : [{ subtopology: Number(match[1]), partition: Number(match[2]), offsetSum: held }]
  })
}

/** Null: it is in use, or cannot be read. */
function heldIn(directory: string): number | null {
  try {
    const { openIn, held } = JSON.parse(fs.readFileSync(path.join(directory, MANIFEST), 'utf8')) as Manifest
    return openIn === null && typeof held === 'number' ? held : null
  } catch {
    return null
  }
}
