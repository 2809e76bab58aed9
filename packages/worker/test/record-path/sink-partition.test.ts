import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkTally, decodeTally, EMPTY_TALLY, type Tally } from '@sluice/kafka'
import { decodeCounts } from '../../src/record-path/committed-counts.ts'
import { SinkPartition } from '../../src/record-path/sink-partition.ts'
import { fetchedRecords } from '../support/fake-kafka.ts'

function fresh(offset = 0, tally: Tally = EMPTY_TALLY): SinkPartition {
  return new SinkPartition({ topic: 't', partition: 0 }, offset, { tally, ahead: null, topicId: '' })
}

function turn(at: SinkPartition, nextOffset: number): void {
  const from = at.position
  at.took(fetchedRecords(Array.from({ length: nextOffset - from }, (_, i) => ({ offset: from + i }))))
  at.reached(nextOffset)
}

function committed(at: SinkPartition, safe: number): [number, Tally] | undefined {
  const found = at.committable(safe)
  return found === undefined ? undefined : [found.offset, decodeTally(found.metadata)]
}

describe('a rewind', () => {
  test('forward says that the sink has those records: they count as passed', () => {
    const at = fresh()
    at.rewind({ offset: 30 })
    turn(at, 32)
    expect([at.position, at.tally]).toMatchObject([32, { in: 32, passed: 32 }])
    expect(committed(at, 30)).toMatchObject([30, { in: 30, passed: 30 }])
  })

  test('backward: what was counted is not counted again, and an offset has the counts it had', () => {
    const at = fresh()
    turn(at, 10)
    at.quarantined(12, 'put')
    turn(at, 20)
    at.rewind({ offset: 10 })
    at.quarantined(12, 'put')
    at.dropped(13, 'transform')
    turn(at, 15)
    expect(committed(at, 15)).toMatchObject([10, { in: 10, passed: 10 }])
    turn(at, 20)
    expect(committed(at, 20)).toMatchObject([20, { in: 20, passed: 19, quarantined: { put: 1 }, dropped: {} }])
    turn(at, 25)
    expect(at.tally).toMatchObject({ in: 25, passed: 24 })
  })

  test('to before what is committed: nothing is committed until that is reached again', () => {
    const tally = { in: 10, passed: 8, marked: 0, quarantined: { decode: 2 }, dropped: {} }
    const at = fresh(10, tally)
    at.rewind({ offset: 4 })
    at.quarantined(5, 'decode')
    turn(at, 10)
    expect(committed(at, 10)).toBeUndefined()
    turn(at, 12)
    expect(committed(at, 12)).toEqual([12, { in: 12, passed: 10, marked: 0, quarantined: { decode: 2 }, dropped: {} }])
  })

  test('while something is fetched and not put: that is counted when it comes again, and what was judged of older records stays', () => {
    const at = fresh()
    turn(at, 10)
    at.took(fetchedRecords([10, 11, 12].map((offset) => ({ offset }))))
    at.dropped(11, 'transform')
    at.quarantined(3, 'put')
    at.rewind({ offset: 10 })
    at.rewind({ offset: 5 })
    expect(at.tally).toEqual({ in: 10, passed: 9, marked: 0, quarantined: { put: 1 }, dropped: {} })
    turn(at, 13)
    expect(at.tally).toEqual({ in: 13, passed: 12, marked: 0, quarantined: { put: 1 }, dropped: {} })
  })

  test('to where the partition stands changes nothing', () => {
    const at = fresh()
    turn(at, 10)
    at.rewind({ offset: 10 })
    expect([at.position, at.tally.in, committed(at, 10)?.[0]]).toEqual([10, 10, 10])
  })
})

