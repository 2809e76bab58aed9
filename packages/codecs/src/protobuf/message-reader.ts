/** The function that reads a message: made of source text, because a switch over its tags and one object literal are fastest. */
import type { Value } from '@sluice/sdk'
import { under } from '../value-path.ts'
import { type ProtoInput, WIRE } from './proto-input.ts'

export type ReadProto = (input: ProtoInput) => Value

/** Those of ProtoInput that read a value as it is. */
export type ScalarRead =
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'sint32'
  | 'int64'
  | 'uint64'
  | 'sint64'
  | 'fixed32'
  | 'sfixed32'
  | 'fixed64'
  | 'sfixed64'
  | 'float'
  | 'double'
  | 'string'
  | 'bytes'

export interface FieldReading {
  readonly name: string
  readonly number: number
  readonly wire: (typeof WIRE)[keyof typeof WIRE]
  readonly isRepeated: boolean
  /** Its values are entries: structs of key and value. */
  readonly isMap: boolean
  /** How a value is read; undefined is no value: a number that a closed enum does not have. */
  readonly read: ScalarRead | ((input: ProtoInput) => Value | undefined)
  /** Which of the oneofs it is a branch of. */
  readonly oneof: number | undefined
  /** What stands for it when it is not there: a value, what an empty message is read as, or an error. */
  readonly absent: { readonly value: Value } | 'empty' | 'error'
}

/** What a field of the struct is made of: a field of the message, or the branches of a oneof. */
export type MemberReading =
  { readonly name: string; readonly field: number } | { readonly name: string; readonly branches: readonly number[] }

type Fail = (field: number, error: unknown, values: readonly unknown[]) => unknown

/** @param missing the error for a field that must be there */
export function messageReader(
  fields: readonly FieldReading[],
  members: readonly MemberReading[],
  missing: (name: string) => Error,
): ReadProto {
  const fail: Fail = (at, error, values) => {
    const field = fields[at]
    if (field === undefined) return error
    const count = field.isMap
      ? (values[at] as ReadonlyMap<Value, Value>).size
      : (values[at] as readonly Value[])?.length
    return under(field.isRepeated ? `.${field.name}[${count}]` : `.${field.name}`, error)
  }
  const values = fields.map((_, i) => `v${i}`).join(', ')
  const source = `
    ${fields.map(({ read }, i) => (typeof read === 'string' ? '' : `const read${i} = reads[${i}]`)).join('\n')}
    ${fields.map((_, i) => `const absent${i} = absents[${i}]`).join('\n')}
    return (input) => {
      let at = -1
      ${fields.map(declaration).join('\n')}
      ${[...new Set(fields.map(({ oneof }) => oneof))].map((n) => (n === undefined ? '' : `let branch${n} = -1`)).join('\n')}
      try {
        while (input.hasMore()) {
          at = -1
          const tag = input.tag()
          switch (tag) {
            ${fields.map(cases).join('\n')}
            default: input.skip(tag)
          }
        }
        ${fields.map(ending).join('\n')}
        return { ${members.map((member) => memberSource(member, fields)).join(', ')} }
      } catch (error) {
        throw fail(at, error, [${values}])
      }
    }`
  // oxlint-disable-next-line no-new-func, typescript/no-implied-eval -- names stand in it as JSON strings, all else are numbers
  const make = new Function('reads', 'absents', 'missing', 'fail', source) as (
    reads: readonly unknown[],
    absents: readonly unknown[],
    missing: (name: string) => Error,
    fail: Fail,
  ) => ReadProto
  return make(
    fields.map(({ read }) => read),
    fields.map(({ absent }) => (typeof absent === 'object' ? absent.value : undefined)),
    missing,
    fail,
  )
}

function isMessage({ wire, read }: FieldReading): boolean {
  return typeof read !== 'string' && (wire === WIRE.bytes || wire === WIRE.group)
}

