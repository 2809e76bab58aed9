import { expect, test } from '@jest/globals'
import type { CheckParameters } from '@sluice/quality'
import { sayOf } from './outcome-of.ts'

const VALUES = {
  null: null,
  text: 'a',
  decimalText: '-12.50',
  integer: 5,
  fraction: 5.5,
  nan: NaN,
  big: 2n ** 63n - 1n,
  huge: 2n ** 63n,
  boolean: true,
  bytes: Uint8Array.of(1),
  array: [1],
  map: new Map(),
  object: { a: 1 },
}
type ValueName = keyof typeof VALUES

test.each<[CheckParameters['type']['is'], ValueName[]]>([
  ['string', ['text', 'decimalText']],
  ['number', ['integer', 'fraction', 'nan', 'big', 'huge']],
  ['integer', ['integer', 'big', 'huge']],
  ['int8', ['integer']],
  ['int64', ['integer', 'big']],
  ['decimal', ['decimalText', 'integer', 'fraction', 'big', 'huge']],
  ['boolean', ['boolean']],
  ['bytes', ['bytes']],
  ['array', ['array']],
  ['map', ['map']],
  ['object', ['object']],
  ['null', ['null']],
  [
    ['integer', 'null'],
    ['integer', 'big', 'huge', 'null'],
  ],
  [
    ['string', 'boolean', 'array'],
    ['text', 'decimalText', 'boolean', 'array'],
  ],
])('type %p takes %p and nothing else', (is, taken) => {
  for (const [name, value] of Object.entries(VALUES)) {
    expect([name, sayOf({ check: 'type', field: 'x', params: { is } }, value)]).toEqual([
      name,
      taken.includes(name as ValueName) ? 'pass' : 'type.other',
    ])
  }
})

test.each([
  ['int8', -128, 127],
  ['int16', -32768, 32767],
  ['int32', -2147483648, 2147483647],
] as const)('%s ends at %d and %d', (is, min, max) => {
  const say = (value: number): string => sayOf({ check: 'type', field: 'x', params: { is } }, value)
  expect([say(min), say(max), say(min - 1), say(max + 1)]).toEqual(['pass', 'pass', 'type.other', 'type.other'])
})

test('an absent field is null, and fails unless null is allowed', () => {
  expect(sayOf({ check: 'type', field: 'x', params: { is: 'string' } }, undefined)).toBe('type.other')
  expect(sayOf({ check: 'type', field: 'x', params: { is: ['string', 'null'] } }, undefined)).toBe('pass')
})
