/** What a committed offset says in its metadata: the counts up to there, perhaps those of the next one, and of which topic it is. */
import { decodeTally, encodeTally, TALLY_BYTES_MAX, type Tally } from '@sluice/kafka'

/** An offset, and what became of all records before it. */
export interface CountedOffset {
  readonly offset: number
  readonly tally: Tally
}

export interface CommittedCounts {
  readonly tally: Tally
  /** How the offset that would be committed next would be counted. */
  readonly ahead: CountedOffset | null
  /** Kafka's id of the topic: one that was deleted and created again has another. Empty: not known, as in what Java committed. */
  readonly topicId: string
}

/** The text to commit: a tally's own when there is nothing else to say. */
export function encodeCounts({ tally, ahead, topicId }: CommittedCounts): string {
  const ofTopic = topicId === '' ? '' : `,"topicId":${JSON.stringify(topicId)}`
  const bytesMax = TALLY_BYTES_MAX - Buffer.byteLength(ofTopic)
  if (ahead === null) return `${encodeTally(tally, bytesMax).slice(0, -1)}${ofTopic}}`
  const eachMax = Math.floor((bytesMax - WRAPPING_BYTES) / 2)
  const next = `{"offset":${ahead.offset},"tally":${encodeTally(ahead.tally, eachMax)}}`
  return `${encodeTally(tally, eachMax).slice(0, -1)},"ahead":${next}${ofTopic}}`
}

const WRAPPING_BYTES = 64

/** What is in the metadata of a committed offset. Text that is not ours counts as nothing yet. */
export function decodeCounts(metadata: string): CommittedCounts {
  const tally = decodeTally(metadata)
  let found: unknown
  try {
    found = JSON.parse(metadata)
  } catch {
    return { tally, ahead: null, topicId: '' }
  }
  if (typeof found !== 'object' || found === null) return { tally, ahead: null, topicId: '' }
  const { ahead, topicId, sluice } = found as Readonly<Record<string, unknown>>
  return { tally, ahead: aheadOf(ahead), topicId: sluice === 1 && typeof topicId === 'string' ? topicId : '' }
}

function aheadOf(ahead: unknown): CountedOffset | null {
  if (typeof ahead !== 'object' || ahead === null) return null
  const { offset, tally: next } = ahead as { readonly offset?: unknown; readonly tally?: unknown }
  const tally = decodeTally(JSON.stringify(next ?? null))
  return typeof offset === 'number' && tally.in > 0 ? { offset, tally } : null
}
