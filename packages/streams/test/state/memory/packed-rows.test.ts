import { expect, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import { Serdes } from '../../../src/serdes.ts'
import { codecOf } from '../../../src/state/formats/side-codec.ts'
import { KeyIdentity } from '../../../src/state/key-identity.ts'
import { PackedKey } from '../../../src/state/memory/packed-key.ts'
import { PackedRows } from '../../../src/state/memory/packed-rows.ts'

interface Row {
  readonly key: string
  readonly time: number
  readonly number: number
  readonly value: Buffer | null
  readonly row: number
}

const texts = new PackedKey<string>(new KeyIdentity(codecOf<string>(Serdes.string, 'topic')))
const isLater = (a: Row, b: Row): number => b.time - a.time || b.number - a.number

function keyOf(draw: SeededRandom, keys: number): string {
  const text = `${draw.below(keys)}`
  // Beyond ASCII, longer than the first room for a key, and of no characters.
  const more = draw.below(5)
  return more === 0 ? `é日${text}` : more === 1 ? text.repeat(60) : more === 2 && text === '7' ? '' : text
}

test.each([
  [1, 4],
  [2, 40],
  [3, 4000],
])('rows come and go as in a list, seed %i, %i keys', (seed, keys) => {
  const draw = new SeededRandom(seed)
  const rows = new PackedRows()
  let model: Row[] = []
  const ofKey = (key: string): Row[] => model.filter((row) => row.key === key).toSorted(isLater)
  for (let count = 0; count < 6000; count++) {
    const key = keyOf(draw, keys)
    const time = draw.below(50) - 10
    const number = draw.below(4) === 0 ? draw.below(5) : 0
    const packed = texts.set(key)
    const found = model.find((row) => row.key === key && row.time === time && row.number === number)
    expect(rows.find(packed, time, number)).toBe(found?.row ?? 0)
    if (found !== undefined) {
      expect(rows.findOrAdd(packed, time, number)).toBe(found.row)
      rows.remove(packed, found.row)
      if (found.value === null) rows.release(found.row)
      model = model.filter((row) => row !== found)
    } else if (draw.below(10) < (count < 4000 ? 10 : 2)) {
      const value = draw.below(2) === 0 ? null : Buffer.alloc(draw.below(40), draw.below(256))
      const row = value === null ? -rows.findOrAdd(packed, time, number) : rows.add(packed, time, number, value)
      expect(row).toBeGreaterThan(0)
      model.push({ key, time, number, value, row })
    }
    expect(rows.size).toBe(model.length)
    if (count % 20 !== 0) continue
    const seen: unknown[] = []
    for (let row = rows.latest(texts.set(key)); row !== 0; row = rows.earlier(row))
      seen.push([rows.keyOf(row, texts), rows.time(row), rows.number(row), row])
    expect(seen).toEqual(ofKey(key).map((row) => [key, row.time, row.number, row.row]))
  }
  for (const { row, value } of model) if (value !== null) expect(rows.value(row).equals(value)).toBe(true)
  const latest = [...new Set(model.map(({ key }) => key))].map((key) => ofKey(key)[0]!.row)
  expect([...rows.latestOfEach()].toSorted((a, b) => a - b)).toEqual(latest.toSorted((a, b) => a - b))
})

test('a row that is larger than a slab is whole, and so is what comes behind it', () => {
  const rows = new PackedRows()
  const large = Buffer.alloc(1_000_000, 7)
  const added = ['before', 'large', 'behind'].map((key) => {
    return { key, row: rows.add(texts.set(key), 1, 0, key === 'large' ? large : Buffer.from(key)) }
  })
  for (const { key, row } of added) {
    expect(rows.find(texts.set(key), 1, 0)).toBe(row)
    expect(rows.value(row).equals(key === 'large' ? large : Buffer.from(key))).toBe(true)
  }
})

test('the place of a released row is used again, with its slot; that of a removed one is not, and its value stays', () => {
  const rows = new PackedRows()
  const one = rows.add(texts.set('one'), 1, 0, null)
  expect(rows.slot(one)).toBe(-1)
  rows.setSlot(one, 5)
  rows.remove(texts.set('one'), one)
  rows.release(one)
  const two = rows.add(texts.set('two'), 2, 0, null)
  expect([two, rows.slot(two)]).toEqual([one, 5])
  const valued = rows.add(texts.set('valued'), 1, 0, Buffer.from('kept'))
  const value = rows.value(valued)
  rows.remove(texts.set('valued'), valued)
  expect(rows.add(texts.set('valued'), 1, 0, Buffer.from('next'))).not.toBe(valued)
  expect(value.toString()).toBe('kept')
})

test('a text and the bytes of one are keys of their own', () => {
  const mixed = new PackedKey<unknown>(new KeyIdentity(codecOf<unknown>(Serdes.bytes, 'topic')))
  const rows = new PackedRows()
  const text = rows.add(mixed.set('a'), 1, 0, null)
  const bytes = rows.add(mixed.set(Buffer.from('a')), 1, 0, null)
  expect([rows.find(mixed.set('a'), 1, 0), rows.find(mixed.set(Buffer.from('a')), 1, 0)]).toEqual([text, bytes])
  expect([rows.keyOf(text, mixed), rows.keyOf(bytes, mixed)]).toEqual(['a', Buffer.from('a')])
})

test('keys with the same hash are told apart', () => {
  const byHash = new Map<number, string>()
  let pair: readonly string[] = []
  for (let i = 0; pair.length === 0; i++) {
    const { hash } = texts.set(`key ${i}`)
    const other = byHash.get(hash)
    if (other !== undefined) pair = [other, `key ${i}`]
    byHash.set(hash, `key ${i}`)
  }
  const rows = new PackedRows()
  const one = rows.add(texts.set(pair[0]!), 1, 0, null)
  expect(rows.find(texts.set(pair[0]!), 1, 0)).toBe(one)
  expect(rows.find(texts.set(pair[1]!), 1, 0)).toBe(0)
  const two = rows.add(texts.set(pair[1]!), 0, 0, null)
  expect(pair.map((key) => rows.latest(texts.set(key)))).toEqual([one, two])
})
