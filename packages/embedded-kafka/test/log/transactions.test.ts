import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { SegmentLog } from '../../src/log/partition-log.ts'
import { Bench, STORAGES, TestProducer, batchOf, readAll, values, valuesOf } from './support.ts'

describe.each(STORAGES)('transactions in a log in %s', (storage) => {
  let bench: Bench
  let log: SegmentLog
  beforeEach(() => {
    bench = new Bench(storage)
    log = bench.log()
  })
  afterEach(() => bench.end())

  const committed = { bytesMax: 1_000_000, isAtLeastOne: true, isCommittedOnly: true }

  it('keeps committed readers before the oldest open transaction, others read on', () => {
    log.append(batchOf(values('before')), 0)
    const producer = new TestProducer(1)
    log.append(producer.transactional('open'), 0)
    log.append(batchOf(values('behind')), 0)
    expect(log.stableOffset).toBe(1)
    expect(valuesOf(readAll(log, 0, true))).toEqual(['before'])
    expect(valuesOf(readAll(log))).toEqual(['before', 'open', 'behind'])
    log.appendMarker('commit', producer.stamp, 0, 0)
    expect(log.stableOffset).toBe(4)
    expect(valuesOf(readAll(log, 0, true))).toEqual(['before', 'open', 'behind'])
  })

  it('lists the aborted transactions that overlap what is returned, by their first offsets', () => {
    const [a, b, c] = [new TestProducer(1), new TestProducer(2), new TestProducer(3)]
    log.append(a.transactional('a'), 0)
    log.append(b.transactional('b'), 0)
    log.append(c.transactional('c'), 0)
    log.appendMarker('abort', b.stamp, 0, 0)
    log.appendMarker('commit', c.stamp, 0, 0)
    log.appendMarker('abort', a.stamp, 0, 0)
    expect(log.read({ ...committed, offset: 0 }).aborted).toEqual([
      { producerId: 1, firstOffset: 0 },
      { producerId: 2, firstOffset: 1 },
    ])
    expect(log.read({ ...committed, offset: 4 }).aborted).toEqual([{ producerId: 1, firstOffset: 0 }])
    expect(log.read({ ...committed, offset: 0, bytesMax: 1 }).aborted).toEqual([{ producerId: 1, firstOffset: 0 }])
    expect(log.read({ ...committed, offset: 0, isCommittedOnly: false }).aborted).toBeNull()
  })

  it('refuses a batch outside of the transaction its producer has open', () => {
    const producer = new TestProducer(1)
    log.append(producer.transactional('in'), 0)
    expect(() => log.append(producer.batch(values('out')), 0)).toThrow(
      expect.objectContaining({ name: 'INVALID_TXN_STATE' }),
    )
  })

  it('refuses a marker of an older producer epoch, and of an older coordinator', () => {
    const producer = new TestProducer(1, 5)
    log.append(producer.transactional('in'), 0)
    expect(() => log.appendMarker('abort', { producerId: 1, producerEpoch: 4 }, 7, 0)).toThrow(
      expect.objectContaining({ name: 'INVALID_PRODUCER_EPOCH' }),
    )
    log.appendMarker('abort', producer.stamp, 7, 0)
    expect(() => log.appendMarker('abort', producer.stamp, 6, 0)).toThrow(
      expect.objectContaining({ name: 'TRANSACTION_COORDINATOR_FENCED' }),
    )
  })

  it('fences a producer by a marker of a newer epoch, whose first sequence is 0 again', () => {
    const zombie = new TestProducer(1, 0)
    log.append(zombie.transactional('in'), 0)
    log.appendMarker('abort', { producerId: 1, producerEpoch: 1 }, 0, 0)
    expect(() => log.append(zombie.transactional('late'), 0)).toThrow(
      expect.objectContaining({ name: 'INVALID_PRODUCER_EPOCH' }),
    )
    expect(log.append(new TestProducer(1, 1).transactional('new'), 0)).toMatchObject({ baseOffset: 2 })
    expect(log.hasOpenTransaction({ producerId: 1, producerEpoch: 1 })).toBe(true)
  })

  it('appends records of its own in a transaction without sequences', () => {
    const stamp = { producerId: 1, producerEpoch: 0 }
    const record = { key: Buffer.from('k'), value: Buffer.from('v') }
    log.appendOwn([record], 0, stamp)
    log.appendOwn([record, record], 0, stamp)
    expect(log.hasOpenTransaction({ producerId: 1, producerEpoch: 0 })).toBe(true)
    expect(log.hasOpenTransaction({ producerId: 1, producerEpoch: 1 })).toBe(false)
    log.appendMarker('commit', stamp, 0, 0)
    expect(log.hasOpenTransaction({ producerId: 1, producerEpoch: 0 })).toBe(false)
    expect(readAll(log, 0, true)).toHaveLength(3)
  })

  it('keeps open and aborted transactions over a kill and over a roll of the segment', () => {
    if (storage === 'memory') return
    const [open, aborted] = [new TestProducer(1), new TestProducer(2)]
    log.append(aborted.transactional('aborted'), 0)
    log.append(open.transactional('open'), 0)
    log.appendMarker('abort', aborted.stamp, 0, 0)
    log.compact()
    log.append(batchOf(values('behind')), 0)
    for (const how of ['abandon', 'close'] as const) {
      bench.restart(how)
      log = bench.log()
      expect(log.stableOffset).toBe(1)
      expect(log.read({ ...committed, offset: 0 }).aborted).toEqual([{ producerId: 2, firstOffset: 0 }])
    }
    log.appendMarker('commit', open.stamp, 0, 0)
    expect(log.stableOffset).toBe(log.endOffset)
  })
})
