import { describe, expect, test } from '@jest/globals'
import type { SourceRecord } from '@sluice/sdk'
import { SeededRandom } from '@sluice/sdk/testing'
import type { OffsetRun } from '../../src/formats/offset-sync.ts'
import { OffsetRuns } from '../../src/offsets/offset-runs.ts'
import { collectRuns } from '../../src/offsets/run-collector.ts'

function runsOf(...told: readonly (readonly [upstream: number, downstream: number, count: number])[]): OffsetRuns {
  const runs = new OffsetRuns()
  for (const [upstream, downstream, count] of told) runs.add({ upstream, downstream, count })
  return runs
}

describe('a committed offset', () => {
  test('within a run is as far behind its beginning on the target', () => {
    const runs = runsOf([100, 10, 50])
    expect([100, 101, 149, 150].map((at) => runs.translate(at))).toEqual([10, 11, 59, 60])
  })

  test('behind everything that is known is never past it', () => {
    expect(runsOf([100, 10, 50]).translate(1000)).toBe(60)
  })

  test('in a gap of the source goes on behind what lies before the gap', () => {
    expect(runsOf([100, 10, 50], [200, 61, 5]).translate(170)).toBe(60)
  })

  test('before everything that is known has no place', () => {
    expect(runsOf([100, 10, 50]).translate(99)).toBeNull()
    expect(runsOf().translate(0)).toBeNull()
  })

  test('is found from what Java tells as Java finds it: the record that is told of, or the one behind', () => {
    const runs = runsOf([100, 80, 1], [200, 180, 1])
    expect([100, 101, 150, 200, 201, 300].map((at) => runs.translate(at))).toEqual([80, 81, 81, 180, 181, 181])
  })

  test('of records that were sent again is in the last copy', () => {
    const runs = runsOf([0, 0, 100], [40, 100, 80])
    expect([39, 40, 100, 120].map((at) => runs.translate(at))).toEqual([39, 100, 160, 180])
  })

  test('means nothing in a topic that was made anew on the target, until it is known there', () => {
    const runs = runsOf([0, 0, 100], [100, 0, 10])
    expect(runs.translate(50)).toBeNull()
    expect(runs.translate(105)).toBe(5)
  })
})

test('runs that follow one another are one', () => {
  expect(runsOf([0, 5, 10], [10, 15, 10], [20, 25, 1]).count).toBe(1)
  expect(runsOf([0, 5, 10], [10, 16, 10]).count).toBe(2)
})

test('what is kept is bounded, the first and the newest stay', () => {
  const runs = new OffsetRuns(100)
  for (let i = 0; i < 10_000; i++) runs.add({ upstream: i * 10, downstream: i * 11, count: 10 })
  expect(runs.count).toBeLessThanOrEqual(100)
  expect(runs.translate(0)).toBe(0)
  expect(runs.translate(99_995)).toBe(9_999 * 11 + 5)
})

/** A target as a mirror fills it: offsets of the source by offset of the target; undefined for what no reader sees. */
class MirroredPartition {
  readonly source: readonly number[]
  readonly target: (number | undefined)[] = []
  /** The index in `source` that is mirrored next. */
  next = 0
  readonly #random: SeededRandom

  constructor(random: SeededRandom) {
    this.#random = random
    const source: number[] = []
    for (let at = random.below(20); source.length < 120; at += random.chance(0.1) ? 1 + random.below(30) : 1)
      source.push(at)
    this.source = source
  }

