import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Bench, STORAGES, batchOf, batchesIn, readAll, values, valuesOf } from './support.ts'

describe.each(STORAGES)('appending and reading in %s', (storage) => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench(storage)
  })
  afterEach(() => bench.end())

  it('gives records consecutive offsets and returns them as they were sent', () => {
    const log = bench.log()
    expect(log.append(batchOf(values('a', 'b')), 0)).toMatchObject({ baseOffset: 0, lastOffset: 1, isDuplicate: false })
    expect(log.append(batchOf(values('c')), 0)).toMatchObject({ baseOffset: 2, lastOffset: 2 })
    expect(readAll(log)).toEqual([
      { offset: 0, key: null, value: 'a' },
      { offset: 1, key: null, value: 'b' },
      { offset: 2, key: null, value: 'c' },
    ])
    expect(log.endOffset).toBe(3)
  })

  it('returns whole batches, from the one that holds the offset on, up to the bytes asked for', () => {
    const log = bench.log()
    const batch = batchOf(values('a', 'b', 'c'))
    for (let i = 0; i < 10; i++) log.append(batch, 0)
    const read = log.read({ offset: 4, bytesMax: batch.length * 3 + 5, isAtLeastOne: true, isCommittedOnly: false })
    expect(batchesIn(read).map(({ baseOffset }) => baseOffset)).toEqual([3, 6, 9])
  })

  it('returns one batch that is larger than was asked for, if at least one is wanted', () => {
    const log = bench.log()
    log.append(batchOf(values('x'.repeat(1000))), 0)
    const request = { offset: 0, bytesMax: 10, isCommittedOnly: false }
    expect(log.read({ ...request, isAtLeastOne: true }).bytes).toBeGreaterThan(1000)
    expect(log.read({ ...request, isAtLeastOne: false }).bytes).toBe(0)
  })

  it('reads on after a restart in order, and after a kill', () => {
    if (storage === 'memory') return
    bench.log().append(batchOf(values('a')), 0)
    bench.restart()
    bench.log().append(batchOf(values('b')), 0)
    bench.restart('abandon')
    bench.log().append(batchOf(values('c')), 0)
    expect(valuesOf(readAll(bench.log()))).toEqual(['a', 'b', 'c'])
  })
})
