/** What all transforms promise, and the corners that the captured cases leave out. */
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { DataError, decimal, primitive, SluiceError, struct, timestamp } from '@sluice/sdk'
import type {
  ConnectRecord,
  RawSettings,
  Schema,
  SinkRecord,
  SourceRecord,
  StructValue,
  Transform,
  Value,
} from '@sluice/sdk'
import { predicates, transforms } from '@sluice/transforms'

function make(name: string, settings: RawSettings = {}): Transform {
  return transforms.find((plugin) => plugin.name === name || plugin.aliases.includes(name))!.create(settings)
}

function record(value: Value, valueSchema: Schema | null = null): ConnectRecord {
  return {
    topic: 'orders',
    keySchema: null,
    key: null,
    valueSchema,
    value,
    timestamp: 1_700_000_000_123,
    headers: null,
  }
}

function valueOf(name: string, settings: RawSettings, value: Value, schema: Schema | null = null): Value {
  return make(name, settings)(record(value, schema))!.value
}

const order = struct(
  { id: primitive('int64'), price: decimal(2, { optional: true }), at: timestamp({ optional: true }) },
  { name: 'Order' },
)

describe('names', () => {
  test('are each given once, and none is missing', () => {
    const names = [...transforms, ...predicates].flatMap((plugin) => [plugin.name, ...plugin.aliases])
    expect(new Set(names).size).toBe(names.length)
    const connects = transforms.filter(({ aliases }) => aliases[0]?.startsWith('org.apache.kafka.') === true)
    expect(connects).toHaveLength(26)
    expect(predicates.length).toBe(3)
  })
})

describe('objects without a schema', () => {
  const settings: readonly [string, RawSettings][] = [
    ['InsertField$Value', { 'static.field': 'x', 'static.value': 'y' }],
    ['ReplaceField$Value', { exclude: 'a' }],
    ['MaskField$Value', { fields: 'a' }],
    ['Cast$Value', { spec: 'a:string' }],
    ['Flatten$Value', {}],
    ['HeaderFrom$Value', { fields: 'a', headers: 'h', operation: 'move' }],
    ['TimestampConverter$Value', { field: 'a', 'target.type': 'string', format: 'yyyy' }],
  ]

  test.each(settings)('%s leaves a Map a Map, and a plain object a plain object', (name, raw) => {
    const entries: [string, Value][] = [
      ['a', 1],
      ['n', { b: 1 }],
    ]
    expect(valueOf(name, raw, new Map(entries))).toBeInstanceOf(Map)
    expect(valueOf(name, raw, Object.fromEntries(entries))).not.toBeInstanceOf(Map)
  })

  test.each(settings)('%s refuses a text', (name, raw) => expect(() => valueOf(name, raw, 'text')).toThrow(DataError))

  test.each(settings)('%s keeps a field named __proto__ as a field like any other', (name, raw) => {
    const value = JSON.parse('{"a":1,"__proto__":{"b":2}}') as Value
    const changed = valueOf(name, raw, value) as object
    expect(Object.keys(changed).some((key) => key.startsWith('__proto__'))).toBe(true)
    expect((changed as { b?: unknown }).b).toBeUndefined()
  })

  test('can be given a field named __proto__, and one that every object inherits is missing', () => {
    const renamed = valueOf('ReplaceField$Value', { renames: 'a:__proto__' }, { a: { polluted: 1 } }) as object
    expect(Object.keys(renamed)).toEqual(['__proto__'])
    expect((renamed as { polluted?: unknown }).polluted).toBeUndefined()
    expect(valueOf('ExtractField$Value', { field: 'toString' }, { a: 1 })).toBeNull()
  })

  test('are flattened so that of two fields of one name the later one wins', () => {
    expect(valueOf('Flatten$Value', {}, { 'x.y': 9, x: { y: 'in' } })).toEqual({ 'x.y': 'in' })
    expect(valueOf('Flatten$Value', {}, { x: { y: 'in' }, 'x.y': 9 })).toEqual({ 'x.y': 9 })
  })
})

describe('schemas', () => {
  test.each<[string, RawSettings]>([
    ['InsertField$Value', { 'topic.field': 't' }],
    ['ReplaceField$Value', { renames: 'id:key' }],
    ['Cast$Value', { spec: 'id:string' }],
    ['HoistField$Value', { field: 'f' }],
    ['SetSchemaMetadata$Value', { 'schema.name': 'N' }],
    ['TimestampConverter$Value', { field: 'at', 'target.type': 'unix' }],
    ['HeaderFrom$Value', { fields: 'id', headers: 'h', operation: 'move' }],
  ])('made by %s are the same object for all records of one schema', (name, settings) => {
    const transform = make(name, settings)
    const other = struct({ id: primitive('string'), at: primitive('int64') })
    const first = transform(record({ id: 1, price: '1.00', at: 5 }, order))!.valueSchema
    transform(record({ id: 'x', at: 1 }, other))
    expect(transform(record({ id: 2, price: null, at: null }, order))!.valueSchema).toBe(first)
    expect(first).not.toBe(order)
  })
})

