import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { batchLayout } from '@sluice/kafka-protocol'
import { Bench, TestProducer, batchOf, readAll, values, valuesOf } from './support.ts'

describe('recovery after a kill', () => {
  let bench: Bench
  beforeEach(() => {
    bench = new Bench('files')
  })
  afterEach(() => bench.end())

  const directory = (): string => join(bench.dataDir!, 'topics', 'orders', bench.topics.get('orders')!.id, '0')
  const files = (suffix: string): string[] =>
    readdirSync(directory())
      .filter((name) => name.endsWith(suffix))
      .map((name) => join(directory(), name))

  /** Three batches; where each begins in the file. */
  function written(): { bytes: Buffer; begins: number[] } {
    const log = bench.log()
    const producer = new TestProducer(4)
    const begins = [['a', 'b'], ['c'], ['d', 'e', 'f']].map((some) => {
      const begin = log.bytes
      log.append(producer.batch(values(...some)), 0)
      return begin
    })
    bench.restart('abandon')
    return { bytes: readFileSync(files('.log')[0]!), begins }
  }

  function lastValuesOf(damaged: Buffer): (string | null)[] {
    const file = files('.log')[0]!
    bench.opened.abandon()
    writeFileSync(file, damaged)
    bench.restart('abandon')
    const log = bench.log()
    const seen = valuesOf(readAll(log))
    // It takes appends where it ends now, and keeps them.
    log.append(batchOf(values('next')), 0)
    bench.restart('abandon')
    expect(valuesOf(readAll(bench.log()))).toEqual([...seen, 'next'])
    return seen
  }

  const prefixOf = (position: number, begins: readonly number[]): string[] =>
    [['a', 'b'], ['c'], ['d', 'e', 'f']].slice(0, begins.filter((begin) => begin <= position).length - 1).flat()

  it('keeps the whole batches before the byte at which the file ends', () => {
    const { bytes, begins } = written()
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), (length) => {
        expect(lastValuesOf(bytes.subarray(0, length))).toEqual(prefixOf(length, begins))
      }),
      { numRuns: 60 },
    )
  })

  it('keeps the whole batches before a byte that was changed', () => {
    const { bytes, begins } = written()
    // No checksum covers the leader epoch: Kafka stamps it behind the producer's back.
    const inBatch = (position: number): number => position - begins.findLast((begin) => begin <= position)!
    const isCovered = (position: number): boolean =>
      inBatch(position) < batchLayout.LEADER_EPOCH || inBatch(position) >= batchLayout.MAGIC
    fc.assert(
      fc.property(
        fc.nat({ max: bytes.length - 1 }).filter(isCovered),
        fc.integer({ min: 1, max: 255 }),
        (position, flip) => {
          const damaged = Buffer.from(bytes)
          damaged[position]! ^= flip
          expect(lastValuesOf(damaged)).toEqual(prefixOf(position, begins))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('says how much it cut off', () => {
    const { bytes } = written()
    lastValuesOf(bytes.subarray(0, bytes.length - 3))
    expect(bench.said.some((line) => line.includes('orders-0') && line.includes('cut off'))).toBe(true)
  })

  it('does not read again what a stop in order has noted', () => {
    const log = bench.log()
    log.append(batchOf(values('a', 'b')), 0)
    bench.restart()
    const file = files('.log')[0]!
    const bytes = readFileSync(file)
    bytes[80]! ^= 255
    writeFileSync(file, bytes)
    bench.restart('abandon')
    // Damage that nobody looks for is still there: its readers find it by the checksum.
    expect(bench.log().endOffset).toBe(2)
  })

  it('reads everything again when the checkpoint was damaged', () => {
    bench.log().append(batchOf(values('a', 'b')), 0)
    bench.restart()
    const checkpoint = files('.checkpoint')[0]!
    const bytes = readFileSync(checkpoint)
    bytes[20]! ^= 255
    writeFileSync(checkpoint, bytes)
    bench.restart('abandon')
    expect(valuesOf(readAll(bench.log()))).toEqual(['a', 'b'])
  })

  it('finds offsets, times and epochs in segments old and new', () => {
    const now = bench.clock.now()
    const configs = { 'internal.segment.bytes': '300', 'index.interval.bytes': '0' }
    let log = bench.log(configs)
    for (let i = 0; i < 30; i++) log.append(batchOf(values(`v${i}`), { now: now + i * 10 }), Math.floor(i / 10))
    for (const how of ['close', 'abandon'] as const) {
      bench.restart(how)
      log = bench.log()
      expect(files('.log').length).toBeGreaterThan(5)
      for (let i = 0; i < 30; i++) expect(readAll(log, i)[0]).toMatchObject({ offset: i, value: `v${i}` })
      expect(log.offsetForTimestamp(now + 155, log.endOffset)).toEqual({
        offset: 16,
        timestamp: now + 160,
        leaderEpoch: 1,
      })
      expect(log.offsetForTimestamp(now + 300, log.endOffset)).toBeUndefined()
      expect(log.maxTimestamp()).toMatchObject({ offset: 29, timestamp: now + 290 })
      expect(log.endOffsetForEpoch(0)).toEqual({ epoch: 0, endOffset: 10 })
      expect(log.endOffsetForEpoch(2)).toEqual({ epoch: 2, endOffset: 30 })
      expect(log.endOffsetForEpoch(3)).toEqual({ epoch: -1, endOffset: -1 })
    }
  })

  it('keeps the end of a log whose records are all gone', () => {
    const log = bench.log({ 'retention.ms': '1000' })
    log.append(batchOf(values('a', 'b'), { now: bench.clock.now() }), 0)
    bench.clock.advance(5000)
    log.retain()
    expect([log.startOffset, log.endOffset, log.bytes]).toEqual([2, 2, 0])
    bench.restart('abandon')
    expect([bench.log().startOffset, bench.log().endOffset]).toEqual([2, 2])
  })

  it('keeps the start that deleting records has set', () => {
    const log = bench.log()
    log.append(batchOf(values('a', 'b', 'c')), 0)
    log.deleteRecordsBefore(2)
    bench.restart('abandon')
    expect(bench.log().startOffset).toBe(2)
    expect(valuesOf(readAll(bench.log()))).toEqual(['c'])
  })

  it('finishes a compaction that a kill has interrupted between two of its steps', () => {
    const log = bench.log({ 'cleanup.policy': 'compact', 'internal.segment.bytes': '400' })
    for (let i = 0; i < 40; i++) log.append(batchOf([{ key: `k${i % 4}`, value: `v${i}` }]), 0)
    const before = mkdtempSync(join(tmpdir(), 'embedded-kafka-before-'))
    cpSync(directory(), before, { recursive: true })
    log.compact()
    bench.opened.abandon()
    // The merged segment is there, and so is what it was made of.
    for (const name of readdirSync(before)) {
      if (name !== '00000000000000000000.log' && !statExists(join(directory(), name)))
        cpSync(join(before, name), join(directory(), name))
    }
    rmSync(before, { recursive: true, force: true })
    bench.restart('abandon')
    const newest = new Map(readAll(bench.log()).map(({ key, value }) => [key, value]))
    expect(newest).toEqual(new Map([36, 37, 38, 39].map((i) => [`k${i % 4}`, `v${i}`])))
    const offsets = readAll(bench.log()).map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    expect(bench.log().endOffset).toBe(40)
  })

  const hinder = (name: string): unknown => mkdirSync(join(directory(), `${name}.tmp`), { recursive: true })
  const removeCheckpoints = (): void => {
    for (const file of files('.checkpoint')) rmSync(file)
  }

  it('leaves no transaction open whose records compaction has removed one after the other', () => {
    const log = bench.log({ 'cleanup.policy': 'compact', 'delete.retention.ms': '0' })
    const producer = new TestProducer(1)
    log.append(producer.batch([{ key: 'k', value: 'replaced' }], { isTransactional: true }), 0)
    log.appendMarker('commit', producer.stamp, 0, 0)
    log.append(batchOf([{ key: 'k', value: 'newest' }]), 0)
    for (let i = 0; i < 4; i++) {
      log.append(batchOf([{ key: `other ${i}`, value: 'x' }]), 0)
      bench.clock.advance(1000)
      log.compact()
    }
    bench.opened.abandon()
    removeCheckpoints()
    bench.restart('abandon')
    expect(bench.log().stableOffset).toBe(bench.log().endOffset)
  })

  it('cuts nothing off a compacted log when the disk was too full to note that it has gaps', () => {
    const log = bench.log({ 'cleanup.policy': 'compact', 'internal.segment.bytes': '400' })
    for (let i = 0; i < 40; i++) log.append(batchOf([{ key: `k${i % 4}`, value: `v${i}` }]), 0)
    hinder('notes.json')
    for (let i = 0; i < 2; i++) expect(() => log.compact()).toThrow()
    bench.opened.abandon()
    removeCheckpoints()
    bench.restart('abandon')
    const newest = new Map(readAll(bench.log()).map(({ key, value }) => [key, value]))
    expect(newest).toEqual(new Map([36, 37, 38, 39].map((i) => [`k${i % 4}`, `v${i}`])))
    expect(bench.log().endOffset).toBe(40)
  })

  it('reads what is there when a compaction could not note what it has put together', () => {
    const log = bench.log({ 'cleanup.policy': 'compact', 'internal.segment.bytes': '400' })
    for (let i = 0; i < 40; i++) log.append(batchOf([{ key: `k${i % 4}`, value: `v${i}` }]), 0)
    hinder('00000000000000000000.checkpoint')
    try {
      log.compact()
    } catch {
      // What matters is what is read.
    }
    const newest = new Map(readAll(log).map(({ key, value }) => [key, value]))
    expect(newest).toEqual(new Map([36, 37, 38, 39].map((i) => [`k${i % 4}`, `v${i}`])))
  })

  it('keeps the records of a log whose notes are damaged', () => {
    bench.log().append(batchOf(values('a', 'b', 'c')), 0)
    bench.log().deleteRecordsBefore(1)
    bench.opened.abandon()
    writeFileSync(join(directory(), 'notes.json'), '')
    bench.restart('abandon')
    expect(valuesOf(readAll(bench.log()))).toEqual(['a', 'b', 'c'])
  })
})

function statExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}
