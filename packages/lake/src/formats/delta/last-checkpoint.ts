/**
 * `_last_checkpoint`: where a reader may begin. It is overwritten in place and may be stale, torn or gone; so it is never
 * more than a hint, and whoever follows it falls back to a listing.
 */
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { isObject } from './actions.ts'
import { parseExact, stringifyExact } from './exact-json.ts'

export interface CheckpointFacts {
  /** Where it is in the store; of several objects, the one that names the others. */
  readonly path: string
  readonly version: number
  /** Number of actions. */
  readonly size: number
  readonly sizeInBytes: number
  readonly numOfAddFiles: number
}

/** The version it names; undefined when it names none. */
export async function readLastCheckpoint(
  store: ObjectStore,
  folder: string,
  signal?: AbortSignal,
): Promise<number | undefined> {
  try {
    const hint = parseExact(new TextDecoder().decode(await store.get(`${folder}_last_checkpoint`, { signal })))
    const version = isObject(hint) ? hint['version'] : undefined
    return typeof version === 'number' && version >= 0 ? version : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    if (error instanceof SluiceError && error.code === 'OBJECT_MISSING') return undefined
    throw error
  }
}

export function writeLastCheckpoint(
  store: ObjectStore,
  folder: string,
  { version, size, sizeInBytes, numOfAddFiles }: CheckpointFacts,
  signal?: AbortSignal,
): Promise<void> {
  const text = stringifyExact({ version, size, sizeInBytes, numOfAddFiles })
  return store.put(`${folder}_last_checkpoint`, new TextEncoder().encode(text), { signal })
}
