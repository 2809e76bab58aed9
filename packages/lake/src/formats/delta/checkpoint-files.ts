/** The objects that a checkpoint consists of: one in the classic form; in V2 a top that names the files with the table's files. */
import { randomUUID } from 'node:crypto'
import { writeActions } from './actions.ts'
import { encodeCheckpoint, encodeFiles } from './checkpoint-write.ts'
import type { CheckpointState, FilesState } from './checkpoint-write.ts'
import type { JsonObject } from './exact-json.ts'
import type { CheckpointFacts } from './last-checkpoint.ts'
import { domainLine, metadataLine, protocolLine, txnLine } from './lines.ts'
import type { DeltaLog } from './log.ts'
import { versionName } from './log-listing.ts'

/** Files in one sidecar: what a reader holds at a time. */
const FILES_PER_SIDECAR = 50_000

/** @returns undefined when somebody else has made it */
export async function writeClassicCheckpoint(
  { store, folder }: DeltaLog,
  state: CheckpointState,
  signal: AbortSignal,
): Promise<CheckpointFacts | undefined> {
  const { bytes, actions } = await encodeCheckpoint(state, signal)
  const path = `${folder}${versionName(state.version)}.checkpoint.parquet`
  if ((await store.putIfAbsent(path, bytes, { signal })) === 'exists') return undefined
  return { path, version: state.version, size: actions, sizeInBytes: bytes.length, numOfAddFiles: state.adds.length }
}

/** Under names of its own: it is there when its top is, and several of one version do no harm. */
export async function writeV2Checkpoint(
  { store, folder }: DeltaLog,
  state: CheckpointState,
  nowMs: number,
  signal: AbortSignal,
): Promise<CheckpointFacts> {
  const sidecars: JsonObject[] = []
  let [size, sizeInBytes] = [0, 0]
  for (const files of sidecarStates(state)) {
    const { bytes, actions } = await encodeFiles(files, signal)
    const name = `${randomUUID()}.parquet`
    await store.put(`${folder}_sidecars/${name}`, bytes, { signal })
    sidecars.push({ sidecar: { path: name, sizeInBytes: bytes.length, modificationTime: nowMs } })
    size += actions
    sizeInBytes += bytes.length
  }
  const lines = [
    { checkpointMetadata: { version: state.version } },
    protocolLine(state.protocol),
    metadataLine(state.metadata),
    ...state.txns.map(txnLine),
    ...state.domains.map(domainLine),
    ...sidecars,
  ]
  const top = writeActions(lines)
  const path = `${folder}${versionName(state.version)}.checkpoint.${randomUUID()}.json`
  await store.put(path, top, { signal })
  return {
    path,
    version: state.version,
    size: size + lines.length,
    sizeInBytes: sizeInBytes + top.length,
    numOfAddFiles: state.adds.length,
  }
}

function* sidecarStates({ adds, removes }: CheckpointState): Generator<FilesState, void, undefined> {
  for (let at = 0; at < adds.length; at += FILES_PER_SIDECAR)
    yield { adds: adds.slice(at, at + FILES_PER_SIDECAR), removes: [] }
  for (let at = 0; at < removes.length; at += FILES_PER_SIDECAR)
    yield { adds: [], removes: removes.slice(at, at + FILES_PER_SIDECAR) }
}