describe('another topic of the same name', () => {
  const counts = { tally: EMPTY_TALLY, ahead: null, topicId: 'old' }
  const turned = (at: SinkPartition, nextOffset: number): void =>
    at.reached(nextOffset, { leaderEpoch: 4, topicId: 'old' })

  test('is told from the place: the topic’s id and the leader’s epoch go with it, into commits and out of them', () => {
    const at = new SinkPartition({ topic: 't', partition: 0 }, 7, counts, 3)
    expect(at.place).toEqual({ topic: 't', partition: 0, offset: 7, leaderEpoch: 3, topicId: 'old' })
    turned(at, 9)
    expect(at.place).toMatchObject({ offset: 9, leaderEpoch: 4, topicId: 'old' })
    const ready = at.committable(9)!
    expect([ready.leaderEpoch, decodeCounts(ready.metadata).topicId]).toEqual([4, 'old'])
    at.commit(ready)
    at.rewind({ offset: 2 })
    expect(at.place).toEqual({ topic: 't', partition: 0, offset: 2, topicId: 'old' })
    at.rewindToCommitted()
    expect(at.place).toMatchObject({ offset: 9, leaderEpoch: 4 })
  })

  test('the topic’s id is committed before the sink makes anything durable, beside the offset that stays', () => {
    const at = fresh()
    turned(at, 5)
    const first = at.ahead()!
    expect([first.offset, decodeCounts(first.metadata).topicId]).toEqual([0, 'old'])
    at.commit(first)
    expect(at.ahead()).toBeUndefined()
  })

  test('a sink that kept positions of the one is not sent on in the other', () => {
    const at = new SinkPartition({ topic: 't', partition: 0 }, 0, { ...counts, topicId: 'new' })
    expect(() => at.rewind({ offset: 5, topicId: 'old' })).toThrow(/holds records of another topic t/)
    at.rewind({ offset: 5, topicId: 'new' })
    const unknown = fresh()
    unknown.rewind({ offset: 5, topicId: 'old', leaderEpoch: 2 })
    // For the fetcher to look at.
    expect(unknown.place).toMatchObject({ offset: 5, topicId: 'old', leaderEpoch: 2 })
  })
})

describe('a record judged late', () => {
  test('is counted at its own place, in every checkpoint behind it', () => {
    const at = fresh()
    turn(at, 10)
    turn(at, 20)
    turn(at, 30)
    at.quarantined(15, 'put')
    at.dropped(5, 'null-value')
    expect(committed(at, 10)).toMatchObject([10, { in: 10, passed: 9, quarantined: {}, dropped: { 'null-value': 1 } }])
    expect(committed(at, 20)).toMatchObject([20, { in: 20, passed: 18, quarantined: { put: 1 } }])
    expect(committed(at, 30)).toMatchObject([30, { in: 30, passed: 28, quarantined: { put: 1 } }])
  })
})

describe('what is ahead', () => {
  /** A partition that was killed between the sink's commit and its own, and where the sink then goes on. */
  function restarted(before: SinkPartition, offset: number): SinkPartition {
    const { offset: committed, metadata } = before.ahead()!
    const after = new SinkPartition(before, committed, decodeCounts(metadata))
    after.rewind({ offset })
    return after
  }

  test('is said when records did not just pass, once, beside the offset that stays', () => {
    const at = fresh()
    turn(at, 10)
    expect(at.ahead()).toBeUndefined()
    at.quarantined(12, 'put')
    turn(at, 20)
    const said = at.ahead()!
    expect(said).toMatchObject({ topic: 't', partition: 0, offset: 0 })
    expect(decodeTally(said.metadata)).toEqual(EMPTY_TALLY)
    at.commit(said)
    expect(at.ahead()).toBeUndefined()
    expect(committed(at, 20)).toMatchObject([20, { in: 20, quarantined: { put: 1 } }])
    at.commit(at.committable(20)!)
    expect(at.ahead()).toBeUndefined()
    turn(at, 30)
    expect(at.ahead()).toBeUndefined()
  })

  test('is found again by a sink that goes on there; it counts what was judged as that', () => {
    const at = fresh()
    at.quarantined(3, 'put')
    at.dropped(5, 'null-value')
    turn(at, 20)
    const after = restarted(at, 20)
    turn(after, 30)
    expect(committed(after, 30)).toEqual([
      30,
      { in: 30, passed: 28, marked: 0, quarantined: { put: 1 }, dropped: { 'null-value': 1 } },
    ])
  })

  test.each([0, 5, 25])('is nothing to a sink that goes on elsewhere: %d', (offset) => {
    const at = fresh()
    at.quarantined(3, 'put')
    turn(at, 20)
    const after = restarted(at, offset)
    for (let bad = after.position; bad <= 3; bad++) if (bad === 3) after.quarantined(3, 'put')
    turn(after, 30)
    const [, tally] = committed(after, 30)!
    checkTally(tally)
    expect(tally.in).toBe(30)
  })

  test('is said again when a record is judged late', () => {
    const at = fresh()
    at.dropped(3, 'odd')
    turn(at, 20)
    at.commit(at.ahead()!)
    at.quarantined(15, 'put')
    expect(decodeCounts(at.ahead()!.metadata).ahead).toMatchObject({ offset: 20, tally: { quarantined: { put: 1 } } })
  })
})

