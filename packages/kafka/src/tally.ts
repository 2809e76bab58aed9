/**
 * What became of the records of one partition, kept in the metadata of its committed offset and so committed atomically with
 * it (invariant 2): `in = passed + quarantined + dropped`, from the group's beginning, across crashes.
 *
 * The text is compact JSON, `{"sluice":1,"in":…}`, at most 4096 bytes as the broker demands (`offset.metadata.max.bytes`).
 */
import { SluiceError } from '@sluice/sdk'

export interface Tally {
  /** Records taken in. */
  readonly in: number
  /** Records that went on, the marked ones included. */
  readonly passed: number
  /** Those of the passed that carry a mark. */
  readonly marked: number
  readonly quarantined: Readonly<Record<string, number>>
  readonly dropped: Readonly<Record<string, number>>
}

export const EMPTY_TALLY: Tally = Object.freeze({
  in: 0,
  passed: 0,
  marked: 0,
  quarantined: Object.freeze({}),
  dropped: Object.freeze({}),
})

/** The broker's default limit for a committed offset's metadata. */
export const TALLY_BYTES_MAX = 4096

/** Where the smallest counts go when the reasons do not fit. */
const OTHER = 'other'

/** The sum of two tallies. */
export function addTallies(a: Tally, b: Tally): Tally {
  return {
    in: a.in + b.in,
    passed: a.passed + b.passed,
    marked: a.marked + b.marked,
    quarantined: addCounts(a.quarantined, b.quarantined),
    dropped: addCounts(a.dropped, b.dropped),
  }
}

/**
 * The text to commit. Reasons are sorted by count, the largest first; those that would push the text over the limit are
 * folded into `other`, smallest first, so that the sums hold whatever happens.
 */
export function encodeTally(tally: Tally, bytesMax: number = TALLY_BYTES_MAX): string {
  const quarantined = sorted(tally.quarantined)
  const dropped = sorted(tally.dropped)
  for (;;) {
    const text = JSON.stringify({
      sluice: 1,
      in: tally.in,
      passed: tally.passed,
      marked: tally.marked,
      quarantined: Object.fromEntries(quarantined),
      dropped: Object.fromEntries(dropped),
    })
    if (Buffer.byteLength(text) <= bytesMax) return text
    const [least, leastOfOther] = [smallest(quarantined), smallest(dropped)]
    const from =
      leastOfOther === undefined || (least !== undefined && least[1] <= leastOfOther[1]) ? quarantined : dropped
    if (!fold(from)) return text
  }
}

/** The tally in a committed offset's metadata. Text that is not ours counts as nothing yet: all zeros. */
export function decodeTally(metadata: string): Tally {
  let found: unknown
  try {
    found = JSON.parse(metadata)
  } catch {
    return EMPTY_TALLY
  }
  if (!isRecord(found) || found['sluice'] !== 1) return EMPTY_TALLY
  const { in: taken, passed, marked, quarantined, dropped } = found
  if (!isCount(taken) || !isCount(passed) || !isCount(marked)) return EMPTY_TALLY
  if (!isCounts(quarantined) || !isCounts(dropped)) return EMPTY_TALLY
  return { in: taken, passed, marked, quarantined, dropped }
}

/** @throws SluiceError INTERNAL unless in = passed + quarantined + dropped, marked ≤ passed, and every count is a count */
export function checkTally(tally: Tally): void {
  const quarantined = total(tally.quarantined)
  const dropped = total(tally.dropped)
  const counts = [
    tally.in,
    tally.passed,
    tally.marked,
    ...Object.values(tally.quarantined),
    ...Object.values(tally.dropped),
  ]
  const holds = tally.in === tally.passed + quarantined + dropped && tally.marked <= tally.passed
  if (holds && counts.every(isCount)) return
  throw new SluiceError(
    'INTERNAL',
    'Records are not accounted for: in = passed + quarantined + dropped does not hold',
    {
      place: { in: tally.in, passed: tally.passed, marked: tally.marked, quarantined, dropped },
    },
  )
}

/** All counts of a map of reasons. */
export function total(counts: Readonly<Record<string, number>>): number {
  let sum = 0
  for (const count of Object.values(counts)) sum += count
  return sum
}

type Count = [reason: string, count: number]

function sorted(counts: Readonly<Record<string, number>>): Count[] {
  return Object.entries(counts).toSorted(([x, a], [y, b]) => b - a || (x < y ? -1 : 1))
}

/** The last foldable entry: the smallest that is not `other` itself. */
function smallest(counts: readonly Count[]): Count | undefined {
  return counts.findLast(([reason]) => reason !== OTHER)
}

/** Moves the smallest entry into `other`; false when there is none left. */
function fold(counts: Count[]): boolean {
  const least = smallest(counts)
  if (least === undefined) return false
  counts.splice(counts.indexOf(least), 1)
  const other = counts.find(([reason]) => reason === OTHER)
  if (other === undefined) counts.push([OTHER, least[1]])
  else other[1] += least[1]
  return true
}

function addCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = new Map(Object.entries(a))
  for (const [reason, count] of Object.entries(b)) sum.set(reason, (sum.get(reason) ?? 0) + count)
  return Object.fromEntries(sum)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isCounts(value: unknown): value is Record<string, number> {
  return isRecord(value) && Object.values(value).every(isCount)
}
