/** What request bodies are, and how JSON becomes that: as strict and as lenient as Kafka Connect, with its words. */
import type { RawSettings } from '@sluice/sdk'
import { HerderError, type ConnectorOffset, type TargetState } from '../herder/herder.ts'
import { JsonTokens, MalformedBody, type JsonToken } from './json-tokens.ts'

/** Settings as they are given: null where the request says null. */
export type GivenSettings = Readonly<Record<string, string | null>>

export interface CreateRequest {
  /** Without blanks around it; '' where none was given, so that validation has the word. */
  readonly name: string
  readonly config: GivenSettings
  readonly targetState: TargetState | undefined
}

const ENTITIES = 'org.apache.kafka.connect.runtime.rest.entities'
const STRING = 'java.lang.String'
const MAP = 'java.util.LinkedHashMap'
const LIST = 'java.util.ArrayList'
const CREATE = `${ENTITIES}.CreateConnectorRequest`
const OFFSETS = `${ENTITIES}.ConnectorOffsets`
const OFFSET = `${ENTITIES}.ConnectorOffset`
/** More settings, or fields of a position, than this nobody has; some megabytes of them would hold the worker up for longer than its group waits. */
const ENTRIES_MAX = 10_000
const STATES: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' }

/** @throws HerderError 400 without a body or config, MalformedBody */
export function parseCreateRequest(body: Uint8Array): CreateRequest {
  const read = new BodyReader(body)
  const fields = read.first((token) =>
    read.bean(token, CREATE, {
      name: (value, at) => read.text(value, at),
      config: (value, at) => read.nullOr(value, () => read.flatMap(value, at)),
      initial_state: (value, at) => read.nullOr(value, () => initialState(read, value, at)),
    }),
  )
  const config = fields?.['config'] as GivenSettings | null | undefined
  if (config === null || config === undefined)
    throw missing(
      'a JSON object with "name" and "config" is needed, as in {"name": "x", "config": {"connector.class": "…"}}',
    )
  const name = (fields?.['name'] as string | null | undefined) ?? ''
  // Java's trim: everything up to the blank, and nothing of Unicode's.
  const trimmed = name.replaceAll(/^[\0- ]+|[\0- ]+$/g, '')
  return { name: trimmed, config, targetState: fields?.['initial_state'] as TargetState | undefined }
}

/** @throws HerderError 400 without a body, MalformedBody */
export function parseFlatMap(body: Uint8Array): GivenSettings {
  const read = new BodyReader(body)
  const settings = read.first((token) => read.flatMap(token, null))
  if (settings === null) throw missing('a JSON object of settings is needed, as in {"connector.class": "…"}')
  return settings
}

/** @throws HerderError 400 without a body, MalformedBody */
export function parseFlatMaps(body: Uint8Array): readonly RawSettings[] {
  const read = new BodyReader(body)
  const list = read.first((token) => read.list(token, null, (item, at) => withoutNulls(read.flatMap(item, at))))
  if (list === null) throw missing('a JSON list of task configs is needed')
  return list
}

/** @throws HerderError 400 without a body or offsets, MalformedBody */
export function parseOffsets(body: Uint8Array): readonly ConnectorOffset[] {
  const read = new BodyReader(body)
  const fields = read.first((token) =>
    read.bean(token, OFFSETS, {
      offsets: (value, at) =>
        read.nullOr(value, () => read.list(value, at, (item, of) => connectorOffset(read, item, of))),
    }),
  )
  if (fields === null) throw missing('{"offsets": [{"partition": {…}, "offset": {…} or null}]} is needed')
  const offsets = fields['offsets'] as readonly ConnectorOffset[] | null | undefined
  if (offsets === null || offsets === undefined || offsets.length === 0)
    throw new HerderError(400, 'Partitions / offsets need to be provided for an alter offsets request')
  return offsets
}

/** Settings that are null say nothing. */
export function withoutNulls(settings: GivenSettings): RawSettings {
  return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== null))
}

function missing(what: string): HerderError {
  return new HerderError(400, `The request says nothing: ${what}`)
}

function connectorOffset(read: BodyReader, token: JsonToken, path: Path): ConnectorOffset {
  const map = (value: JsonToken, at: Path): unknown => read.nullOr(value, () => read.map(value, at))
  const fields = read.bean(token, OFFSET, { partition: map, offset: map }, path)
  return { partition: null, offset: null, ...fields }
}

function initialState(read: BodyReader, token: JsonToken, path: Path): TargetState | undefined {
  const word = read.text(token, path) ?? ''
  const upper = word.toUpperCase()
  if (Object.hasOwn(STATES, upper)) return STATES[upper]
  const problem = `No enum constant ${CREATE}.InitialState.${upper}`
  throw read.problem(`Cannot construct instance of \`${CREATE}$InitialState\`, problem: ${problem}`, token.at, path)
}

/** The way to a value, which is told only when something is wrong there; null at the root. */
interface Step {
  readonly before: Path
  readonly type: string
  readonly at: string | number
}
type Path = Step | null
type ValueReader = (token: JsonToken, path: Path) => unknown

class BodyReader {
  readonly #tokens: JsonTokens

  constructor(body: Uint8Array) {
    this.#tokens = new JsonTokens(body)
  }

  /** Null for a body without a value, and for the value null. */
  first<T>(read: (token: JsonToken) => T): T | null {
    const token = this.#tokens.next()
    return token === null ? null : this.nullOr(token, () => read(token))
  }

