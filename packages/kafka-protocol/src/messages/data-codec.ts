import { ProtocolError } from '../protocol-error.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type Body, type BodyInput, type DataDefinition, includes, parseVersions } from './notation.ts'
import { structCodec } from './struct-codec.ts'
import type { Codec } from './value-codec.ts'

/** Encodes and decodes data that travels inside of messages: two bytes of version, then the fields. */
export interface DataCodec<D extends DataDefinition> {
  /** `version` and its fields; raises `UNSUPPORTED_VERSION` or `INVALID_MESSAGE`. */
  encode(version: number, body: BodyInput<D['fields']>): Uint8Array
  /**
   * Reads version and fields. A higher version than ours is read as our highest, and bytes behind the fields are ignored: newer
   * versions of embedded data only add fields at the end. Raises `MALFORMED`.
   */
  decode(bytes: Uint8Array): { readonly version: number; readonly body: Body<D['fields']> }
}

/** Compiles a definition of the notation; `name` stands in errors. */
export function dataCodec<const D extends DataDefinition>(name: string, definition: D): DataCodec<D> {
  const versions = parseVersions(definition.versions)
  const flexible = parseVersions(definition.flexible)
  const codecs: Codec[] = []

  function codecOf(version: number): Codec {
    if (!includes(versions, version)) {
      throw new ProtocolError('UNSUPPORTED_VERSION', `${name} has versions ${definition.versions}, not ${version}`)
    }
    return (codecs[version] ??= structCodec(
      definition.fields,
      versions,
      version,
      includes(flexible, version),
      `${name} v${version}`,
    ))
  }

  return {
    encode(version, body) {
      const writer = new Writer()
      writer.int16(version)
      codecOf(version).encode(writer, body)
      return writer.bytes()
    },
    decode(bytes) {
      const reader = new Reader(bytes)
      const version = reader.int16()
      const body = codecOf(Math.min(version, versions.last)).decode(reader) as Body<D['fields']>
      return { version, body }
    },
  }
}
