import { describe, expect, test } from '@jest/globals'
import { SchemaError } from '@sluice/sdk'
import { parseProtobufSchema } from '@sluice/schema-registry'
import type { ProtobufField, ProtobufMessage } from '@sluice/schema-registry'

function messageOf(
  text: string,
  ...dependencies: readonly { readonly name: string; readonly text: string }[]
): ProtobufMessage {
  return parseProtobufSchema(text, dependencies).messages[0]!
}

function fieldsOf(text: string): Readonly<Record<string, ProtobufField>> {
  return Object.fromEntries(messageOf(text).fields.map((field) => [field.name, field]))
}

function namesOf(messages: readonly ProtobufMessage[]): unknown {
  return messages.map(({ fullName, nested }) => (nested.length === 0 ? fullName : [fullName, namesOf(nested)]))
}

describe('the messages of a file', () => {
  test('are in its order, as message indexes count them: without groups, maps, and what it imports', () => {
    const text =
      'syntax = "proto2"; package a.b; import "other.proto"; enum E { X = 0; } message Z { optional group G = 1 { } map<string, Z> m = 2; ' +
      'message Y { message X { } } message W { } } message A { }'
    const { package: name, messages } = parseProtobufSchema(text, [
      { name: 'other.proto', text: 'package a.b; message First { }' },
    ])
    expect(name).toBe('a.b')
    expect(namesOf(messages)).toEqual([['a.b.Z', [['a.b.Z.Y', ['a.b.Z.Y.X']], 'a.b.Z.W']], 'a.b.A'])
  })

  test('may contain themselves, and be a chain of any length', () => {
    const message = messageOf('syntax = "proto3"; message A { A a = 1; }')
    expect(message.fields[0]).toMatchObject({ kind: 'message', message })
    const links = Array.from({ length: 3000 }, (_, i) => `message A${i} { A${i + 1} a = 1; }`).join(' ')
    let last = messageOf(`syntax = "proto3"; ${links} message A3000 { int32 x = 1; }`)
    for (let first = last.fields[0]!; first.kind === 'message'; first = last.fields[0]!) last = first.message
    expect(last.fullName).toBe('A3000')
  })

  test('have the fields of the file alone, whatever extends them', () => {
    const text =
      'syntax = "proto2"; message A { optional int32 a = 1; extensions 100 to 200; } extend A { optional int32 b = 100; }'
    expect(messageOf(text).fields.map(({ name }) => name)).toEqual(['a'])
  })
})

describe('a field', () => {
  test('of proto3 has presence when it is optional, a branch or a message, and numbers are packed', () => {
    const fields = fieldsOf(
      'syntax = "proto3"; message A { int32 a = 1; optional int32 b = 2; oneof o { int32 c = 3; } A d = 4; repeated int32 e = 5; ' +
        'repeated int32 f = 6 [packed = false]; repeated string g = 7; repeated E h = 8; enum E { Z = 0; } }',
    )
    const having = (what: 'hasPresence' | 'isPacked' | 'isProto3Optional'): string =>
      Object.values(fields)
        .flatMap((field) => (field[what] ? [field.name] : []))
        .join('')
    expect([having('hasPresence'), having('isProto3Optional'), having('isPacked')]).toEqual(['bcd', 'b', 'eh'])
    expect([fields['b']!.oneof, fields['c']!.oneof?.name]).toEqual([undefined, 'o'])
  })

  test('of proto2 has presence, may be required, and has its default', () => {
    const { r, s, e, b, l, mygroup } = fieldsOf(
      'syntax = "proto2"; message A { required int32 r = 1; optional string s = 2 [default = "ä\\n"]; optional E e = 3 [default = TWO]; ' +
        'optional bytes b = 4 [default = "\\001\\xff"]; repeated int32 l = 5; optional group MyGroup = 6 { } } enum E { ONE = 1; TWO = 2; }',
    )
    expect(r).toMatchObject({ isRequired: true, hasPresence: true })
    expect([s, e, b].map((field) => field?.default)).toEqual(['ä\n', 2, Buffer.from([1, 255])])
    expect(e).toMatchObject({ kind: 'enum', enum: { isClosed: true, values: [{ name: 'ONE', number: 1 }, {}] } })
    expect([l?.isPacked, mygroup?.kind]).toEqual([false, 'group'])
  })

  test('of an edition is as its features have it', () => {
    const { a, b, c, d } = fieldsOf(
      'edition = "2023"; option features.field_presence = IMPLICIT; message A { int32 a = 1; string b = 2 [features.field_presence = EXPLICIT]; ' +
        'repeated int32 c = 3 [features.repeated_field_encoding = EXPANDED]; A d = 4 [features.message_encoding = DELIMITED]; }',
    )
    expect([a?.hasPresence, b?.hasPresence, c?.isPacked, d?.kind]).toEqual([false, true, false, 'group'])
  })

  test('that is a map is a repeated message of its entries', () => {
    const { some_map: map } = fieldsOf('syntax = "proto3"; message A { map<int64, A> some_map = 1; }')
    expect(map).toMatchObject({
      kind: 'message',
      isRepeated: true,
      message: {
        fullName: 'A.SomeMapEntry',
        isMapEntry: true,
        fields: [
          { name: 'key', kind: 'int64', number: 1 },
          { name: 'value', kind: 'message', number: 2 },
        ],
      },
    })
  })

  test.each([
    '(confluent.field_meta) = { params: [{ key: "a", value: "1" }, { value: "2", key: "b" }] }',
    '(confluent.field_meta).params = { a: "1", b: "2" }',
    '(confluent.field_meta) = { doc: "x", params: { key: "a", value: "1" } }',
  ])('says in its meta what the option %s says', (option) => {
    const { a } = fieldsOf(`syntax = "proto3"; import "confluent/meta.proto"; message A { int32 a = 1 [${option}]; }`)
    expect(a?.meta.get('a')).toBe('1')
    expect(a?.meta.get('b')).toBe(option.includes('doc') ? undefined : '2')
  })
})

