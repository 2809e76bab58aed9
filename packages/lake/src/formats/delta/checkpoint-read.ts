/**
 * Checkpoints back into actions: V1 in one file or in parts, and V2 in JSON or Parquet with sidecars (PROTOCOL.md,
 * "Checkpoints"). All forms hold the same rows: one action in each.
 */
import { SluiceError } from '@sluice/sdk'
import type { ObjectStore } from '@sluice/object-store'
import { readParquet } from '../../parquet/reader/index.ts'
import { actionOf, isObject } from './actions.ts'
import type { Action } from './actions.ts'
import { parseExact } from './exact-json.ts'
import type { Json, JsonObject } from './exact-json.ts'
import type { CheckpointFiles } from './log-listing.ts'
import { decodePath } from './paths.ts'

/** What is asked of the files; statistics as columns of their own are left where they are. */
const COLUMNS = ['txn', 'add', 'remove', 'metaData', 'protocol', 'domainMetadata', 'sidecar']
/** How many sidecars are read at once; each may hold tens of thousands of actions. */
const SIDECARS_AT_ONCE = 4

/**
 * All actions of a checkpoint.
 * @throws SluiceError DATA_INVALID naming the object that is missing or damaged; what the store throws
 */
export async function readCheckpoint(
  store: ObjectStore,
  folder: string,
  checkpoint: CheckpointFiles,
  signal?: AbortSignal,
): Promise<Action[]> {
  const actions: Action[] = []
  const sidecars: string[] = []
  for (const path of checkpoint.paths) {
    const rows = await rowsOf(store, path, signal)
    for (const row of rows) {
      const sidecar = row['sidecar']
      if (isObject(sidecar)) sidecars.push(sidecarPath(folder, sidecar, path))
      else take(actions, row, path)
    }
  }
  for (let at = 0; at < sidecars.length; at += SIDECARS_AT_ONCE) {
    const some = sidecars.slice(at, at + SIDECARS_AT_ONCE)
    const read = await Promise.all(some.map((path) => rowsOf(store, path, signal)))
    for (const [i, rows] of read.entries()) for (const row of rows) take(actions, row, some[i]!)
  }
  for (const needed of ['protocol', 'metaData'])
    if (!actions.some((action) => needed in action))
      throw damaged(checkpoint.paths[0]!, new TypeError(`it has no ${needed}`))
  return actions
}

/** The files that the top of a V2 checkpoint names beside itself. */
export async function sidecarsOf(
  store: ObjectStore,
  folder: string,
  path: string,
  signal?: AbortSignal,
): Promise<string[]> {
  const rows = await rowsOf(store, path, signal)
  return rows.flatMap(({ sidecar }) => (isObject(sidecar) ? [sidecarPath(folder, sidecar, path)] : []))
}

function take(actions: Action[], row: JsonObject, path: string): void {
  try {
    const action = actionOf(row)
    if (action !== undefined) actions.push(action)
  } catch (cause) {
    throw damaged(path, cause)
  }
}

async function rowsOf(store: ObjectStore, path: string, signal: AbortSignal | undefined): Promise<JsonObject[]> {
  const bytes = await bytesOf(store, path, signal)
  try {
    if (path.endsWith('.json'))
      return new TextDecoder()
        .decode(bytes)
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line) => parseExact(line) as JsonObject)
    const rows: JsonObject[] = []
    for await (const row of readParquet(bytes, { columns: COLUMNS, name: path })) rows.push(jsonOf(row) as JsonObject)
    return rows
  } catch (cause) {
    throw damaged(path, cause)
  }
}

async function bytesOf(store: ObjectStore, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  try {
    return await store.get(path, { signal })
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'OBJECT_MISSING') throw damaged(path, error)
    throw error
  }
}

/** What a Parquet row would be in a line of JSON: fields that are null are not there, entries of maps may be null. */
function jsonOf(value: unknown): Json {
  if (value instanceof Map)
    return Object.fromEntries(Array.from(value, ([key, entry]: [unknown, unknown]) => [String(key), jsonOf(entry)]))
  if (Array.isArray(value)) return value.map(jsonOf)
  if (typeof value !== 'object' || value === null) return value as Json
  const fields: [string, Json][] = []
  for (const [name, field] of Object.entries(value))
    if (field !== null && field !== undefined) fields.push([name, jsonOf(field)])
  return Object.fromEntries(fields)
}

function sidecarPath(folder: string, sidecar: JsonObject, checkpoint: string): string {
  const { path } = sidecar as Record<string, Json>
  if (typeof path !== 'string') throw damaged(checkpoint, new TypeError('a sidecar has no path'))
  const name = decodePath(path)
  return name.includes('/') ? name : `${folder}_sidecars/${name}`
}

function damaged(path: string, cause: unknown): SluiceError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new SluiceError('DATA_INVALID', `A checkpoint of the table log cannot be read: ${why}`, {
    cause,
    place: { file: path },
    remedy: 'Delete the checkpoint while the commits before it are still there, or restore it from a copy.',
  })
}
