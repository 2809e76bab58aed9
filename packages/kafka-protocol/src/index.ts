export { ProtocolError, type ProtocolErrorCode, type ProtocolErrorFacts, PROTOCOL_ERROR_CODES } from './protocol-error.ts'
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
