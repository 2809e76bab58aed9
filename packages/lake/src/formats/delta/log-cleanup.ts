/** Old versions leave the log, up to a checkpoint that takes their place (PROTOCOL.md, "Metadata Cleanup"). */
import type { DeltaLog } from './log.ts'
import { sidecarsOf } from './checkpoint-read.ts'
import { listLog, versionName, walkLog } from './log-listing.ts'

/** How many files are deleted at once. */
const DELETES_AT_ONCE = 16

/**
 * Deletes what lies before the newest checkpoint that is itself as old as `cutoffMs`: so every version since then stays
 * readable, by that checkpoint and the commits behind it. Oldest first: whatever stops it, no gap is left behind.
 * Reads the names only as far as they are old.
 * @param cutoffMs milliseconds since the epoch, by the store's clock
 * @returns how many files were deleted
 */
export async function cleanUpLog(log: DeltaLog, cutoffMs: number, signal?: AbortSignal): Promise<number> {
  const old: { readonly version: number; readonly path: string }[] = []
  let [boundary, candidate, parts] = [-1, -1, 0]
  for await (const { name, facts } of walkLog(log.store, log.folder, undefined, signal)) {
    if (name.kind === 'commit') {
      if (facts.modifiedMs > cutoffMs) break
      if (candidate === name.version) boundary = candidate
    } else if (name.kind === 'checkpoint') {
      parts = name.part === 1 ? 1 : parts + 1
      if (name.part === name.parts && parts === name.parts) candidate = name.version
    }
    old.push({ version: name.version, path: facts.path })
  }
  const doomed = old.filter(({ version }) => version < boundary).map(({ path }) => path)
  const orphans = await orphansOf(log, doomed, boundary, signal)
  for (const paths of [doomed, orphans])
    for (let at = 0; at < paths.length; at += DELETES_AT_ONCE)
      await Promise.all(paths.slice(at, at + DELETES_AT_ONCE).map((path) => log.store.delete(path, { signal })))
  return doomed.length + orphans.length
}

/** Sidecars that only the doomed checkpoints name: others may share theirs. */
async function orphansOf(
  log: DeltaLog,
  doomed: readonly string[],
  boundary: number,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const tops = doomed.filter((path) => V2_TOP.test(path))
  if (tops.length === 0) return []
  const orphans = new Set<string>()
  for (const top of tops) for (const path of await sidecarsOf(log.store, log.folder, top, signal)) orphans.add(path)
  const { checkpoints } = await listLog(log.store, log.folder, `${log.folder}${versionName(boundary)}`, signal)
  for (const top of checkpoints.flatMap(({ paths }) => paths).filter((path) => V2_TOP.test(path)))
    for (const path of await sidecarsOf(log.store, log.folder, top, signal)) orphans.delete(path)
  return [...orphans]
}

const V2_TOP = /\.checkpoint\.[0-9a-fA-F-]{36}\.(?:json|parquet)$/
