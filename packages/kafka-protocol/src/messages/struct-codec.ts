import { ProtocolError } from '../protocol-error.ts'
import type { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type FieldLine, type Struct, type VersionRange, includes, parseLine } from './notation.ts'
import { scalarCodec } from './scalar-codec.ts'
import { type Codec, arrayCodec, invalid, nullable } from './value-codec.ts'

/**
 * Composes the encoder and the decoder of a struct for one version, once: what the version, the flexible encoding and
 * the table decide is decided here, and what remains is a list of plain functions called in order.
 */

type Decoded = Record<string, unknown>

/** A field that the wire of this version carries. */
interface Plan {
  readonly name: string
  readonly codec: Codec
  readonly isRequired: boolean
  readonly blank: () => unknown
}
interface TaggedPlan extends Plan {
  readonly tag: number
  /** The default's bytes: a value that encodes to them is left out. */
  readonly defaultBytes: Uint8Array
}
/** A field that this version lacks, and whose loss would change what the message means. */
interface Absent {
  readonly name: string
  readonly blank: () => unknown
}
/** Every field of the table in its order: decoded objects of one struct all have the same shape. */
interface Slot {
  readonly name: string
  readonly decode: ((reader: Reader) => unknown) | undefined
  readonly blank: () => unknown
}

/** `path` names the struct in errors. `all` are the versions of the message. */
export function structCodec(
  struct: Struct,
  all: VersionRange,
  version: number,
  isFlexible: boolean,
  path: string,
): Codec {
  const fields: Plan[] = []
  const tagged: TaggedPlan[] = []
  const slots: Slot[] = []
  const refused: Absent[] = []
  let size = isFlexible ? 1 : 0
  for (const [name, field] of Object.entries(struct)) {
    if (name === '$') continue
    const at = `${path}.${name}`
    const line = parseLine(typeof field === 'string' ? field : lineOf(field, at), all)
    const codec = fieldCodec(line, field, version, isFlexible, at)
    const blank = blankOf(line, codec, at)
    const isPresent = includes(line.versions, version) && (line.tag === undefined || isFlexible)
    slots.push({ name, blank, decode: isPresent && line.tag === undefined ? codec.decode : undefined })
    if (!isPresent) {
      if (line.isMust) refused.push({ name, blank })
      continue
    }
    const isRequired = line.defaultText === undefined && line.tag === undefined && line.versions.first <= all.first
    const plan: Plan = { name, codec, blank, isRequired: isRequired && includes(line.versions, all.last) }
    if (line.tag === undefined) {
      fields.push(plan)
      size += codec.size
    } else {
      tagged.push({ ...plan, tag: line.tag, defaultBytes: encoded(codec, blank()) })
    }
  }
  tagged.sort((a, b) => a.tag - b.tag)
  const byTag = new Map(tagged.map((plan) => [plan.tag, plan]))

  function encode(writer: Writer, value: unknown): void {
    if (typeof value !== 'object' || value === null) throw invalid(path, 'an object', value)
    const message = value as Decoded
    for (const field of fields) {
      const given = message[field.name]
      if (given === undefined && field.isRequired) throw missing(path, field.name)
      field.codec.encode(writer, given === undefined ? field.blank() : given)
    }
    for (const field of refused) if (!isBlank(message[field.name], field.blank())) throw lacking(path, field.name)
    if (isFlexible) encodeTagged(writer, message, tagged)
  }

  function decode(reader: Reader): Decoded {
    const message: Decoded = {}
    for (const slot of slots) message[slot.name] = slot.decode === undefined ? slot.blank() : slot.decode(reader)
    if (isFlexible) decodeTagged(reader, message, byTag)
    return message
  }

  return { encode, decode, size: Math.max(size, 1), blank: () => blankStruct(slots) }
}

function fieldCodec(line: FieldLine, field: Struct[string], version: number, isFlexible: boolean, path: string): Codec {
  const one =
    typeof field === 'string'
      ? scalarCodec(line.type, isFlexible, !line.isArray && includes(line.nullable, version), path)
      : structCodec(field, line.versions, version, isFlexible, path)
  if (line.isArray) return arrayCodec(one, isFlexible, includes(line.nullable, version), path)
  return typeof field !== 'string' && includes(line.nullable, version) ? nullable(one) : one
}

function lineOf(field: Struct, path: string): string {
  const line = field['$']
  if (typeof line !== 'string') throw new TypeError(`${path} has no line of its own under $`)
  return line
}

function blankOf(line: FieldLine, codec: Codec, path: string): () => unknown {
  const text = line.defaultText
  if (text === undefined) return codec.blank
  const value = text === 'null' ? null : text === 'true' ? true : text === 'false' ? false : integer(text, path)
  return () => value
}

function integer(text: string, path: string): number | bigint {
  const value = Number(text)
  if (Number.isSafeInteger(value)) return value
  if (!/^-?\d+$/.test(text)) throw new TypeError(`${path}: the default '${text}' is not a number, true, false or null`)
  return BigInt(text)
}

function blankStruct(slots: readonly Slot[]): Decoded {
  const message: Decoded = {}
  for (const slot of slots) message[slot.name] = slot.blank()
  return message
}

function encodeTagged(writer: Writer, message: Decoded, tagged: readonly TaggedPlan[]): void {
  if (tagged.length === 0) return writer.uvarint(0)
  const present: { tag: number; bytes: Uint8Array }[] = []
  for (const { name, tag, codec, defaultBytes } of tagged) {
    const value = message[name]
    if (value === undefined) continue
    const bytes = encoded(codec, value)
    if (Buffer.compare(bytes, defaultBytes) !== 0) present.push({ tag, bytes })
  }
  writer.uvarint(present.length)
  for (const { tag, bytes } of present) {
    writer.uvarint(tag)
    writer.uvarint(bytes.length)
    writer.raw(bytes)
  }
}

/** Tags that the table does not know are skipped: a newer peer may send them. */
function decodeTagged(reader: Reader, message: Decoded, byTag: ReadonlyMap<number, TaggedPlan>): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint()
    const length = reader.uvarint()
    const plan = byTag.get(tag)
    if (plan === undefined) {
      reader.skip(length)
      continue
    }
    const end = reader.position + length
    message[plan.name] = plan.codec.decode(reader)
    if (reader.position !== end) {
      throw new ProtocolError('MALFORMED', `Tagged field ${plan.name} is not ${length} bytes long, as its tag says`, {
        position: end,
      })
    }
  }
}

function encoded(codec: Codec, value: unknown): Uint8Array {
  const writer = new Writer(64)
  codec.encode(writer, value)
  return writer.bytes()
}

function isBlank(value: unknown, blank: unknown): boolean {
  return value === undefined || value === blank || (Array.isArray(value) && value.length === 0)
}

function lacking(path: string, name: string): ProtocolError {
  return new ProtocolError('UNSUPPORTED_VERSION', `${path} has no field ${name}, and cannot say what it says`, {
    remedy: 'Use a version that has the field, or leave it out.',
  })
}

function missing(path: string, name: string): ProtocolError {
  return new ProtocolError('INVALID_MESSAGE', `${path}.${name} is missing`, { remedy: 'Give the field a value.' })
}