describe('checkpoints', () => {
  test('of a sink that never says what is safe do not pile up; the furthest is always there', () => {
    const at = fresh()
    for (let offset = 1; offset <= 50_000; offset++) turn(at, offset)
    expect(committed(at, 50_000)).toMatchObject([50_000, { in: 50_000 }])
    const kept = new Set(Array.from({ length: 50_001 }, (_, safe) => at.committable(safe)?.offset))
    expect(kept.size).toBeLessThan(1100)
    expect(kept.size).toBeGreaterThan(400)
  })
})

test('whatever a sink does, a committed offset has exactly the counts of the records before it', () => {
  const action = fc.oneof(
    fc.record({ what: fc.constant('turn' as const), by: fc.integer({ min: 1, max: 6 }), bad: fc.nat(5) }),
    fc.record({ what: fc.constant('back' as const), by: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ what: fc.constant('commit' as const), by: fc.integer({ min: 0, max: 12 }) }),
    fc.record({ what: fc.constant('restart' as const), by: fc.constant(0) }),
  )
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      let at = fresh()
      let last: [number, Tally] = [0, EMPTY_TALLY]
      for (const step of actions) {
        if (step.what === 'turn') {
          // Every record whose offset is a multiple of seven is bad; it is found out within its turn.
          for (let offset = at.position; offset < at.position + step.by; offset++)
            if (offset % 7 === 0) at.quarantined(offset, 'put')
          turn(at, at.position + step.by)
        } else if (step.what === 'back') at.rewind({ offset: Math.max(0, at.position - step.by) })
        else if (step.what === 'restart') at = fresh(...last)
        else {
          const safe = Math.max(0, at.position - step.by)
          const found = committed(at, safe)
          if (found === undefined) continue
          const [offset, tally] = found
          expect(offset).toBeLessThanOrEqual(safe)
          expect(offset).toBeGreaterThan(last[0])
          checkTally(tally)
          expect(tally).toMatchObject({ in: offset, passed: offset - Math.ceil(offset / 7) })
          at.commit(at.committable(safe)!)
          last = found
        }
      }
    }),
  )
})

describe('which records are in dead letters', () => {
  test('is known from there until their offsets are committed', () => {
    const at = fresh()
    at.quarantined(3, 'put')
    at.quarantined(12, 'decode')
    turn(at, 10)
    turn(at, 20)
    at.rewind({ offset: 0 })
    expect([2, 3, 12].map((offset) => at.hasLetter(offset))).toEqual([false, true, true])
    at.commit(at.committable(10)!)
    expect([3, 12].map((offset) => at.hasLetter(offset))).toEqual([false, true])
  })

  test('is forgotten of the first when they are very many', () => {
    const at = fresh()
    for (let offset = 0; offset <= 100_000; offset++) at.quarantined(offset, 'put')
    expect([0, 1, 100_000].map((offset) => at.hasLetter(offset))).toEqual([false, true, true])
  })
})