function declaration(field: FieldReading, i: number): string {
  if (field.isMap) return `const v${i} = new Map()`
  if (field.isRepeated) return `const v${i} = []`
  const variable = `let v${i} = ${field.absent === 'error' || field.absent === 'empty' ? 'undefined' : `absent${i}`}`
  return isMessage(field) ? `${variable}; let start${i} = -1; let parts${i}` : variable
}

function readSource(field: FieldReading, i: number): string {
  if (typeof field.read === 'string') return `input.${field.read}()`
  if (!isMessage(field)) return `read${i}(input)`
  return field.wire === WIRE.group ? `input.group(read${i})` : `input.message(read${i})`
}

function cases(field: FieldReading, i: number): string {
  const { number, wire, oneof } = field
  const tag = number * 8 + wire
  const read = readSource(field, i)
  const body = ((): string => {
    if (field.isMap) return `const entry = ${read}; v${i}.set(entry.key, entry.value)`
    if (field.isRepeated) return `const item = ${read}; if (item !== undefined) v${i}.push(item)`
    if (isMessage(field)) return messageCase(field, i, tag, read)
    const set = `const value = ${read}; if (value !== undefined) { v${i} = value${oneof === undefined ? '' : `; branch${oneof} = ${i}`} }`
    return typeof field.read === 'string'
      ? `v${i} = ${read}${oneof === undefined ? '' : `; branch${oneof} = ${i}`}`
      : set
  })()
  const single = `case ${tag}: { at = ${i}; ${body}; break }`
  // Whether numbers stand together is the writer's choice: readers take both.
  if (!field.isRepeated || wire === WIRE.bytes || wire === WIRE.group) return single
  const packed = `at = ${i}; const outer = input.enter(); while (input.hasMore()) { ${body} } input.leave(outer); break`
  return `${single}\ncase ${number * 8 + WIRE.bytes}: { ${packed} }`
}

/** A message that comes in parts is one message: the parts are put together at the end. */
function messageCase({ oneof }: FieldReading, i: number, tag: number, read: string): string {
  const isAgain = oneof === undefined ? `start${i} >= 0` : `branch${oneof} === ${i}`
  const first = `${oneof === undefined ? '' : `branch${oneof} = ${i}; parts${i} = undefined; `}start${i} = input.position; v${i} = ${read}`
  return `if (${isAgain}) { (parts${i} ??= [start${i}]).push(input.position); input.skip(${tag}) } else { ${first} }`
}

function ending(field: FieldReading, i: number): string {
  if (field.isRepeated) return ''
  const lines: string[] = []
  if (isMessage(field)) {
    const isSet = field.oneof === undefined ? '' : ` && branch${field.oneof} === ${i}`
    lines.push(
      `if (parts${i} !== undefined${isSet}) { at = ${i}; v${i} = input.merged(read${i}, parts${i}, ${field.wire === WIRE.group}) }`,
    )
  }
  if (field.absent === 'error')
    lines.push(`if (v${i} === undefined) { at = -1; throw missing(${JSON.stringify(field.name)}) }`)
  if (field.absent === 'empty') lines.push(`if (v${i} === undefined) { at = ${i}; v${i} = input.absent(read${i}) }`)
  return lines.join('\n')
}

function memberSource(member: MemberReading, fields: readonly FieldReading[]): string {
  // In brackets even `__proto__` is a field like any other.
  const key = `[${JSON.stringify(member.name)}]`
  if ('field' in member) {
    const { oneof } = fields[member.field]!
    const value = `v${member.field}`
    return `${key}: ${oneof === undefined ? value : `branch${oneof} === ${member.field} ? ${value} : null`}`
  }
  const branches = member.branches.map((i) => {
    const { name, oneof } = fields[i]!
    return `branch${oneof} === ${i} ? { [${JSON.stringify(name)}]: v${i} } : `
  })
  return `${key}: ${branches.join('')}null`
}