  nullOr<T>(token: JsonToken, read: () => T): T | null {
    return token.kind === 'literal' && token.text === 'null' ? null : read()
  }

  /** A string; numbers and booleans are taken as they are written. */
  text(token: JsonToken, path: Path): string | null {
    if (token.kind === 'object' || token.kind === 'array') throw this.#mismatch(token, STRING, STRING, path)
    return this.nullOr(token, () => token.text)
  }

  flatMap(token: JsonToken, path: Path): GivenSettings {
    return this.#entries(token, `${MAP}<${STRING},${STRING}>`, path, (value, at) => this.text(value, at))
  }

  map(token: JsonToken, path: Path): Readonly<Record<string, unknown>> {
    return this.#entries(token, `${MAP}<${STRING},java.lang.Object>`, path, (value, at) => this.#anything(value, at))
  }

  list<T>(token: JsonToken, path: Path, item: (token: JsonToken, path: Path) => T): T[] {
    if (token.kind !== 'array') throw this.#mismatch(token, LIST, LIST, path)
    const items: T[] = []
    for (let at = this.#next(); at.kind !== 'array end'; at = this.#next())
      items.push(item(at, { before: path, type: LIST, at: items.length }))
    return items
  }

  /** An object of known fields. The first that is not known is told of when the object is over, as in Jackson. */
  bean(
    token: JsonToken,
    type: string,
    fields: Readonly<Record<string, ValueReader>>,
    path: Path = null,
  ): Record<string, unknown> {
    if (token.kind !== 'object') throw this.#mismatch(token, type, type, path)
    const read: Record<string, unknown> = {}
    let unknown: string | undefined
    for (let name = this.#next(); name.kind !== 'object end'; name = this.#next()) {
      const at = { before: path, type, at: name.text }
      const field = Object.hasOwn(fields, name.text) ? fields[name.text] : undefined
      const value = this.#next()
      if (field === undefined) {
        this.#anything(value, at)
        unknown ??= name.text
      } else read[name.text] = field(value, at)
    }
    if (unknown === undefined) return read
    const known = Object.keys(fields).map((name) => `"${name}"`)
    const knows =
      known.length === 1
        ? `one known property: ${known.join()}`
        : `${known.length} known properties: ${known.join(', ')}`
    const message = `Unrecognized field "${unknown}" (class ${type}), not marked as ignorable (${knows})`
    throw this.problem(message, this.#tokens.at, { before: path, type, at: unknown })
  }

  problem(message: string, at: number, path: Path): MalformedBody {
    const chain = path === null ? '' : ` (through reference chain: ${chainOf(path)})`
    return new MalformedBody(`${message}\n at ${this.#tokens.place(at)}${chain}`)
  }

  #entries<T>(
    token: JsonToken,
    type: string,
    path: Path,
    read: (token: JsonToken, path: Path) => T,
  ): Readonly<Record<string, T>> {
    if (token.kind !== 'object') throw this.#mismatch(token, type, MAP, path)
    const entries: [string, T][] = []
    for (let name = this.#next(); name.kind !== 'object end'; name = this.#next()) {
      if (entries.length === ENTRIES_MAX)
        throw new HerderError(400, `The request has more than ${ENTRIES_MAX} settings or fields in one object`)
      entries.push([name.text, read(this.#next(), { before: path, type: MAP, at: name.text })])
    }
    // Not by assignment: `__proto__` is a name like any other.
    return Object.fromEntries(entries)
  }

  #anything(token: JsonToken, path: Path): unknown {
    if (token.kind === 'object') return this.#entries(token, MAP, path, (value) => this.#anything(value, path))
    if (token.kind === 'array') return this.list(token, path, (value) => this.#anything(value, path))
    if (token.kind === 'number') return numberOf(token.text)
    if (token.kind === 'literal') return token.text === 'null' ? null : token.text === 'true'
    return token.text
  }

  #next(): JsonToken {
    const token = this.#tokens.next()
    // Inside of an object or list the tokens do not end without an error of their own.
    if (token === null) throw new MalformedBody('Unexpected end-of-input')
    return token
  }

  #mismatch(token: JsonToken, type: string, instance: string, path: Path): MalformedBody {
    const cannot = `Cannot construct instance of \`${instance}\` (although at least one Creator exists)`
    const creator = (of: string, from: string): string =>
      `${cannot}: no ${of}-argument constructor/factory method to deserialize from ${from}`
    const message = {
      object: `Cannot deserialize value of type \`${type}\` from Object value (token \`JsonToken.START_OBJECT\`)`,
      array: `Cannot deserialize value of type \`${type}\` from Array value (token \`JsonToken.START_ARRAY\`)`,
      number: creator(/[.eE]/.test(token.text) ? 'double/Double' : 'int/Int', `Number value (${token.text})`),
      literal: creator('boolean/Boolean', `boolean value (${token.text})`),
      string: creator('String', `String value ('${token.text.slice(0, 500)}')`),
    }[token.kind as 'object' | 'array' | 'number' | 'literal' | 'string']
    return this.problem(message, token.at, path)
  }
}

/** `class["field"]->class[0]`, as Jackson tells it. */
function chainOf({ before, type, at }: Step): string {
  const here = `${type}[${typeof at === 'number' ? at : `"${at}"`}]`
  return before === null ? here : `${chainOf(before)}->${here}`
}

/** A whole number beyond 2^53 keeps its digits. */
function numberOf(text: string): number | bigint {
  const number = Number(text)
  return Number.isSafeInteger(number) || /[.eE]/.test(text) ? number : BigInt(text)
}
