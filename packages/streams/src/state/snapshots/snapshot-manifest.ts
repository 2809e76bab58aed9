/** What a snapshot of one task is: written last, so that where it is, all of it is. */

import type { TopicPartitionOffset } from '@sluice/sdk'
import { sha256Of, type SnapshotPart } from './frames.ts'
import { snapshotUnusable } from './snapshot-errors.ts'

/** Of the manifest and of all objects. */
export const SNAPSHOT_FORMAT = 1

export interface SnapshotOfStore {
  /** What it must be opened as: see `shapeOf`. */
  readonly shape: string
  /** Null: it has none, and comes back only where its task goes on from the very commit of the snapshot. */
  readonly changelog: string | null
  /** Its changelog has to be read from there. On disk the file says it itself, and may say more. Null: from the beginning. */
  readonly position: number | null
  /** Of a store in memory; null: it is in the file. */
  readonly rows: readonly SnapshotPart[] | null
  readonly counters: Readonly<Record<string, number>>
}

/** Where a source partition stood: with what was committed beside it. */
export interface SourcePosition extends TopicPartitionOffset {
  readonly metadata: string
}

export interface SnapshotManifest {
  readonly format: number
  readonly application: string
  readonly task: string
  /** The folder of its objects. */
  readonly attempt: string
  /** Of the Kafka cluster that the offsets are of. */
  readonly cluster: string
  /** Milliseconds since the epoch. */
  readonly takenAtMs: number
  readonly sources: readonly SourcePosition[]
  readonly stores: Readonly<Record<string, SnapshotOfStore>>
  /** The file of the stores on disk; null: there are none. */
  readonly file: readonly SnapshotPart[] | null
}

export function encodeManifest(manifest: SnapshotManifest): Buffer {
  const text = JSON.stringify(manifest)
  return Buffer.from(JSON.stringify({ sha256: sha256Of(text), manifest: text }))
}

/** @throws SluiceError SNAPSHOT_UNUSABLE */
export function decodeManifest(bytes: Uint8Array): SnapshotManifest {
  try {
    const { sha256, manifest: text } = JSON.parse(Buffer.from(bytes).toString()) as { sha256: string; manifest: string }
    if (sha256Of(text) !== sha256)
      throw snapshotUnusable('corrupted', 'its manifest does not have the checksum that it was written with')
    const manifest = JSON.parse(text) as SnapshotManifest
    if (manifest.format !== SNAPSHOT_FORMAT)
      throw snapshotUnusable('format', `it has format ${manifest.format}, and this version reads ${SNAPSHOT_FORMAT}`)
    return manifest
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw snapshotUnusable('torn', 'its manifest cannot be read', error)
    throw error
  }
}

/** Every object that it is made of. */
export function partsOf({ file, stores }: SnapshotManifest): readonly SnapshotPart[] {
  return [...(file ?? []), ...Object.values(stores).flatMap(({ rows }) => rows ?? [])]
}