describe('records', () => {
  test('keep what the transform does not concern', () => {
    const sink: SinkRecord = {
      ...record({ a: 1 }),
      partition: 3,
      offset: 42,
      timestampType: 'create',
      originalTopic: 'orders',
      originalPartition: 3,
      originalOffset: 42,
    }
    const changed = make('RegexRouter', { regex: '.*', replacement: 'x' })(sink)!
    expect(changed).toEqual({ ...sink, topic: 'x' })
    expect(sink.topic).toBe('orders')
  })

  test('of a source have a partition if the source set one, and no offset', () => {
    const source: SourceRecord = { ...record({ a: 1 }), sourcePartition: {}, sourcePosition: {}, partition: 7 }
    expect(make('InsertField$Value', { 'partition.field': 'p' })(source)!.value).toEqual({ a: 1, p: 7 })
    expect(() => make('InsertField$Value', { 'offset.field': 'o' })(source)).toThrow('Only SinkRecord supported')
  })

  test('lose their headers altogether when the last one is dropped', () => {
    const headers = [{ key: 'h', schema: null, value: 1 }]
    expect(make('DropHeaders', { headers: 'h' })({ ...record(1), headers })!.headers).toBeNull()
  })

  test('without a timestamp cannot be routed by it', () =>
    expect(() => make('TimestampRouter')({ ...record(1), timestamp: null })).toThrow('Timestamp missing on record'))

  test('are routed by texts that look like replacements, as they stand', () => {
    const routed = make('TimestampRouter', { 'topic.format': '${topic}$&' })({ ...record(1), topic: '$1' })
    expect(routed!.topic).toBe('$1$&')
  })
})

describe('objects of different shapes, one after the other,', () => {
  const replace = make('ReplaceField$Value', { exclude: 'x', renames: 'a:b' })
  const SHAPES: readonly [StructValue, StructValue][] = [
    [
      { a: 1, c: 2 },
      { b: 1, c: 2 },
    ],
    [{ a: 1, x: 2 }, { b: 1 }],
    [
      { c: 1, a: 2 },
      { c: 1, b: 2 },
    ],
    [{ a: 1 }, { b: 1 }],
    [
      { a: 1, c: 2, x: 3 },
      { b: 1, c: 2 },
    ],
    [
      { d: 1, c: 2 },
      { d: 1, c: 2 },
    ],
    [{}, {}],
    [{ x: 1 }, {}],
  ]

  test('are changed each by its own fields', () => {
    const pick = fc.array(fc.constantFrom(...SHAPES), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(pick, (shapes) => {
        for (const [value, expected] of shapes) expect(replace(record(value))!.value).toEqual(expected)
      }),
      { numRuns: 300, seed: 3 },
    )
  })

  test('are handed on themselves where nothing in them changes', () => {
    for (const value of [{ d: 1 }, {}, { c: 1, d: 2 }]) {
      expect(replace(record({ ...value, a: 3 }))!.value).toEqual({ ...value, b: 3 })
      const before = record(value)
      expect(replace(before)).toBe(before)
    }
  })
})

