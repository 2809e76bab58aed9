import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkTally, decodeTally, EMPTY_TALLY, encodeTally, TALLY_BYTES_MAX, type Tally } from '@sluice/kafka'
import { decodeCounts, encodeCounts } from '../../src/record-path/committed-counts.ts'

const counts = fc.dictionary(fc.string({ minLength: 1, maxLength: 60 }), fc.nat(1000), { maxKeys: 60 })
const tallies = fc.record({ passed: fc.nat(1e9), quarantined: counts, dropped: counts }).map((parts): Tally => {
  const judged = [...Object.values(parts.quarantined), ...Object.values(parts.dropped)].reduce((a, b) => a + b, 0)
  return { ...parts, marked: 0, in: parts.passed + judged }
})

const topicIds = fc.constantFrom('', 'vPeOCWypqUOSepEvx0cbog', '"quoted"')

test('without anything ahead it is the tally’s own text', () => {
  fc.assert(
    fc.property(tallies, (tally) => expect(encodeCounts({ tally, ahead: null, topicId: '' })).toBe(encodeTally(tally))),
  )
})

test('both are read back, fit into what the broker takes, add up, and are a tally to whoever looks for one', () => {
  const some = tallies.filter((tally) => tally.in > 0)
  fc.assert(
    fc.property(tallies, some, fc.maxSafeNat(), topicIds, (tally, next, offset, topicId) => {
      const text = encodeCounts({ tally, ahead: { offset, tally: next }, topicId })
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
      const read = decodeCounts(text)
      expect(decodeTally(text)).toEqual(read.tally)
      expect([read.tally.in, read.ahead?.offset, read.ahead?.tally.in]).toEqual([tally.in, offset, next.in])
      expect(read.topicId).toBe(topicId)
      checkTally(read.tally)
      checkTally(read.ahead!.tally)
    }),
  )
})

test.each([
  '',
  'hello',
  '{',
  '[]',
  'null',
  '{"ahead":5}',
  '{"topicId":"of somebody else"}',
  '{"ahead":{"offset":"5"}}',
  '{"ahead":{"offset":5}}',
  '{"ahead":{"offset":5,"tally":7}}',
])('text that is not ours is nothing yet: %s', (text) => {
  expect(decodeCounts(text)).toEqual({ tally: EMPTY_TALLY, ahead: null, topicId: '' })
})

test('more reasons than there is room for are folded together; the sums hold', () => {
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`reason ${n} ${'x'.repeat(40)}`, n + 1]))
  const quarantined = Object.values(many).reduce((a, b) => a + b, 0)
  const tally: Tally = { in: quarantined, passed: 0, marked: 0, quarantined: many, dropped: {} }
  const text = encodeCounts({ tally, ahead: { offset: 9e15, tally }, topicId: 'vPeOCWypqUOSepEvx0cbog' })
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(TALLY_BYTES_MAX)
  const read = decodeCounts(text)
  checkTally(read.tally)
  expect(read.ahead).toMatchObject({ offset: 9e15, tally: { in: quarantined } })
})
