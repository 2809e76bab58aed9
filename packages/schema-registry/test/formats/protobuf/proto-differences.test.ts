/** Which Protobuf schemas read what was written with others, and what is said of those that do not. */
import { describe, expect, test } from '@jest/globals'
import { parseSchema } from '../../../src/formats/parse-schema.ts'
import { incompatibilities } from '../../../src/index.ts'

const file = (body: string): string => `syntax = "proto3"; package demo; ${body}`

/** What keeps `reader` from reading `writer`: kinds and paths. */
function against(reader: string, writer: string): readonly (readonly [string, string])[] {
  const found = incompatibilities('BACKWARD', { type: 'PROTOBUF', text: reader }, [{ type: 'PROTOBUF', text: writer }])
  return found.map(({ kind, path }) => [kind, path])
}

const message = (fields: string): string => file(`message M { ${fields} } message N {} message O {} enum E { A = 0; }`)

describe('a reader reads', () => {
  test.each([
    ['a field that has gone', '', 'int32 a = 1;'],
    ['a field that is new', 'int32 a = 1;', ''],
    ['a field of another name', 'int32 b = 1;', 'int32 a = 1;'],
    ['integers of another size', 'int64 a = 1;', 'uint32 a = 1;'],
    ['an enum as a number', 'int32 a = 1;', 'E a = 1;'],
    ['strings as bytes', 'bytes a = 1;', 'string a = 1;'],
    ['strings that are repeated', 'repeated string a = 1;', 'string a = 1;'],
    ['one field that became a oneof', 'oneof o { int32 a = 1; }', 'int32 a = 1;'],
    ['a oneof with a field more', 'oneof o { int32 a = 1; int32 b = 2; }', 'oneof o { int32 a = 1; }'],
    ['a oneof that was taken apart', 'int32 a = 1; int32 b = 2;', 'oneof o { int32 a = 1; int32 b = 2; }'],
    ['a field that may be absent now', 'optional int32 a = 1;', 'int32 a = 1;'],
    ['a map of alike types', 'map<int64, string> a = 1;', 'map<int32, bytes> a = 1;'],
    ['a message by its full name', '.demo.N a = 1;', 'N a = 1;'],
  ])('%s', (_, reader, writer) => {
    expect(against(message(reader), message(writer))).toEqual([])
  })

  test('messages and enums that are new, and a package that has another name', () => {
    expect(against(file('message M {} message N {} enum E { A = 0; }'), 'syntax = "proto3"; message M {}')).toEqual([])
  })
})

describe('a reader does not read', () => {
  test.each([
    ['another kind of number', 'sint32 a = 1;', 'int32 a = 1;', 'FIELD_SCALAR_KIND_CHANGED', '#/M/1'],
    ['a message as a number', 'int32 a = 1;', 'N a = 1;', 'FIELD_KIND_CHANGED', '#/M/1'],
    ['an enum as a string', 'string a = 1;', 'E a = 1;', 'FIELD_KIND_CHANGED', '#/M/1'],
    ['another message', 'O a = 1;', 'N a = 1;', 'FIELD_NAMED_TYPE_CHANGED', '#/M/1'],
    ['numbers that are repeated', 'repeated int32 a = 1;', 'int32 a = 1;', 'FIELD_NUMERIC_LABEL_CHANGED', '#/M/1'],
    ['a map of other values', 'map<string, N> a = 1;', 'map<string, int32> a = 1;', 'FIELD_KIND_CHANGED', '#/M/1'],
    [
      'a field of a oneof that has gone',
      'oneof o { int32 a = 1; }',
      'oneof o { int32 a = 1; N b = 2; }',
      'ONEOF_FIELD_REMOVED',
      '#/M/o/2',
    ],
    [
      'fields that became a oneof',
      'oneof o { N a = 1; N b = 2; }',
      'N a = 1; N b = 2;',
      'MULTIPLE_FIELDS_MOVED_TO_ONEOF',
      '#/M/o',
    ],
    [
      'a field that came into a oneof',
      'oneof o { N a = 1; N b = 2; }',
      'oneof o { N a = 1; } N b = 2;',
      'FIELD_MOVED_TO_EXISTING_ONEOF',
      '#/M/o',
    ],
  ])('%s', (_, reader, writer, kind, path) => {
    expect(against(message(reader), message(writer))).toEqual([[kind, path]])
  })

  test.each([
    ['a message that has gone', file('message N {}'), file('message M {} message N {}'), 'MESSAGE_REMOVED', '#/M'],
    [
      'a message within another that has gone',
      file('message M {}'),
      file('message M { message N {} }'),
      'MESSAGE_REMOVED',
      '#/M/N',
    ],
    [
      'a field that is required now',
      'syntax = "proto2"; message M { required int32 a = 1; }',
      'syntax = "proto2"; message M {}',
      'REQUIRED_FIELD_ADDED',
      '#/M/1',
    ],
    [
      'without a field that was required',
      'syntax = "proto2"; message M {}',
      'syntax = "proto2"; message M { required int32 a = 1; }',
      'REQUIRED_FIELD_REMOVED',
      '#/M/1',
    ],
  ])('%s', (_, reader, writer, kind, path) => {
    expect(against(reader, writer)).toEqual([[kind, path]])
  })
})

describe('the text of a file', () => {
  const proto = (text: string): string => parseSchema({ type: 'PROTOBUF', text }).canonical
  const text = `syntax = "proto3";
package demo;
import "google/protobuf/timestamp.proto";
message M {
  option (my.opt) = "a // b";
  map<string, int32> counts = 1 [deprecated = true];
  oneof o {
    google.protobuf.Timestamp at = 2;
    int32 n = 3;
  }
}
`

  test('is one whatever its comments and white space', () => {
    expect(proto(text)).toBe(text)
    const messy = `// a file\n${text.replaceAll('\n', ' /* and */ \n\n\t').replaceAll(' = ', '=').replaceAll(' {', '{')}`
    expect(proto(messy)).toBe(text)
  })

  test.each([
    ['nothing', ''],
    ['no file', 'message'],
    ['JSON', '{"type":"object"}'],
    ['a field without a number', 'syntax = "proto3"; message M { int32 a; }'],
    ['an import that is not there', 'syntax = "proto3"; import "other.proto"; message M {}'],
  ])('that is %s is refused', (_, wrong) => {
    expect(() => proto(wrong)).toThrow(expect.objectContaining({ code: 'SCHEMA_INVALID' }))
  })
})
