import type { CommittedOffset } from './committed-offsets.ts'

/** Whether an offset is to go: its own expiry has passed, or it has been unused for as long as offsets are kept (KIP-211). */
export function isExpired(
  { expireTimestamp }: CommittedOffset,
  unusedSince: number | null,
  now: number,
  retentionMs: number,
): boolean {
  if (unusedSince === null) return false
  return expireTimestamp === -1 ? now - unusedSince >= retentionMs : now >= expireTimestamp
}
