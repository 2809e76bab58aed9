/** A record whose time a topic does not take is found before it is written: the broker refuses all that are with it. */
import { DataError, type Clock } from '@sluice/sdk'
import type { RecordLimits } from './sink-step.ts'

type TimeLimits = Pick<RecordLimits, 'aheadMs' | 'behindMs'>
type Now = Pick<Clock, 'now'>

/** Throws DataError for a time that is too far ahead, or behind; null: the topic takes any. */
export function timeCheck(topic: string, limits: TimeLimits, clock: Now): ((timestamp: number) => void) | null {
  const refusal = refusals(limits, clock)
  if (refusal === null) return null
  return (timestamp) => {
    const where = refusal(timestamp)
    if (where === null) return
    const [far, setting] =
      where === 'ahead'
        ? [`more than ${limits.aheadMs} ms ahead`, 'after']
        : ['further back than the topic takes', 'before']
    throw new DataError(`A record for ${topic} has the time ${timestamp}, which is ${far}`, {
      place: { topic },
      remedy: `Raise the topic’s message.timestamp.${setting}.max.ms, or give the source a timestampExtractor that finds another time.`,
    })
  }
}

/** The time that a dead letter for a topic has; null: that at which it is written. */
export type LetterTime = (topic: string, timestamp: number | null) => number | null

/** Its record's, unless the topic does not take that: the letter must come there in any case. Its headers have the record's time. */
export function letterTimes(limits: ReadonlyMap<string, RecordLimits> | undefined, clock: Now): LetterTime {
  const known = new Map(Array.from(limits ?? [], ([topic, own]) => [topic, refusals(own, clock)]))
  return (topic, timestamp) =>
    timestamp === null || (known.get(topic)?.(timestamp) ?? null) === null ? timestamp : null
}

/** Says on which side of what is taken a time lies; null: on neither. */
function refusals(
  { aheadMs, behindMs }: TimeLimits,
  clock: Now,
): ((timestamp: number) => 'ahead' | 'behind' | null) | null {
  if (aheadMs === Infinity && behindMs === Infinity) return null
  /** Up to where times are taken, when it was last looked: most records come by without a look at the clock. */
  let takenUntil = -Infinity
  return (timestamp) => {
    if (timestamp <= takenUntil && behindMs === Infinity) return null
    const now = clock.now()
    takenUntil = now + aheadMs
    if (timestamp > takenUntil) return 'ahead'
    return timestamp < now - behindMs ? 'behind' : null
  }
}
