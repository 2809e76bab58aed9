/** From a cut to a published snapshot, a frame at a time. */

import fs from 'node:fs/promises'
import { FRAME_BYTES, PartWriter, type PutPart, type SnapshotPart } from './frames.ts'
import { framesOfRows } from './row-frames.ts'
import type { SnapshotCatalogue } from './snapshot-catalogue.ts'
import { SNAPSHOT_FORMAT, partsOf, type SnapshotManifest, type SnapshotOfStore } from './snapshot-manifest.ts'
import type { StateCut } from './state-cut.ts'

/** What a snapshot says beside the state. */
export type SnapshotFacts = Pick<SnapshotManifest, 'application' | 'task' | 'cluster' | 'takenAtMs' | 'sources'> & {
  readonly changelogOf: (store: string) => string | null
}

export interface WrittenSnapshot {
  readonly number: number
  readonly manifest: SnapshotManifest
  readonly storedBytes: number
}

/**
 * @param file where the stores on disk are copied to first
 * @returns null where another owner of the task was faster
 * @throws SluiceError STORE_UNAVAILABLE, STATE_DISK_FULL, INTERRUPTED
 */
export async function writeSnapshot(
  cut: StateCut,
  facts: SnapshotFacts,
  catalogue: SnapshotCatalogue,
  file: string,
  signal: AbortSignal,
): Promise<WrittenSnapshot | null> {
  const call = { signal }
  // At once: the copy is to be of this commit, or of one soon after.
  const copied = cut.copyTo === null ? null : copyOf(cut.copyTo, file)
  try {
    const [snapshot] = await Promise.all([catalogue.begin(call), copied])
    const { attempt, number } = snapshot
    const put: PutPart = (bytes) => snapshot.put(bytes)
    const stores: Record<string, SnapshotOfStore> = {}
    for (const { name, shape, position, image } of cut.stores) {
      const rows = image === null ? null : await writeFrames(framesOfRows(image.rows), put)
      const counters = image === null ? {} : finite(image.counters)
      stores[name] = { shape, changelog: facts.changelogOf(name), position, rows, counters }
    }
    const { application, task, cluster, takenAtMs, sources } = facts
    const manifest: SnapshotManifest = {
      format: SNAPSHOT_FORMAT,
      application,
      task,
      attempt,
      cluster,
      takenAtMs,
      sources,
      stores,
      file: copied === null ? null : await writeFrames(framesOfFile(file), put),
    }
    if (!(await snapshot.publish(manifest))) return null
    return { number, manifest, storedBytes: partsOf(manifest).reduce((sum, part) => sum + part.storedBytes, 0) }
  } finally {
    await copied?.catch(() => undefined)
    await fs.rm(file, { force: true })
  }
}

async function copyOf(copyTo: (file: string) => Promise<void>, file: string): Promise<void> {
  // What a process left that ended in the middle.
  await fs.rm(file, { force: true })
  await copyTo(file)
}

async function writeFrames(
  frames: Iterable<Buffer> | AsyncIterable<Buffer>,
  put: PutPart,
): Promise<readonly SnapshotPart[]> {
  const parts = new PartWriter(put)
  for await (const frame of frames) await parts.add(frame)
  return parts.end()
}

async function* framesOfFile(file: string): AsyncGenerator<Buffer, void> {
  const handle = await fs.open(file, 'r')
  try {
    const frame = Buffer.allocUnsafeSlow(FRAME_BYTES)
    for (;;) {
      const { bytesRead } = await handle.read(frame, 0, FRAME_BYTES)
      if (bytesRead === 0) return
      yield frame.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

/** A store that has seen nothing has no time: JSON has no word for that. */
function finite(counters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counters).filter(([, value]) => Number.isFinite(value)))
}
