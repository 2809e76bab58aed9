/**
 * The actions of a Delta log: one JSON object a line (PROTOCOL.md, "Actions"). Reading is tolerant, as the protocol asks:
 * actions and fields that are not known here are passed over. What is known is checked.
 */
import { SluiceError } from '@sluice/sdk'
import { parseExact, stringifyExact } from './exact-json.ts'
import type { Json, JsonObject } from './exact-json.ts'
import { decodePath } from './paths.ts'

export interface ProtocolAction {
  readonly minReaderVersion: number
  readonly minWriterVersion: number
  /** By name; only at reader version 3. */
  readonly readerFeatures?: readonly string[]
  /** By name; only at writer version 7. */
  readonly writerFeatures?: readonly string[]
}

export interface MetadataAction {
  /** The table's identity, a GUID; stays the same for its whole life. */
  readonly id: string
  readonly name?: string
  readonly description?: string
  /** Kept as it was read; absent: Parquet without options. */
  readonly format?: JsonObject
  /** JSON text; see `schema.ts`. */
  readonly schemaString: string
  readonly partitionColumns: readonly string[]
  /** Table properties, such as `delta.appendOnly`. */
  readonly configuration: Readonly<Record<string, string>>
  /** Milliseconds since the epoch. */
  readonly createdTime?: number
}

/** Which rows of a file are deleted (PROTOCOL.md, "Deletion Vector Descriptor Schema"); kept as it was read. */
export type DeletionVector = JsonObject & { readonly storageType: string; readonly pathOrInlineDv: string }

/** What the adds and removes of a file have in common. */
export interface FileAction {
  /** A URI reference, percent-encoded; relative to the table unless absolute. */
  readonly path: string
  readonly dataChange: boolean
  readonly tags?: Readonly<Record<string, string | null>>
  readonly deletionVector?: DeletionVector
  readonly baseRowId?: number | bigint
  readonly defaultRowCommitVersion?: number | bigint
}

/** A data file of the table. */
export interface AddAction extends FileAction {
  /** By column (its physical name, where columns are mapped); null is null. */
  readonly partitionValues: Readonly<Record<string, string | null>>
  /** Bytes. */
  readonly size: number
  /** Milliseconds since the epoch. */
  readonly modificationTime: number
  /** JSON text, kept as it is; see `stats.ts`. */
  readonly stats?: string
  readonly clusteringProvider?: string
}

export interface RemoveAction extends FileAction {
  /** Milliseconds since the epoch; the file may be deleted some time after. */
  readonly deletionTimestamp?: number
  readonly extendedFileMetadata?: boolean
  readonly partitionValues?: Readonly<Record<string, string | null>>
  readonly size?: number
}

/** How far an application got; the newest one per `appId` holds. */
export interface TxnAction {
  readonly appId: string
  readonly version: number | bigint
  /** Milliseconds since the epoch. */
  readonly lastUpdated?: number
}

/** Configuration of a domain: who owns the name owns the text. */
export interface DomainMetadataAction {
  readonly domain: string
  readonly configuration: string
  readonly removed: boolean
}

/** Where a commit came from. Free in form; these are the fields we write and look at. */
export interface CommitInfoAction {
  /** Unique per commit: tells our own commit from another's when an answer was lost. */
  readonly txnId?: string
  readonly operation?: string
  /** Whether it only added files, and read none to do so. */
  readonly isBlindAppend?: boolean
}

export type Action =
  | { readonly protocol: ProtocolAction }
  | { readonly metaData: MetadataAction }
  | { readonly add: AddAction }
  | { readonly remove: RemoveAction }
  | { readonly txn: TxnAction }
  | { readonly domainMetadata: DomainMetadataAction }
  | { readonly commitInfo: CommitInfoAction }

/**
 * The actions of one commit file.
 * @throws SluiceError DATA_INVALID naming file and line when a line is no JSON or an action lacks what it needs
 */
export function parseActions(text: string, file: string): Action[] {
  const actions: Action[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    try {
      const action = actionOf(objectOf(parseExact(line), 'a line'))
      if (action !== undefined) actions.push(action)
    } catch (cause) {
      throw new SluiceError('DATA_INVALID', 'A commit of the table log cannot be read', {
        cause,
        place: { file, line: index + 1 },
        remedy: 'Restore the file from a copy; a log entry is never changed after it was written.',
      })
    }
  }
  return actions
}

/** What reconciliation tells files apart by: the path as a reader understands it, and the deletion vector's unique id. */
export function fileKey({ path, deletionVector }: FileAction): string {
  const decoded = decodePath(path)
  if (deletionVector === undefined) return decoded
  const { storageType, pathOrInlineDv, offset } = deletionVector
  const at = typeof offset === 'number' ? `@${offset}` : ''
  return `${decoded}\0${storageType}${pathOrInlineDv}${at}`
}

/** One line per object, each ended by a line feed. */
export function writeActions(actions: readonly JsonObject[]): Uint8Array {
  return new TextEncoder().encode(actions.map((action) => `${stringifyExact(action)}\n`).join(''))
}

/**
 * The action that a line of the log, or a row of a checkpoint, holds; undefined when it is none that is known here.
 * @throws SluiceError DATA_INVALID when it lacks what it needs
 */
