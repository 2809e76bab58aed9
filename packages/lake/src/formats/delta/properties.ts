/** Table properties (`metaData.configuration`) that this writer goes by, with the defaults that the protocol's readers assume. */

export type Properties = Readonly<Record<string, string>>

const DAY_MS = 86_400_000
const UNIT_MS: Readonly<Record<string, number>> = {
  microsecond: 0.001,
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
  week: 7 * DAY_MS,
}

/** Commits between two checkpoints (`delta.checkpointInterval`). */
export function checkpointInterval(properties: Properties): number {
  const interval = Number(properties['delta.checkpointInterval'])
  return Number.isSafeInteger(interval) && interval > 0 ? interval : 10
}

/** How long removed files are remembered, so that nobody deletes what a slow reader still needs. */
export function deletedFileRetentionMs(properties: Properties): number {
  return retentionMs(properties, 'delta.deletedFileRetentionDuration', 7 * DAY_MS)
}

/** How long old versions stay readable; infinite when the log is not to be cleaned up. */
export function logRetentionMs(properties: Properties): number {
  if (properties['delta.enableExpiredLogCleanup'] === 'false') return Infinity
  return retentionMs(properties, 'delta.logRetentionDuration', 30 * DAY_MS)
}

/** How long an application's progress is remembered after its last commit; infinite unless the table says otherwise. */
export function txnRetentionMs(properties: Properties): number {
  return retentionMs(properties, 'delta.setTransactionRetentionDuration', Infinity)
}

/** `interval 1 week 12 hours`, as Spark writes it. What cannot be understood means for ever: forgetting cannot be undone. */
function retentionMs(properties: Properties, name: string, absent: number): number {
  const text = properties[name]
  if (text === undefined) return absent
  const words = text.trim().toLowerCase().split(/\s+/)
  if (words[0] === 'interval') words.shift()
  let ms = 0
  for (let i = 0; i < words.length; i += 2) {
    const [count, unit] = [Number(words[i]), UNIT_MS[(words[i + 1] ?? '').replace(/s$/, '')]]
    if (!Number.isFinite(count) || count < 0 || unit === undefined) return Infinity
    ms += count * unit
  }
  return ms
}
