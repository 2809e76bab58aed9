import { expect, test } from '@jest/globals'
import { type ReadRecord, withoutAborted } from '../../trials/without-aborted.ts'

/** `a`: a record of a transaction of producer a; `A`: its marker that aborts, `+a`: the one that commits; `.`: of no transaction. */
function records(first: number, ...what: readonly string[]): ReadRecord[] {
  return what.map((one, i) => {
    const isMarker = one !== '.' && (one !== one.toLowerCase() || one.startsWith('+'))
    return {
      offset: String(first + i),
      key: isMarker ? Buffer.from([0, 0, 0, one.startsWith('+') ? 1 : 0]) : null,
      isControlRecord: isMarker,
      batchContext: { producerId: one.toLowerCase().replace('+', ''), inTransaction: one !== '.' },
    }
  })
}

const left = (given: readonly ReadRecord[], ...aborted: readonly (readonly [string, number])[]): readonly number[] =>
  withoutAborted(
    given,
    aborted.map(([producerId, firstOffset]) => ({ producerId, firstOffset: String(firstOffset) })),
  )
    .filter((record) => !record.isControlRecord)
    .map((record) => Number(record.offset))

test('an answer that begins within several aborted transactions has no record of any', () => {
  expect(left(records(100, 'c', 'b', 'a', '.', 'A', 'B', 'C', 'a', '+a'), ['a', 97], ['b', 98], ['c', 99])).toEqual([
    103, 107,
  ])
})

test('a transaction that begins later is left out from there, and the next of its producer is not', () => {
  expect(left(records(7, 'a', '+a', 'a', 'b', 'A', 'a', '+b', '+a'), ['a', 9])).toEqual([7, 10, 12])
})

test('what none is listed of is all there, beyond what a number holds exactly, too', () => {
  expect(withoutAborted(records(1, 'a', '.', '+a'), null)).toHaveLength(3)
  const far = 2n ** 53n
  const [one, two] = records(0, 'a', 'a').map((record, i) => ({ ...record, offset: String(far + BigInt(i)) }))
  expect(withoutAborted([one!, two!], [{ producerId: 'a', firstOffset: String(far + 1n) }])).toEqual([one])
})
