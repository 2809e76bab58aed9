/** A record whose time is further ahead than a topic takes is found before it is written: the broker refuses all that are with it. */
import { DataError, type Clock } from '@sluice/sdk'

/** Throws DataError for a time that is more than so far ahead; null: the topic takes any. */
export function notAhead(
  topic: string,
  aheadMs: number,
  clock: Pick<Clock, 'now'>,
): ((timestamp: number) => void) | null {
  if (aheadMs === Infinity) return null
  /** Up to where times are taken, when it was last looked: most records come by without a look at the clock. */
  let takenUntil = -Infinity
  return (timestamp) => {
    if (timestamp <= takenUntil) return
    takenUntil = clock.now() + aheadMs
    if (timestamp <= takenUntil) return
    throw new DataError(`A record for ${topic} has the time ${timestamp}, which is more than ${aheadMs} ms ahead`, {
      place: { topic },
      remedy:
        'Raise the topic’s message.timestamp.after.max.ms, or give the source a timestampExtractor that finds another time.',
    })
  }
}
