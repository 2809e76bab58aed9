import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SluiceError } from '@sluice/sdk'
import { FileStore } from './file-store.ts'
import { MemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'

/** What a store may need besides its URL. Each scheme reads its own part; `file:` and `memory:` need nothing. */
export interface ObjectStoreOptions {
  /** Settings of the store by name, such as credentials and endpoints. */
  readonly settings?: Readonly<Record<string, string>>
}

type Opener = (url: string, options: ObjectStoreOptions) => ObjectStore

/** A store is one file and one line here. */
const SCHEMES: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ['file', (url) => new FileStore(filePath(url))],
  ['memory', (url) => memoryStore(url.slice('memory:'.length))],
])

const memoryStores = new Map<string, MemoryStore>()

/**
 * The store behind a URL: `file:///var/lake` (percent-encoded, as URLs are), a plain path such as `./lake` (taken literally),
 * or `memory:name` (the same objects for the same name within this process; `memory:` alone is always new).
 * Nothing is created or contacted before the first call.
 * @throws SluiceError SETTINGS_INVALID for a scheme that no store serves
 */
export function openObjectStore(url: string, options: ObjectStoreOptions = {}): ObjectStore {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    if (url.trim() === '') throw refused(url, 'it is empty')
    return new FileStore(resolve(url))
  }
  const open = SCHEMES.get(scheme)
  if (open === undefined) throw refused(url, `no object store serves the scheme ${scheme}:`)
  return open(url, options)
}

function memoryStore(name: string): MemoryStore {
  if (name === '') return new MemoryStore()
  let store = memoryStores.get(name)
  if (store === undefined) memoryStores.set(name, (store = new MemoryStore(name)))
  return store
}

function filePath(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (cause) {
    throw refused(url, 'it is not a file URL with an absolute path', cause)
  }
}

function refused(url: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError('SETTINGS_INVALID', `The object store URL ${JSON.stringify(url)} is refused: ${why}`, {
    cause,
    remedy: `Use ${[...SCHEMES.keys()].map((name) => `${name}:`).join(', ')} or a path, for example file:///var/lake.`,
  })
}
