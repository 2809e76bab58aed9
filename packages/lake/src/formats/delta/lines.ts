/** The actions as lines of a commit: fields that are not there are left out, for older readers choke on nulls. */
import type {
  AddAction,
  DomainMetadataAction,
  MetadataAction,
  ProtocolAction,
  RemoveAction,
  TxnAction,
} from './actions.ts'
import type { JsonObject } from './exact-json.ts'

export function protocolLine(protocol: ProtocolAction): JsonObject {
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = protocol
  return { protocol: { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } }
}

export function metadataLine(metadata: MetadataAction): JsonObject {
  const { id, name, description, schemaString, partitionColumns, configuration, createdTime } = metadata
  const format = metadata.format ?? { provider: 'parquet', options: {} }
  return { metaData: { id, name, description, format, schemaString, partitionColumns, configuration, createdTime } }
}

export function txnLine({ appId, version, lastUpdated }: TxnAction): JsonObject {
  return { txn: { appId, version, lastUpdated } }
}

export function addLine(add: AddAction): JsonObject {
  const { path, partitionValues, size, modificationTime, dataChange, stats, ...rest } = add
  return { add: { path, partitionValues, size, modificationTime, dataChange, stats, ...rest } }
}

export function removeLine(remove: RemoveAction): JsonObject {
  return { remove: { ...remove } }
}

export function domainLine({ domain, configuration, removed }: DomainMetadataAction): JsonObject {
  return { domainMetadata: { domain, configuration, removed } }
}
