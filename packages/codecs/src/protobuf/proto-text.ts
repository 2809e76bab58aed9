/** A .proto file that is put together, and its text: the layout is that of Confluent's. */
import { SchemaError } from '@sluice/sdk'

export interface ProtoFieldText {
  readonly label: '' | 'optional' | 'repeated'
  readonly type: string
  readonly name: string
  readonly number: number
  /** What `confluent.field_meta` says. */
  readonly meta: Readonly<Record<string, string>>
}

export interface ProtoEnumText {
  readonly name: string
  readonly values: readonly { readonly name: string; readonly number: number }[]
}

export interface ProtoMessageText {
  readonly name: string
  readonly fields: readonly ProtoFieldText[]
  readonly oneofs: readonly { readonly name: string; readonly fields: readonly ProtoFieldText[] }[]
  readonly messages: readonly ProtoMessageText[]
  readonly enums: readonly ProtoEnumText[]
}

export interface ProtoFileText {
  /** '' for none. */
  readonly package: string
  readonly imports: readonly string[]
  readonly message: ProtoMessageText
}

/** @throws SchemaError for a name that Protobuf does not take */
export function protoFileText({ package: name, imports, message }: ProtoFileText): string {
  const head = ['syntax = "proto3";']
  if (name !== '') head.push(`package ${name.split('.').map(checked).join('.')};`)
  const parts = [head, imports.map((path) => `import "${path}";`), messageLines(message)]
  return `${parts
    .filter((part) => part.length > 0)
    .map((part) => part.join('\n'))
    .join('\n\n')}\n`
}

function messageLines({ name, fields, oneofs, messages, enums }: ProtoMessageText): readonly string[] {
  const blocks = [
    fields.flatMap(fieldLines),
    oneofs.flatMap((oneof) => block(`oneof ${checked(oneof.name)}`, oneof.fields.flatMap(fieldLines))),
    [...messages.flatMap(messageLines), ...enums.flatMap(enumLines)],
  ].filter((lines) => lines.length > 0)
  return block(
    `message ${checked(name)}`,
    blocks.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines])),
  )
}

function enumLines({ name, values }: ProtoEnumText): readonly string[] {
  const isAliased = new Set(values.map(({ number }) => number)).size < values.length
  return block(`enum ${checked(name)}`, [
    ...(isAliased ? ['option allow_alias = true;'] : []),
    ...values.map((value) => `${checked(value.name)} = ${value.number};`),
  ])
}

function fieldLines({ label, type, name, number, meta }: ProtoFieldText): readonly string[] {
  const field = `${label === '' ? '' : `${label} `}${type} ${checked(name)} = ${number}`
  const params = Object.entries(meta)
  if (params.length === 0) return [`${field};`]
  const entries = params.flatMap(([key, value], i) => [
    '    {',
    `      key: ${JSON.stringify(key)},`,
    `      value: ${JSON.stringify(value)}`,
    `    }${i < params.length - 1 ? ',' : ''}`,
  ])
  return [`${field} [(confluent.field_meta) = {`, '  params: [', ...entries, '  ]', '}];']
}

function block(head: string, lines: readonly string[]): readonly string[] {
  return [`${head} {`, ...lines.map((line) => `  ${line}`.trimEnd()), '}']
}

function checked(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name
  throw new SchemaError(`${JSON.stringify(name)} is no name that Protobuf takes`, {
    remedy: 'Give it another name, or set scrub.invalid.names=true.',
  })
}
