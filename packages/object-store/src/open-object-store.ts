import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { invalidValue, SluiceError, systemClock, systemRandom } from '@sluice/sdk'
import type { Clock, Random, Validator } from '@sluice/sdk'
import { FileStore } from './file-store.ts'
import { MemoryStore } from './memory-store.ts'
import type { ObjectStore } from './object-store.ts'
import { s3LocationOf } from './s3/s3-location.ts'
import { s3Settings } from './s3/s3-settings.ts'
import type { S3Settings } from './s3/s3-settings.ts'
import { S3Store } from './s3/s3-store.ts'

/** What a store may need besides its URL. Each scheme reads its own part; `file:` and `memory:` need nothing. */
export interface ObjectStoreOptions {
  /** Settings of the store by name, such as credentials and endpoints: for `s3:` those of `s3Settings`. Others are left aside. */
  readonly settings?: Readonly<Record<string, string>>
  /** The same as `s3Settings` has parsed them, as when they are part of a connector's settings. Then `settings` are not looked at. */
  readonly s3?: S3Settings
  /** For pauses between attempts. Default: the system's. */
  readonly clock?: Clock
  readonly random?: Random
}

type Open = (options: ObjectStoreOptions) => ObjectStore

/** A store is one file and one line here. Each reads its URL, and refuses it, before anything is opened. */
const SCHEMES: ReadonlyMap<string, (url: string) => Open> = new Map<string, (url: string) => Open>([
  ['file', fileStore],
  ['memory', (url) => () => memoryStore(url.slice('memory:'.length))],
  ['s3', s3Store],
  // Hadoop's name for the same.
  ['s3a', s3Store],
])

/** Of a setting that names a store: what cannot be opened is refused before anything runs. */
export const objectStoreUrl: Validator = {
  description: 's3://bucket/prefix, file:///…, a path, or memory:name',
  check(name, value) {
    if (typeof value !== 'string') return undefined
    try {
      read(value)
      return undefined
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error
      return invalidValue(name, withoutUser(value), `${error.message}. ${error.remedy ?? ''}`.trim())
    }
  },
}

const memoryStores = new Map<string, MemoryStore>()

/**
 * The store behind a URL: `file:///var/lake` (percent-encoded, as URLs are), a plain path such as `./lake` (taken literally),
 * `memory:name` (the same objects for the same name within this process; `memory:` alone is always new), or `s3://bucket/prefix`.
 * Nothing is created or contacted before the first call.
 * @throws SluiceError SETTINGS_INVALID for a scheme that no store serves, or settings that do not fit
 */
export function openObjectStore(url: string, options: ObjectStoreOptions = {}): ObjectStore {
  return read(url)(options)
}

/** What opens it. Every refusal of a URL is here, and nothing is kept of it. */
function read(url: string): Open {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase()
  if (scheme === undefined) {
    if (url.trim() === '') throw refused(url, 'it is empty')
    return () => new FileStore(resolve(url))
  }
  const ofScheme = SCHEMES.get(scheme)
  if (ofScheme === undefined) throw refused(url, `no object store serves the scheme ${scheme}:`)
  return ofScheme(url)
}

function memoryStore(name: string): MemoryStore {
  if (name === '') return new MemoryStore()
  let store = memoryStores.get(name)
  if (store === undefined) memoryStores.set(name, (store = new MemoryStore(name)))
  return store
}

function s3Store(url: string): Open {
  const location = s3LocationOf(url)
  if (typeof location === 'string') throw refused(url, location)
  return ({ settings = {}, s3 = s3Settings.parse(settings), clock = systemClock, random = systemRandom }) =>
    new S3Store(location, s3, { clock, random })
}

function fileStore(url: string): Open {
  let path: string
  try {
    path = fileURLToPath(url)
  } catch (cause) {
    throw refused(url, 'it is not a file URL with an absolute path', cause)
  }
  return () => new FileStore(path)
}

/** The user part of a URL may hold a secret, and that may hold slashes and more of `@`, as keys of AWS do. */
function withoutUser(url: string): string {
  return url.replace(/^((?:[a-z][a-z0-9+.-]+:)?(?:\/\/)?).*@/is, '$1[hidden]@')
}

function refused(url: string, why: string, cause?: unknown): SluiceError {
  return new SluiceError(
    'SETTINGS_INVALID',
    `The object store URL ${JSON.stringify(withoutUser(url))} is refused: ${why}`,
    {
      cause,
      remedy: `Use ${[...SCHEMES.keys()].map((name) => `${name}:`).join(', ')} or a path, for example file:///var/lake.`,
    },
  )
}
