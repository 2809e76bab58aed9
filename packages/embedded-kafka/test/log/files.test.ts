import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Bench, batchOf, readAll, values, valuesOf } from './support.ts'

describe('logs in files', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench('files', { openFilesMax: 8, recentBytesMax: 1024 * 1024 })
  })
  afterEach(() => bench.end())

  const directory = (): string => join(bench.dataDir!, 'topics', 'orders', bench.topics.get('orders')!.id, '0')

  it('answers KAFKA_STORAGE_ERROR while the disk is full, is as before, and takes writes when there is room', () => {
    const log = bench.log()
    mkdirSync(directory(), { recursive: true })
    const file = join(directory(), '00000000000000000000.log')
    // A device that is always full.
    symlinkSync('/dev/full', file)
    expect(() => log.append(batchOf(values('lost')), 0)).toThrow(
      expect.objectContaining({ name: 'KAFKA_STORAGE_ERROR', message: expect.stringContaining('disk is full') }),
    )
    expect([log.endOffset, log.bytes]).toEqual([0, 0])
    expect(readAll(log)).toEqual([])
    rmSync(file)
    expect(log.append(batchOf(values('kept')), 0)).toMatchObject({ baseOffset: 0 })
    bench.restart('abandon')
    expect(valuesOf(readAll(bench.log()))).toEqual(['kept'])
  })

  it('holds few descriptors open, however many partitions are written and read', () => {
    const { partitions } = bench.topics.create('many', 50, {})
    for (let round = 0; round < 3; round++) {
      for (const { log, index } of partitions) log.append(batchOf(values(`${index} ${round}`)), 0)
    }
    const open = readdirSync('/proc/self/fd').length
    for (const { log, index } of partitions) {
      expect(valuesOf(readAll(log))).toEqual([`${index} 0`, `${index} 1`, `${index} 2`])
    }
    expect(readdirSync('/proc/self/fd').length).toBeLessThan(open + 9)
  })

  it('reads what memory has forgotten from the file, and what it holds from memory, in one piece', () => {
    const log = bench.log()
    const big = 'x'.repeat(100_000)
    for (let i = 0; i < 40; i++) log.append(batchOf(values(`${i} ${big}`)), 0)
    expect(readAll(log, 0, false, 50_000_000).map(({ value }) => Number(value!.split(' ')[0]))).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    )
  })

  it('keeps what was read valid while the log goes on', () => {
    const log = bench.log()
    log.append(batchOf(values('early')), 0)
    const read = log.read({ offset: 0, bytesMax: 1000, isAtLeastOne: true, isCommittedOnly: false })
    const before = Buffer.concat(read.records)
    for (let i = 0; i < 40; i++) log.append(batchOf(values('x'.repeat(100_000))), 0)
    expect(Buffer.concat(read.records).equals(before)).toBe(true)
  })

  it.each(['every-write', { everyMs: 10 }] as const)('flushes as it is told: %j', (flush) => {
    const flushing = new Bench('files', { flush })
    flushing.log().append(batchOf(values('a')), 0)
    flushing.clock.advance(20)
    flushing.restart('abandon')
    expect(valuesOf(readAll(flushing.log()))).toEqual(['a'])
    flushing.end()
  })

  it('leaves nothing of a topic that is deleted, also when a kill came between', () => {
    bench.log().append(batchOf(values('a')), 0)
    const removed = directory()
    bench.topics.delete('orders')
    expect(readdirSync(join(bench.dataDir!, 'topics'))).toEqual([])
    mkdirSync(removed, { recursive: true })
    bench.restart('abandon')
    expect(readdirSync(join(bench.dataDir!, 'topics'))).toEqual([])
  })
})
