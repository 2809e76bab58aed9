import { describe, expect, test } from '@jest/globals'
import { MalformedBody } from '../../src/rest/json-tokens.ts'
import { parseCreateRequest, parseFlatMap, parseFlatMaps, parseOffsets } from '../../src/rest/request-bodies.ts'

const bytes = (text: string): Buffer => Buffer.from(text)

describe('settings in a body', () => {
  test('numbers and booleans are taken as they are written, null stays null', () => {
    const text = '{"a": 1.0, "b": true, "c": null, "d": "x", "e": 12345678901234567890, "f": -0.5e3}'
    expect(parseFlatMap(bytes(text))).toEqual({
      a: '1.0',
      b: 'true',
      c: null,
      d: 'x',
      e: '12345678901234567890',
      f: '-0.5e3',
    })
  })

  test('any name is a name: __proto__ is no way into the object', () => {
    const settings = parseFlatMap(bytes('{"__proto__": "x", "constructor": "y"}'))
    expect(Object.entries(settings)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    expect(Object.getPrototypeOf(settings)).toBe(Object.prototype)
  })

  test('escapes are read, and what follows the first value is not looked at', () => {
    expect(parseFlatMap(bytes(String.raw`{"a\n\u00e9\"\\\/": "\ud83d\ude00"} and more`))).toEqual({ 'a\né"\\/': '😀' })
  })

  test('more of them than any connector has are refused before they are made into anything', () => {
    const of = (count: number): Buffer =>
      bytes(JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`s${i}`, '']))))
    expect(Object.keys(parseFlatMap(of(10_000)))).toHaveLength(10_000)
    expect(() => parseFlatMap(of(10_001))).toThrow(
      expect.objectContaining({ status: 400, message: expect.stringContaining('more than 10000 settings') }),
    )
  })

  test('bytes that are no UTF-8 are refused', () => {
    expect(() => parseFlatMap(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(MalformedBody)
  })
})

describe('what is no JSON is refused with Jackson’s words, and its place', () => {
  test.each([
    [
      '{',
      /^Unexpected end-of-input: expected close marker for Object \(start marker at .*line: 1, column: 1\]\)\n at .*line: 1, column: 2\]$/,
    ],
    ['{"a"', /^Unexpected end-of-input within\/between Object entries/],
    ['{"a":', /^Unexpected end-of-input within\/between Object entries/],
    ['{"a":"b', /^Unexpected end-of-input: was expecting closing quote for a string value/],
    ['{"a', /^Unexpected end-of-input in field name/],
    ['{"a" 1}', /^Unexpected character \('1' \(code 49\)\): was expecting a colon/],
    ['{"a":1 "b"}', /^Unexpected character \('"' \(code 34\)\): was expecting comma to separate Object entries/],
    ['{a:1}', /^Unexpected character \('a' \(code 97\)\): was expecting double-quote to start field name/],
    ['{"a":1,}', /^Unexpected character \('}' \(code 125\)\): was expecting double-quote/],
    ['{"a":1]', /^Unexpected close marker ']': expected '}' \(for Object starting at/],
    ['{"a":01}', /^Invalid numeric value: Leading zeroes not allowed/],
    ['{"a":-}', /^Invalid numeric value/],
    ['{"a":"\u0001"}', /^Illegal unquoted character \(\(CTRL-CHAR, code 1\)\)/],
    [String.raw`{"a":"\x"}`, /^Unrecognized character escape 'x' \(code 120\)/],
    ['{"a":\n  nope}', /^Unrecognized token 'nope': was expecting .*line: 2, column: 3\]$/s],
  ])('%s', (text, words) => {
    expect(() => parseFlatMap(bytes(text))).toThrow(words)
  })

  test('columns count bytes, as Jackson does', () => {
    expect(() => parseFlatMap(bytes('{"é": nope}'))).toThrow(/line: 1, column: 8\]/)
  })

  test('nesting has an end, and a thousand levels do not overflow', () => {
    const nested = (depth: number): Buffer =>
      bytes(`{"offsets":[{"partition":{"x":${'['.repeat(depth)}${']'.repeat(depth)}}}]}`)
    expect(parseOffsets(nested(990))).toHaveLength(1)
    expect(() => parseOffsets(nested(20_000))).toThrow(/^Document nesting depth \(1001\) exceeds/)
  })
})

describe('what is no request to create is refused with its place in the object', () => {
  test.each([
    [
      '{"name": {}, "config": {}}',
      /^Cannot deserialize value of type `java.lang.String` from Object value .*CreateConnectorRequest\["name"\]\)$/s,
    ],
    ['{"name": "x", "config": {"a": {}}}', /CreateConnectorRequest\["config"\]->java.util.LinkedHashMap\["a"\]\)$/],
    [
      '{"name": "x", "config": "y"}',
      /^Cannot construct instance of `java.util.LinkedHashMap` .*from String value \('y'\)/,
    ],
    ['5', /^Cannot construct instance of `.*CreateConnectorRequest` .*no int\/Int-argument .*Number value \(5\)/],
    [
      '{"name": "x", "config": {}, "more": 1}',
      /^Unrecognized field "more" \(class .*CreateConnectorRequest\), not marked as ignorable \(3 known properties/,
    ],
    ['{"name": "x", "config": {"a": [1', /^Cannot deserialize value of type `java.lang.String` from Array value/],
  ])('%s', (text, words) => {
    expect(() => parseCreateRequest(bytes(text))).toThrow(words)
    expect(() => parseCreateRequest(bytes(text))).toThrow(expect.objectContaining({ status: 500 }))
  })

  test('nothing at all is a bad request, not a failure', () => {
    for (const text of ['', ' ', 'null']) {
      expect(() => parseCreateRequest(bytes(text))).toThrow(expect.objectContaining({ status: 400 }))
      expect(() => parseFlatMap(bytes(text))).toThrow(expect.objectContaining({ status: 400 }))
      expect(() => parseFlatMaps(bytes(text))).toThrow(expect.objectContaining({ status: 400 }))
      expect(() => parseOffsets(bytes(text))).toThrow(expect.objectContaining({ status: 400 }))
    }
    expect(() => parseCreateRequest(bytes('{"name": "x"}'))).toThrow(expect.objectContaining({ status: 400 }))
  })
})

describe('a request to create', () => {
  test('has its name trimmed as Java trims, and its state in any case', () => {
    const request = parseCreateRequest(
      bytes('{"initial_state": "Stopped", "name": " \\n x\u00a0 ", "config": {"a": 1}}'),
    )
    expect(request).toEqual({ name: 'x\u00a0', config: { a: '1' }, targetState: 'STOPPED' })
    expect(parseCreateRequest(bytes('{"config": {}}')).name).toBe('')
  })
})

describe('offsets in a body', () => {
  test('keep their types: whole numbers beyond 2^53 keep their digits', () => {
    const text =
      '{"offsets": [{"partition": {"a": ["x", null]}, "offset": {"n": 9007199254740993, "d": 1.5, "b": true}}, {"offset": null}]}'
    expect(parseOffsets(bytes(text))).toEqual([
      { partition: { a: ['x', null] }, offset: { n: 9007199254740993n, d: 1.5, b: true } },
      { partition: null, offset: null },
    ])
  })

  test.each(['{}', '{"offsets": null}', '{"offsets": []}'])('%s asks for nothing', (text) => {
    expect(() => parseOffsets(bytes(text))).toThrow(
      'Partitions / offsets need to be provided for an alter offsets request',
    )
  })
})
