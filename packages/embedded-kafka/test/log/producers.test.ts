import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { SegmentLog } from '../../src/log/partition-log.ts'
import { Bench, STORAGES, TestProducer, batchOf, readAll, values, valuesOf } from './support.ts'

const DAY_MS = 86_400_000

describe.each(STORAGES)('sequences of producers in %s', (storage) => {
  let bench: Bench
  let log: SegmentLog
  beforeEach(() => {
    bench = new Bench(storage)
    log = bench.log()
  })
  afterEach(() => bench.end())

  const send = (producerEpoch: number, baseSequence: number, count = 1): ReturnType<SegmentLog['append']> =>
    log.append(
      batchOf(values(...Array.from({ length: count }, () => 'v')), { producerId: 9, producerEpoch, baseSequence }),
      0,
    )

  it('answers a repetition of each of the last five batches with the offset it was written at', () => {
    for (let i = 0; i < 6; i++) send(0, i * 2, 2)
    for (let i = 1; i < 6; i++) {
      expect(send(0, i * 2, 2)).toMatchObject({ baseOffset: i * 2, lastOffset: i * 2 + 1, isDuplicate: true })
    }
    expect(() => send(0, 0, 2)).toThrow(expect.objectContaining({ name: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }))
    expect(log.endOffset).toBe(12)
  })

  it('takes a repetition with another count for a batch out of order', () => {
    send(0, 0, 2)
    expect(() => send(0, 0, 1)).toThrow(expect.objectContaining({ name: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }))
  })

  it('refuses a gap', () => {
    send(0, 0)
    expect(() => send(0, 2)).toThrow(expect.objectContaining({ name: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }))
    expect(send(0, 1)).toMatchObject({ baseOffset: 1 })
  })

  it('takes any sequence from a producer it does not know, but not in a transaction of version 2', () => {
    expect(send(3, 77)).toMatchObject({ baseOffset: 0 })
    const batch = batchOf(values('v'), { producerId: 10, producerEpoch: 0, baseSequence: 5, isTransactional: true })
    expect(() => log.append(batch, 0, true)).toThrow(expect.objectContaining({ name: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }))
    expect(log.append(batch, 0)).toMatchObject({ baseOffset: 1 })
  })

  it('lets a new epoch begin with sequence 0 only, and refuses the old epoch from then on', () => {
    send(0, 0)
    expect(() => send(1, 1)).toThrow(expect.objectContaining({ name: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }))
    send(1, 0)
    expect(() => send(0, 1)).toThrow(expect.objectContaining({ name: 'INVALID_PRODUCER_EPOCH' }))
  })

  it('lets the sequence go on with 0 behind 2^31 - 1, also within a batch', () => {
    send(0, 2 ** 31 - 3, 2)
    send(0, 2 ** 31 - 1, 3)
    expect(send(0, 2)).toMatchObject({ baseOffset: 5 })
    expect(send(0, 2 ** 31 - 1, 3)).toMatchObject({ baseOffset: 2, isDuplicate: true })
  })

  it('forgets a producer that was silent for producer.id.expiration.ms, unless its transaction is open', () => {
    send(0, 0)
    log.append(new TestProducer(10).transactional('open'), 0)
    bench.clock.advance(DAY_MS + 60_000)
    log.retain()
    expect(log.producers().map(({ producerId }) => producerId)).toEqual([10])
    expect(send(0, 50)).toMatchObject({ isDuplicate: false })
  })

  it('refuses a batch without a sequence, and several batches at once', () => {
    expect(() => send(0, -1)).toThrow(expect.objectContaining({ name: 'INVALID_RECORD' }))
    const one = batchOf(values('a'))
    expect(() => log.append(Buffer.concat([one, one]), 0)).toThrow(expect.objectContaining({ name: 'INVALID_RECORD' }))
  })

  it('remembers producers over a kill, from a checkpoint or from the batches', () => {
    if (storage === 'memory') return
    send(4, 0, 3)
    bench.restart()
    log = bench.log()
    send(4, 3)
    bench.restart('abandon')
    log = bench.log()
    expect(send(4, 0, 3)).toMatchObject({ baseOffset: 0, isDuplicate: true })
    expect(send(4, 3)).toMatchObject({ baseOffset: 3, isDuplicate: true })
    expect(() => send(4, 5)).toThrow(expect.objectContaining({ name: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }))
  })

  it('writes each batch once and in order, whatever is repeated, lost or reordered on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 7 }), { maxLength: 60 }), (picks) => {
        const name = `property-${bench.topics.changes}`
        const target = bench.log({}, name)
        const batches = Array.from({ length: 8 }, (_, i) =>
          batchOf(values(`${i}a`, `${i}b`), { producerId: 1, producerEpoch: 0, baseSequence: i * 2 }),
        )
        let next = 0
        for (const pick of [0, ...picks]) {
          try {
            const { isDuplicate, baseOffset } = target.append(batches[pick]!, 0)
            expect(baseOffset).toBe(pick * 2)
            if (!isDuplicate) next++
          } catch {
            expect(pick === next || (pick < next && pick >= next - 5)).toBe(false)
          }
        }
        const written = Array.from({ length: next }, (_, i) => [`${i}a`, `${i}b`]).flat()
        expect(valuesOf(readAll(target))).toEqual(written)
      }),
      { numRuns: 40 },
    )
  })
})
