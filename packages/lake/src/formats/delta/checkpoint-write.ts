/**
 * A state of the table as one Parquet file (PROTOCOL.md, "Checkpoints": V1, which every reader has). It holds what
 * reconciliation leaves of all commits so far, and nothing that only tells how it came about.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { ParquetWriter, collectChunks } from '../../parquet/index.ts'
import type { ParquetColumn, ParquetType } from '../../parquet/index.ts'
import type {
  AddAction,
  DomainMetadataAction,
  FileAction,
  MetadataAction,
  ProtocolAction,
  RemoveAction,
  TxnAction,
} from './actions.ts'
import { deletedFileRetentionMs, txnRetentionMs } from './properties.ts'
import type { DeltaSnapshot } from './snapshot.ts'

export interface FilesState {
  readonly removes: readonly RemoveAction[]
  readonly adds: readonly AddAction[]
}

/** What a checkpoint of one version says; does not change when the table goes on. */
export interface CheckpointState extends FilesState {
  readonly version: number
  readonly protocol: ProtocolAction
  readonly metadata: MetadataAction
  readonly txns: readonly TxnAction[]
  readonly domains: readonly DomainMetadataAction[]
}

/** @param nowMs milliseconds since the epoch; what has expired by then is left out */
export function checkpointStateOf(snapshot: DeltaSnapshot, nowMs: number): CheckpointState {
  const { version, protocol, metadata } = snapshot
  const removedAfter = nowMs - deletedFileRetentionMs(metadata.configuration)
  const movedAfter = nowMs - txnRetentionMs(metadata.configuration)
  return {
    version,
    protocol,
    metadata,
    // Without a time nobody can say that it has expired.
    txns: Array.from(snapshot.txns).filter(({ lastUpdated = Infinity }) => lastUpdated > movedAfter),
    domains: Array.from(snapshot.domains),
    removes: Array.from(snapshot.tombstones).filter(({ deletionTimestamp = 0 }) => deletionTimestamp > removedAfter),
    adds: Array.from(snapshot.files),
  }
}

/** Rows encoded before others get a turn: about two milliseconds. */
const ROWS_PER_TURN = 500

export interface EncodedCheckpoint {
  readonly bytes: Uint8Array
  /** Number of actions in it. */
  readonly actions: number
}

/** The file's bytes. */
export function encodeCheckpoint(state: CheckpointState, signal?: AbortSignal): Promise<EncodedCheckpoint> {
  return encode(columnsFor(state), rowsOf(state), signal)
}

/** The bytes of a file with nothing but files in it; see `checkpoint-v2.ts`. */
export function encodeFiles(files: FilesState, signal?: AbortSignal): Promise<EncodedCheckpoint> {
  return encode(columns(fileColumns(files)), fileRows(files), signal)
}

/** In small steps, so that a table with many files holds up nobody else in the process. */
async function encode(
  parquetColumns: ParquetColumn[],
  rows: Iterable<Record<string, unknown>>,
  signal: AbortSignal | undefined,
): Promise<EncodedCheckpoint> {
  const chunks = collectChunks()
  // Snappy: some readers have no other codec for their logs.
  const writer = new ParquetWriter(parquetColumns, { codec: 'snappy' }, chunks.sink)
  let actions = 0
  for (const row of rows) {
    writer.appendRow(row)
    if (++actions % ROWS_PER_TURN !== 0) continue
    await turn()
    signal?.throwIfAborted()
  }
  writer.finish()
  return { bytes: chunks.bytes(), actions }
}

function* rowsOf(state: CheckpointState): Generator<Record<string, unknown>, void, undefined> {
  yield { protocol: state.protocol }
  yield { metaData: { format: { provider: 'parquet', options: {} }, ...state.metadata } }
  for (const txn of state.txns) yield { txn }
  for (const domainMetadata of state.domains) yield { domainMetadata }
  yield* fileRows(state)
}

function* fileRows({ removes, adds }: FilesState): Generator<Record<string, unknown>, void, undefined> {
  for (const remove of removes) yield { remove }
  // What is in a checkpoint changes nothing.
  for (const add of adds) yield { add: { ...add, dataChange: false } }
}

const text: ParquetType = { kind: 'string' }
const long: ParquetType = { kind: 'int64' }
const integer: ParquetType = { kind: 'int32' }
const boolean: ParquetType = { kind: 'boolean' }
const texts: ParquetType = { kind: 'list', element: { type: text, optional: true } }
const map: ParquetType = { kind: 'map', key: { type: text, optional: false }, value: { type: text, optional: true } }

function struct(fields: Readonly<Record<string, ParquetType>>): ParquetType {
  return { kind: 'struct', fields: columns(fields) }
}

function columns(fields: Readonly<Record<string, ParquetType>>): ParquetColumn[] {
  return Object.entries(fields).map(([name, type]) => ({ name, type, optional: true }))
}

const deletionVector = struct({
  storageType: text,
  pathOrInlineDv: text,
  offset: integer,
  sizeInBytes: integer,
  cardinality: long,
})

const FILE_EXTRAS: Readonly<Record<string, ParquetType>> = {
  deletionVector,
  baseRowId: long,
  defaultRowCommitVersion: long,
}

/**
 * The columns of this state. What no action has gets no column, which readers take for null: it spares them a look at every
 * row, and most tables have no such thing.
 */
function columnsFor(state: CheckpointState): ParquetColumn[] {
  return columns({
    txn: struct({ appId: text, version: long, lastUpdated: long }),
    ...fileColumns(state),
    metaData: struct({
      id: text,
      name: text,
      description: text,
      format: struct({ provider: text, options: map }),
      schemaString: text,
      partitionColumns: texts,
      configuration: map,
      createdTime: long,
    }),
    protocol: struct({
      minReaderVersion: integer,
      minWriterVersion: integer,
      readerFeatures: texts,
      writerFeatures: texts,
    }),
    ...(state.domains.length > 0
      ? { domainMetadata: struct({ domain: text, configuration: text, removed: boolean }) }
      : {}),
  })
}

function fileColumns({ adds, removes }: FilesState): Record<string, ParquetType> {
  const add = {
    path: text,
    partitionValues: map,
    size: long,
    modificationTime: long,
    dataChange: boolean,
    stats: text,
    ...used(adds, { tags: map, ...FILE_EXTRAS, clusteringProvider: text }),
  }
  const remove = {
    path: text,
    deletionTimestamp: long,
    dataChange: boolean,
    ...used(removes, { extendedFileMetadata: boolean, partitionValues: map, size: long, ...FILE_EXTRAS }),
  }
  return { add: struct(add), ...(removes.length > 0 ? { remove: struct(remove) } : {}) }
}

function used(
  actions: readonly FileAction[],
  fields: Readonly<Record<string, ParquetType>>,
): Record<string, ParquetType> {
  return Object.fromEntries(
    Object.entries(fields).filter(([name]) => actions.some((action) => Object.hasOwn(action, name))),
  )
}
