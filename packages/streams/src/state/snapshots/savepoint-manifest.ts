/** A savepoint: the snapshots of all tasks of an application at one commit, and where its sources stood. */

import type { ObjectStore } from '@sluice/object-store'
import { SluiceError } from '@sluice/sdk'
import { sha256Of } from './frames.ts'
import { snapshotUnusable } from './snapshot-errors.ts'
import { SNAPSHOT_FORMAT, type SourcePosition } from './snapshot-manifest.ts'

/** Written last. */
export const SAVEPOINT = 'savepoint.json'

export interface SavepointManifest {
  readonly format: number
  readonly application: string
  readonly cluster: string
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number
  /** The tasks with state. */
  readonly tasks: readonly string[]
  /** The number of the snapshot of each of them. */
  readonly snapshots: Readonly<Record<string, number>>
  /** Of all tasks; the application's own topics had nothing in them that was not processed, and are not among them. */
  readonly sources: readonly SourcePosition[]
}

export function encodeSavepoint(manifest: SavepointManifest): Buffer {
  const text = JSON.stringify(manifest)
  return Buffer.from(JSON.stringify({ sha256: sha256Of(text), savepoint: text }))
}

/** @throws SluiceError SNAPSHOT_UNUSABLE, SAVEPOINT_REFUSED where there is none */
export async function readSavepoint(store: ObjectStore): Promise<SavepointManifest> {
  try {
    const bytes = Buffer.from(await store.get(SAVEPOINT))
    const { sha256, savepoint: text } = JSON.parse(bytes.toString()) as { sha256: string; savepoint: string }
    if (sha256Of(text) !== sha256) throw snapshotUnusable('corrupted', `${SAVEPOINT} does not have its checksum`)
    const manifest = JSON.parse(text) as SavepointManifest
    if (manifest.format !== SNAPSHOT_FORMAT)
      throw snapshotUnusable('format', `it has format ${manifest.format}, and this version reads ${SNAPSHOT_FORMAT}`)
    return manifest
  } catch (error) {
    if (error instanceof SluiceError && error.code === 'OBJECT_MISSING')
      throw savepointRefused(
        `There is no savepoint at ${store.url}`,
        'Look whether it was completed: its last object is savepoint.json.',
      )
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw snapshotUnusable('torn', `${SAVEPOINT} cannot be read`, error)
    throw error
  }
}

export function savepointRefused(
  what: string,
  remedy: string,
  place?: Readonly<Record<string, string | number>>,
): SluiceError {
  return new SluiceError('SAVEPOINT_REFUSED', what, { remedy, ...(place === undefined ? {} : { place }) })
}
