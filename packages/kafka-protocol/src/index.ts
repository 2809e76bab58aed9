export {
  ProtocolError,
  type ProtocolErrorCode,
  type ProtocolErrorFacts,
  PROTOCOL_ERROR_CODES,
} from './protocol-error.ts'
export { type Int64 } from './wire/int64.ts'
export { Reader } from './wire/reader.ts'
export { Writer } from './wire/writer.ts'
export {
  type ApiName,
  type RequestBody,
  type RequestInput,
  type ResponseBody,
  type ResponseInput,
  apis,
} from './messages/table/index.ts'
export type { ApiDefinition, Body, BodyInput, DataDefinition, Records, Struct } from './messages/notation.ts'
export {
  API_VERSIONS,
  type ApiVersions,
  apiVersions,
  decodeRequestBody,
  decodeResponseBody,
  encodeRequestBody,
  encodeResponseBody,
  isFlexible,
  negotiateVersion,
} from './messages/api-codecs.ts'
export {
  type Request,
  type RequestHeader,
  type Response,
  correlationIdOf,
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  isUnsupportedApiVersions,
  unsupportedApiVersions,
} from './messages/frames.ts'
export { type RecordHeader, type TimestampType, advanceSequence } from './batches/batch-layout.ts'
export * as batchLayout from './batches/batch-layout.ts'
export {
  BatchAppender,
  type SealOptions,
  batchSizeBound,
  restampProducer,
  stampLogAppendTime,
  stampOffset,
} from './batches/batch-appender.ts'
export type { BatchRecords, RecordPositions } from './batches/batch-records.ts'
export type { RecordBatch } from './batches/record-batch.ts'
export { type ReadBatchesOptions, readBatches } from './batches/read-batches.ts'
export { type ControlType, controlType, coordinatorEpoch, transactionMarker } from './batches/control-batch.ts'
export { COMPRESSION_CODECS, type CompressionCodec, compress, decompress } from './batches/compression.ts'
export { type Crc32c, crc32c, crc32cSlicing } from './crc32c.ts'
export { KAFKA_ERRORS, type KafkaError, type KafkaErrorName, kafkaError, kafkaErrorCode } from './kafka-errors.ts'
export { type DataCodec, dataCodec } from './messages/data-codec.ts'
export { consumerAssignment, consumerSubscription } from './messages/consumer-protocol.ts'
export {
  type ClientFinal,
  type ClientFirst,
  type ServerFinal,
  type ServerFirst,
  authMessage,
  clientFinal,
  clientFinalWithoutProof,
  clientFirst,
  parseClientFinal,
  parseClientFirst,
  parseServerFinal,
  parseServerFirst,
  serverFinal,
  serverFirst,
} from './sasl/scram-messages.ts'
export {
  SCRAM_ITERATIONS_MIN,
  SCRAM_MECHANISMS,
  type ScramCredential,
  type ScramMechanism,
  clientProof,
  isClientProof,
  isServerSignature,
  saltedPassword,
  scramCredential,
  scramNonce,
  serverKeyOf,
  serverSignature,
} from './sasl/scram-keys.ts'
