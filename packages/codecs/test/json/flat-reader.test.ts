import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FlatReader } from '../../src/json/flat-reader.ts'

function reading(...known: readonly string[]): (text: string) => unknown {
  const reader = new FlatReader()
  for (const text of known) reader.learn(JSON.parse(text))
  return (text) => reader.read(Buffer.from(text))
}

const ORDER = '{"id":"o-1","amount":12.5,"open":true,"note":null}'

describe('a text with the members of one before it', () => {
  test.each([
    ORDER,
    '{"id":"","amount":-0.001,"open":false,"note":"a text that is longer than others"}',
    '{"id":null,"amount":123456789012345,"open":"no","note":1}',
    '{"id":"1","amount":0,"open":10.25,"note":-7}',
  ])('is read as JSON.parse reads it: %s', (text) => {
    const value = reading(ORDER)(text) as object
    expect(value).toStrictEqual(JSON.parse(text))
    expect(Object.keys(value)).toEqual(Object.keys(JSON.parse(text) as object))
  })

  test('is a value of its own each time', () => {
    const read = reading(ORDER)
    const one = read(ORDER) as { id: string }
    one.id = 'changed'
    expect(read(ORDER)).toEqual(JSON.parse(ORDER))
  })
})

test.each([
  ['other members', '{"id":"o-1","amount":12.5}'],
  ['another order', '{"amount":12.5,"id":"o-1","open":true,"note":null}'],
  ['one more', '{"id":"o-1","amount":12.5,"open":true,"note":null,"more":1}'],
  ['spaces', '{"id": "o-1","amount":12.5,"open":true,"note":null}'],
  ['something behind', `${ORDER} `],
  ['nothing behind', ORDER.slice(0, -1)],
  ['an escape', '{"id":"o\\n1","amount":12.5,"open":true,"note":null}'],
  ['a control character', '{"id":"o\n1","amount":12.5,"open":true,"note":null}'],
  ['a letter beyond ASCII', '{"id":"ö","amount":12.5,"open":true,"note":null}'],
  ['an exponent', '{"id":"o-1","amount":1e3,"open":true,"note":null}'],
  ['more digits than a double has', '{"id":"o-1","amount":0.1234567890123456,"open":true,"note":null}'],
  ['a zero too many', '{"id":"o-1","amount":012,"open":true,"note":null}'],
  ['a zero with a sign', '{"id":"o-1","amount":-0,"open":true,"note":null}'],
  ['a point without digits', '{"id":"o-1","amount":1.,"open":true,"note":null}'],
  ['a sign alone', '{"id":"o-1","amount":-,"open":true,"note":null}'],
  ['a word that is none', '{"id":"o-1","amount":12.5,"open":trve,"note":null}'],
  ['an object within', '{"id":{},"amount":12.5,"open":true,"note":null}'],
])('a text with %s is left to the parser', (_what, text) => {
  expect(reading(ORDER)(text)).toBeUndefined()
})

test('a member that would be the prototype is none of a shape', () => {
  const text = '{"__proto__":1,"a":2}'
  expect(reading(text)(text)).toBeUndefined()
})

test('where texts are all different, they are left alone', () => {
  const reader = new FlatReader()
  let attempts = 0
  for (let i = 0; i < 5000; i++) {
    const text = `{"a${i}":1}`
    expect(reader.read(Buffer.from(text))).toBeUndefined()
    reader.learn(JSON.parse(text))
    if (reader.read(Buffer.from(text)) !== undefined) attempts++
  }
  expect(attempts).toBeLessThan(100)
})

test('whatever is read and learned, and whatever is done to a text, the answer is that of JSON.parse or none', () => {
  const scalar = fc.oneof(fc.string(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.boolean())
  const member = fc.constantFrom('a', 'b', 'c', '1', '__proto__', 'ü')
  const object = fc.dictionary(member, fc.oneof(scalar, fc.constant(null), fc.constant([1])), { maxKeys: 4 })
  const damage = fc.tuple(fc.nat(40), fc.constantFrom('', '"', ',', '0', '-', '.', ' ', '}', 'e'))
  const text = fc.tuple(object, fc.option(damage)).map(([value, harm]) => {
    const written = JSON.stringify(value)
    return harm === null ? written : written.slice(0, harm[0]) + harm[1] + written.slice(harm[0] + 1)
  })
  fc.assert(
    fc.property(fc.array(text, { maxLength: 30 }), (texts) => {
      const reader = new FlatReader()
      for (const each of [...texts, ...texts]) {
        let parsed: unknown
        try {
          parsed = JSON.parse(each)
        } catch {
          expect(reader.read(Buffer.from(each))).toBeUndefined()
          continue
        }
        const value = reader.read(Buffer.from(each))
        if (value === undefined) reader.learn(JSON.parse(each))
        else {
          expect(value).toStrictEqual(parsed)
          expect(Object.keys(value)).toEqual(Object.keys(parsed as object))
        }
      }
    }),
    { numRuns: 300 },
  )
})
