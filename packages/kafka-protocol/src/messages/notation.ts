import type { Int64 } from '../wire/int64.ts'

/**
 * The notation of the message table. A field is one line, words in this order:
 *
 *     'int32 3-5 null 4+ tag 0 must = -1'
 *      │     │   │       │     │    └ default; without it 0, '', false, no elements, or a struct of defaults
 *      │     │   │       │     └ a value cannot be left out silently: a version without the field refuses it
 *      │     │   │       └ a tagged field, and its number
 *      │     │   └ may be null (in all its versions, or in the given ones)
 *      │     └ versions that have the field; without it all versions of the message
 *      └ type: boolean int8 int16 uint16 int32 uint32 int64 float64 string uuid bytes records, or [] before one of them
 *
 * A struct or an array of structs is an object of fields whose own line stands under `$`, with the type `{}` or `[]`:
 *
 *     topics: { $: '[] null 1+', topicId: 'uuid 10+', name: 'string null 10+' }
 *
 * Fields stand in the order of the wire.
 */
export type Field = string | Struct

/** The fields of a struct, in order. `$` is the struct's own line where it is itself a field. */
export interface Struct {
  readonly [name: string]: Field
}

/** One API: its key, its versions, the first flexible version (KIP-482) and both bodies. */
export interface ApiDefinition {
  readonly key: number
  /** What we encode and decode: `'0-13'`, or one version. */
  readonly versions: string
  /** The highest version that a broker may advertise, where it is not the last of `versions`. */
  readonly stable?: string
  /** `'9+'`, or `'none'`. */
  readonly flexible: string
  readonly request: Struct
  readonly response: Struct
}

/** A message that is not an API's: data that travels inside of another message or a record. */
export interface DataDefinition {
  readonly versions: string
  readonly flexible: string
  readonly fields: Struct
}

/** Log data as it travels: whole record batches. An encoder takes several buffers and splices them without copying. */
export type Records = Uint8Array | readonly Uint8Array[]

/** What each type word is in JavaScript. `uuid` is Kafka's text: 22 characters of url-safe base64. */
interface Scalars {
  boolean: boolean
  int8: number
  int16: number
  uint16: number
  int32: number
  uint32: number
  int64: Int64
  float64: number
  string: string
  uuid: string
  bytes: Uint8Array
  records: Uint8Array
}
interface ScalarInputs extends Omit<Scalars, 'records'> {
  records: Records
}

type Line<F> = F extends string ? F : F extends { readonly $: infer L extends string } ? L : never
type Word<L extends string> = L extends `${infer W} ${string}` ? W : L
type OrNull<L extends string> = L extends `${string} null${string}` ? null : never

type ScalarOf<W extends string, S extends ScalarInputs> = W extends `[]${infer E extends string}`
  ? ScalarOf<E, S>[]
  : W extends keyof S
    ? S[W]
    : never

/** What a decoder returns for a field. */
type Decoded<F> = F extends string
  ? ScalarOf<Word<F>, Scalars> | OrNull<F>
  : (Word<Line<F>> extends '[]' ? Body<F>[] : Body<F>) | OrNull<Line<F>>

/** What an encoder takes for a field. */
type Encodable<F> = F extends string
  ? Readonly<ScalarOf<Word<F>, ScalarInputs>> | OrNull<F>
  : (Word<Line<F>> extends '[]' ? readonly BodyInput<F>[] : BodyInput<F>) | OrNull<Line<F>>

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9'
type BeforeNull<L extends string> = L extends `${infer B} null${string}` ? B : L
/** A field may be left out if it has a default, is tagged, or does not exist in every version. */
type IsOptional<F> =
  Line<F> extends `${string} = ${string}` | `${string} tag ${string}`
    ? true
    : BeforeNull<Line<F>> extends `${string} ${Digit}${string}`
      ? true
      : false

/** A decoded message: every field is there; one that the version does not have holds its default. */
export type Body<S> = { [K in Exclude<keyof S, '$'>]: Decoded<S[K]> }

/** A message to encode: fields with a default, and fields that not every version has, may be left out. */
export type BodyInput<S> = {
  readonly [K in Exclude<keyof S, '$'> as IsOptional<S[K]> extends true ? never : K]: Encodable<S[K]>
} & {
  readonly [K in Exclude<keyof S, '$'> as IsOptional<S[K]> extends true ? K : never]?: Encodable<S[K]> | undefined
}

/** Versions from `first` to `last`, both included. */
export interface VersionRange {
  readonly first: number
  readonly last: number
}

/** A field's line, taken apart. */
export interface FieldLine {
  readonly type: string
  readonly isArray: boolean
  readonly versions: VersionRange
  /** Versions in which null is allowed. */
  readonly nullable: VersionRange
  readonly tag: number | undefined
  /** Whether a version without the field refuses a value that is not the default. */
  readonly isMust: boolean
  /** The text behind `=`. */
  readonly defaultText: string | undefined
}

const LINE = /^(\[\])?(\w+|\{\})?(?: ([\d][\d+-]*))?( null(?: ([\d][\d+-]*))?)?(?: tag (\d+))?( must)?(?: = (\S+))?$/
const NEVER: VersionRange = { first: 0, last: -1 }

/** Takes a field's line apart; `all` are the versions of the struct it stands in. */
export function parseLine(line: string, all: VersionRange): FieldLine {
  const parts = LINE.exec(line)
  if (parts === null) throw new TypeError(`'${line}' is not the notation of a field`)
  const [, array, type, range, isNullable, nullRange, tag, must, defaultText] = parts
  const versions = range === undefined ? all : within(parseVersions(range), all)
  return {
    type: type ?? '{}',
    isArray: array !== undefined,
    versions,
    nullable: isNullable === undefined ? NEVER : nullRange === undefined ? versions : parseVersions(nullRange),
    tag: tag === undefined ? undefined : Number(tag),
    isMust: must !== undefined,
    defaultText,
  }
}

/** `'3-5'`, `'3+'` or `'3'`; `'none'` is the empty range. */
export function parseVersions(text: string): VersionRange {
  if (text === 'none') return NEVER
  const parts = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text)
  if (parts === null) throw new TypeError(`'${text}' is not a range of versions`)
  const first = Number(parts[1])
  const last = parts[2] === '+' ? Number.POSITIVE_INFINITY : parts[3] === undefined ? first : Number(parts[3])
  return { first, last }
}

export function includes(range: VersionRange, version: number): boolean {
  return version >= range.first && version <= range.last
}

function within(range: VersionRange, all: VersionRange): VersionRange {
  return { first: Math.max(range.first, all.first), last: Math.min(range.last, all.last) }
}
