/** From a snapshot back to state: the newest that fits. */

import fs from 'node:fs/promises'
import { SluiceError, type Logger } from '@sluice/sdk'
import type { ChangelogRecord } from '../store-context.ts'
import { framesOf, type SnapshotPart } from './frames.ts'
import { rowsOfFrame } from './row-frames.ts'
import type { SnapshotCatalogue } from './snapshot-catalogue.ts'
import { snapshotUnusable } from './snapshot-errors.ts'
import type { SnapshotManifest } from './snapshot-manifest.ts'

/** What a task has that wants its state back. */
export interface Wanted {
  readonly application: string
  readonly task: string
  readonly cluster: string
  readonly stores: readonly WantedStore[]
  /** Snapshots from before are too old: see `snapshot.max.age.ms`. Milliseconds since the epoch. */
  readonly notBeforeMs: number
}

export interface WantedStore {
  readonly name: string
  readonly shape: string
  readonly isOnDisk: boolean
  /** The first record that its changelog still has, and where it ends for this task. Null: it has no changelog. */
  readonly changelog: { readonly topic: string; readonly begin: number; readonly end: number } | null
}

export interface FoundSnapshot {
  readonly number: number
  readonly manifest: SnapshotManifest
}

/** The newest snapshot that can be used; null: none. Each that cannot is said with its reason. @throws SluiceError STORE_UNAVAILABLE */
export async function newestUsable(
  catalogue: SnapshotCatalogue,
  wanted: Wanted,
  refused: ReadonlySet<number>,
  logger: Logger,
  signal: AbortSignal,
): Promise<FoundSnapshot | null> {
  const { task } = wanted
  for (const number of await catalogue.numbers({ signal })) {
    if (refused.has(number)) continue
    try {
      const manifest = await catalogue.read(number, { signal })
      checkFit(manifest, wanted)
      return { number, manifest }
    } catch (error) {
      if (!(error instanceof SluiceError) || error.code !== 'SNAPSHOT_UNUSABLE') throw error
      logger.warn('A snapshot is passed over', { task, snapshot: number, reason: error.message })
    }
  }
  return null
}

/** @throws SluiceError SNAPSHOT_UNUSABLE */
export function checkFit(manifest: SnapshotManifest, wanted: Wanted): void {
  const { application, task, cluster, stores, takenAtMs } = manifest
  if (application !== wanted.application || task !== wanted.task)
    throw snapshotUnusable('foreign', `it is that of task ${task} of ${application}`)
  if (cluster !== wanted.cluster) throw snapshotUnusable('foreign', `its offsets are those of Kafka cluster ${cluster}`)
  if (takenAtMs < wanted.notBeforeMs)
    throw snapshotUnusable(
      'too old',
      `it was taken at ${new Date(takenAtMs).toISOString()}, and deletes may be forgotten`,
    )
  if (!wanted.stores.some(({ name }) => Object.hasOwn(stores, name)))
    throw snapshotUnusable('foreign', `it has none of the task’s stores, but ${Object.keys(stores).join(', ')}`)
  for (const { name, shape, isOnDisk, changelog } of wanted.stores) {
    const kept = Object.hasOwn(stores, name) ? stores[name] : undefined
    if (kept === undefined) continue
    if (kept.shape !== shape)
      throw snapshotUnusable('foreign', `store ${name} was kept as ${kept.shape}, and is now ${shape}`)
    if ((kept.rows === null) !== isOnDisk)
      throw snapshotUnusable('foreign', `store ${name} was kept ${isOnDisk ? 'in memory' : 'on disk'}`)
    if (kept.changelog !== (changelog?.topic ?? null))
      throw snapshotUnusable('foreign', `the changelog of store ${name} was ${kept.changelog}`)
    if (changelog === null || kept.position === null) continue
    if (kept.position < changelog.begin)
      throw snapshotUnusable(
        'too old',
        `store ${name} is that of offset ${kept.position}, and its changelog begins at ${changelog.begin}`,
      )
    if (kept.position > changelog.end)
      throw snapshotUnusable(
        'ahead',
        `store ${name} is that of offset ${kept.position}, and its changelog ends at ${changelog.end}`,
      )
  }
}

/** Writes the file of the stores on disk. What is not whole is not left there. @throws SluiceError SNAPSHOT_UNUSABLE, STORE_UNAVAILABLE */
export async function readFile(
  { manifest }: FoundSnapshot,
  catalogue: SnapshotCatalogue,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  const handle = await fs.open(file, 'w')
  try {
    for await (const frame of frames(manifest.file ?? [], catalogue, signal)) await handle.writeFile(frame)
  } finally {
    await handle.close()
  }
}

/** The rows of a store in memory, in pieces. */
export async function* readRows(
  { manifest }: FoundSnapshot,
  store: string,
  catalogue: SnapshotCatalogue,
  signal: AbortSignal,
): AsyncGenerator<ChangelogRecord[], void> {
  for await (const frame of frames(manifest.stores[store]?.rows ?? [], catalogue, signal)) yield rowsOfFrame(frame)
}

async function* frames(
  parts: readonly SnapshotPart[],
  catalogue: SnapshotCatalogue,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  let next: Promise<Uint8Array> | null = null
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    const bytes: Uint8Array = await (next ?? catalogue.get(part.object, { signal }))
    const following = parts[i + 1]
    // Fetched while this one is written.
    next = following === undefined ? null : catalogue.get(following.object, { signal })
    next?.catch(() => undefined)
    yield* framesOf(part, bytes)
  }
}
