import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { Serdes } from '../../../src/index.ts'
import { codecOf } from '../../../src/state/formats/side-codec.ts'
import { KeyIdentity } from '../../../src/state/key-identity.ts'
import { Overlay, REMEMBERED } from '../../../src/state/lmdb/overlay.ts'

const overlay = (): Overlay<string, number> => new Overlay(new KeyIdentity(codecOf<string>(Serdes.string, 't')))

function fill(one: Overlay<string, number>, prefix: string, count: number): void {
  for (let i = 0; i < count; i++) one.remember(`${prefix}${i}`, i)
}

test('an update is known until it is settled, however much is read meanwhile', () => {
  const one = overlay()
  one.put('k', 1)
  fill(one, 'a', 3 * REMEMBERED)
  expect(one.find('k')).toMatchObject({ value: 1 })
  expect(one.updates).toMatchObject([{ key: 'k', value: 1 }])
  one.settle()
  expect(one.updates).toEqual([])
  expect(one.find('k')).toMatchObject({ value: 1 })
})

test('what is asked for again and again stays; what is not is forgotten, so that there is a bound', () => {
  const one = overlay()
  one.remember('often', 1)
  one.remember('once', 2)
  for (let i = 0; i < 4; i++) {
    fill(one, `${i}-`, REMEMBERED / 2)
    expect(one.find('often')).toMatchObject({ value: 1 })
  }
  expect(one.find('once')).toBeNull()
  expect(one.find('0-1')).toBeNull()
})

test('what was read is forgotten at a word, updates are not; discarding forgets both', () => {
  const one = overlay()
  one.remember('read', 1)
  one.put('put', 2)
  expect(one.find('read')).not.toBeNull()
  one.forget()
  expect(one.find('read')).toBeNull()
  expect(one.find('put')).toMatchObject({ value: 2 })
  one.discard()
  one.put('read', 3)
  expect(one.updates).toMatchObject([{ key: 'read', value: 3 }])
  one.discard()
  expect(one.find('put')).toBeNull()
  expect(one.updates).toEqual([])
})

test('whatever is put and asked for, updates are the latest of each key, and in the order of the keys', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('put' as const), key: fc.nat(9), value: fc.option(fc.nat(99)) }),
    fc.record({ kind: fc.constantFrom('find' as const, 'walk' as const, 'settle' as const), key: fc.nat(9) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const one = overlay()
      const known = new Map<string, number | null>()
      const updates = new Map<string, number | null>()
      for (const each of steps) {
        const key = `k${each.key}`
        if (each.kind === 'put') {
          one.put(key, each.value)
          known.set(key, each.value)
          updates.set(key, each.value)
        } else if (each.kind === 'settle') {
          one.settle()
          updates.clear()
        } else if (each.kind === 'find') {
          const value = known.get(key)
          if (value === undefined) expect(one.find(key)).toBeNull()
          else expect(one.find(key)).toMatchObject({ value })
        }
        const sorted = [...updates].toSorted(([a], [b]) => (a < b ? -1 : 1))
        if (each.kind === 'walk')
          expect(Array.from(one.ordered(null, null, false), ({ key, value }) => [key, value])).toEqual(sorted)
        expect(one.updates.length).toBe(updates.size)
      }
    }),
  )
})