  /** One batch, with what the mirror notes of it. */
  batch(isAborted: boolean): readonly OffsetRun[] {
    const batch = this.source.slice(this.next, this.next + 1 + this.#random.below(12))
    const first = this.target.length
    this.target.push(...batch.map((at) => (isAborted ? undefined : at)))
    // The marker of a transaction, or what somebody else has written.
    if (isAborted || this.#random.chance(0.5)) this.target.push(undefined)
    if (!isAborted) this.next += batch.length
    const place = { topic: 't', partition: 0 }
    const records = batch.map(
      (offset) => ({ sourcePartition: place, sourcePosition: { offset } }) as unknown as SourceRecord,
    )
    return collectRuns(
      records,
      Float64Array.from(batch.keys(), (i) => first + i),
    ).flatMap(({ runs }) => runs)
  }

  /** What a group reads that goes on at this place of the target. */
  readFrom(place: number): readonly number[] {
    return this.target.slice(place).filter((at) => at !== undefined)
  }
}

interface Faults {
  readonly isRepeated?: boolean
  readonly isAborted?: boolean
  readonly isForgotten?: boolean
  readonly runsMax?: number
}

/** @returns how often a group was put where it read a record twice */
function check(seed: number, { isRepeated, isAborted, isForgotten, runsMax }: Faults): number {
  const random = new SeededRandom(seed)
  const mirrored = new MirroredPartition(random)
  const runs = new OffsetRuns(runsMax)
  let twice = 0
  while (mirrored.next < mirrored.source.length) {
    const told = mirrored.batch(isAborted === true && random.chance(0.2))
    if (isForgotten !== true || random.chance(0.6)) for (const run of told) runs.add(run)
    if (isRepeated === true && random.chance(0.2)) mirrored.next = Math.max(0, mirrored.next - random.below(30))
    // An aborted batch is noted before it is known to be: only once its records are there again is that made good.
    if (told.length === 0 || !mirrored.target.slice(-14).includes(mirrored.source[mirrored.next - 1])) continue
    const known = mirrored.source.slice(0, mirrored.next)
    const committed = known[random.below(known.length)]! + random.below(2)
    const place = runs.translate(committed)
    if (place === null) continue
    const read = mirrored.readFrom(place)
    const missing = known.filter((at) => at >= committed && !read.includes(at))
    if (missing.length > 0) expect({ seed, committed, missing }).toEqual({ seed, committed, missing: [] })
    if (read.some((at) => at < committed) || new Set(read).size < read.length) twice += 1
  }
  return twice
}

describe('a group that goes on at the translated offset misses nothing', () => {
  const seeds = Array.from({ length: 200 }, (_, seed) => seed)

  test('and reads nothing twice, whatever gaps the source has and wherever transactions end', () => {
    for (const seed of seeds) expect(check(seed, {})).toBe(0)
  })

  test('also when some of what was noted is not known, or was thinned out', () => {
    const twice = seeds.map((seed) => check(seed, { isForgotten: true }) + check(seed, { runsMax: 4 }))
    // If not, nothing was forgotten.
    expect(Math.max(...twice)).toBeGreaterThan(0)
  })

  test('also when records were sent again', () => {
    for (const seed of seeds) check(seed, { isRepeated: true })
  })

  test('also when transactions were noted and then aborted', () => {
    for (const seed of seeds) check(seed, { isAborted: true })
  })

  test.each([
    ['exactly once: what was noted and then aborted is there again', true],
    ['at least once: what was not noted as settled is there twice', false],
  ])('and once a killed mirror has come to its end, reads nothing again (%s)', (_, isExactlyOnce) => {
    for (const seed of seeds) {
      const random = new SeededRandom(seed)
      const mirrored = new MirroredPartition(random)
      const runs = new OffsetRuns()
      while (mirrored.next < mirrored.source.length) {
        const isKilled = random.chance(0.1)
        for (const run of mirrored.batch(isExactlyOnce && isKilled)) runs.add(run)
        if (isKilled && !isExactlyOnce) mirrored.next = Math.max(0, mirrored.next - random.below(40))
      }
      for (const at of mirrored.source) {
        const read = mirrored.readFrom(runs.translate(at)!)
        const left = mirrored.source.filter((other) => other >= at)
        // At least once the mirror itself writes some twice, which a group has not consumed.
        const once = isExactlyOnce ? read : [...new Set(read)].toSorted((a, b) => a - b)
        if (once.join() !== left.join()) expect({ seed, at, read: once }).toEqual({ seed, at, read: left })
      }
    }
  })
})
