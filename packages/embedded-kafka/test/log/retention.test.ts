import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Bench, STORAGES, batchOf, readAll, values, valuesOf } from './support.ts'

describe.each(STORAGES)('retention in %s', (storage) => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench(storage)
  })
  afterEach(() => bench.end())

  const one = (value: string): Uint8Array => batchOf(values(value), { now: bench.clock.now() })
  /** Two batches of one record a segment. */
  const small = { 'internal.segment.bytes': String(2 * batchOf(values('0')).length) }

  it('removes whole segments whose newest record is older than retention.ms', () => {
    const log = bench.log({ ...small, 'retention.ms': '1000' })
    for (let i = 0; i < 6; i++) {
      log.append(one(String(i)), 0)
      bench.clock.advance(300)
    }
    // 0 and 1 are 1,800 and 1,500 ms old; 2 and 3 share a segment and 3 is 900.
    log.retain()
    expect(valuesOf(readAll(log))).toEqual(['2', '3', '4', '5'])
    expect(log.startOffset).toBe(2)
  })

  it('removes the oldest segments until the rest fits retention.bytes', () => {
    const log = bench.log({ ...small, 'retention.bytes': String(batchOf(values('0')).length * 3) })
    for (let i = 0; i < 8; i++) log.append(one(String(i)), 0)
    log.retain()
    expect(valuesOf(readAll(log))).toEqual(['4', '5', '6', '7'])
  })

  it('removes nothing without the policy delete', () => {
    const log = bench.log({ ...small, 'cleanup.policy': 'compact', 'retention.ms': '1', 'retention.bytes': '1' })
    for (let i = 0; i < 4; i++) log.append(batchOf([{ key: String(i), value: 'v', timestamp: bench.clock.now() }]), 0)
    bench.clock.advance(5000)
    log.retain()
    expect(log.startOffset).toBe(0)
  })

  it('is applied by the clock, without anybody asking', () => {
    const log = bench.log({ 'retention.ms': '1000' })
    log.append(one('a'), 0)
    bench.clock.advance(600_000)
    expect(log.startOffset).toBe(1)
  })

  it('is applied every log.retention.check.interval.ms, not whenever the cleaner looks around', () => {
    const log = bench.log({ 'retention.ms': '1000' })
    log.append(one('a'), 0)
    bench.clock.advance(299_000)
    expect(log.startOffset).toBe(0)
    bench.clock.advance(1_000)
    expect(log.startOffset).toBe(1)
  })

  it('begins a new segment when the first record of the old one is older than segment.ms', () => {
    const log = bench.log({ 'segment.ms': '1000', 'retention.ms': '2500' })
    for (let i = 0; i < 4; i++) {
      log.append(one(String(i)), 0)
      bench.clock.advance(1001)
    }
    log.retain()
    expect(valuesOf(readAll(log))).toEqual(['2', '3'])
  })

  it('deletes records before an offset, and refuses to read them', () => {
    const log = bench.log(small)
    for (let i = 0; i < 5; i++) log.append(one(String(i)), 0)
    log.deleteRecordsBefore(3)
    expect(log.startOffset).toBe(3)
    expect(valuesOf(readAll(log))).toEqual(['3', '4'])
    const request = { bytesMax: 100, isAtLeastOne: true, isCommittedOnly: false }
    for (const offset of [2, 6]) {
      expect(() => log.read({ ...request, offset })).toThrow(expect.objectContaining({ name: 'OFFSET_OUT_OF_RANGE' }))
    }
    expect(() => log.deleteRecordsBefore(6)).toThrow(expect.objectContaining({ name: 'OFFSET_OUT_OF_RANGE' }))
    log.deleteRecordsBefore(1)
    expect(log.startOffset).toBe(3)
    log.deleteRecordsBefore(5)
    expect(readAll(log)).toEqual([])
    expect(log.append(one('next'), 0)).toMatchObject({ baseOffset: 5 })
  })
})