describe('what a file imports', () => {
  const ofGoogle = (folder: string, pairs: string): readonly (readonly [string, string])[] =>
    pairs.split(' ').map((pair) => {
      const [file, name] = pair.split('.') as [string, string]
      return [`google/${folder}/${file}.proto`, `google.${folder}.${name}`]
    })
  const WELL_KNOWN: readonly (readonly [path: string, type: string])[] = [
    ['confluent/meta.proto', 'confluent.Meta'],
    ['confluent/type/decimal.proto', 'confluent.type.Decimal'],
    ...ofGoogle(
      'protobuf',
      'any.Any duration.Duration empty.Empty field_mask.FieldMask struct.Value timestamp.Timestamp wrappers.UInt64Value',
    ),
    ...ofGoogle(
      'type',
      'calendar_period.CalendarPeriod color.Color date.Date datetime.DateTime dayofweek.DayOfWeek decimal.Decimal expr.Expr ' +
        'fraction.Fraction interval.Interval latlng.LatLng localized_text.LocalizedText money.Money month.Month ' +
        'phone_number.PhoneNumber postal_address.PostalAddress quaternion.Quaternion timeofday.TimeOfDay',
    ),
  ]

  test.each(WELL_KNOWN)('%s is there without anybody registering it', (path, type) => {
    const [field] = messageOf(`syntax = "proto3"; import "${path}"; message A { ${type} a = 1; }`).fields
    expect(field?.kind === 'message' ? field.message.fullName : field?.kind === 'enum' ? field.enum.fullName : '').toBe(
      type,
    )
  })

  test('all of them together are there, too, and options of others may be extended', () => {
    const imports = WELL_KNOWN.map(([path]) => `import "${path}";`).join(' ')
    const text =
      `syntax = "proto3"; ${imports} import "google/protobuf/descriptor.proto"; ` +
      'extend google.protobuf.FieldOptions { string label = 50000; } message A { int32 a = 1 [(label) = "x"]; }'
    expect(messageOf(text).fields).toHaveLength(1)
  })

  test('goes before the well-known file of that name, and may import in turn', () => {
    const date = {
      name: 'google/type/date.proto',
      text: 'package google.type; message Date { optional Era era = 9; } enum Era { AD = 0; }',
    }
    const mid = {
      name: 'mid.proto',
      text: 'syntax = "proto3"; import "google/type/date.proto"; message Mid { google.type.Date d = 1; }',
    }
    const [field] = messageOf('syntax = "proto3"; import "mid.proto"; message A { Mid m = 1; }', date, mid).fields
    expect(field).toMatchObject({
      message: { fields: [{ message: { fields: [{ name: 'era', enum: { fullName: 'google.type.Era' } }] } }] },
    })
  })
})

test.each([
  ['no .proto file', 'nonsense'],
  ['nothing', ''],
  ['a type that is nowhere', 'message A { Missing a = 1; }'],
  ['a number twice', 'message A { optional int32 a = 1; optional int32 b = 1; }'],
  ['10,000 levels', 'message A {'.repeat(10_000) + '}'.repeat(10_000)],
])('%s is a SchemaError', (_, text) => {
  expect(() => parseProtobufSchema(text)).toThrow(SchemaError)
})