export function actionOf(line: JsonObject): Action | undefined {
  if (isObject(line['add'])) return { add: addOf(line['add']) }
  if (isObject(line['remove'])) return { remove: removeOf(line['remove']) }
  if (isObject(line['txn'])) return { txn: txnOf(line['txn']) }
  if (isObject(line['metaData'])) return { metaData: metadataOf(line['metaData']) }
  if (isObject(line['protocol'])) return { protocol: protocolOf(line['protocol']) }
  if (isObject(line['domainMetadata'])) return { domainMetadata: domainOf(line['domainMetadata']) }
  if (isObject(line['commitInfo'])) return { commitInfo: commitInfoOf(line['commitInfo']) }
  return undefined
}

function addOf(add: JsonObject): AddAction {
  const { stats, clusteringProvider } = add as Record<string, Json>
  return {
    ...fileOf(add),
    partitionValues: isObject(add['partitionValues']) ? (add['partitionValues'] as Record<string, string | null>) : {},
    size: numberOf(add, 'size'),
    modificationTime: numberOf(add, 'modificationTime'),
    ...(typeof stats === 'string' ? { stats } : {}),
    ...(typeof clusteringProvider === 'string' ? { clusteringProvider } : {}),
  }
}

function removeOf(remove: JsonObject): RemoveAction {
  const { deletionTimestamp, extendedFileMetadata, partitionValues, size } = remove as Record<string, Json>
  return {
    ...fileOf(remove),
    ...(typeof deletionTimestamp === 'number' ? { deletionTimestamp } : {}),
    ...(typeof extendedFileMetadata === 'boolean' ? { extendedFileMetadata } : {}),
    ...(isObject(partitionValues) ? { partitionValues: partitionValues as Record<string, string | null> } : {}),
    ...(typeof size === 'number' ? { size } : {}),
  }
}

function fileOf(file: JsonObject): FileAction {
  const { tags, deletionVector, baseRowId, defaultRowCommitVersion } = file as Record<string, Json>
  return {
    path: pathOf(file),
    dataChange: file['dataChange'] !== false,
    ...(isObject(tags) ? { tags: tags as Record<string, string | null> } : {}),
    ...(isObject(deletionVector) ? { deletionVector: vectorOf(deletionVector) } : {}),
    ...(isWhole(baseRowId) ? { baseRowId } : {}),
    ...(isWhole(defaultRowCommitVersion) ? { defaultRowCommitVersion } : {}),
  }
}

/** The path as it is written; that it can be understood is checked here, where file and line are known. */
function pathOf(file: JsonObject): string {
  const path = textOf(file, 'path')
  decodePath(path)
  return path
}

function vectorOf(vector: JsonObject): DeletionVector {
  return {
    ...vector,
    storageType: textOf(vector, 'storageType'),
    pathOrInlineDv: textOf(vector, 'pathOrInlineDv'),
  }
}

function domainOf(domain: JsonObject): DomainMetadataAction {
  const { configuration, removed } = domain as Record<string, Json>
  return {
    domain: textOf(domain, 'domain'),
    configuration: typeof configuration === 'string' ? configuration : '',
    removed: removed === true,
  }
}

function txnOf(txn: JsonObject): TxnAction {
  const version = txn['version']
  if (!isWhole(version)) throw wrong('version', 'a whole number', version)
  const lastUpdated = txn['lastUpdated']
  return { appId: textOf(txn, 'appId'), version, ...(typeof lastUpdated === 'number' ? { lastUpdated } : {}) }
}

function metadataOf(metadata: JsonObject): MetadataAction {
  const { name, description, format, createdTime, configuration } = metadata as Record<string, Json>
  return {
    id: textOf(metadata, 'id'),
    schemaString: textOf(metadata, 'schemaString'),
    partitionColumns: textsOf(metadata, 'partitionColumns') ?? [],
    configuration: isObject(configuration) ? (configuration as Record<string, string>) : {},
    ...(isObject(format) ? { format } : {}),
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    ...(typeof createdTime === 'number' ? { createdTime } : {}),
  }
}

function protocolOf(protocol: JsonObject): ProtocolAction {
  const readerFeatures = textsOf(protocol, 'readerFeatures')
  const writerFeatures = textsOf(protocol, 'writerFeatures')
  return {
    minReaderVersion: numberOf(protocol, 'minReaderVersion'),
    minWriterVersion: numberOf(protocol, 'minWriterVersion'),
    ...(readerFeatures === undefined ? {} : { readerFeatures }),
    ...(writerFeatures === undefined ? {} : { writerFeatures }),
  }
}

function commitInfoOf(info: JsonObject): CommitInfoAction {
  const { txnId, operation, isBlindAppend } = info as Record<string, Json>
  return {
    ...(typeof txnId === 'string' ? { txnId } : {}),
    ...(typeof operation === 'string' ? { operation } : {}),
    ...(typeof isBlindAppend === 'boolean' ? { isBlindAppend } : {}),
  }
}

function isWhole(value: Json | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectOf(value: Json | undefined, what: string): JsonObject {
  if (isObject(value)) return value
  throw wrong(what, 'an object', value)
}

function textOf(action: JsonObject, field: string): string {
  const value = action[field]
  if (typeof value === 'string') return value
  throw wrong(field, 'text', value)
}

function textsOf(action: JsonObject, field: string): readonly string[] | undefined {
  const value = action[field]
  if (value === undefined || value === null) return undefined
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw wrong(field, 'a list of texts', value)
}

function numberOf(action: JsonObject, field: string): number {
  const value = action[field]
  if (typeof value === 'number') return value
  throw wrong(field, 'a number', value)
}

function wrong(field: string, expected: string, value: Json | undefined): SluiceError {
  const found = value === undefined ? 'nothing' : stringifyExact(value).slice(0, 60)
  return new SluiceError('DATA_INVALID', `Expected ${expected} in ${field}, found ${found}`)
}
