import { ProtocolError } from '../protocol-error.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import {
  apiVersions,
  isFlexible,
  readRequestBody,
  readResponseBody,
  writeRequestBody,
  writeResponseBody,
} from './api-codecs.ts'
import type { ApiName, RequestBody, RequestInput, ResponseBody, ResponseInput } from './table/index.ts'

/**
 * Frames: a size of four bytes, a header, a body. Encoders return a frame as chunks, ready for one gathered write
 * (`socket.cork(); for (const chunk of frame) socket.write(chunk); socket.uncork()`); records are not copied. Decoders
 * take a frame without its size; what they return views its bytes.
 */

/** The header of a request. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A decoded request; `api` tells which body it is. */
export type Request = {
  [N in ApiName]: {
    readonly api: N
    readonly version: number
    readonly correlationId: number
    readonly clientId: string | null
    readonly body: RequestBody<N>
  }
}[ApiName]

/** A decoded response. `version` is the version it was answered in: see `decodeResponse`. */
export interface Response<N extends ApiName> {
  readonly correlationId: number
  readonly version: number
  readonly body: ResponseBody<N>
}

const UNSUPPORTED_VERSION = 35
const API_VERSIONS_KEY = 18

/** A whole request frame. The client id may be null; correlation ids are int32. */
export function encodeRequest<N extends ApiName>(
  api: N,
  version: number,
  header: { readonly correlationId: number; readonly clientId: string | null },
  body: RequestInput<N>,
): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int16(apiVersions(api).key)
  writer.int16(version)
  writer.int32(header.correlationId)
  if (header.clientId === null) writer.int16(-1)
  else writer.string(header.clientId, writeClientIdLength)
  if (isFlexible(api, version)) writer.uvarint(0)
  writeRequestBody(writer, api, version, body)
  return framed(writer)
}

/** A whole response frame. */
export function encodeResponse<N extends ApiName>(
  api: N,
  version: number,
  correlationId: number,
  body: ResponseInput<N>,
): Uint8Array[] {
  const writer = new Writer()
  writer.int32(0)
  writer.int32(correlationId)
  if (hasTaggedResponseHeader(api, version)) writer.uvarint(0)
  writeResponseBody(writer, api, version, body)
  return framed(writer)
}

/** The correlation id of a response frame: what a client needs to know which API and version to decode it as. */
export function correlationIdOf(frame: Uint8Array): number {
  return new Reader(frame).int32()
}

/**
 * Reads a response to a request of this API and version. A broker that does not speak the version of an ApiVersions
 * request answers in version 0 with error 35 (KIP-511); that answer is recognised and decoded as version 0.
 */
export function decodeResponse<N extends ApiName>(api: N, version: number, frame: Uint8Array): Response<N> {
  const reader = new Reader(frame)
  const correlationId = reader.int32()
  if (api === 'ApiVersions' && version > 0 && peekErrorCode(frame) === UNSUPPORTED_VERSION) {
    const inVersion0 = tryVersion0(api, frame, correlationId)
    if (inVersion0 !== undefined) return inVersion0
  }
  if (hasTaggedResponseHeader(api, version)) skipTags(reader)
  return { correlationId, version, body: readResponseBody(reader, api, version) }
}

/** The header of a request frame, and whether the table has its API and version. Never fails on an unknown one. */
export function decodeRequestHeader(frame: Uint8Array): RequestHeader & { readonly bodyPosition: number } {
  const reader = new Reader(frame)
  const apiKey = reader.int16()
  const apiVersion = reader.int16()
  const correlationId = reader.int32()
  const length = reader.int16()
  const clientId = length < 0 ? null : reader.string(length)
  const api = apiVersions(apiKey)
  if (api !== undefined && isFlexible(api.name, apiVersion)) skipTags(reader)
  return { apiKey, apiVersion, correlationId, clientId, bodyPosition: reader.position }
}

/**
 * Reads a request. Raises `UNKNOWN_API` or `UNSUPPORTED_VERSION` if it is not in the table: a broker reads the header
 * first and answers those itself (`unsupportedApiVersions` for key 18, closing the connection for the rest).
 * Bytes behind the body are ignored, as Apache Kafka does: librdkafka's Metadata request for all topics has some.
 */
export function decodeRequest(frame: Uint8Array): Request {
  const { apiKey, apiVersion, correlationId, clientId, bodyPosition } = decodeRequestHeader(frame)
  const api = apiVersions(apiKey)
  if (api === undefined) {
    throw new ProtocolError('UNKNOWN_API', `There is no API with key ${apiKey}`, { position: 0 })
  }
  const body = readRequestBody(new Reader(frame, bodyPosition), api.name, apiVersion)
  return { api: api.name, version: apiVersion, correlationId, clientId, body } as Request
}

/** Whether the request asks ApiVersions in a version that the table lacks: to be answered by `unsupportedApiVersions`. */
export function isUnsupportedApiVersions(header: RequestHeader): boolean {
  const { minVersion, maxVersion } = apiVersions('ApiVersions')
  return header.apiKey === API_VERSIONS_KEY && (header.apiVersion < minVersion || header.apiVersion > maxVersion)
}

/** The answer to an ApiVersions request of an unknown version: version 0, error 35, and what the broker speaks (KIP-511). */
export function unsupportedApiVersions(
  correlationId: number,
  apiKeys: ResponseInput<'ApiVersions'>['apiKeys'],
): Uint8Array[] {
  return encodeResponse('ApiVersions', 0, correlationId, { errorCode: UNSUPPORTED_VERSION, apiKeys })
}

/** ApiVersions answers before versions are known, so its response header never has tags (KIP-511). */
function hasTaggedResponseHeader(api: ApiName, version: number): boolean {
  return api !== 'ApiVersions' && isFlexible(api, version)
}

function framed(writer: Writer): Uint8Array[] {
  writer.patchInt32(0, writer.length - 4)
  return writer.chunks()
}

/** The client id keeps its two bytes of length in every header version: a broker must read it before it knows the version. */
function writeClientIdLength(writer: Writer, byteCount: number): void {
  if (byteCount > 32767) throw new ProtocolError('INVALID_MESSAGE', `A client id cannot be ${byteCount} bytes long`)
  writer.int16(byteCount)
}

function skipTags(reader: Reader): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    reader.uvarint()
    reader.skip(reader.uvarint())
  }
}

/** The error code that every version of an ApiVersions response begins with; -1 if the frame is too short to have one. */
function peekErrorCode(frame: Uint8Array): number {
  return frame.length < 6 ? -1 : new Reader(frame, 4).int16()
}

function tryVersion0<N extends ApiName>(api: N, frame: Uint8Array, correlationId: number): Response<N> | undefined {
  try {
    return { correlationId, version: 0, body: readResponseBody(new Reader(frame, 4), api, 0) }
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
