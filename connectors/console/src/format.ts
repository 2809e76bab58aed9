import type { SinkRecord } from '@sluice/sdk'

/** Records as lines. */
export interface Format {
  /** The lines of some records, each without its end. */
  lines(records: readonly SinkRecord[]): readonly string[]
  /** A line that says that so many are not shown; null where a reader of the lines would trip over it. */
  notShown(count: number): string | null
}

export function timeText(timestamp: number | null): string {
  if (timestamp === null) return '-'
  return Math.abs(timestamp) <= 8.64e15 ? new Date(timestamp).toISOString() : String(timestamp)
}

export function notShownText(count: number): string {
  return `… ${count} records not shown`
}
