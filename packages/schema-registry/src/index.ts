/** Schemas by id and subject: see registry-port.ts for what a registry offers. */
export type * from './registry-port.ts'
export {
  MAGIC_BYTE,
  type MessageIndexes,
  PREFIX_BYTES,
  messageIndexBytes,
  readMessageIndexes,
  schemaIdOf,
  schemaPrefix,
} from './wire-format.ts'
export { SUBJECT_NAME_STRATEGIES, type SubjectNameStrategy, subjectNameStrategy } from './subject-names.ts'
export { RegistryClient, type RegistryClientOptions } from './client/registry-client.ts'
export { COMPATIBILITY_LEVELS, type ComparedSchema, type Incompatibility, incompatibilities } from './compatibility.ts'
export { connectRegistry } from './client/connect-registry.ts'
export { REGISTRY_SETTINGS, type RegistrySettings, registrySettings } from './client/registry-settings.ts'
export { RegistryServer, type RegistryServerOptions } from './registry/registry-server.ts'
export { REGISTRY_ENDPOINTS } from './registry/routes.ts'
export { AvroParser } from './formats/avro/avro-parser.ts'
export { avroText } from './formats/avro/avro-text.ts'
export type * from './formats/avro/avro-schema.ts'
export { parseProtobufSchema } from './formats/protobuf/protobuf-parser.ts'
export type * from './formats/protobuf/protobuf-schema.ts'
export { JsonDocument, type JsonObject, type Located } from './formats/json-schema/json-documents.ts'
