/**
 * Versions of plugins and what may be asked for (KIP-891), by Maven's rules: `1.0` is that version exactly, `[1.0,2.0)` and unions such
 * as `(,1.0],[2.0,)` are ranges, `latest` or nothing takes the newest.
 */

/** Which versions are asked for; null: the newest, whatever it is. */
export interface VersionRange {
  /** As it is told in messages: an exact version is the range from it to itself. */
  readonly text: string
  has(version: string): boolean
}

interface Interval {
  readonly low: string | null
  readonly hasLow: boolean
  readonly high: string | null
  readonly hasHigh: boolean
}

/** @throws RangeError for brackets that hold no range */
export function parseVersionRange(asked: string | null | undefined): VersionRange | null {
  const text = (asked ?? '').trim()
  if (text === '' || text.toLowerCase() === 'latest') return null
  const isRange = text.startsWith('[') || text.startsWith('(')
  const intervals = isRange ? parseIntervals(text) : [{ low: text, hasLow: true, high: text, hasHigh: true }]
  return {
    text: isRange ? text : `[${text},${text}]`,
    has: (version) => intervals.some((interval) => isWithin(version, interval)),
  }
}

const INTERVAL = /^\s*([[(])([^\][()]*)([\])])\s*(?:,(?=.)|$)/

function parseIntervals(text: string): readonly Interval[] {
  const intervals: Interval[] = []
  let rest = text
  while (rest !== '') {
    const found = INTERVAL.exec(rest)
    if (found === null) throw new RangeError(`Invalid version range ${text}`)
    intervals.push(parseInterval(found[1] === '[', found[2]!, found[3] === ']', text))
    rest = rest.slice(found[0].length)
  }
  return intervals
}

function parseInterval(hasLow: boolean, inner: string, hasHigh: boolean, text: string): Interval {
  const bounds = inner.split(',').map((bound) => bound.trim())
  const [low = '', high = low] = bounds
  const isSingle = bounds.length === 1
  if (bounds.length > 2 || (isSingle && (low === '' || !hasLow || !hasHigh)))
    throw new RangeError(`Invalid version range ${text}`)
  if (low !== '' && high !== '' && compareVersions(low, high) > 0)
    throw new RangeError(`Invalid version range ${text}: ${low} is newer than ${high}`)
  return { low: low === '' ? null : low, hasLow, high: high === '' ? null : high, hasHigh }
}

function isWithin(version: string, { low, hasLow, high, hasHigh }: Interval): boolean {
  const fromLow = low === null ? 1 : compareVersions(version, low)
  const fromHigh = high === null ? -1 : compareVersions(version, high)
  return (fromLow > 0 || (fromLow === 0 && hasLow)) && (fromHigh < 0 || (fromHigh === 0 && hasHigh))
}

/** Qualifiers in their order; the empty one is the release itself, and any other word comes behind it. */
const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const SAME: Readonly<Record<string, string>> = {
  a: 'alpha',
  b: 'beta',
  m: 'milestone',
  cr: 'rc',
  ga: '',
  final: '',
  release: '',
}

/** Below 0 if `a` is older (Maven's `ComparableVersion`): `1` is `1.0`, `1.0-rc1` is before it, `1.10` behind `1.9`. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)]
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = comparePart(left[i], right[i])
    if (order !== 0) return order
  }
  return 0
}

type Part = number | string

/** Zeros at the end, and those before a qualifier, say nothing: `1.0-rc1` is `1-rc1`. */
function parts(version: string): readonly Part[] {
  const all: Part[] = []
  const trim = (): void => {
    while (all.length > 0 && (all.at(-1) === 0 || all.at(-1) === '')) all.pop()
  }
  for (const part of version.toLowerCase().match(/\d+|[a-z]+/g) ?? []) {
    const isNumber = /^\d/.test(part)
    if (!isNumber) trim()
    all.push(isNumber ? Number(part) : (SAME[part] ?? part))
  }
  trim()
  return all
}

function comparePart(a: Part | undefined, b: Part | undefined): number {
  if (typeof a === 'number' || typeof b === 'number') {
    if (typeof a === 'string') return -1
    if (typeof b === 'string') return 1
    return (a ?? 0) - (b ?? 0)
  }
  return rank(a ?? '') - rank(b ?? '') || (a ?? '').localeCompare(b ?? '')
}

function rank(qualifier: string): number {
  const known = QUALIFIERS.indexOf(qualifier)
  return known === -1 ? QUALIFIERS.length : known
}
