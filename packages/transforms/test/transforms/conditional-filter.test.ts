/** Records are included or excluded by a condition on their fields. */
import { describe, expect, test } from '@jest/globals'
import { DataError, SluiceError } from '@sluice/sdk'
import type { Transform, Value } from '@sluice/sdk'
import { transforms } from '@sluice/transforms'
import { change } from '../support/change-events.ts'

function make(settings: Readonly<Record<string, string>>, side = 'Value'): Transform {
  const plugin = transforms.find(({ aliases }) => aliases.includes(`io.confluent.connect.transforms.Filter$${side}`))!
  return plugin.create(settings)
}
const of = (value: Value) => ({ ...change({ op: 'c' }), valueSchema: null, value })
const PAID = { 'filter.condition': "$[?(@.state == 'paid' && @.by.sum > 100)]", 'filter.type': 'include' }
const [RICH, POOR] = [of({ state: 'paid', by: { sum: 101 } }), of({ state: 'paid', by: { sum: 99 } })]

describe('a condition', () => {
  test('includes what it is true of, or excludes it', () => {
    const [include, exclude] = [make(PAID), make({ ...PAID, 'filter.type': 'exclude' })]
    expect([include(RICH), include(POOR), exclude(RICH), exclude(POOR)]).toEqual([RICH, null, null, POOR])
    expect(include(RICH)).toBe(RICH)
  })

  test('may be on the key', () => {
    const filter = make({ 'filter.condition': '$[?(@.id in [1, 2])]', 'filter.type': 'include' }, 'Key')
    expect(filter(RICH)).toBe(RICH)
    expect(filter({ ...RICH, key: { id: 3 } })).toBeNull()
  })

  test('may ask texts for more', () => {
    const filter = make({ 'filter.condition': "$[?(@.state.startsWith('pa'))]", 'filter.type': 'exclude' })
    expect(filter(RICH)).toBeNull()
  })
})

describe.each<[string, Value]>([
  ['is missing', { state: 'paid' }],
  ['is null', { state: 'paid', by: { sum: null } }],
  ['has no object around it', { state: 'paid', by: null }],
  ['is of a tombstone', null],
])('where a field %s', (_, value) => {
  test('the record is bad, or is included or excluded on request', () => {
    const record = of(value)
    expect(() => make(PAID)(record)).toThrow(DataError)
    expect(() => make(PAID)(record)).toThrow(value === null ? 'The field state' : 'The field by.sum')
    expect(make({ ...PAID, 'missing.or.null.behavior': 'include' })(record)).toBe(record)
    expect(make({ ...PAID, 'missing.or.null.behavior': 'exclude' })(record)).toBeNull()
  })
})

test.each(['@.a == 1', '$.a', '$[0]', '$[?(@.a == )]', '$[?(@.a =~ /x/)]', '$[?(value.a; 1)]'])(
  'what is no such condition is refused at the start: %s',
  (condition) => {
    expect(() => make({ ...PAID, 'filter.condition': condition })).toThrow(SluiceError)
  },
)
