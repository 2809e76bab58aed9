/** Avro schemas as text: the same schema is the same text. */
import { describe, expect, test } from '@jest/globals'
import { parseSchema } from '../../../src/formats/parse-schema.ts'

const avro = (json: unknown): ReturnType<typeof parseSchema> =>
  parseSchema({ type: 'AVRO', text: typeof json === 'string' ? json : JSON.stringify(json) })

describe('the canonical text', () => {
  test.each([
    ['a bare name', 'string', '"string"'],
    ['a type in an object of its own', '{"type": "string"}', '"string"'],
    ['a type in two objects', '{"type": {"type": "int"}}', '"int"'],
    [
      'attributes of nobody',
      '{"type":"bytes","logicalType":"decimal","precision":4}',
      '{"type":"bytes","logicalType":"decimal","precision":4}',
    ],
    ['attributes in another order', '{"items":"int","type":"array"}', '{"type":"array","items":"int"}'],
    [
      'a full name',
      '{"name":"a.b.R","type":"record","fields":[]}',
      '{"type":"record","name":"R","namespace":"a.b","fields":[]}',
    ],
    [
      'names within a namespace',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"x","type":{"type":"fixed","name":"F","namespace":"a","size":2}},{"name":"y","type":"a.F","order":"ascending"}]}',
      '{"type":"record","name":"R","namespace":"a","fields":[{"name":"x","type":{"type":"fixed","name":"F","size":2}},{"name":"y","type":"F"}]}',
    ],
    [
      'everything that a field may have',
      '{"type":"record","name":"R","doc":"d","aliases":["S"],"fields":[{"default":null,"aliases":["z"],"name":"x","doc":"f","order":"ignore","extra":1,"type":["null","R"]}],"connect.name":"c"}',
      '{"type":"record","name":"R","doc":"d","fields":[{"name":"x","type":["null","R"],"doc":"f","default":null,"order":"ignore","aliases":["z"],"extra":1}],"connect.name":"c","aliases":["S"]}',
    ],
    [
      'an enum with a default',
      '{"symbols":["A"],"default":"A","type":"enum","name":"E","namespace":""}',
      '{"type":"enum","name":"E","symbols":["A"],"default":"A"}',
    ],
  ])('of %s is as Java writes it', (_, text, canonical) => {
    expect(avro(text).canonical).toBe(canonical)
    expect(avro(canonical).canonical).toBe(canonical)
  })

  test('normalised is the same where only the order of attributes or the way of naming differs', () => {
    const a = {
      type: 'record',
      name: 'R',
      namespace: 'n',
      fields: [{ name: 'f', type: 'int', x: 1, a: 2 }],
      p: 1,
      b: 2,
    }
    const b = { b: 2, fields: [{ a: 2, x: 1, type: { type: 'int' }, name: 'f' }], type: 'record', p: 1, name: 'n.R' }
    expect(avro(a).canonical).not.toBe(avro(b).canonical)
    expect(avro(a).normalized).toBe(avro(b).normalized)
  })
})

describe('what is no Avro schema is refused:', () => {
  test.each<[string, unknown]>([
    ['no JSON', 'nothing at all'],
    ['a number', '7'],
    ['an unknown type', '"strin"'],
    ['a record without a name', { type: 'record', fields: [] }],
    ['a record without fields', { type: 'record', name: 'R' }],
    [
      'two fields of one name',
      {
        type: 'record',
        name: 'R',
        fields: [
          { name: 'a', type: 'int' },
          { name: 'a', type: 'int' },
        ],
      },
    ],
    ['a name that is none', { type: 'record', name: '1R', fields: [] }],
    ['a namespace that is none', { type: 'record', name: 'R', namespace: 'a..b', fields: [] }],
    [
      'a type that is defined twice',
      [
        { type: 'fixed', name: 'F', size: 1 },
        { type: 'array', items: { type: 'fixed', name: 'F', size: 1 } },
      ],
    ],
    ['a union in a union', [['int']]],
    ['two branches of one type', ['int', { type: 'int' }]],
    ['an enum with a symbol twice', { type: 'enum', name: 'E', symbols: ['A', 'A'] }],
    ['an enum whose default is none of its symbols', { type: 'enum', name: 'E', symbols: ['A'], default: 'B' }],
    ['a fixed without a size', { type: 'fixed', name: 'F' }],
    ['an array without items', { type: 'array' }],
    ['a field without a type', { type: 'record', name: 'R', fields: [{ name: 'a' }] }],
    ['a depth of 10,000', `${'{"type":"array","items":'.repeat(10_000)}"int"${'}'.repeat(10_000)}`],
  ])('%s', (_, json) => {
    expect(() => avro(json)).toThrow(expect.objectContaining({ code: 'SCHEMA_INVALID' }))
  })
})
