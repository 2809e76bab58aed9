import { ProtocolError } from '../protocol-error.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type ApiDefinition, type VersionRange, includes, parseVersions } from './notation.ts'
import { structCodec } from './struct-codec.ts'
import {
  API_DEFINITIONS,
  type ApiName,
  type RequestBody,
  type RequestInput,
  type ResponseBody,
  type ResponseInput,
} from './table/index.ts'
import type { Codec } from './value-codec.ts'

/** What the table says of an API. */
export interface ApiVersions {
  readonly name: ApiName
  readonly key: number
  /** Versions that we encode and decode. */
  readonly minVersion: number
  readonly maxVersion: number
  /** The highest version that is not experimental; what a broker advertises. */
  readonly stableVersion: number
}

interface Api extends ApiVersions {
  readonly definition: ApiDefinition
  readonly versions: VersionRange
  readonly flexible: VersionRange
  readonly requests: Codec[]
  readonly responses: Codec[]
}

const byName = new Map<ApiName, Api>()
const byKey = new Map<number, Api>()
for (const [name, definition] of API_DEFINITIONS) {
  const versions = parseVersions(definition.versions)
  const api: Api = {
    name,
    key: definition.key,
    minVersion: versions.first,
    maxVersion: versions.last,
    stableVersion: definition.stable === undefined ? versions.last : Number(definition.stable),
    definition,
    versions,
    flexible: parseVersions(definition.flexible),
    requests: [],
    responses: [],
  }
  byName.set(name, api)
  byKey.set(api.key, api)
}

/** Every API of the table, in the order of keys. */
export const API_VERSIONS: readonly ApiVersions[] = [...byName.values()]

/** The facts of an API by name, or by key; undefined for a key that the table does not have. */
export function apiVersions(api: ApiName): ApiVersions
export function apiVersions(key: number): ApiVersions | undefined
export function apiVersions(api: ApiName | number): ApiVersions | undefined {
  return typeof api === 'number' ? byKey.get(api) : apiOf(api)
}

/**
 * The highest version that both sides speak, at most the stable one; undefined if there is none. `theirs` is an entry of
 * an ApiVersions response.
 */
export function negotiateVersion(
  api: ApiName,
  theirs: { readonly minVersion: number; readonly maxVersion: number },
  highest: number = Number.POSITIVE_INFINITY,
): number | undefined {
  const { minVersion, stableVersion } = apiOf(api)
  const version = Math.min(stableVersion, theirs.maxVersion, highest)
  return version < minVersion || version < theirs.minVersion ? undefined : version
}

/** Whether the bodies of this version are flexible (KIP-482). Versions above ours count as the highest. */
export function isFlexible(api: ApiName, version: number): boolean {
  return includes(apiOf(api).flexible, version)
}

/** Writes a request's body. Raises `INVALID_MESSAGE` for a body that the version cannot carry. */
export function writeRequestBody<N extends ApiName>(
  writer: Writer,
  api: N,
  version: number,
  body: RequestInput<N>,
): void {
  codecOf(api, version, 'request').encode(writer, body)
}

/** Writes a response's body. */
export function writeResponseBody<N extends ApiName>(
  writer: Writer,
  api: N,
  version: number,
  body: ResponseInput<N>,
): void {
  codecOf(api, version, 'response').encode(writer, body)
}

/** Reads a request's body; bytes may follow it. Raises `MALFORMED`. */
export function readRequestBody<N extends ApiName>(reader: Reader, api: N, version: number): RequestBody<N> {
  return codecOf(api, version, 'request').decode(reader) as RequestBody<N>
}

/** Reads a response's body to the end of the bytes. */
export function readResponseBody<N extends ApiName>(reader: Reader, api: N, version: number): ResponseBody<N> {
  const body = codecOf(api, version, 'response').decode(reader) as ResponseBody<N>
  reader.end()
  return body
}

/** A request's body alone, without header, as one buffer. */
export function encodeRequestBody<N extends ApiName>(api: N, version: number, body: RequestInput<N>): Uint8Array {
  const writer = new Writer()
  writeRequestBody(writer, api, version, body)
  return writer.bytes()
}

/** A response's body alone, without header, as one buffer. */
export function encodeResponseBody<N extends ApiName>(api: N, version: number, body: ResponseInput<N>): Uint8Array {
  const writer = new Writer()
  writeResponseBody(writer, api, version, body)
  return writer.bytes()
}

/** Reads a request's body without header, to the end of the bytes. */
export function decodeRequestBody<N extends ApiName>(api: N, version: number, bytes: Uint8Array): RequestBody<N> {
  const reader = new Reader(bytes)
  const body = readRequestBody(reader, api, version)
  reader.end()
  return body
}

/** Reads a response's body without header. */
export function decodeResponseBody<N extends ApiName>(api: N, version: number, bytes: Uint8Array): ResponseBody<N> {
  return readResponseBody(new Reader(bytes), api, version)
}

function apiOf(name: ApiName): Api {
  const api = byName.get(name)
  if (api === undefined) {
    throw new ProtocolError('UNKNOWN_API', `There is no API ${name}`, { remedy: 'Add it to the message table.' })
  }
  return api
}

function codecOf(name: ApiName, version: number, kind: 'request' | 'response'): Codec {
  const api = apiOf(name)
  const compiled = kind === 'request' ? api.requests : api.responses
  return (compiled[version] ??= compile(api, version, kind))
}

function compile(api: Api, version: number, kind: 'request' | 'response'): Codec {
  if (!Number.isInteger(version) || !includes(api.versions, version)) {
    throw new ProtocolError(
      'UNSUPPORTED_VERSION',
      `${api.name} has versions ${api.definition.versions}, not ${version}`,
      {
        remedy: 'Negotiate versions with ApiVersions before sending.',
      },
    )
  }
  const path = `${api.name} v${version} ${kind}`
  return structCodec(api.definition[kind], api.versions, version, includes(api.flexible, version), path)
}