describe('values', () => {
  test('masked as decimals keep the scale of their schema', () => {
    const value = { id: 1, price: '19.99', at: null }
    expect(valueOf('MaskField$Value', { fields: 'price' }, value, order)).toMatchObject({ price: '0.00' })
    expect(valueOf('MaskField$Value', { fields: 'price', replacement: '4.5' }, value, order)).toMatchObject({
      price: '4.50',
    })
    expect(() => valueOf('MaskField$Value', { fields: 'price', replacement: '1.234' }, value, order)).toThrow(
      'to number',
    )
    expect(() => valueOf('MaskField$Value', { fields: 'id', replacement: 'x' }, value, order)).toThrow(
      'Unable to convert x',
    )
  })

  test.each<[Schema, string, Value]>([
    [primitive('int32'), '99999999999', 1_215_752_191],
    [primitive('int8'), '300', 44],
    [primitive('int64'), '1e3', 1000],
    [primitive('int16'), '-2.9', -2],
    [primitive('float32'), '1.1', Math.fround(1.1)],
    [primitive('float64'), '1e3', 1000],
  ])('a number is masked as Java would convert the replacement: %j %s', (schema, replacement, masked) => {
    const value = { n: 5 }
    expect(valueOf('MaskField$Value', { fields: 'n', replacement }, value, struct({ n: schema }))).toEqual({
      n: masked,
    })
  })

  test.each<[string, Value, Value]>([
    ['int8', '127', 127],
    ['int8', '+5', 5],
    ['int64', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['int32', -1.9, -1],
    ['int32', 1e20, 2 ** 31 - 1],
    ['int16', 70_000, 4464],
    ['boolean', 'TRUE', true],
    ['boolean', 0, false],
    ['float64', ' 1.5d ', 1.5],
    ['float32', '0.1', Math.fround(0.1)],
    ['string', new Uint8Array([1, 2]), 'AQI='],
    ['string', 1e21, '1.0E21'],
  ])('cast to %s: %p becomes %p', (type, value, expected) =>
    expect(valueOf('Cast$Value', { spec: type }, value)).toBe(expected),
  )

  test.each<[string, Value]>([
    ['int8', '128'],
    ['int32', ' 5'],
    ['int32', '1.0'],
    ['float64', 'one'],
    ['int32', new Uint8Array(1)],
    ['string', [1]],
  ])('cannot be cast to %s: %p', (type, value) =>
    expect(() => valueOf('Cast$Value', { spec: type }, value)).toThrow(DataError),
  )

  test('converted to Unix time are exact beyond 2^53, and cut towards zero when they come back', () => {
    const nanos = { 'target.type': 'unix', 'unix.precision': 'nanoseconds' }
    expect(valueOf('TimestampConverter$Value', nanos, 1_700_000_000_123, timestamp())).toBe(1_700_000_000_123_000_000n)
    const back = { 'target.type': 'Timestamp', 'unix.precision': 'microseconds' }
    expect(valueOf('TimestampConverter$Value', back, -1500, primitive('int64'))).toBe(-1)
  })

  test('without a schema are masked as longs where they are whole', () => {
    const settings = { fields: 'whole,half', replacement: '1.5' }
    expect(valueOf('MaskField$Value', settings, { whole: 3, half: 2.5 })).toEqual({ whole: 1, half: 1.5 })
  })

  test('that are cast with a default which cannot be are refused by that', () => {
    const text = primitive('string', { default: 'none' })
    expect(() => valueOf('Cast$Value', { spec: 'int8' }, '12', text)).toThrow('Value (none) was out of range')
    expect(() => valueOf('Cast$Value', { spec: 'int8' }, 'some', text)).toThrow('Value (none) was out of range')
  })

  test('that must not be null are not put into a new struct', () => {
    const hoist = (schema: Schema | null): Value => valueOf('HoistField$Value', { field: 'f' }, null, schema)
    expect(() => hoist(primitive('int32'))).toThrow('null used for required field: "f", schema type: INT32')
    expect(hoist(primitive('int32', { optional: true }))).toEqual({ f: null })
    expect(hoist(null)).toEqual({ f: null })
  })

  test('before 1970 have the date and time of their own day', () => {
    expect(valueOf('TimestampConverter$Value', { 'target.type': 'Date' }, -1, timestamp())).toBe(-1)
    expect(valueOf('TimestampConverter$Value', { 'target.type': 'Time' }, -1, timestamp())).toBe(86_399_999)
  })

  test('that are text need a format to be read', () => {
    expect(() => valueOf('TimestampConverter$Value', { 'target.type': 'unix' }, '2023')).toThrow('without a format')
  })
})

describe('settings are refused when a transform is made', () => {
  test.each<[string, RawSettings, string]>([
    ['ValueToKey', { fields: 'a,a' }, 'must not be duplicated'],
    ['ReplaceField$Value', { renames: 'a:b:c' }, 'Invalid rename mapping: a:b:c'],
    ['Cast$Value', { spec: 'int8,a:int8' }, 'may ony specify a single cast'],
    ['Cast$Value', { spec: 'a:int7' }, 'Invalid type found in casting spec: int7'],
    ['Cast$Value', { spec: '' }, 'Must specify at least one field to cast.'],
    ['SetSchemaMetadata$Key', {}, 'Neither schema name nor version configured'],
    ['RegexRouter', { regex: 'a', replacement: '$1' }, 'No group 1'],
    ['TimestampRouter', { 'timestamp.format': 'bb' }, "Illegal pattern character 'b'"],
    ['TimestampConverter$Value', { 'target.type': 'unix', format: 'bb' }, "Illegal pattern character 'b'"],
    ['HeaderFrom$Value', { fields: 'a', headers: 'h', operation: 'swap' }, 'must be one of: move, copy'],
    ['ExtractField$Value', { field: '`a.b', 'field.syntax.version': 'V2' }, 'Incomplete backtick pair'],
  ])('%s %p', (name, settings, message) => {
    let caught: unknown
    try {
      make(name, settings)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(SluiceError)
    expect((caught as SluiceError).code).toBe('SETTINGS_INVALID')
    expect((caught as SluiceError).message).toContain(message)
  })
})
