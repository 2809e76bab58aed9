import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { InFlight, type InFlightBatch } from '../../src/record-path/in-flight.ts'

const a = { file: 'a' }
const b = { file: 'b' }

describe('in-flight batches', () => {
  test('a position is committable only once every earlier batch of its partition is durable', () => {
    const inFlight = new InFlight(1000)
    const first = inFlight.submit(1, [{ partition: a, position: { n: 1 } }])
    const second = inFlight.submit(1, [{ partition: a, position: { n: 2 } }])
    inFlight.settle(second)
    expect(inFlight.takeCommittable()).toEqual([])
    inFlight.settle(first)
    expect(inFlight.takeCommittable()).toEqual([{ partition: a, position: { n: 2 } }])
    expect(inFlight.takeCommittable()).toEqual([])
  })

  test('partitions do not wait for each other', () => {
    const inFlight = new InFlight(1000)
    inFlight.submit(1, [{ partition: a, position: { n: 1 } }])
    inFlight.settle(inFlight.submit(1, [{ partition: b, position: { n: 7 } }]))
    expect(inFlight.takeCommittable()).toEqual([{ partition: b, position: { n: 7 } }])
  })

  test('equal partitions are one, whatever object names them', () => {
    const inFlight = new InFlight(1000)
    const first = inFlight.submit(1, [{ partition: { file: 'a' }, position: { n: 1 } }])
    inFlight.settle(inFlight.submit(1, [{ partition: { file: 'a' }, position: { n: 2 } }]))
    expect(inFlight.takeCommittable()).toEqual([])
    inFlight.settle(first)
    expect(inFlight.takeCommittable()).toHaveLength(1)
  })

  test('an abandoned batch gives its room back and holds its position, and those behind, for ever', async () => {
    const inFlight = new InFlight(1)
    inFlight.abandon(inFlight.submit(1, [{ partition: a, position: { n: 1 } }]))
    await inFlight.drained(AbortSignal.timeout(1000))
    inFlight.settle(inFlight.submit(1, [{ partition: a, position: { n: 2 } }]))
    expect(inFlight.takeCommittable()).toEqual([])
    expect(inFlight.bytes).toBe(0)
  })

  test('room is made by settling, and waiting for it ends with the signal', async () => {
    const inFlight = new InFlight(10)
    await inFlight.room(new AbortController().signal)
    const batch = inFlight.submit(10, [])
    let made = false
    const waiting = inFlight.room(new AbortController().signal).then(() => (made = true))
    await Promise.resolve()
    expect(made).toBe(false)
    inFlight.settle(batch)
    await waiting
    inFlight.submit(10, [])
    await inFlight.room(AbortSignal.timeout(5))
    expect(inFlight.bytes).toBe(10)
  })

  test('over any order of answers, what is committable is exactly the durable prefix', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.nat()), { maxLength: 30 }), (batches) => {
        const inFlight = new InFlight(Number.MAX_SAFE_INTEGER)
        const submitted = batches.map(([partition], n) => ({
          partition,
          n,
          batch: inFlight.submit(1, [{ partition: { p: partition }, position: { n } }]),
          durable: false,
        }))
        const order = submitted.toSorted((x, y) => batches[x.n]![1] - batches[y.n]![1])
        const reached = new Map<number, number>()
        for (const answered of order) {
          inFlight.settle(answered.batch satisfies InFlightBatch)
          answered.durable = true
          for (const { partition, position } of inFlight.takeCommittable())
            reached.set(partition['p'] as number, position['n'] as number)
          for (const partition of [0, 1, 2]) {
            const own = submitted.filter((item) => item.partition === partition)
            const firstOpen = own.findIndex((item) => !item.durable)
            const prefix = firstOpen === -1 ? own : own.slice(0, firstOpen)
            expect(reached.get(partition)).toBe(prefix.at(-1)?.n)
          }
        }
      }),
    )
  })
})
