import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Bench, CODECS, STORAGES, TestProducer, batchOf, batchesIn, readAll, valuesOf } from './support.ts'

const COMPACTED = { 'cleanup.policy': 'compact', 'internal.segment.bytes': '600', 'delete.retention.ms': '1000' }

describe.each(STORAGES)('compaction in %s', (storage) => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench(storage)
  })
  afterEach(() => bench.end())

  const put = (key: string, value: string | null): Uint8Array => batchOf([{ key, value, timestamp: bench.clock.now() }])

  it('keeps the newest record of each key at its offset, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.string() }), {
            minLength: 1,
            maxLength: 5,
          }),
          {
            minLength: 1,
            maxLength: 25,
          },
        ),
        fc.constantFrom(...CODECS),
        fc.nat({ max: 25 }),
        (batches, compression, compactAfter) => {
          const log = bench.log(COMPACTED, `property-${bench.topics.changes}`)
          batches.forEach((records, i) => {
            log.append(batchOf(records, { compression, now: bench.clock.now() }), 0)
            if (i === compactAfter) log.compact()
          })
          const everything = batches.flat().map((record, offset) => ({ offset, ...record }))
          const newest = new Map(everything.map((record) => [record.key, record]))
          log.compact()
          expect(readAll(log)).toEqual([...newest.values()].toSorted((a, b) => a.offset - b.offset))
          expect(log.endOffset).toBe(everything.length)
          for (const { offset } of newest.values()) expect(readAll(log, offset)[0]!.offset).toBe(offset)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('leaves the active segment, and what is younger than min.compaction.lag.ms, as it is', () => {
    const log = bench.log({ ...COMPACTED, 'min.compaction.lag.ms': '5000', 'min.cleanable.dirty.ratio': '0' })
    for (let i = 0; i < 20; i++) log.append(put('k', String(i)), 0)
    log.compact()
    expect(readAll(log)).toHaveLength(20)
    bench.clock.advance(6000)
    log.append(put('k', 'last'), 0)
    log.compact()
    expect(valuesOf(readAll(log))).toEqual(['19', 'last'])
  })

  it('keeps a tombstone for delete.retention.ms after it was first compacted, then removes it', () => {
    const log = bench.log(COMPACTED)
    log.append(put('k', 'v'), 0)
    log.append(put('k', null), 0)
    log.compact()
    expect(readAll(log)).toEqual([{ offset: 1, key: 'k', value: null }])
    bench.clock.advance(999)
    log.compact()
    expect(readAll(log)).toHaveLength(1)
    bench.clock.advance(1)
    log.compact()
    expect(readAll(log)).toEqual([])
    expect(log.endOffset).toBe(2)
    log.append(put('k', 'again'), 0)
    expect(readAll(log, 0)).toEqual([{ offset: 2, key: 'k', value: 'again' }])
  })

  it('removes what aborted transactions wrote, and keeps what it seemed to replace', () => {
    const log = bench.log(COMPACTED)
    log.append(put('k', 'kept'), 0)
    const producer = new TestProducer(1)
    log.append(producer.batch([{ key: 'k', value: 'aborted' }], { isTransactional: true }), 0)
    log.appendMarker('abort', producer.stamp, 0, 0)
    log.append(producer.batch([{ key: 'j', value: 'committed' }], { isTransactional: true }), 0)
    log.appendMarker('commit', producer.stamp, 0, 0)
    log.compact()
    expect(valuesOf(readAll(log, 0, true))).toEqual(['kept', 'committed'])
    expect(valuesOf(readAll(log))).toEqual(['kept', 'committed'])
  })

  it('does not go beyond an open transaction', () => {
    const log = bench.log(COMPACTED)
    log.append(put('k', 'old'), 0)
    log.append(put('k', 'new'), 0)
    const producer = new TestProducer(1)
    log.append(producer.batch([{ key: 'k', value: 'open' }], { isTransactional: true }), 0)
    log.compact()
    expect(valuesOf(readAll(log))).toEqual(['old', 'new', 'open'])
    log.appendMarker('abort', producer.stamp, 0, 0)
    log.compact()
    expect(valuesOf(readAll(log))).toEqual(['new'])
  })

  it('keeps the marker of a commit as long as its data, so that nothing hangs after a kill', () => {
    const log = bench.log(COMPACTED)
    const producer = new TestProducer(1)
    log.append(producer.batch([{ key: 'k', value: 'v' }], { isTransactional: true }), 0)
    log.appendMarker('commit', producer.stamp, 0, 0)
    for (let i = 0; i < 3; i++) {
      bench.clock.advance(5000)
      log.compact()
    }
    const control = batchesIn(log.read({ offset: 0, bytesMax: 1e6, isAtLeastOne: true, isCommittedOnly: false }))
    expect(control.map(({ isControl }) => isControl)).toEqual([false, true])
  })

  it('remembers the last sequence of a producer whose records are all replaced', () => {
    const log = bench.log(COMPACTED)
    const producer = new TestProducer(1)
    const first = producer.batch([{ key: 'k', value: 'first' }])
    log.append(first, 0)
    log.append(put('k', 'second'), 0)
    log.compact()
    expect(valuesOf(readAll(log))).toEqual(['second'])
    const batches = batchesIn(log.read({ offset: 0, bytesMax: 1e6, isAtLeastOne: true, isCommittedOnly: false }))
    expect(batches[0]).toMatchObject({ count: 0, baseOffset: 0, baseSequence: 0, producerId: 1 })
    expect(log.append(first, 0)).toMatchObject({ isDuplicate: true, baseOffset: 0 })
  })

  it('puts small segments together', () => {
    const log = bench.log(COMPACTED)
    for (let i = 0; i < 50; i++) {
      log.append(put(`k${i % 3}`, String(i)), 0)
      log.compact()
    }
    const before = log.bytes
    expect(before).toBeLessThan(600)
    expect(valuesOf(readAll(log))).toEqual(['47', '48', '49'])
  })

  it('runs by itself when enough is dirty, and appends go on meanwhile', async () => {
    const log = bench.log({ ...COMPACTED, 'internal.segment.bytes': '2000000' })
    const filler = 'x'.repeat(50_000)
    for (let i = 0; i < 100; i++) log.append(put(`k${i % 5}`, `${i}${filler}`), 0)
    bench.clock.advance(20_000)
    log.append(put('k0', 'meanwhile'), 0)
    for (let turn = 0; turn < 200 && log.bytes > 2_600_000; turn++)
      await new Promise((resolve) => setImmediate(resolve))
    expect(log.bytes).toBeLessThan(2_600_000)
    expect(readAll(log, 0, false, 1e6).at(-1)).toMatchObject({ offset: 100, value: 'meanwhile' })
  })
})
