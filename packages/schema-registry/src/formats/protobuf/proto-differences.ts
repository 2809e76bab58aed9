/** Which Protobuf schemas can read what was written with others, in the words of Confluent's ProtobufSchemaDiff. */
import type { Difference } from '../parsed-schema.ts'
import type { ProtoField, ProtoFile, ProtoMessage } from './proto-file.ts'

/** Scalars that are written alike: what one of them wrote another one reads. */
const ALIKE: readonly (readonly string[])[] = [
  ['int32', 'uint32', 'int64', 'uint64', 'bool'],
  ['sint32', 'sint64'],
  ['fixed32', 'sfixed32'],
  ['fixed64', 'sfixed64'],
  ['string', 'bytes'],
]

/** What becomes of a field: the words of the registry for it, and a sentence. */
export function protoDifferences(reader: ProtoFile, writer: ProtoFile): readonly Difference[] {
  return [...writer.messages.values()].flatMap((old) => {
    const now = reader.messages.get(old.name)
    const path = `#/${old.name.replaceAll('.', '/')}`
    if (now === undefined)
      return [
        finding(
          'MESSAGE_REMOVED',
          path,
          `The %r schema is missing the message at path '${path}' in the %w schema`,
          old.name,
        ),
      ]
    return [...fieldDifferences(now, old, path), ...oneofDifferences(now, old, path)]
  })
}

function fieldDifferences(reader: ProtoMessage, writer: ProtoMessage, path: string): readonly Difference[] {
  const numbers = [...new Set([...writer.fields.keys(), ...reader.fields.keys()])].toSorted((a, b) => a - b)
  return numbers.flatMap((number) => {
    const at = `${path}/${number}`
    const [old, now] = [writer.fields.get(number), reader.fields.get(number)]
    if (old !== undefined && now !== undefined)
      return [...typeDifferences(now, old, at), ...labelDifferences(now, old, at)]
    if (old?.isRequired === true)
      return [
        finding(
          'REQUIRED_FIELD_REMOVED',
          at,
          `The %r schema is missing the required field at path '${at}' in the %w schema`,
          old.name,
        ),
      ]
    if (now?.isRequired === true)
      return [
        finding(
          'REQUIRED_FIELD_ADDED',
          at,
          `The required field at path '${at}' in the %r schema is missing in the %w schema`,
          now.name,
        ),
      ]
    return []
  })
}

function typeDifferences(now: ProtoField, old: ProtoField, path: string): readonly Difference[] {
  if (now.entry !== undefined && old.entry !== undefined) {
    return [
      ...typeDifferences(now.entry.key, old.entry.key, path),
      ...typeDifferences(now.entry.value, old.entry.value, path),
    ]
  }
  if (now.type === old.type) return []
  const detail = `reader: ${now.type}, writer: ${old.type}`
  const kinds = [kindOf(now), kindOf(old)]
  if (kinds.includes('map') || kinds.includes('message')) {
    const isNamed = kinds.every((kind) => kind === 'message')
    const what = isNamed ? 'FIELD_NAMED_TYPE_CHANGED' : 'FIELD_KIND_CHANGED'
    return [
      finding(
        what,
        path,
        `The type of the field at path '${path}' in the %r schema is another one than in the %w schema`,
        detail,
      ),
    ]
  }
  if (kinds.every((kind) => kind === 'enum') || areAlike(now, old)) return []
  const what = kinds.includes('enum') ? 'FIELD_KIND_CHANGED' : 'FIELD_SCALAR_KIND_CHANGED'
  return [
    finding(
      what,
      path,
      `The kind of the field at path '${path}' in the %r schema does not match its kind in the %w schema`,
      detail,
    ),
  ]
}

/** Numbers that are repeated are packed together, which a reader of a single one does not expect. */
function labelDifferences(now: ProtoField, old: ProtoField, path: string): readonly Difference[] {
  const isPacked = kindOf(now) === 'enum' || (kindOf(now) === 'scalar' && now.type !== 'string' && now.type !== 'bytes')
  if (now.isRepeated === old.isRepeated || !isPacked || now.entry !== undefined) return []
  const sentence = `The numeric field at path '${path}' is repeated in one of the %r and the %w schema, and single in the other`
  return [finding('FIELD_NUMERIC_LABEL_CHANGED', path, sentence, now.name)]
}

function oneofDifferences(reader: ProtoMessage, writer: ProtoMessage, path: string): readonly Difference[] {
  const [olds, nows] = [oneofsOf(writer), oneofsOf(reader)]
  const removed = [...olds].flatMap(([name, fields]) => {
    if (!nows.has(name)) return []
    const at = `${path}/${name}`
    return fields
      .filter(({ number }) => !nows.get(name)!.some((field) => field.number === number))
      .map((field) =>
        finding(
          'ONEOF_FIELD_REMOVED',
          `${at}/${field.number}`,
          `The %r schema is missing a field of the oneof at path '${at}' in the %w schema`,
          field.name,
        ),
      )
  })
  const moved = [...nows].flatMap(([name, fields]) => {
    const at = `${path}/${name}`
    const came = fields.filter(({ number }) => {
      const old = writer.fields.get(number)
      return old !== undefined && old.oneof === undefined
    })
    if (came.length === 0) return []
    const list = came.map((field) => field.name).join(', ')
    if (olds.has(name))
      return [
        finding(
          'FIELD_MOVED_TO_EXISTING_ONEOF',
          at,
          `Fields of the %w schema are part of the oneof at path '${at}' in the %r schema`,
          list,
        ),
      ]
    if (came.length === 1) return []
    return [
      finding(
        'MULTIPLE_FIELDS_MOVED_TO_ONEOF',
        at,
        `Several fields of the %w schema became one oneof at path '${at}' in the %r schema`,
        list,
      ),
    ]
  })
  return [...removed, ...moved]
}

function oneofsOf({ fields }: ProtoMessage): ReadonlyMap<string, readonly ProtoField[]> {
  return Map.groupBy(
    [...fields.values()].filter(({ oneof }) => oneof !== undefined),
    ({ oneof }) => oneof!,
  )
}

function kindOf({ entry, isMessage, isEnum }: ProtoField): 'map' | 'message' | 'enum' | 'scalar' {
  if (entry !== undefined) return 'map'
  if (isMessage) return 'message'
  return isEnum ? 'enum' : 'scalar'
}

/** An enum is written as an int32. */
function areAlike(now: ProtoField, old: ProtoField): boolean {
  const [a, b] = [now, old].map((field) => (field.isEnum ? 'int32' : field.type))
  return ALIKE.some((group) => group.includes(a!) && group.includes(b!))
}

function finding(kind: string, path: string, sentence: string, detail: string): Difference {
  return { kind, path, sentence, detail }
}
