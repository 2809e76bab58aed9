import type { TopicConfig } from '../broker.ts'
import type { Segment } from './segment.ts'

/** How many of the oldest segments may go, by time and by size (`bytes` is that of all). Segments go one after the other. */
export function expiredCount(segments: readonly Segment[], bytes: number, config: TopicConfig, now: number): number {
  return Math.max(countByTime(segments, config.retentionMs, now), countBySize(segments, bytes, config.retentionBytes))
}

function countByTime(segments: readonly Segment[], retentionMs: number, now: number): number {
  if (retentionMs < 0) return 0
  let count = 0
  for (const segment of segments) {
    const isLastAndEmpty = count === segments.length - 1 && segment.size === 0
    const isEmptied = segment.size === 0
    const isExpired = isEmptied || (segment.maxTimestamp >= 0 && now - segment.maxTimestamp > retentionMs)
    if (isLastAndEmpty || !isExpired) break
    count++
  }
  return count
}

function countBySize(segments: readonly Segment[], bytes: number, retentionBytes: number): number {
  if (retentionBytes < 0) return 0
  let excess = bytes - retentionBytes
  let count = 0
  for (const { size } of segments) {
    if (size > excess || (count === segments.length - 1 && size === 0)) break
    excess -= size
    count++
  }
  return count
}
