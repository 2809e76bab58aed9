import { expect, test } from '@jest/globals'
import { SeededRandom } from '@sluice/sdk/testing'
import { Serdes } from '../../../src/serdes.ts'
import { codecOf } from '../../../src/state/formats/side-codec.ts'
import { KeyIdentity } from '../../../src/state/key-identity.ts'
import { TimeRows, type Packing } from '../../../src/state/memory/time-rows.ts'

interface Entry {
  readonly key: string
  readonly time: number
  readonly number: number
  readonly value: string
}

const keys = new KeyIdentity(codecOf<string>(Serdes.string, 'topic'))
const packing: Packing<string> = {
  pack: (value) => Buffer.from(value),
  unpack: (bytes) => Buffer.from(bytes).toString(),
}

function opened(isPacked: boolean): TimeRows<string, string, Entry> {
  const entry = (key: string, time: number, number: number, value: string): Entry => ({ key, time, number, value })
  return new TimeRows({ keys, entry, retentionMs: 40_000, packing: isPacked ? packing : null, halves: null })
}

const byKey = (a: Entry, b: Entry): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : byTime(a, b))
const byTime = (a: Entry, b: Entry): number =>
  a.time - b.time || (a.key < b.key ? -1 : a.key > b.key ? 1 : a.number - b.number)

test.each([
  [1, false],
  [2, false],
  [3, true],
  [4, true],
])('walks by key and by time see what a list has, while segments come and go; seed %i, packed %s', (seed, isPacked) => {
  const draw = new SeededRandom(seed)
  const rows = opened(isPacked)
  let model: Entry[] = []
  let now = 0
  for (let count = 0; count < 4000; count++) {
    now += draw.below(100)
    const key = `k${draw.below(12)}`
    const time = now - draw.below(50_000)
    const number = draw.below(3)
    const value = `v${count}`
    const isSame = (entry: Entry): boolean => entry.key === key && entry.time === time && entry.number === number
    if (draw.below(5) === 0 && model.length > 0) {
      const gone = model[draw.below(model.length)]!
      rows.remove(gone.key, gone.time, gone.number)
      model = model.filter((entry) => entry !== gone)
    } else {
      rows.put(key, time, number, value)
      model = [...model.filter((entry) => !isSame(entry)), { key, time, number, value }]
      expect(rows.get(key, time, number)).toBe(value)
    }
    if (draw.below(300) === 0) {
      // A segment may outlive what has expired in it, and is not asked for that.
      rows.expire(now - 40_000)
      const kept = new Set<string>()
      rows.each((ofKey, at, ofNumber) => kept.add(`${ofKey} ${at} ${ofNumber}`))
      for (const entry of model)
        if (entry.time >= now - 40_000) expect(kept).toContain(`${entry.key} ${entry.time} ${entry.number}`)
      model = model.filter((entry) => kept.has(`${entry.key} ${entry.time} ${entry.number}`))
      expect([kept.size, rows.size]).toEqual([model.length, model.length])
      expect(Math.min(...model.map((entry) => entry.time))).toBeGreaterThan(now - 40_000 - 10_000)
    }
    if (count % 50 !== 0) continue
    const [from, to] = [now - draw.below(60_000), now - draw.below(30_000)]
    const between = model.filter((entry) => entry.time >= from && entry.time <= to)
    expect([...rows.byTime(from, to, false)]).toEqual(between.toSorted(byTime))
    expect([...rows.byTime(from, to, true)]).toEqual(between.toSorted(byTime).toReversed())
    expect([...rows.ofKeys(null, 'k5', from, to, false)]).toEqual(
      between.filter((entry) => entry.key < 'k5').toSorted(byKey),
    )
    expect([...rows.ofKeys('k5', null, from, to, true)]).toEqual(
      between
        .filter((entry) => entry.key >= 'k5')
        .toSorted(byKey)
        .toReversed(),
    )
    const ofKey = between.filter((entry) => entry.key === key).toSorted(byTime)
    expect(rows.ofKey(key, from, to, false)).toEqual(ofKey)
    expect(rows.ofKey(key, from, to, true)).toEqual(ofKey.toReversed())
  }
})

test('a walk by time goes on where it was while what it has seen is removed and more is put', () => {
  const rows = opened(false)
  for (const key of ['a', 'b']) for (const time of [1, 2, 3]) rows.put(key, time, 0, `${key}${time}`)
  const seen: string[] = []
  for (const { key, time, value } of rows.byTime(0, 10, false)) {
    seen.push(value)
    rows.remove(key, time, 0)
    rows.put('c', time, 0, 'not seen any more')
  }
  expect(seen).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3'])
})

test.each(['expired', 'cleared'])(
  'a walk by time ends where what it walks through has %s; what is put then is all there is',
  (how) => {
    const rows = opened(true)
    for (const time of [1, 2, 30_000]) rows.put('a', time, 0, `a${time}`)
    const seen: string[] = []
    for (const { value } of rows.byTime(0, 40_000, false)) {
      seen.push(value)
      if (how === 'cleared') rows.clear()
      else rows.expire(20_000)
      rows.put('b', 31_000, 0, 'later')
    }
    expect(seen).toEqual(how === 'cleared' ? ['a1'] : ['a1', 'a30000', 'later'])
    const left: string[] = []
    rows.each((key) => left.push(key))
    expect(left).toEqual(how === 'cleared' ? ['b'] : ['a', 'b'])
    expect(rows.size).toBe(left.length)
  },
)
