/** Texts are hashed and cut; what is not there is not touched. */
import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { DataError, primitive, struct } from '@sluice/sdk'
import type { Schema, Transform, Value } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { change } from '../support/change-events.ts'

function make(name: string, settings: Readonly<Record<string, string>>): Transform {
  return transforms.find((plugin) => plugin.name === name)!.create(settings)
}

function valueOf(transform: Transform, value: Value, valueSchema: Schema | null = null): Value {
  return transform({ ...change({ op: 'c' }), valueSchema, value })!.value
}

describe('a hash', () => {
  const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

  test('is that of the text, the same each time, in Maps as well', () => {
    const hash = make('hash-field-value', { fields: 'a' })
    expect(valueOf(hash, { a: 'abc', b: 'abc' })).toEqual({ a: ABC, b: 'abc' })
    expect(valueOf(hash, new Map([['a', 'abc']]))).toEqual(new Map([['a', ABC]]))
  })

  test('with a salt is an HMAC, and may be shorter', () => {
    const salted = make('hash-field-value', { fields: 'a', salt: 's', algorithm: 'SHA-512', length: '20' })
    const expected = createHmac('sha512', 's').update('abc').digest('hex').slice(0, 20)
    expect(valueOf(salted, { a: 'abc' })).toEqual({ a: expected })
  })

  test('reaches nested fields, in names with dots in backticks', () => {
    const hash = make('hash-field-value', { fields: 'a.b,`c.d`' })
    const value = { a: { b: 'abc', x: 1 }, 'c.d': 'abc' }
    expect(valueOf(hash, value)).toEqual({ a: { b: ABC, x: 1 }, 'c.d': ABC })
    expect(value.a.b).toBe('abc')
  })

  test('is refused for anything but text, and for an algorithm that nobody has', () => {
    const hash = make('hash-field-value', { fields: 'a' })
    expect(() => valueOf(hash, { a: 1 })).toThrow(DataError)
    expect(() => valueOf(hash, { a: '1.50' }, struct({ a: primitive('bytes') }))).toThrow('Only texts')
    expect(() => make('hash-field-value', { fields: 'a', algorithm: 'SHA-3000' })).toThrow('SHA-3000')
    expect(() => make('hash-field-value', { fields: 'a', length: '3' })).toThrow('at least 8')
  })
})

describe('a cut text', () => {
  test('keeps its first characters, whole, and says that there was more', () => {
    const cut = make('truncate-field-value', { fields: 'a', length: '3', suffix: '…' })
    expect(valueOf(cut, { a: 'abcd' })).toEqual({ a: 'abc…' })
    expect(valueOf(cut, { a: 'abc' })).toEqual({ a: 'abc' })
    expect(valueOf(cut, { a: '😀😀😀' })).toEqual({ a: '😀😀😀' })
    expect(valueOf(cut, { a: '😀😀😀😀' })).toEqual({ a: '😀😀😀…' })
  })

  test('may be that of a key', () => {
    const record = { ...change({ op: 'c' }), keySchema: null, key: { id: 'abcd' } }
    expect(make('truncate-field-key', { fields: 'id', length: '1' })(record)!.key).toEqual({ id: 'a' })
  })
})

test.each(['hash-field-value', 'truncate-field-value'])('%s hands on itself a record without the field', (name) => {
  const mask = make(name, { fields: 'x,a.x', length: '8' })
  for (const value of [null, 'text', { a: 1 }, { a: null, x: null }, { a: {} }]) {
    const record = { ...change({ op: 'c' }), valueSchema: null, value }
    expect(mask(record)).toBe(record)
  }
})
