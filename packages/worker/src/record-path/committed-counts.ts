/** What a committed offset says in its metadata: the counts up to there, and perhaps those of the next one. */
import { decodeTally, encodeTally, TALLY_BYTES_MAX, type Tally } from '@sluice/kafka'

/** An offset, and what became of all records before it. */
export interface CountedOffset {
  readonly offset: number
  readonly tally: Tally
}

/** `ahead`: how the offset that would be committed next would be counted. */
export interface CommittedCounts {
  readonly tally: Tally
  readonly ahead: CountedOffset | null
}

/** The text to commit: a tally's own when there is nothing ahead. */
export function encodeCounts({ tally, ahead }: CommittedCounts): string {
  if (ahead === null) return encodeTally(tally)
  const bytesMax = Math.floor((TALLY_BYTES_MAX - WRAPPING_BYTES) / 2)
  const next = `{"offset":${ahead.offset},"tally":${encodeTally(ahead.tally, bytesMax)}}`
  return `${encodeTally(tally, bytesMax).slice(0, -1)},"ahead":${next}}`
}

const WRAPPING_BYTES = 64

/** What is in the metadata of a committed offset. Text that is not ours counts as nothing yet. */
export function decodeCounts(metadata: string): CommittedCounts {
  const tally = decodeTally(metadata)
  let ahead: unknown
  try {
    ahead = (JSON.parse(metadata) as { readonly ahead?: unknown }).ahead
  } catch {
    return { tally, ahead: null }
  }
  if (typeof ahead !== 'object' || ahead === null) return { tally, ahead: null }
  const { offset, tally: next } = ahead as { readonly offset?: unknown; readonly tally?: unknown }
  const counted = decodeTally(JSON.stringify(next ?? null))
  return { tally, ahead: typeof offset === 'number' && counted.in > 0 ? { offset, tally: counted } : null }
}
