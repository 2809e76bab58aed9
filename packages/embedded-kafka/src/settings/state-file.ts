import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A small JSON document that a part of the broker keeps for itself, read once at the start and replaced whole. */
export interface StateFile {
  /** What was saved last; undefined when nothing was. */
  load(): unknown
  /** Atomic: after a crash there is the old document or the new one. Durable when it returns. */
  save(document: unknown): void
}

/** `<dataDir>/<name>.json`, readable by whom `mode` says; without a directory the document lives as long as the process. */
export function openStateFile(dataDir: string | undefined, name: string, mode = 0o666): StateFile {
  return dataDir === undefined ? memoryFile() : diskFile(dataDir, name, mode)
}

function memoryFile(): StateFile {
  let saved: string | undefined
  return {
    load: () => (saved === undefined ? undefined : (JSON.parse(saved) as unknown)),
    save(document) {
      saved = JSON.stringify(document)
    },
  }
}

function diskFile(dataDir: string, name: string, mode: number): StateFile {
  const path = join(dataDir, `${name}.json`)
  return {
    load() {
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as unknown
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw new Error(`${path} cannot be read; move it away to start without what it says`, { cause: error })
      }
    },
    save(document) {
      mkdirSync(dataDir, { recursive: true })
      const file = openSync(`${path}.tmp`, 'w', mode)
      try {
        writeSync(file, JSON.stringify(document, undefined, 2) + '\n')
        // A rename must not reach the disk before the bytes do.
        fsyncSync(file)
      } finally {
        closeSync(file)
      }
      renameSync(`${path}.tmp`, path)
    },
  }
}
